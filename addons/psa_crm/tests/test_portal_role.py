from odoo.addons.mail.tests.common import MailCommon
from odoo.exceptions import AccessDenied, AccessError, UserError, ValidationError
from odoo.tests import HttpCase, tagged

from .common import PsaCrmCommon


@tagged('post_install', '-at_install')
class TestPortalRole(PsaCrmCommon, MailCommon):

    def _sign_in(self, user, password):
        return self.env['res.users'].authenticate(
            {'type': 'password', 'login': user.login, 'password': password}, {'interactive': True})

    def test_a_role_makes_a_portal_user_and_invites_him(self):
        with self.mock_mail_gateway():
            self.zoe.with_user(self.dispatcher).psa_portal_role = 'employee'

        user = self.zoe.user_ids
        self.assertEqual(user.login, 'zoe@harbour-dental.test')
        self.assertTrue(user.has_group('psa_crm.group_client_employee'))
        self.assertFalse(user.has_group('psa_crm.group_client_admin'))
        self.assertTrue(user.share)
        self.assertEqual(self.zoe.signup_type, 'signup')
        self.assertEqual(len(self._mails), 1)
        self.assertIn('zoe@harbour-dental.test', self._mails[0]['email_to'][0])
        self.assertIn('/web/signup', self._mails[0]['body'])

    def test_a_role_can_be_given_while_the_contact_is_created(self):
        newcomer = self._new_contact("New Hire", 'hire@harbour-dental.test', psa_portal_role='administrator')

        self.assertTrue(newcomer.user_ids.has_group('psa_crm.group_client_admin'))

    def test_a_role_changes_both_ways_without_another_invitation(self):
        self.zoe.psa_portal_role = 'employee'
        with self.mock_mail_gateway():
            self.zoe.psa_portal_role = 'administrator'
            self.assertTrue(self.zoe.user_ids.has_group('psa_crm.group_client_admin'))

            self.zoe.psa_portal_role = 'employee'

        self.assertFalse(self.zoe.user_ids.has_group('psa_crm.group_client_admin'))
        self.assertTrue(self.zoe.user_ids.has_group('psa_crm.group_client_employee'))
        self.assertFalse(self._new_mails)

    def test_a_role_taken_away_ends_the_access_and_archives_nothing(self):
        self.zoe.psa_portal_role = 'administrator'
        user = self.zoe.user_ids
        user.password = 'a long pass phrase'
        self.assertEqual(self._sign_in(user, 'a long pass phrase')['uid'], user.id)
        session = user._compute_session_token('a' * 42)

        self.zoe.with_user(self.dispatcher).psa_portal_role = 'none'

        self.assertEqual(self.zoe.psa_portal_role, 'none')
        self.assertTrue(self.zoe.active)
        self.assertTrue(user.active)
        self.assertFalse(user.has_group('base.group_portal'))
        self.assertFalse(user.has_group('psa_crm.group_client_employee'))
        self.assertFalse(self.zoe.signup_type)
        self.assertNotEqual(user._compute_session_token('a' * 42), session)
        with self.assertRaises(AccessDenied):
            self._sign_in(user, 'a long pass phrase')

    def test_nobody_gets_back_in_with_a_new_password(self):
        self.zoe.psa_portal_role = 'employee'
        user = self.zoe.user_ids
        self.zoe.psa_portal_role = 'none'

        with self.assertRaisesRegex(UserError, "no portal access"):
            user.action_reset_password()
        user.password = 'another pass phrase'
        with self.assertRaises(AccessDenied):
            self._sign_in(user, 'another pass phrase')

    def test_a_role_given_again_invites_the_same_user(self):
        self.zoe.psa_portal_role = 'employee'
        user = self.zoe.user_ids
        self.zoe.psa_portal_role = 'none'

        with self.mock_mail_gateway():
            self.zoe.psa_portal_role = 'administrator'

        self.assertEqual(self.zoe.user_ids, user)
        self.assertTrue(user.has_group('psa_crm.group_client_admin'))
        self.assertEqual(len(self._new_mails), 1)
        user.password = 'a long pass phrase'
        self.assertTrue(self._sign_in(user, 'a long pass phrase'))

    def test_roles_of_many_contacts_are_set_at_once(self):
        (self.zoe | self.omar).write({'psa_portal_role': 'employee'})

        self.assertEqual((self.zoe | self.omar).mapped('psa_portal_role'), ['employee', 'employee'])

    def test_each_contact_of_a_batch_gets_its_own_role(self):
        contacts = self.env['res.partner'].create([
            {'name': role, 'email': f'{role}@harbour-dental.test', 'parent_id': self.client_dental.id, 'psa_portal_role': role}
            for role in ('none', 'employee', 'administrator')
        ])

        self.assertEqual(contacts.mapped('psa_portal_role'), ['none', 'employee', 'administrator'])
        self.assertEqual([bool(contact.user_ids) for contact in contacts], [False, True, True])

    def test_every_change_is_noted_on_the_contact(self):
        self.zoe.psa_portal_role = 'employee'
        self.zoe.with_context(tracking_disable=True).psa_portal_role = 'none'

        notes = ' '.join(self.zoe.message_ids.mapped('body'))
        self.assertIn("No access → Employee", notes)
        self.assertIn("Employee → No access", notes)

    def test_who_cannot_get_a_role_is_told_why(self):
        stranger = self.env['res.partner'].create({'name': "Stranger", 'email': 'stranger@elsewhere.test'})
        self.omar.email = 'no address'
        staff = self._new_contact("Tess", 'tess@harbour-dental.test')
        self._new_staff('tess', 'base.group_user').partner_id = staff

        for contact, reason in (
            (stranger, "does not belong to a client"),
            (self.client_dental, "it is a company"),
            (self.omar, "valid address in Email"),
            (staff, "member of our staff"),
        ):
            with self.assertRaisesRegex(ValidationError, reason):
                contact.psa_portal_role = 'employee'

    def test_two_people_cannot_sign_in_with_one_address(self):
        self.zoe.psa_portal_role = 'employee'
        self.omar.email = self.zoe.email

        with self.assertRaisesRegex(UserError, "same email as an existing user"):
            self.omar.psa_portal_role = 'employee'

    def test_a_private_client_can_get_a_role(self):
        private = self._new_client("Ada Quill", is_company=False, email='ada@quill.test')

        private.psa_portal_role = 'administrator'

        self.assertTrue(private.user_ids.has_group('psa_crm.group_client_admin'))

    def test_technicians_and_billing_cannot_give_roles(self):
        for user in (self.technician, self.billing):
            with self.assertRaisesRegex(AccessError, "Only dispatchers"):
                self.zoe.with_user(user).psa_portal_role = 'employee'
            self.zoe.invalidate_recordset(['psa_portal_role'])
        self.assertFalse(self.zoe.user_ids)

    def test_a_technician_can_still_save_a_contact_with_a_role(self):
        self.zoe.psa_portal_role = 'employee'

        self.zoe.with_user(self.technician).write({'function': "Hygienist", 'psa_portal_role': 'employee'})

        self.assertEqual(self.zoe.function, "Hygienist")

    def test_who_changes_to_another_client_loses_the_role(self):
        self.zoe.psa_portal_role = 'administrator'
        user = self.zoe.user_ids

        self.zoe.parent_id = self._new_client("Other")

        self.assertEqual(self.zoe.psa_portal_role, 'none')
        self.assertFalse(user.has_group('base.group_portal'))

    def test_who_changes_the_branch_within_a_client_keeps_the_role(self):
        self.zoe.psa_portal_role = 'administrator'
        branch = self._new_contact("Reception desk", False)

        self.zoe.parent_id = branch

        self.assertEqual(self.zoe.psa_portal_role, 'administrator')

    def test_a_client_with_portal_users_stays_a_client(self):
        self.zoe.psa_portal_role = 'employee'

        with self.assertRaisesRegex(ValidationError, "Zoë Marsh"):
            self.client_dental.psa_is_client = False

    def test_contacts_are_found_by_role(self):
        self._new_portal_users()
        nina = self._new_contact("Nina", 'nina@harbour-dental.test')

        def found(*domain):
            return self.env['res.partner'].with_user(self.technician).search(
                [('parent_id', '=', self.client_dental.id), *domain])

        self.assertEqual(found(('psa_portal_role', '=', 'employee')), self.zoe)
        self.assertEqual(found(('psa_portal_role', '=', 'administrator')), self.omar)
        self.assertEqual(found(('psa_portal_role', '=', 'none')), nina)
        self.assertEqual(found(('psa_portal_role', '!=', 'none')), self.zoe | self.omar)
        self.assertEqual(found(('psa_portal_role', 'in', ['none', 'employee'])), self.zoe | nina)

    def test_the_client_counts_its_portal_users(self):
        self._new_portal_users()
        self.assertEqual(self.client_dental.psa_portal_user_count, 2)

        self.zoe.psa_portal_role = 'none'
        self.client_dental.invalidate_recordset(['psa_portal_user_count'])

        self.assertEqual(self.client_dental.psa_portal_user_count, 1)

    def test_a_contact_without_access_any_more_can_be_archived(self):
        self.zoe.psa_portal_role = 'employee'
        self.zoe.psa_portal_role = 'none'

        self.zoe.with_user(self.technician).active = False

        self.assertFalse(self.zoe.active)

    def test_a_contact_with_access_cannot_be_archived(self):
        self.zoe.psa_portal_role = 'employee'

        with self.assertRaises(ValidationError):
            self.zoe.with_user(self.technician).active = False

    def test_the_portal_wizard_of_odoo_ends_the_access_too(self):
        self.zoe.psa_portal_role = 'administrator'
        user = self.zoe.user_ids
        wizard = self.env['portal.wizard'].create({'partner_ids': self.zoe.ids})

        wizard.user_ids.action_revoke_access()

        self.assertFalse(user.active)
        self.assertFalse(user.has_group('psa_crm.group_client_employee'))
        self.zoe.invalidate_recordset()
        self.assertEqual(self.zoe.psa_portal_role, 'none')

    def test_the_portal_wizard_of_odoo_shows_no_role_of_plain_portal_users(self):
        wizard = self.env['portal.wizard'].create({'partner_ids': self.zoe.ids})
        wizard.user_ids.action_grant_access()

        self.assertTrue(self.zoe.user_ids._is_portal())
        self.assertEqual(self.zoe.psa_portal_role, 'none')


@tagged('post_install', '-at_install')
class TestPortalRoleSession(PsaCrmCommon, HttpCase):

    def test_a_running_session_ends_with_the_role(self):
        self.zoe.psa_portal_role = 'employee'
        self.zoe.user_ids.password = 'a long pass phrase'
        self.authenticate(self.zoe.user_ids.login, 'a long pass phrase')
        page = self.url_open('/my', allow_redirects=False)
        self.assertEqual(page.status_code, 200)

        self.zoe.psa_portal_role = 'none'
        self.env.flush_all()

        page = self.url_open('/my', allow_redirects=False)
        self.assertEqual(page.status_code, 303)
        self.assertIn('/web/login', page.headers['Location'])
