from odoo.tests import tagged

from .common import PsaCrmCommon

# Who may do what with the models around a client: r(ead), w(rite), c(reate), d(elete). Rules narrow it down per record.
MATRIX = {
    'psa.client.note': {
        'plain_user': '', 'technician': 'rwcd', 'billing': 'rwcd', 'dispatcher': 'rwcd', 'company_admin': 'rwcd',
        'client_employee': '', 'client_approver': '', 'client_admin': '', 'public': '',
    },
    'psa.checklist': {
        'plain_user': '', 'technician': 'r', 'billing': 'r', 'dispatcher': 'r', 'company_admin': 'rd',
        'client_employee': '', 'client_approver': '', 'client_admin': '', 'public': '',
    },
    'psa.checklist.item': {
        'plain_user': '', 'technician': 'r', 'billing': 'r', 'dispatcher': 'r', 'company_admin': 'r',
        'client_employee': '', 'client_approver': '', 'client_admin': '', 'public': '',
    },
    'psa.checklist.start': {
        'plain_user': '', 'technician': 'rwc', 'billing': '', 'dispatcher': 'rwc', 'company_admin': 'rwc',
        'client_employee': '', 'client_approver': '', 'client_admin': '', 'public': '',
    },
    'psa.client.class': {
        'plain_user': '', 'technician': 'r', 'billing': 'r', 'dispatcher': 'r', 'company_admin': 'rwcd',
        'client_employee': '', 'client_approver': '', 'client_admin': '', 'public': '',
    },
    'psa.field.set': {
        'plain_user': 'r', 'technician': 'r', 'billing': 'r', 'dispatcher': 'r', 'company_admin': 'rw',
        'client_employee': '', 'client_approver': '', 'client_admin': '', 'public': '',
    },
    'mail.activity.plan': {
        'plain_user': 'r', 'technician': 'r', 'billing': 'r', 'dispatcher': 'r', 'company_admin': 'rwcd',
        'client_employee': '', 'client_approver': '', 'client_admin': '', 'public': '',
    },
}


@tagged('post_install', '-at_install')
class TestClientAccess(PsaCrmCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        employee, administrator = cls._new_portal_users()
        nina = cls._new_contact("Nina", 'nina@harbour-dental.test', psa_portal_role='approver')
        cls.users = {
            'plain_user': cls.plain_user, 'technician': cls.technician, 'billing': cls.billing,
            'dispatcher': cls.dispatcher, 'company_admin': cls.company_admin, 'client_employee': employee,
            'client_approver': nina.user_ids, 'client_admin': administrator, 'public': cls.env.ref('base.public_user'),
        }

    def test_each_role_has_exactly_its_rights_on_each_model(self):
        self._check_rights(MATRIX, self.users)

    def test_people_of_the_client_do_not_see_how_we_serve_it(self):
        for role in ('client_employee', 'client_approver', 'client_admin'):
            fields = self.client_dental.with_user(self.users[role]).fields_get()
            for name in (
                'psa_overview', 'psa_note_count', 'psa_checklist_ids', 'psa_checklist_progress', 'psa_client_class_id',
                'psa_client_class_color', 'psa_properties', 'psa_field_set_id', 'psa_calendar_id', 'psa_tz',
            ):
                with self.subTest(role=role, field=name):
                    self.assertNotIn(name, fields)
