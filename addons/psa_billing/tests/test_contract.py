from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger
from psycopg2.errors import UniqueViolation

from .common import PsaBillingCommon


@tagged("post_install", "-at_install")
class TestContract(PsaBillingCommon):
    def test_contracts_are_numbered_and_cannot_end_before_they_start(self):
        other = self._new_contract(self.client, [(self.role_engineer, False, 1)], activate=False)

        self.assertTrue(self.contract.number)
        self.assertNotEqual(self.contract.number, other.number)
        with self.assertRaisesRegex(ValidationError, "before it starts"):
            other.write({"date_start": "2026-05-01", "date_end": "2026-04-30"})

    def test_a_contract_without_rates_cannot_be_activated(self):
        empty = self._new_contract(self.client, [], activate=False)

        with self.assertRaisesRegex(UserError, "no rates"):
            empty.action_activate()

    def test_one_rate_for_each_role_and_work_type(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(UniqueViolation):
            self.contract.rate_ids = [
                Command.create({"role_id": self.role_engineer.id, "hourly_rate": 5})
            ]
            self.env.flush_all()

    def test_the_client_stays_once_work_was_rated(self):
        other = self.env["res.partner"].create(
            {"name": "Other", "is_company": True, "psa_is_client": True}
        )
        self.contract.client_id = other
        self.contract.client_id = self.client
        self._approve(self._log())

        with self.assertRaisesRegex(UserError, "has been rated"):
            self.contract.client_id = other
        self.contract.write({"client_id": self.client.id, "name": "New title"})
        self.assertEqual(self.contract.name, "New title")

    def test_only_drafts_are_deleted(self):
        draft = self._new_contract(self.client, [], activate=False)
        draft.unlink()
        with self.assertRaises(UserError):
            self.contract.unlink()

    def test_copies_are_drafts_with_the_same_rates(self):
        copies = self.contract.copy()

        self.assertEqual(copies.state, "draft")
        self.assertNotEqual(copies.number, self.contract.number)
        self.assertEqual(copies.rate_ids.mapped("hourly_rate"), [100.0])

    def test_contracts_end_by_button_and_by_themselves(self):
        with freeze_time("2026-04-15 12:00:00"):
            other = self._new_contract(
                self.client,
                [(self.role_engineer, False, 1)],
                date_start="2026-04-01",
                date_end="2026-04-14",
            )
            self.contract.action_end()
            self.assertEqual(str(self.contract.date_end), "2026-04-15")
            self.env["psa.contract"]._cron_end_contracts()
        self.assertEqual((self.contract.state, other.state), ("ended", "ended"))

    def test_state_and_what_was_billed_are_not_written_from_outside(self):
        Contract = self.env(user=self.billing, su=False)["psa.contract"]
        draft = Contract.with_context(default_renewal_count=3, default_billed_until="2026-12-31").create(
            {"name": "Empty", "client_id": self.client.id, "company_id": self.company.id, "state": "active", "billed_until": "2026-12-31"}
        )
        self.assertRecordValues(draft, [{"state": "draft", "billed_until": False, "renewal_count": 0}])

        for vals in ({"state": "active"}, {"billed_until": "2030-01-01"}, {"renewal_count": 7}):
            with self.subTest(vals), self.assertRaises(AccessError):
                draft.write(vals)
        contract = self.contract.with_user(self.billing)
        contract.action_suspend()
        contract.action_resume()
        contract.action_end()
        contract.action_draft()
        contract.action_activate()
        self.assertEqual(contract.state, "active")

    def test_smart_button_of_the_client(self):
        self.assertEqual(self.client.with_user(self.billing).psa_contract_count, 1)
        self.assertEqual(self.client.with_user(self.technician).psa_contract_count, 0)
