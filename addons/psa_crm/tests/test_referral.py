from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged, users
from odoo.tools import mute_logger
from psycopg2.errors import CheckViolation, UniqueViolation

from .common import PsaSignupCommon


@tagged('post_install', '-at_install')
class TestReferral(PsaSignupCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Referral = cls.env['psa.referral']
        cls.home = cls.env['res.company'].create({'name': "Lindqvist IT"})
        cls.theo = cls._new_staff('theo', 'psa_crm.group_owner')
        cls.priya = cls._new_staff('priya', 'psa_crm.group_technician')
        for user, email in ((cls.theo, 'theo@lindqvist-it.test'), (cls.priya, 'priya@posteo.net')):
            user.write({'company_id': cls.home.id, 'company_ids': [(6, 0, cls.home.ids)], 'email': email})
        cls.program = cls.env['psa.referral.program'].create({'name': "Bring a colleague", 'amount': 50})

    def _refer(self, user=None, **values):
        return self.Referral.with_user(user or self.theo).create(values).sudo()

    def _sign_up_through(self, referral, email='ada@ada-it.test', **values):
        return self._sign_up(email, referral_code=referral.code, **values)

    # Invitation

    @users('theo')
    def test_an_invitation_is_entered_and_sent(self):
        with Form(self.env['psa.referral']) as form:
            form.name = "Ada Brown"
            form.email = 'ada@ada-it.test'
            form.message = "You asked me what I use."
        referral = form.record
        referral.action_send()

        self.assertRecordValues(referral, [{'state': 'sent', 'user_id': self.theo.id, 'company_id': self.home.id}])
        mail = self.env['mail.mail'].sudo().search([('email_to', '=', 'ada@ada-it.test')])
        self.assertIn(referral.url, mail.body_html)
        self.assertIn("You asked me what I use.", mail.body_html)
        self.assertIn('theo@lindqvist-it.test', mail.reply_to)
        self.assertEqual(referral.benefit, "$\xa050.00 for the first paid invoice")

    def test_codes_cannot_be_guessed_and_never_repeat(self):
        codes = {self._refer().code for _number in range(50)}

        self.assertEqual(len(codes), 50)
        self.assertTrue(all(len(code) >= 16 for code in codes))

    def test_nobody_invites_himself_or_his_house(self):
        for email, reason in {
            'theo+2@lindqvist-it.test': "The same person", 'priya@posteo.net': "A colleague",
            'info@lindqvist-it.test': "The same house",
        }.items():
            with self.subTest(email=email), self._refused(ValidationError, reason):
                self._refer(email=email)

    def test_what_is_no_address_is_refused(self):
        with self._refused(ValidationError, "no e-mail address"):
            self._refer(email='ada')

    @mute_logger('odoo.sql_db')
    def test_an_address_is_invited_once(self):
        self._refer(email='ada@gmail.com')
        with self.assertRaises(UniqueViolation), self.env.cr.savepoint():
            self._refer(email='a.d.a+x@gmail.com')
        self.assertTrue(self._refer(self.priya, email='ada@gmail.com'))

    def test_a_revoked_link_is_not_sent_and_the_address_is_free_again(self):
        referral = self._refer(email='ada@ada-it.test').with_user(self.theo)
        referral.action_revoke()
        with self._refused(UserError, "not open any more"):
            referral.action_send()
        with self._refused(UserError, "closed already"):
            referral.action_revoke()
        self.assertTrue(self._refer(email='ada@ada-it.test'))

    def test_without_sign_up_no_invitation(self):
        self.env['ir.config_parameter'].set_param('psa_crm.signup_enabled', False)
        with self._refused(UserError, "Sign-up is closed"):
            self._refer(email='ada@ada-it.test').with_user(self.theo).action_send()

    def test_no_more_than_fifty_invitations_a_day(self):
        self.Referral.with_user(self.theo).create([{'email': f'{n}@ada-it.test'} for n in range(50)]).action_send()
        with self._refused(UserError, "Continue tomorrow"):
            self._refer(email='ada@ada-it.test').with_user(self.theo).action_send()

    def test_who_wants_no_mail_gets_none(self):
        self.env['mail.blacklist'].create({'email': 'ada@ada-it.test'})
        with self._refused(UserError, "does not want mail"):
            self._refer(email='ada@ada-it.test').with_user(self.theo).action_send()

    def test_the_platform_says_who_may_refer(self):
        self.env['ir.config_parameter'].set_param('psa_crm.referral_who', 'owner')

        self.assertTrue(self._refer(self.theo))
        with self._refused(AccessError, "Only owners"):
            self._refer(self.priya)

    def test_what_happened_cannot_be_written_by_hand(self):
        referral = self._refer(email='ada@ada-it.test').with_user(self.theo)
        for values in (
            {'state': 'rewarded'}, {'code': 'x'}, {'user_id': self.priya.id}, {'company_id': self.company.id},
            {'referred_company_id': self.company.id}, {'program_id': self.program.id}, {'visit_count': 9}, {'refusal': False},
        ):
            with self.subTest(values=values), self.assertRaises(AccessError):
                referral.write(values)
        made = self.Referral.with_user(self.theo).with_context(default_state='rewarded', default_visit_count=9).create(
            {'state': 'signed_up', 'user_id': self.priya.id, 'code': 'x'})
        self.assertRecordValues(made, [{'state': 'open', 'user_id': self.theo.id, 'visit_count': 0}])
        self.assertNotEqual(made.code, 'x')

    # Sign-up

    def test_a_sign_up_through_the_link_is_recorded(self):
        referral = self._refer(email='ada@ada-it.test')
        signup = self._sign_up_through(referral)

        self.assertRecordValues(referral, [{
            'state': 'signed_up', 'referred_name': "Ada IT", 'referred_company_id': signup.company_id.id,
            'program_id': self.program.id, 'refusal': False,
        }])

    def test_a_link_passed_on_brings_several_companies_each_for_itself(self):
        link = self._refer()
        first = self._sign_up_through(link)
        second = self._sign_up_through(link, 'bo@bo-it.test', company_name="Bo IT", remote='192.0.2.2')

        self.assertEqual(first.referral_id, link)
        self.assertEqual(second.referral_id.origin_id, link)
        self.assertRecordValues(second.referral_id, [{
            'state': 'signed_up', 'referred_name': "Bo IT", 'user_id': self.theo.id, 'company_id': self.home.id}])
        self.assertNotEqual(second.referral_id.code, link.code)

    def test_self_referral_in_every_disguise_is_refused_with_its_reason(self):
        for number, (email, company_name, reason) in enumerate((
            ('theo+new@lindqvist-it.test', "New", 'same_person'),
            ('priya+new@posteo.net', "New 2", 'colleague'),
            ('somebody@lindqvist-it.test', "New 3", 'same_domain'),
            ('somebody@mail.lindqvist-it.test', "New 4", 'same_domain'),
            ('theo@posteo.net', "LINDQVIST-IT", 'same_company'),
        )):
            link = self._refer()
            with self.subTest(reason=reason, email=email):
                signup = self._sign_up_through(link, email, company_name=company_name, remote=f'192.0.2.{number}')

                self.assertRecordValues(signup.referral_id, [{
                    'state': 'refused', 'refusal': reason, 'origin_id': link.id, 'program_id': False}])
                self.assertEqual(link.state, 'open')
                self.assertTrue(signup.user_id, "the account itself is nobody's business")

    def test_an_attempt_through_a_revoked_link_is_kept_as_refused(self):
        link = self._refer()
        link.with_user(self.theo).action_revoke()
        signup = self._sign_up_through(link)

        self.assertRecordValues(signup.referral_id, [{'state': 'refused', 'refusal': 'revoked', 'origin_id': link.id}])

    def test_an_unknown_code_is_no_referral(self):
        self.assertFalse(self._sign_up('ada@ada-it.test', referral_code='unknown').referral_id)

    def test_without_a_program_the_sign_up_is_recorded_and_earns_nothing(self):
        yesterday = fields.Date.today() - timedelta(days=1)
        self.program.write({'date_from': yesterday, 'date_to': yesterday})
        referral = self._refer()
        self._sign_up_through(referral)

        self.assertRecordValues(referral, [{'state': 'signed_up', 'program_id': False}])
        self.assertFalse(referral.benefit)

    # Programs

    def test_two_programs_do_not_run_at_once(self):
        with self._refused(ValidationError, "runs at the same time"):
            self.program.copy({'date_from': fields.Date.today() + timedelta(days=30)})
        self.program.date_to = fields.Date.today() + timedelta(days=29)
        self.assertTrue(self.program.copy({'date_from': fields.Date.today() + timedelta(days=30), 'date_to': False}))

    def test_a_promised_benefit_cannot_change(self):
        self.program.amount = 60
        self._sign_up_through(self._refer())
        with self._refused(ValidationError, "promised"):
            self.program.amount = 5
        self.program.amount = 60
        self.program.name = "Bring a friend"
        with self._refused(ValidationError, "Archive it"):
            self.program.unlink()

    @mute_logger('odoo.sql_db')
    def test_a_program_without_a_value_is_refused(self):
        for values in ({'amount': 0}, {'method': 'percent', 'percent': 0}, {'method': 'percent', 'percent': 101}, {'months': -1}):
            with self.subTest(values=values), self.assertRaises(CheckViolation), self.env.cr.savepoint():
                self.program.write(values)
                self.env.flush_all()

    def test_the_benefit_is_said_in_one_line(self):
        for values, text in (
            ({'method': 'percent', 'percent': 7.5}, "7.5 % for the first paid invoice"),
            ({'recurrence': 'recurring', 'months': 12}, "7.5 % for each paid invoice of the first 12 months"),
            ({'months': 0}, "7.5 % for each paid invoice"),
        ):
            self.program.write(values)
            self.assertEqual(self.program.benefit, text)
