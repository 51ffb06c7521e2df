from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import OPERATIONS, PsaCrmCommon

# Who may do what: r(ead), w(rite), c(reate), d(elete).
MATRIX = {
    'psa.mail.domain': {
        'plain_user': '', 'technician': 'r', 'billing': 'r', 'dispatcher': 'rwcd', 'company_admin': 'rwcd',
        'client_employee': '', 'client_admin': '', 'public': '',
    },
    'res.partner': {
        'plain_user': 'r', 'technician': 'rwcd', 'billing': 'rwcd', 'dispatcher': 'rwcd', 'company_admin': 'rwcd',
        'client_employee': 'r', 'client_admin': 'r', 'public': 'r',  # Odoo's rules narrow these down
    },
}


@tagged('post_install', '-at_install')
class TestAccess(PsaCrmCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        employee, administrator = cls._new_portal_users()
        cls.users = {
            'plain_user': cls.plain_user, 'technician': cls.technician, 'billing': cls.billing,
            'dispatcher': cls.dispatcher, 'company_admin': cls.company_admin,
            'client_employee': employee, 'client_admin': administrator, 'public': cls.env.ref('base.public_user'),
        }

    def _new_domain(self, user):
        return self.env['psa.mail.domain'].with_user(user).create({
            'name': 'second.test', 'partner_id': self.client_dental.id})

    def test_each_role_has_exactly_its_rights_on_each_model(self):
        self._check_rights(MATRIX, self.users)

    def test_the_rights_hold_when_they_are_used(self):
        entry = self.client_dental.psa_mail_domain_ids
        for role, allowed in MATRIX['psa.mail.domain'].items():
            user = self.users[role]
            attempts = {
                'r': lambda user=user: entry.with_user(user).read(['name']),
                'w': lambda user=user: entry.with_user(user).write({'name': 'changed.test'}),
                'c': lambda user=user: self._new_domain(user),
                'd': lambda user=user: entry.with_user(user).unlink(),
            }
            for letter, attempt in attempts.items():
                with self.subTest(role=role, operation=OPERATIONS[letter]), mute_logger('odoo.addons.base.models.ir_model'):
                    self.env.invalidate_all()
                    # The savepoint of assertRaises, or ours, undoes the attempt.
                    if letter in allowed:
                        with self.env.cr.savepoint() as savepoint:
                            attempt()
                            self.env.flush_all()
                            savepoint.rollback()
                        self.env.invalidate_all()
                    else:
                        with self.assertRaises(AccessError):
                            attempt()

    def test_mail_domains_of_another_company_are_hidden(self):
        theirs = self._new_client(
            "Theirs", company_id=self.other_company.id, psa_mail_domain_ids=[(0, 0, {'name': 'theirs.test'})])
        for role in ('technician', 'billing', 'dispatcher', 'company_admin'):
            domains = self.env['psa.mail.domain'].with_user(self.users[role])
            with self.subTest(role=role):
                self.assertFalse(domains.search([('name', '=', 'theirs.test')]))
                with self.assertRaises(AccessError):
                    theirs.psa_mail_domain_ids.with_user(self.users[role]).read(['name'])

    def test_no_mail_domain_is_put_into_another_company(self):
        with self.assertRaises(AccessError):
            self.client_dental.psa_mail_domain_ids.with_user(self.dispatcher).company_id = self.other_company

    def test_people_of_the_client_do_not_see_how_the_service_judges_it(self):
        for role in ('client_employee', 'client_admin'):
            partner = self.client_dental.with_user(self.users[role])
            for field in ('psa_client_status', 'psa_account_manager_id', 'psa_mail_domain_ids', 'psa_portal_user_count'):
                with self.subTest(role=role, field=field), self.assertRaises(AccessError):
                    partner.read([field])

    def test_people_of_the_client_cannot_raise_their_own_role(self):
        for role, contact in (('client_employee', self.zoe), ('client_admin', self.omar)):
            with self.subTest(role=role), self.assertRaises(AccessError):
                contact.with_user(self.users[role]).write({'psa_portal_role': 'administrator'})
        self.assertEqual(self.zoe.psa_portal_role, 'employee')

    def test_a_plain_employee_reads_every_field_he_may_of_a_client(self):
        client = self.client_dental.with_user(self.plain_user)

        values = client.read([name for name in client.fields_get() if name.startswith('psa_')])[0]

        self.assertEqual(values['psa_client_status'], 'active')
        self.assertNotIn('psa_mail_domain_ids', values)

    def test_the_administrator_of_odoo_runs_the_service_company(self):
        self.assertTrue(self.env.ref('base.user_admin').has_group('psa_crm.group_company_admin'))
