from odoo.exceptions import UserError, ValidationError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger
from psycopg2.errors import CheckViolation, UniqueViolation

from .common import PsaAssetsCommon


@tagged('post_install', '-at_install')
class TestAsset(PsaAssetsCommon):

    def test_one_client_has_a_serial_number_once(self):
        with self.assertRaises(UniqueViolation), mute_logger('odoo.sql_db'):
            self._new_asset("The same again", serial=' 5cg3120xyz ')

    def test_another_client_can_have_the_same_serial_number(self):
        other = self._new_asset("Theirs", serial='5CG3120XYZ', client_id=self._new_client("Other").id)

        self.assertEqual(other.serial, self.laptop.serial)

    def test_our_own_stock_has_a_serial_number_once(self):
        self.spare.serial = 'SN-1'

        with self.assertRaises(UniqueViolation), mute_logger('odoo.sql_db'):
            self._new_asset("Second spare", serial='SN-1', client_id=False)

    def test_an_archived_asset_keeps_its_serial_number(self):
        self.laptop.active = False

        with self.assertRaises(UniqueViolation), mute_logger('odoo.sql_db'):
            self._new_asset("The same again", serial='5CG3120XYZ')

    def test_many_assets_can_be_without_serial_number(self):
        assets = self._new_asset("First", serial='') | self._new_asset("Second", serial='  ') | self._new_asset("Third")

        self.assertEqual(assets.mapped('serial'), [False, False, False])

    def test_a_copy_has_no_serial_number(self):
        copies = (self.laptop | self.spare).copy()

        self.assertEqual(copies.mapped('serial'), [False, False])

    def test_an_asset_is_found_by_its_serial_number(self):
        found = self.env['psa.asset'].name_search('5cg3120')

        self.assertEqual([asset_id for asset_id, _name in found], self.laptop.ids)

    def test_only_clients_have_assets(self):
        supplier = self.env['res.partner'].create({'name': "Supplier", 'is_company': True})

        with self.assertRaisesRegex(ValidationError, "Supplier is not a client"):
            self._new_asset("Wrong", client_id=supplier.id)

    def test_the_user_of_an_asset_is_one_of_the_clients_people(self):
        stranger = self._new_contact("Stranger", 'stranger@other.test', self._new_client("Other"))

        with self.assertRaisesRegex(ValidationError, "Stranger in Used By does not belong to Harbour Dental"):
            self.laptop.contact_id = stranger

    def test_an_asset_that_changes_the_client_loses_its_user(self):
        self.laptop.client_id = self._new_client("Other")

        self.assertFalse(self.laptop.contact_id)

    def test_assets_of_a_company_go_to_its_own_or_shared_clients(self):
        theirs = self._new_client("Theirs", company_id=self.other_company.id)

        with self.assertRaises(UserError):
            self._new_asset("Wrong company", client_id=theirs.id)

    def test_a_warranty_does_not_end_before_the_purchase(self):
        with self.assertRaises(CheckViolation), mute_logger('odoo.sql_db'):
            self._new_asset("Mistyped", purchase_date='2026-03-01', warranty_date='2025-03-01')

    @freeze_time('2026-06-01 12:00:00')
    def test_assets_are_found_by_the_state_of_their_warranty(self):
        dates = {'expired': '2026-05-31', 'expiring': '2026-07-31', 'valid': '2026-08-01', 'none': False}
        assets = {state: self._new_asset(state, warranty_date=date) for state, date in dates.items()}
        everything = self.env['psa.asset'].union(*assets.values())

        for state, asset in assets.items():
            with self.subTest(state=state):
                self.assertEqual(asset.warranty_state, state)
                self.assertEqual(
                    self.env['psa.asset'].search([('warranty_state', '=', state), ('id', 'in', everything.ids)]), asset)
                self.assertEqual(
                    self.env['psa.asset'].search([('warranty_state', '!=', state), ('id', 'in', everything.ids)]),
                    (everything - asset).sorted('name'))

    def test_the_client_counts_its_assets_and_the_person_his(self):
        self._new_asset("HDG-PR-001")
        self._new_asset("HDG-OLD", active=False)

        self.assertEqual(self.client_dental.psa_asset_count, 2)
        self.assertEqual(self.zoe.psa_asset_count, 1)
        self.assertEqual(self.omar.psa_asset_count, 0)

    def test_a_private_client_counts_his_assets_once(self):
        private = self._new_client("Ada Quill", is_company=False)
        self._new_asset("Ada's laptop", client_id=private.id, contact_id=private.id)

        self.assertEqual(private.psa_asset_count, 1)

    def test_a_client_with_assets_cannot_be_deleted(self):
        empty_client = self._new_client("Without people")
        self._new_asset("Printer", client_id=empty_client.id)

        with self.assertRaises(Exception) as caught, mute_logger('odoo.sql_db'), self.env.cr.savepoint():
            empty_client.unlink()

        self.assertEqual(caught.exception.__class__.__name__, 'RestrictViolation')
        self.assertTrue(empty_client.exists())

    def test_changes_are_in_the_history_of_the_asset(self):
        self.env.flush_all()
        self.env.cr.precommit.run()

        self.laptop.write({'status': 'in_repair', 'location': "Workshop"})
        self.env.flush_all()
        self.env.cr.precommit.run()

        changes = {value.field_id.name: value.new_value_char for value in self.laptop.message_ids.tracking_value_ids}
        self.assertEqual(changes, {'status': "In Repair", 'location': "Workshop"})

    def test_a_type_counts_its_assets(self):
        self.assertEqual(self.laptop_type.asset_count, 2)
        self.assertEqual(self.env['psa.asset'].search(self.laptop_type.action_open_assets()['domain']), self.laptop | self.spare)

    def test_a_type_in_use_cannot_be_deleted(self):
        with self.assertRaises(Exception) as caught, mute_logger('odoo.sql_db'), self.env.cr.savepoint():
            self.laptop_type.unlink()

        self.assertEqual(caught.exception.__class__.__name__, 'RestrictViolation')

    def test_an_asset_is_in_use_and_ours_unless_said_otherwise(self):
        asset = self.env['psa.asset'].create({'name': "Thing"})

        self.assertEqual((asset.status, asset.company_id, asset.client_id), ('in_use', self.company, self.env['res.partner']))
