from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time
from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged
from odoo.tools import mute_logger
from psycopg2.errors import UniqueViolation

from .common import PsaSignupCommon

# Who may do what: r(ead), w(rite), c(reate), d(elete); on his own company's, another company's, and what the platform pays.
MATRIX = {
    'psa.referral': {
        'technician': 'rwc', 'billing': 'r', 'dispatcher': 'rwc', 'company_admin': 'rwc', 'owner': 'rwc', 'platform': 'rwc',
        'plain_user': '', 'client_employee': '', 'client_admin': '', 'public': '',
    },
    'psa.referral.reward': {
        'technician': 'r', 'billing': 'r', 'dispatcher': 'r', 'company_admin': 'r', 'owner': 'r', 'platform': 'r',
        'plain_user': '', 'client_employee': '', 'client_admin': '', 'public': '',
    },
    'psa.referral.program': {
        'technician': '', 'billing': '', 'dispatcher': '', 'company_admin': '', 'owner': '', 'platform': 'rwcd',
        'plain_user': '', 'client_employee': '', 'client_admin': '', 'public': '',
    },
    'psa.signup': {
        'technician': '', 'billing': '', 'dispatcher': '', 'company_admin': '', 'owner': '', 'platform': 'r',
        'plain_user': '', 'client_employee': '', 'client_admin': '', 'public': '',
    },
}


