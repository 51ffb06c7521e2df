import re
from unittest.mock import patch

from odoo.tests import HttpCase, tagged

from .common import PsaSignupCommon

FORM = {'name': "Ada Brown", 'company_name': "Ada IT", 'email': 'ada@ada-it.test'}
VOLATILE = re.compile(r'csrf_token[^,>]*|/web/assets/[^"\']+')


@tagged('post_install', '-at_install')
class TestSignupPages(HttpCase, PsaSignupCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env['ir.config_parameter'].set_param('psa_crm.signup_per_network', '100')

    def _open(self, path):
        response = self.url_open(path)
        self.csrf = re.search(r'name="csrf_token" value="([^"]+)"', response.text)
        return response

    def _submit(self, path='/psa/signup', follow=True, **values):
        self._open(path)
        data = {'csrf_token': self.csrf.group(1), **values}
        if path == '/psa/signup':
            data = {**FORM, 'country_id': str(self.country.id), **data}
        return self.url_open(path, data=data, allow_redirects=follow)

    def _link(self, **values):
        self._submit(**values)
        self._answer()
        return f"/psa/signup/confirm/{self._token_to(values.get('email', FORM['email']))}"

    # Open and closed

    def test_closed_there_is_no_page(self):
        self.env['ir.config_parameter'].set_param('psa_crm.signup_enabled', False)
        for path in ('/psa/signup', '/psa/signup/sent', '/psa/signup/confirm/x', '/r/x'):
            with self.subTest(path=path):
                self.assertEqual(self.url_open(path).status_code, 404)
        self.assertNotIn('/psa/signup', self.url_open('/web/login').text)

    def test_open_the_sign_in_page_leads_to_it(self):
        self.assertIn('href="/psa/signup"', self.url_open('/web/login').text)

    # The form

    def test_what_was_typed_stays_when_something_is_wrong(self):
        response = self._submit(email='ada@', name="Ada <Brown>")

        self.assertEqual(response.status_code, 200)
        self.assertIn('value="ada@"', response.text)
        self.assertIn('value="Ada IT"', response.text)
        self.assertIn('Ada &lt;Brown&gt;', response.text)
        self.assertRegex(response.text, rf'<option value="{self.country.id}" selected="selected">')
        self.assertIn("This is not a complete e-mail address.", response.text)
        self.assertFalse(self.Signup.search([]))

    def test_known_and_unknown_addresses_are_answered_alike(self):
        answers = set()
        for email in ('stranger@stranger.test', self.technician.email, self.technician.email, 'zoe@harbour-dental.test'):
            response = self._submit(email=email)
            answers.add((
                response.status_code, response.url, VOLATILE.sub('', response.text),
                tuple(sorted((key, value) for key, value in response.headers.items() if key not in ('Date', 'Set-Cookie'))),
            ))
        self.assertEqual(len(answers), 1)
        self.assertIn("If the address can be used", next(iter(answers))[2])

    def test_the_page_asks_as_much_of_the_database_for_known_and_unknown_addresses(self):
        asked = []
        for email in ('first@stranger.test', 'stranger@stranger.test', self.technician.email):
            request = self.Signup.with_user(self.env.ref('base.public_user'))
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            request._request({**FORM, 'email': email, 'country_id': self.country.id}, '192.0.2.9')
            self.env.flush_all()
            asked.append(self.cr.sql_log_count - before)
        # The first one fills the caches of the server.
        self.assertEqual(asked[1], asked[2])

    def test_over_the_limit_the_answer_is_the_same(self):
        self.env['ir.config_parameter'].set_param('psa_crm.signup_per_network', '1')
        first, second = self._submit(), self._submit(email='second@second.test')
        self._answer()

        self.assertEqual((first.status_code, VOLATILE.sub('', first.text)), (second.status_code, VOLATILE.sub('', second.text)))
        self.assertEqual(self.Signup.search([], order='id').mapped('refusal'), [False, 'network_limit'])

    def test_what_falls_into_the_trap_is_kept_and_gets_no_mail(self):
        response = self._submit(website='https://spam.test')
        self._answer()

        self.assertIn("If the address can be used", response.text)
        self.assertRecordValues(self.Signup.search([]), [{'state': 'refused', 'refusal': 'trap'}])
        self.assertFalse(self._mails_to(FORM['email']))

    def test_a_post_from_elsewhere_is_refused(self):
        self._open('/psa/signup')
        for token in ({}, {'csrf_token': 'forged'}):
            with self.subTest(token=token):
                response = self.url_open('/psa/signup', data={**FORM, 'country_id': str(self.country.id), **token})
                self.assertEqual(response.status_code, 400)
        self.assertFalse(self.Signup.search([]))

    def test_fields_that_are_not_in_the_form_are_ignored(self):
        self._submit(state='confirmed', user_id='2', token_hash='x', referral_code='x')

        self.assertRecordValues(self.Signup.search([]), [{
            'state': 'requested', 'user_id': False, 'token_hash': False, 'referral_code': False}])

    # The confirmation

    def test_opening_the_link_alone_changes_nothing(self):
        link = self._link()
        for _time in range(3):
            response = self._open(link)
            self.assertIn("Create my company", response.text)

        self.assertEqual(self.Signup.search([]).state, 'mailed')
        self.assertEqual(response.headers['Referrer-Policy'], 'no-referrer')
        self.assertEqual(response.headers['Cache-Control'], 'no-store')

    def test_from_the_link_to_the_password_to_signed_in(self):
        link = self._link()
        response = self._submit(link, company_name="Ada IT")

        self.assertIn('/web/signup', response.url)
        self.assertIn('name="confirm_password"', response.text)
        user = self.Signup.search([]).user_id
        password = 'Correct-horse-9-battery'
        csrf = re.search(r'name="csrf_token" value="([^"]+)"', response.text).group(1)
        token = re.search(r'name="token" value="([^"]+)"', response.text).group(1)
        self.url_open('/web/signup', data={
            'csrf_token': csrf, 'token': token, 'name': user.name, 'login': user.login, 'password': password,
            'confirm_password': password})
        self.assertEqual(self.make_jsonrpc_request('/web/session/get_session_info')['uid'], user.id)

    def test_a_double_click_ends_where_the_first_click_does(self):
        link = self._link()
        first = self._submit(link, company_name="Ada IT")
        second = self.url_open(link, data={'csrf_token': self.csrf.group(1), 'company_name': "Ada IT"})

        self.assertIn('/web/signup', first.url)
        self.assertIn('/web/signup', second.url)
        self.assertEqual(self.env['res.users'].search_count([('login', '=', FORM['email'])]), 1)
        self.assertEqual(self.env['res.company'].search_count([('name', '=', "Ada IT")]), 1)

    def test_a_used_link_is_dead_for_everybody_else(self):
        link = self._link()
        self._submit(link, company_name="Ada IT")
        self.opener.cookies.clear()

        response = self._open(link)
        self.assertEqual(response.status_code, 410)
        self.assertIn("no longer valid", response.text)
        self._open('/psa/signup')
        posted = self.url_open(link, data={'csrf_token': self.csrf.group(1), 'company_name': "Second"})
        self.assertEqual(posted.status_code, 410)
        self.assertFalse(self.env['res.company'].search([('name', '=', "Second")]))

    def test_expired_and_forged_links_look_alike(self):
        link = self._link()
        self.Signup.search([]).date_expires = '2020-01-01'
        expired, forged = self.url_open(link), self.url_open('/psa/signup/confirm/forged')

        self.assertEqual((expired.status_code, VOLATILE.sub('', expired.text)), (forged.status_code, VOLATILE.sub('', forged.text)))
        self._open('/psa/signup')
        posted = self.url_open(link, data={'csrf_token': self.csrf.group(1), 'company_name': "Ada IT"})
        self.assertEqual(posted.status_code, 410)
        self.assertFalse(self.env['res.users'].search([('login', '=', FORM['email'])]))

    def test_a_name_that_is_taken_is_said_and_the_link_stays_good(self):
        link = self._link()
        response = self._submit(link, company_name=self.other_company.name)

        self.assertIn("There already is a company", response.text)
        self.assertEqual(self.Signup.search([]).state, 'mailed')
        self.assertIn('/web/signup', self._submit(link, company_name="Ada IT of Leeds").url)

    def test_a_failure_in_the_middle_leaves_no_half_account(self):
        link = self._link()
        with patch.object(self.registry['psa.referral'], '_register_signup', side_effect=RuntimeError), self.assertLogs(level='ERROR'):
            self.assertEqual(self._submit(link, company_name="Ada IT").status_code, 500)

        self.env.invalidate_all()
        self.assertEqual(self.Signup.search([]).state, 'mailed')
        self.assertFalse(self.env['res.users'].search([('login', '=', FORM['email'])]))

    # The personal link

    def test_a_personal_link_is_remembered_until_the_account_is_there(self):
        referral = self.env['psa.referral'].with_user(self.technician).create({})
        response = self.url_open(f'/r/{referral.code}')

        self.assertIn(self.technician.name, response.text)
        self.assertNotIn(referral.code, response.text)
        self.assertRecordValues(referral, [{'state': 'visited', 'visit_count': 1}])
        link = self._link()
        signup = self.Signup.search([])
        self.assertEqual(signup.referral_code, referral.code)
        self._submit(link, company_name="Ada IT")
        self.assertRecordValues(referral, [{'state': 'signed_up', 'referred_name': "Ada IT"}])
        self.assertEqual(signup.referral_id, referral)

    def test_the_code_can_stand_in_the_address_of_the_form(self):
        referral = self.env['psa.referral'].with_user(self.technician).create({})
        self.url_open(f'/psa/signup?ref={referral.code}')
        self._submit()

        self.assertEqual(self.Signup.search([]).referral_code, referral.code)

    def test_an_unknown_or_revoked_code_shows_the_plain_form(self):
        referral = self.env['psa.referral'].with_user(self.technician).create({})
        referral.action_revoke()
        for code in (referral.code, 'unknown', 'x' * 300, '%00', "'"):
            with self.subTest(code=code):
                response = self.url_open(f'/r/{code}')
                self.assertEqual(response.status_code, 200)
                self.assertNotIn(self.technician.name, response.text)
        self.assertEqual(referral.visit_count, 0)
