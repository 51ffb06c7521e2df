from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common import PsaCrmCommon


@tagged('post_install', '-at_install')
class TestClient(PsaCrmCommon):

    def _flush_tracking(self):
        self.env.flush_all()
        self.env.cr.precommit.run()

    def test_a_new_client_is_active_unless_said_otherwise(self):
        served = self._new_client("Served")
        asked = self._new_client("Asked for an offer", psa_client_status='prospect')

        self.assertEqual(served.psa_client_status, 'active')
        self.assertEqual(asked.psa_client_status, 'prospect')

    def test_a_contact_that_is_no_client_has_no_client_status(self):
        self.client_dental.psa_is_client = False

        self.assertFalse(self.client_dental.psa_client_status)

    def test_a_client_cannot_be_without_status(self):
        with self.assertRaisesRegex(ValidationError, "Client Status"):
            self.client_dental.psa_client_status = False

    def test_a_person_of_a_company_is_not_a_client_of_its_own(self):
        with self.assertRaisesRegex(ValidationError, "belongs to Harbour Dental"):
            self.zoe.psa_is_client = True

    def test_a_private_client_cannot_be_moved_below_a_company(self):
        private = self._new_client("Ada Quill", is_company=False)

        with self.assertRaisesRegex(ValidationError, "cannot be a client"):
            private.parent_id = self.client_dental

    def test_a_subsidiary_can_be_a_client_of_its_own(self):
        subsidiary = self._new_client("Harbour Dental North", parent_id=self.client_dental.id)

        self.assertTrue(subsidiary.psa_is_client)

    def test_people_and_addresses_of_a_client_are_found_as_such(self):
        stranger = self.env['res.partner'].create({'name': "Stranger"})
        everyone = self.client_dental | self.zoe | stranger

        found = self.env['res.partner'].search([('psa_is_of_client', '=', True), ('id', 'in', everyone.ids)])

        self.assertEqual(found, self.client_dental | self.zoe)
        self.assertEqual(everyone.filtered('psa_is_of_client'), self.client_dental | self.zoe)

    def test_changes_of_the_service_relation_are_in_the_history_of_the_client(self):
        self._flush_tracking()

        self.client_dental.psa_client_status = 'suspended'
        self._flush_tracking()

        tracked = self.client_dental.message_ids.tracking_value_ids.filtered(
            lambda value: value.field_id.name == 'psa_client_status')
        self.assertEqual((tracked.old_value_char, tracked.new_value_char), ("Active", "Suspended"))