@tagged('post_install', '-at_install')
class TestReferralReward(PsaSignupCommon):
    """Theo of "Lindqvist IT" referred "Ada IT", which now pays the platform's invoices."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Reward = cls.env['psa.referral.reward']
        cls.platform = cls.Signup._platform_company()
        if not cls.platform.chart_template:
            cls.env['account.chart.template'].try_loading('generic_coa', cls.platform, install_demo=False)
        cls.home = cls.env['res.company'].create({'name': "Lindqvist IT"})
        cls.theo = cls._new_staff('theo', 'psa_crm.group_owner')
        cls.priya = cls._new_staff('priya', 'psa_crm.group_technician')
        cls.sam = cls._new_staff('sam', 'psa_crm.group_billing')
        for user in cls.theo | cls.priya | cls.sam:
            user.write({'company_id': cls.home.id, 'company_ids': [Command.set(cls.home.ids)], 'email': f'{user.login}@lindqvist-it.test'})
        cls.program = cls.env['psa.referral.program'].create({
            'name': "Bring a colleague", 'company_id': cls.platform.id, 'method': 'percent', 'percent': 10, 'recurrence': 'recurring',
            'months': 12,
        })
        cls.referral = cls.env['psa.referral'].with_user(cls.theo).create({'name': "Ada Brown"}).sudo()
        cls.ada_it = cls.env['res.company'].create({'name': "Ada IT"})
        cls.referral.write({
            'state': 'signed_up', 'referred_company_id': cls.ada_it.id, 'referred_name': "Ada IT", 'program_id': cls.program.id})

    def _invoice(self, amount=200, move_type='out_invoice', date='2030-01-31', company=None, partner=None, **values):
        move = self.env['account.move'].with_company(company or self.platform).create({
            'move_type': move_type, 'partner_id': (partner or self.ada_it.partner_id).id, 'invoice_date': date,
            'invoice_line_ids': [Command.create({'name': "Platform", 'quantity': 1, 'price_unit': amount, 'tax_ids': []})],
            **values,
        })
        move.action_post()
        return move

    def _pay(self, move):
        return self.env['account.payment.register'].with_context(
            active_model='account.move', active_ids=move.ids).create({'payment_date': move.invoice_date})._create_payments()

    def _paid_invoice(self, amount=200, **values):
        move = self._invoice(amount, **values)
        self._pay(move)
        self.assertEqual(move.payment_state, 'paid')
        return move

    def _run(self):
        with self.enter_registry_test_mode():
            self.env.ref('psa_crm.ir_cron_credit_referrals').method_direct_trigger()
        self.env.invalidate_all()

    def _run_an_hour_later(self):
        self.referral.date_checked = False
        self._run()

    def _amounts(self):
        return self.referral.reward_ids.sorted('id').mapped('amount')

    # From the link to the money

    def test_from_the_link_to_the_reward(self):
        link = self.env['psa.referral'].with_user(self.priya).create({'email': 'bo@bo-it.test'})
        signup = self._sign_up('bo@bo-it.test', company_name="Bo IT", referral_code=link.code)
        self._paid_invoice(partner=signup.company_id.partner_id)
        self._run()

        self.assertRecordValues(link.sudo().reward_ids, [{
            'amount': 20.0, 'state': 'credited', 'kind': 'credit', 'user_id': self.priya.id, 'company_id': self.home.id,
            'payer_company_id': self.platform.id, 'referred_name': "Bo IT",
        }])
        self.assertRecordValues(link, [{'state': 'rewarded', 'reward_total': 20.0}])

    def test_a_payment_has_the_reward_looked_at_in_the_next_minute(self):
        self._run()
        self.assertTrue(self.referral.date_checked)
        cron = self.env.ref('psa_crm.ir_cron_credit_referrals')
        before = self.env['ir.cron.trigger'].search_count([('cron_id', '=', cron.id)])

        self._paid_invoice()

        self.assertFalse(self.referral.date_checked)
        self.assertGreater(self.env['ir.cron.trigger'].search_count([('cron_id', '=', cron.id)]), before)

    def test_only_posted_and_paid_invoices_of_the_platform_count(self):
        self._invoice()
        self._invoice(move_type='out_refund')
        self._paid_invoice(partner=self.client_dental)
        self._run()

        self.assertFalse(self.referral.reward_ids)
        self.assertEqual(self.referral.state, 'signed_up')

    def test_an_invoice_to_a_contact_of_the_company_counts(self):
        contact = self._new_contact("Ada Brown", 'ada@ada-it.test', client=self.ada_it.partner_id)
        self._paid_invoice(partner=contact)
        self._run()

        self.assertEqual(self._amounts(), [20.0])

    def test_run_again_and_again_nothing_is_credited_twice(self):
        self._paid_invoice()
        for _time in range(3):
            self._run_an_hour_later()

        self.assertEqual(self._amounts(), [20.0])

    @mute_logger('odoo.sql_db')
    def test_the_database_refuses_a_second_credit(self):
        move = self._paid_invoice()
        self._run()
        with self.assertRaises(UniqueViolation), self.env.cr.savepoint():
            self.Reward.create({
                'referral_id': self.referral.id, 'move_id': move.id, 'number': 0, 'amount': 20,
                'currency_id': self.platform.currency_id.id})
            self.env.flush_all()

    def test_after_a_crash_the_next_run_goes_on(self):
        self._paid_invoice()
        with patch.object(self.registry['psa.referral'], '_settle_state', side_effect=RuntimeError), \
                self.assertRaises(RuntimeError):
            self.env['psa.referral']._cron_credit()
        self.assertFalse(self.referral.reward_ids)

        self._run()

        self.assertEqual(self._amounts(), [20.0])

    def test_each_invoice_of_a_year_earns_and_the_next_does_not(self):
        for date in ('2030-01-31', '2030-06-30', '2031-01-30', '2031-01-31'):
            self._paid_invoice(date=date)
        self._run()

        self.assertEqual(self._amounts(), [20.0, 20.0, 20.0])
        self.assertEqual(str(self.referral.date_first_invoice), '2030-01-31')

    def test_a_fixed_amount_is_credited_once(self):
        program = self.program.copy({
            'method': 'amount', 'amount': 50, 'recurrence': 'once', 'date_from': '2020-01-01', 'date_to': '2020-12-31'})
        self.referral.program_id = program
        self._paid_invoice(date='2030-02-28')
        self._run()
        self._paid_invoice(date='2030-01-31')
        self._run_an_hour_later()

        self.assertEqual(self._amounts(), [50.0])

    def test_an_invoice_in_another_currency_is_converted_at_its_date(self):
        euro = self.env.ref('base.EUR')
        euro.active = True
        self.env['res.currency.rate'].create(
            {'name': '2030-01-01', 'rate': 0.5, 'currency_id': euro.id, 'company_id': self.platform.id})
        self._paid_invoice(100, currency_id=euro.id)
        self._run()

        self.assertRecordValues(self.referral.reward_ids, [{'amount': 20.0, 'currency_id': self.platform.currency_id.id}])

    # What is taken back

    def test_a_refund_takes_the_reward_back_by_a_row_of_its_own(self):
        move = self._paid_invoice()
        self._run()
        self._invoice(move_type='out_refund', reversed_entry_id=move.id)
        self._run_an_hour_later()

        self.assertEqual(self._amounts(), [20.0, -20.0])
        self.assertEqual(self.referral.reward_ids.mapped('state'), ['cancelled', 'cancelled'])
        self.assertRecordValues(self.referral, [{'state': 'signed_up', 'reward_total': 0.0}])

    def test_a_refund_in_part_takes_back_its_part(self):
        move = self._paid_invoice()
        self._run()
        self._invoice(50, move_type='out_refund', reversed_entry_id=move.id)
        self._run_an_hour_later()

        self.assertEqual(self._amounts(), [20.0, -5.0])
        self.assertEqual(set(self.referral.reward_ids.mapped('state')), {'credited'})

    def test_a_payment_that_is_withdrawn_takes_the_reward_back_and_a_new_one_brings_it_again(self):
        move = self._invoice()
        payment = self._pay(move)
        self._run()
        payment.action_draft()
        move.line_ids.remove_move_reconcile()
        self.assertEqual(move.payment_state, 'not_paid')
        self._run_an_hour_later()
        self.assertEqual(self._amounts(), [20.0, -20.0])
        self._pay(move)
        self._run_an_hour_later()

        self.assertEqual(self._amounts(), [20.0, -20.0, 20.0])
        self.assertEqual(self.referral.reward_ids.sorted('id').mapped('state'), ['cancelled', 'cancelled', 'credited'])

    def test_a_cancelled_invoice_takes_the_reward_back(self):
        move = self._paid_invoice()
        self._run()
        move.button_draft()
        move.button_cancel()
        self._run_an_hour_later()

        self.assertEqual(self._amounts(), [20.0, -20.0])

    def test_what_was_paid_out_and_is_taken_back_is_set_off_later(self):
        move = self._paid_invoice()
        self._run()
        self.referral.reward_ids.with_user(self.billing).action_mark_paid_out()
        self._invoice(move_type='out_refund', reversed_entry_id=move.id)
        self._run_an_hour_later()
        reversal = self.referral.reward_ids.filtered(lambda reward: reward.kind == 'reversal')
        self.assertEqual(reversal.state, 'credited')
        with self._refused(UserError, "less than zero"):
            reversal.with_user(self.billing).action_mark_paid_out()

        self._paid_invoice(500)
        self._run_an_hour_later()
        self.referral.reward_ids.filtered(lambda reward: reward.state == 'credited').with_user(self.billing).action_mark_paid_out()

        self.assertEqual(set(self.referral.reward_ids.mapped('state')), {'paid_out'})
        self.assertEqual(self.referral.reward_total, 50.0)

    def test_an_invoice_that_earned_is_cancelled_not_deleted(self):
        move = self._paid_invoice()
        self._run()
        move.button_draft()
        with self._refused(UserError, "Cancel the invoice instead"):
            move.unlink()

    # Who may

    def _users(self):
        employee, administrator = self._new_portal_users()
        dispatcher = self._new_staff('home_dispatcher', 'psa_crm.group_dispatcher')
        company_admin = self._new_staff('home_admin', 'psa_crm.group_company_admin')
        for user in dispatcher | company_admin:
            user.write({'company_id': self.home.id, 'company_ids': [Command.set(self.home.ids)]})
        return {
            'technician': self.priya, 'billing': self.sam, 'dispatcher': dispatcher, 'company_admin': company_admin, 'owner': self.theo,
            'platform': self.env.ref('base.user_admin'), 'plain_user': self.plain_user, 'client_employee': employee,
            'client_admin': administrator, 'public': self.env.ref('base.public_user'),
        }

    def test_each_role_has_exactly_its_rights_on_each_model(self):
        self._check_rights(MATRIX, self._users())

    def test_staff_sees_its_own_company_s_and_nobody_another_s(self):
        self._paid_invoice()
        self._run()
        users = self._users()
        for role in ('technician', 'billing', 'dispatcher', 'company_admin', 'owner', 'platform'):
            with self.subTest(role=role):
                for records in (self.referral, self.referral.reward_ids):
                    self.assertTrue(records.with_user(users[role]).read())
        for user in (self.technician, self.company_admin):
            other = user.copy({'login': f'other_{user.login}'})
            other.write({'company_id': self.other_company.id, 'company_ids': [Command.set(self.other_company.ids)]})
            for records in (self.referral, self.referral.reward_ids):
                with self.subTest(user=user.login, model=records._name):
                    self.assertFalse(records.with_user(other).search([]))
                    with self.assertRaises(AccessError):
                        records.with_user(other).read(['display_name'])

    def test_a_colleague_s_referral_is_read_by_staff_and_written_by_the_administrator(self):
        self.referral.state = 'open'
        self.assertTrue(self.referral.with_user(self.priya).read(['name']))
        with self.assertRaises(AccessError):
            self.referral.with_user(self.priya).name = "Mine"
        with self.assertRaises(AccessError):
            self.referral.with_user(self.priya).action_revoke()
        self.referral.with_user(self.theo).name = "Theo's"
        self.referral.with_user(self._users()['company_admin']).action_revoke()
        self.assertRecordValues(self.referral, [{'name': "Theo's", 'state': 'revoked'}])

    def test_who_earns_sees_neither_invoice_nor_company_of_the_platform(self):
        self._paid_invoice()
        self._run()
        for user in (self.theo, self.priya, self.sam):
            self.assertNotIn('move_id', self.Reward.with_user(user).fields_get())
            self.assertNotIn('referred_company_id', self.referral.with_user(user).fields_get())
        with self.assertRaises(AccessError):
            self.referral.reward_ids.with_user(self.sam).action_open_invoice()

    def test_only_billing_of_the_company_that_pays_marks_as_paid_out(self):
        self._paid_invoice()
        self._run()
        reward = self.referral.reward_ids
        for user in (self.theo, self.priya, self.sam, self.technician):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                reward.with_user(user).action_mark_paid_out()
        self.assertFalse(reward.with_user(self.sam).may_pay_out)
        self.assertTrue(reward.with_user(self.billing).may_pay_out)

        reward.with_user(self.billing).action_mark_paid_out()

        self.assertRecordValues(reward, [{'state': 'paid_out', 'paid_out_by_id': self.billing.id}])
        with self._refused(UserError, "paid out or cancelled already"):
            reward.with_user(self.billing).action_mark_paid_out()

    def test_nobody_writes_rewards_by_hand(self):
        self._paid_invoice()
        self._run()
        reward = self.referral.reward_ids
        for user in (self.theo, self.billing, self.company_admin, self.env.ref('base.user_admin')):
            with self.subTest(user=user.login):
                with self.assertRaises(AccessError):
                    reward.with_user(user).amount = 999
                with self.assertRaises(AccessError):
                    reward.with_user(user).unlink()

    # Screens

    def test_every_role_opens_the_forms(self):
        self._paid_invoice()
        self._run()
        users = self._users()
        for role in ('technician', 'billing', 'dispatcher', 'company_admin', 'owner', 'platform'):
            with self.subTest(role=role):
                self.assertTrue(Form(self.referral.with_user(users[role])).id)
                self.assertTrue(Form(self.referral.reward_ids.with_user(users[role])).id)
        self.assertTrue(Form(self.program.with_user(users['platform'])).id)
        self.assertEqual(
            self.env['psa.referral'].search(self.program.action_open_referrals()['domain']), self.referral)

    def test_settings_are_read_written_and_checked(self):
        Settings = self.env['res.config.settings']
        with Form(Settings) as form:
            self.assertTrue(form.psa_signup_enabled)
            self.assertEqual(form.psa_signup_overall, 60)
            form.psa_signup_overall = 7
        form.record.execute()
        self.assertEqual(self.Signup._limits().overall, 7)
        with self._refused(ValidationError, "at least 1"):
            Settings.create({'psa_signup_per_network': 0})

    # Speed

    def test_as_many_queries_for_many_referrals_as_for_few(self):
        companies = self.env['res.company'].create([{'name': f"Company {number}"} for number in range(30)])
        referrals = self.env['psa.referral'].create([
            {'user_id': self.theo.id, 'company_id': self.home.id, 'state': 'signed_up', 'program_id': self.program.id,
             'referred_company_id': company.id} for company in companies])
        moves = self.env['account.move'].with_company(self.platform).create([
            {'move_type': 'out_invoice', 'partner_id': company.partner_id.id, 'invoice_date': '2030-01-31',
             'invoice_line_ids': [Command.create({'name': "Platform", 'price_unit': 100, 'tax_ids': []})]} for company in companies])
        moves.action_post()

        def count(records):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            records._credit()
            self.env.flush_all()
            return self.cr.sql_log_count - before

        count(referrals[:1])
        few, many = count(referrals[1:4]), count(referrals[4:])
        self.assertEqual(few, many)
        # Paid: the rewards are written in one go, too.
        self.env.cr.execute("UPDATE account_move SET payment_state = 'paid' WHERE id IN %s", (moves._ids,))
        count(referrals[:1])
        few, many = count(referrals[1:4]), count(referrals[4:])
        self.assertEqual(set(referrals.mapped('state')), {'rewarded'})
        self.assertLessEqual(many - few, 3 * 23)  # each row of the chatter that tells of the change

    def test_the_longest_unseen_is_looked_at_first(self):
        with freeze_time(fields.Datetime.now() - timedelta(hours=2)):
            self._run()
        seen = self.referral.date_checked
        self._run()

        self.assertGreater(self.referral.date_checked, seen)
