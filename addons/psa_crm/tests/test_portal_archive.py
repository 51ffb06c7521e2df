import re

from odoo.addons.mail.tests.common import MailCommon
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Datetime
from odoo.tests import HttpCase, freeze_time, tagged
from odoo.tools import mute_logger

from .common import PsaCrmCommon


@tagged('post_install', '-at_install')
class TestPortalAccessEnds(PsaCrmCommon, MailCommon, HttpCase):
    """Invitations open the door once; who is archived is out at once."""

    def _invite(self, contact, role='employee'):
        """Give the role and return the path of the link in the mail."""
        with self.mock_mail_gateway():
            contact.with_user(self.dispatcher).psa_portal_role = role
        link = re.search(r'href="[^"]*(/web/signup\?[^"]+)"', self._mails[-1]['body']).group(1).replace('&amp;', '&')
        self.env.flush_all()
        return link

    def _choose_password(self, link, password):
        page = self.url_open(link)
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        if not token:
            return page
        query = dict(pair.split('=', 1) for pair in link.split('?', 1)[1].split('&'))
        return self.url_open('/web/signup', data={
            'csrf_token': token.group(1), 'token': query['token'].replace('%3D', '='), 'login': 'ignored', 'name': 'ignored',
            'password': password, 'confirm_password': password,
        })

    def _sign_in_works(self, user, password):
        self.env.invalidate_all()
        try:
            return bool(self.env['res.users'].authenticate(
                {'type': 'password', 'login': user.login, 'password': password}, {'interactive': True}))
        except Exception:
            return False

    def test_the_link_of_an_invitation_works_once(self):
        link = self._invite(self.zoe)
        self._choose_password(link, 'a long pass phrase')
        user = self.zoe.user_ids
        self.assertTrue(self._sign_in_works(user, 'a long pass phrase'))
        self.opener.cookies.clear()
        self.session = None

        with mute_logger('odoo.addons.auth_signup.controllers.main'):
            page = self._choose_password(link, 'somebody elses phrase')

        self.assertIn("Invalid signup token", page.text)
        self.assertFalse(self._sign_in_works(user, 'somebody elses phrase'))
        self.assertTrue(self._sign_in_works(user, 'a long pass phrase'))

    def test_the_link_of_an_invitation_expires(self):
        self._invite(self.zoe)
        token = self.zoe._generate_signup_token()
        self.assertEqual(self.env['res.partner']._get_partner_from_token(token), self.zoe)

        with freeze_time(Datetime.add(Datetime.now(), days=7)):
            self.assertFalse(self.env['res.partner']._get_partner_from_token(token))

    def test_a_forged_link_and_one_of_an_archived_person_open_nothing(self):
        token = self._invite(self.zoe) and self.zoe._generate_signup_token()
        forged = token[:-6] + ('AAAAAA' if token[-6:] != 'AAAAAA' else 'BBBBBB')
        self.assertFalse(self.env['res.partner']._get_partner_from_token(forged))

        self.zoe.with_user(self.dispatcher).action_archive()

        self.assertFalse(self.env['res.partner']._get_partner_from_token(token))
        with self.assertRaises(UserError):
            self.env['res.users'].signup({'password': 'a long pass phrase'}, token)

    def test_archiving_ends_a_running_session_at_once(self):
        self.zoe.psa_portal_role = 'employee'
        self.zoe.user_ids.password = 'a long pass phrase'
        self.authenticate(self.zoe.user_ids.login, 'a long pass phrase')
        self.assertEqual(self.url_open('/my', allow_redirects=False).status_code, 200)

        self.zoe.with_user(self.dispatcher).action_archive()
        self.env.flush_all()

        page = self.url_open('/my', allow_redirects=False)
        self.assertEqual(page.status_code, 303)
        self.assertIn('/web/login', page.headers['Location'])
        self.assertFalse(self.zoe.active)
        self.assertFalse(self.env['res.users'].with_context(active_test=False).search([('partner_id', '=', self.zoe.id)]).active)

    def test_archiving_ends_an_api_key_at_once(self):
        self.zoe.psa_portal_role = 'employee'
        user = self.zoe.user_ids
        key = self.env['res.users.apikeys'].with_user(user).sudo()._generate('rpc', "Script", False)

        def call():
            return self.url_open('/json/2/res.users/context_get', json={'context': {}}, headers={
                'Authorization': f'bearer {key}', 'X-Odoo-Database': self.env.cr.dbname}).status_code

        self.env.flush_all()
        self.assertEqual(call(), 200)
        self.zoe.with_user(self.dispatcher).action_archive()
        self.env.flush_all()

        with mute_logger('odoo.http'):
            self.assertEqual(call(), 401)
        self.assertFalse(self.env['res.users.apikeys'].search([('user_id', '=', user.id)]))

    def test_archiving_a_client_ends_the_access_of_its_people(self):
        self._new_portal_users()

        self.client_dental.with_user(self.dispatcher).action_archive()

        self.assertEqual((self.zoe | self.omar).mapped('psa_portal_role'), ['none', 'none'])

    def test_a_technician_does_not_archive_a_client_whose_people_can_sign_in(self):
        self._new_portal_users()

        with self.assertRaisesRegex(AccessError, "Only dispatchers"):
            self.client_dental.with_user(self.technician).action_archive()

    def test_who_may_not_give_roles_does_not_end_access_by_archiving(self):
        self.zoe.psa_portal_role = 'employee'

        with self.assertRaises(ValidationError):
            self.zoe.with_user(self.technician).action_archive()

        self.assertEqual(self.zoe.psa_portal_role, 'employee')

    def test_who_comes_back_is_invited_again(self):
        self.zoe.psa_portal_role = 'employee'
        self.zoe.with_user(self.dispatcher).action_archive()

        self.zoe.action_unarchive()
        self.assertEqual(self.zoe.psa_portal_role, 'none')
        self._invite(self.zoe, 'approver')

        self.assertEqual(self.zoe.psa_portal_role, 'approver')
        self.assertTrue(self.zoe.user_ids.active)

    def test_the_approver_stands_between_employee_and_administrator(self):
        nina = self._new_contact("Nina", 'nina@harbour-dental.test', psa_portal_role='approver')
        self._new_portal_users()

        def found(role):
            return self.env['res.partner'].search([('parent_id', '=', self.client_dental.id), ('psa_portal_role', '=', role)])

        self.assertEqual((found('employee'), found('approver'), found('administrator')), (self.zoe, nina, self.omar))
        user = nina.user_ids
        self.assertTrue(user.has_group('psa_crm.group_client_employee'))
        self.assertFalse(user.has_group('psa_crm.group_client_admin'))
        nina.psa_portal_role = 'administrator'
        nina.psa_portal_role = 'employee'
        self.assertFalse(user.has_group('psa_crm.group_client_approver'))
