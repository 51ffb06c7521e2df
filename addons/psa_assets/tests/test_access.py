from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import PsaAssetsCommon

# Who may do what: r(ead), w(rite), c(reate), d(elete).
MATRIX = {
    'psa.asset': {
        'plain_user': '', 'technician': 'rwc', 'billing': 'r', 'dispatcher': 'rwcd', 'company_admin': 'rwcd',
        'client_employee': '', 'client_admin': '', 'public': '',
    },
    'psa.asset.type': {
        'plain_user': '', 'technician': 'r', 'billing': 'r', 'dispatcher': 'r', 'company_admin': 'rwcd',
        'client_employee': '', 'client_admin': '', 'public': '',
    },
}
OPERATIONS = {'r': 'read', 'w': 'write', 'c': 'create', 'd': 'unlink'}


@tagged('post_install', '-at_install')
class TestAccess(PsaAssetsCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        employee, administrator = cls._new_portal_users()
        cls.users = {
            'plain_user': cls.plain_user, 'technician': cls.technician, 'billing': cls.billing,
            'dispatcher': cls.dispatcher, 'company_admin': cls.company_admin,
            'client_employee': employee, 'client_admin': administrator, 'public': cls.env.ref('base.public_user'),
        }
        cls.records = {
            'psa.asset': cls.laptop,
            'psa.asset.type': cls.env['psa.asset.type'].create({'name': "Unused type"}),
        }

    def test_each_role_has_exactly_its_rights_on_each_model(self):
        for model, roles in MATRIX.items():
            for role, allowed in roles.items():
                record = self.records[model].with_user(self.users[role])
                attempts = {
                    'r': lambda record=record: record.read(['name']),
                    'w': lambda record=record: record.write({'name': "Changed"}),
                    'c': lambda record=record: record.create({'name': "New"}),
                    'd': lambda record=record: record.unlink(),
                }
                for letter, attempt in attempts.items():
                    with self.subTest(model=model, role=role, operation=OPERATIONS[letter]):
                        self._attempt(attempt, letter in allowed)

    @mute_logger('odoo.addons.base.models.ir_model')
    def _attempt(self, attempt, allowed):
        """Check that something works or is refused, and undo it."""
        self.env.invalidate_all()
        if not allowed:
            with self.assertRaises(AccessError):
                attempt()
            return
        with self.env.cr.savepoint() as savepoint:
            attempt()
            self.env.flush_all()
            savepoint.rollback()
        self.env.invalidate_all()

    def test_assets_of_another_company_are_hidden(self):
        theirs = self._new_asset("Theirs", client_id=False, company_id=self.other_company.id)
        for role in ('technician', 'billing', 'dispatcher', 'company_admin'):
            assets = self.env['psa.asset'].with_user(self.users[role])
            with self.subTest(role=role):
                self.assertFalse(assets.search([('name', '=', "Theirs")]))
                with self.assertRaises(AccessError):
                    theirs.with_user(self.users[role]).read(['name'])

    def test_no_asset_is_put_into_another_company(self):
        with self.assertRaises(AccessError):
            self.laptop.with_user(self.dispatcher).write({
                'company_id': self.other_company.id, 'client_id': False, 'contact_id': False})

    def test_the_assets_of_a_contact_are_for_psa_staff_only(self):
        for role in ('plain_user', 'client_employee', 'client_admin'):
            client = self.client_dental.with_user(self.users[role])
            for field in ('psa_asset_ids', 'psa_asset_count'):
                with self.subTest(role=role, field=field), self.assertRaises(AccessError):
                    client.read([field])
