from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time
from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import PsaSignupCommon


@tagged('post_install', '-at_install')
class TestSignup(PsaSignupCommon):

    # The request and its mail

    def test_a_request_is_kept_without_network_or_token(self):
        signup = self._request()

        self.assertRecordValues(signup, [{'state': 'requested', 'email': 'ada@ada-it.test', 'token_hash': False}])
        self.assertRegex(signup.network_hash, r'^[0-9a-f]{16}$')
        self.assertNotIn('192.0.2.1', str(signup.read()))

    def test_who_asks_gets_a_link_and_the_database_keeps_only_its_hash(self):
        signup = self._request()

        self._answer()

        token = self._token_to('ada@ada-it.test')
        self.assertEqual(signup.state, 'mailed')
        self.assertEqual(signup, self.Signup._by_token(token))
        self.assertNotEqual(signup.token_hash, token)
        self.assertAlmostEqual(signup.date_expires, fields.Datetime.now() + timedelta(hours=24), delta=timedelta(minutes=1))

    def test_the_mail_bears_the_brand_and_names_what_it_is_for(self):
        self._request()
        self._answer()

        mail = self._mails_to('ada@ada-it.test')
        platform = self.Signup._platform_company()
        self.assertIn(platform.name, mail.subject)
        self.assertIn(f'company_logo?company={platform.id}', mail.body_html)
        self.assertIn("Ada IT", mail.body_html)
        self.assertTrue(mail.auto_delete)
        self.assertEqual(mail.state, 'outgoing')

    def test_who_has_an_account_is_told_so_by_mail_only(self):
        for email in ('psa_technician@brightwater.test', 'PSA_Technician@Brightwater.test'):
            with self.subTest(email=email):
                signup = self._request(email, remote=f'198.51.100.{len(email)}')
                signup.address += str(self.Signup.search_count([]))  # another mailbox, as far as the limits go
                self._answer()

                self.assertRecordValues(signup, [{'state': 'refused', 'refusal': 'known', 'token_hash': False}])
        mails = self._mails_to('psa_technician@brightwater.test')
        self.assertEqual(len(mails), 2)
        self.assertIn('/web/reset_password', mails[0].body_html)
        self.assertNotIn('/psa/signup/confirm', mails[0].body_html)

    def test_who_is_archived_or_on_the_portal_has_an_account_too(self):
        self.technician.active = False
        self._new_portal_users()

        archived, portal = self._request(self.technician.email), self._request('zoe@harbour-dental.test')
        self._answer()

        self.assertEqual((archived | portal).mapped('refusal'), ['known', 'known'])

    def test_a_crash_while_mailing_sends_nothing_twice(self):
        signup = self._request()
        with patch.object(self.registry['psa.signup'], '_mail_link', side_effect=RuntimeError), self.assertRaises(RuntimeError), \
                self.env.cr.savepoint():
            self.Signup._cron_answer()

        self._answer()
        self._answer()

        self.assertEqual(signup.state, 'mailed')
        self.assertEqual(len(self._mails_to('ada@ada-it.test')), 1)

    # Limits

    def test_two_clicks_make_one_mail(self):
        first, second = self._request(), self._request()
        self._answer()

        self.assertEqual(first.state, 'mailed')
        self.assertRecordValues(second, [{'state': 'refused', 'refusal': 'repeated'}])
        self.assertEqual(len(self._mails_to('ada@ada-it.test')), 1)

    def test_each_limit_is_counted_in_the_database_and_can_be_set(self):
        for name, value in {'per_network': 2, 'per_address': 1, 'overall': 3}.items():
            self.env['ir.config_parameter'].set_param(f'psa_crm.signup_{name}', value)
        answered = self._request('a@a-it.test') | self._request('b@b-it.test')
        network = self._request('c@c-it.test')
        self._answer()
        last = self._request('d@d-it.test', '192.0.2.2')
        address = self._request('A+x@a-it.test', '192.0.2.3')
        with freeze_time(fields.Datetime.now() + timedelta(minutes=20)):
            later = self._request('a+y@a-it.test', '192.0.2.3')
            later.flush_recordset()
            self.env.cr.execute("UPDATE psa_signup SET create_date = %s WHERE id = %s", (fields.Datetime.now(), later.id))
            later.invalidate_recordset()
        overall = self._request('e@e-it.test', '192.0.2.4')
        self._answer()

        self.assertEqual(set((answered | last).mapped('state')), {'mailed'})
        self.assertEqual(network.refusal, 'network_limit')
        self.assertEqual(address.refusal, 'repeated')
        self.assertEqual(later.refusal, 'address_limit')
        self.assertEqual(overall.refusal, 'overall_limit')

    def test_a_flood_is_not_even_kept(self):
        for name in ('per_network', 'overall'):
            self.env['ir.config_parameter'].set_param(f'psa_crm.signup_{name}', 1)
        for number in range(25):
            self._request(f'{number}@a-it.test')

        self.assertEqual(self.Signup.search_count([]), 20)

    def test_a_setting_that_is_no_number_falls_back(self):
        self.env['ir.config_parameter'].set_param('psa_crm.signup_overall', 'many')

        self.assertEqual(self.Signup._limits().overall, 60)

    # The confirmation

    def test_a_link_works_once(self):
        signup = self._sign_up()

        self.assertFalse(signup._confirm())
        self.assertEqual(self.env['res.users'].search_count([('login', '=', 'ada@ada-it.test')]), 1)

    def test_a_link_is_dead_from_the_minute_it_expires(self):
        signup = self._request()
        self._answer()
        with freeze_time(signup.date_expires):
            self.assertFalse(signup._confirm())
            self.Signup._expire_old()

        self.assertEqual(signup.state, 'expired')
        self.assertFalse(self.env['res.users'].search([('login', '=', 'ada@ada-it.test')]))

    def test_the_second_of_two_links_to_one_address_finds_the_account_there(self):
        first = self._request()
        self._answer()
        with freeze_time(fields.Datetime.now() + timedelta(minutes=11)):
            second = self._request()
            self.env.cr.execute("UPDATE psa_signup SET create_date = %s WHERE id = %s", (fields.Datetime.now(), second.id))
            second.invalidate_recordset()
            self._answer()
        self.assertEqual(second.state, 'mailed')
        first._confirm()

        self.assertFalse(second._confirm())
        self.assertEqual(second.refusal, 'known')

    def test_forged_tokens_open_nothing(self):
        signup = self._request()
        self._answer()
        for token in ('', None, 'x', signup.token_hash, self._token_to('ada@ada-it.test')[:-1], '%', "' OR 1=1 --"):
            with self.subTest(token=token):
                self.assertFalse(self.Signup._by_token(token))

    def test_only_the_platform_administrator_sees_requests_and_nobody_writes_them(self):
        signup = self._request()
        admin = self.env.ref('base.user_admin')
        self.assertEqual(signup.with_user(admin).company_name, "Ada IT")
        for user in (self.technician, self.company_admin, self.plain_user, self.env.ref('base.public_user')):
            with self.subTest(user=user.login), self.assertRaises(AccessError), mute_logger('odoo.addons.base.models.ir_model'):
                signup.with_user(user).read(['email'])
        for operation in ('write', 'create', 'unlink'):
            self.assertFalse(self.Signup.with_user(admin).has_access(operation))

    # Ageing

    def test_old_requests_are_forgotten_and_confirmed_ones_lose_their_network(self):
        refused, kept = self._request(), self._request('b@b-it.test')
        refused.write({'state': 'refused', 'refusal': 'trap'})
        kept.state = 'confirmed'
        new = self._request('c@c-it.test')
        self.env.cr.execute(
            "UPDATE psa_signup SET create_date = now() - interval '91 days' WHERE id IN %s", ((refused | kept)._ids,))
        self.env.invalidate_all()

        self.Signup._gc_old_signups()

        self.assertEqual((refused | kept | new).exists(), kept | new)
        self.assertFalse(kept.network_hash)

    # Speed

    def test_as_many_queries_for_many_requests_as_for_few(self):
        def answer(count, start):
            requests = self.Signup.concat(*(
                self._request(f'{number}@many-{number}.test', f'10.0.{start}.{number}') for number in range(start, start + count)))
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            with patch.object(self.registry['mail.template'], 'send_mail_batch', lambda *args, **kwargs: None):
                requests._answer()
                self.env.flush_all()
            return self.cr.sql_log_count - before

        self.env['ir.config_parameter'].set_param('psa_crm.signup_overall', 1000)
        answer(1, 100)
        self.assertEqual(answer(2, 110), answer(20, 120))


@tagged('post_install', '-at_install')
class TestSignupCompany(PsaSignupCommon):

    loads_books = True

    def test_a_confirmed_request_makes_account_and_company(self):
        signup = self._request()
        self._answer()
        signup._confirm("Ada IT Services")

        user, company = signup.user_id, signup.company_id
        self.assertEqual((user.login, user.name), ('ada@ada-it.test', "Ada Brown"))
        self.assertEqual(user.company_ids, company)
        self.assertTrue(user.has_group('psa_crm.group_owner'))
        self.assertFalse(user.has_group('base.group_system'))
        self.assertFalse(user.has_group('base.group_portal'))
        self.assertEqual((company.name, company.country_id, company.currency_id.name), ("Ada IT Services", self.country, 'USD'))
        self.assertTrue(company.chart_template)
        self.assertIn('/web/signup?', signup._password_url())
