"""Corrections of time start from what the ledger charges, not from what the work type alone would have charged."""

from datetime import date

from odoo.fields import Command
from odoo.tests import tagged

from .common import PsaBillingCommon


@tagged("post_install", "-at_install")
class TestTimeCorrections(PsaBillingCommon):
    def _corrected(self, line, **values):
        """Correct an entry as its technician does, approve that, and return the wizard and all rows of the entry."""
        wizard = self.env(user=self.technician, su=False)["psa.time.correct"].with_company(self.company).create(
            {"line_id": line.id, "reason": "Wrong ticket", **values}
        )
        wizard.action_correct()
        correction = line.sudo().psa_correction_ids.sorted("id")[-1:]
        self._approve(correction)
        return wizard, self._items_of(line | line.sudo().psa_correction_ids)

    def test_time_that_the_contract_rounds_is_taken_back_as_a_whole(self):
        self.contract.write({"rounding": "contract", "minimum_minutes": 60, "increment_minutes": 60})
        line = self._log(40)
        self.assertEqual(self._release(line).amount, 100.0)

        wizard, rows = self._corrected(line, hours=0.0)

        self.assertEqual((wizard.present_billable_hours, wizard.billable_hours), (1.0, 0.0))
        self.assertEqual((sum(rows.mapped("amount")), sum(rows.mapped("seconds"))), (0.0, 0))
        self.assertFalse(rows.filtered("error"))

    def test_time_that_the_contract_does_not_round_is_taken_back_as_a_whole(self):
        self.contract.rounding = "none"
        line = self._log(42)
        self.assertEqual(self._release(line).amount, 70.0)

        _wizard, rows = self._corrected(line, hours=0.0)

        self.assertFalse(rows.filtered("error"))
        self.assertEqual(sum(rows.mapped("amount")), 0.0)

    def test_corrected_time_is_rounded_as_the_contract_says(self):
        self.contract.write({"rounding": "contract", "minimum_minutes": 60, "increment_minutes": 60})
        line = self._log(40)
        self._release(line)

        wizard, rows = self._corrected(line, hours=70 / 60)

        self.assertEqual(wizard.billable_hours, 2.0)
        self.assertEqual(sum(rows.mapped("amount")), 200.0)
        wizard, rows = self._corrected(line, hours=50 / 60)
        self.assertEqual((wizard.present_billable_hours, wizard.billable_hours), (2.0, 1.0))
        self.assertEqual(sum(rows.mapped("amount")), 100.0)

    def test_a_released_correction_holds_the_rows_it_takes_back_from(self):
        line = self._log(60)
        self._approve(line)
        _wizard, rows = self._corrected(line, hours=0.5)
        rows.filtered(lambda row: row.seconds < 0).with_user(self.billing).action_approve()

        component = self.env["psa.contract.component"].create(
            {
                "contract_id": self.contract.id, "kind": "block", "name": "Block", "purchase": "manual",
                "step_ids": [Command.create({"date_from": "2026-01-01", "quantity": 10, "price_unit": 90.0})],
            }
        )  # fmt: skip
        component._psa_buy(date(2026, 1, 1), "purchase")._psa_order()

        rows = self._items_of(line | line.sudo().psa_correction_ids)
        told = rows.mapped(lambda row: (row.funding, row.amount, row.state))
        self.assertEqual(told, [("rate", 100.0, "pending"), ("rate", -50.0, "approved")])
        rows[1].with_user(self.billing).action_back_to_review()
        self.assertEqual(rows.mapped(lambda row: (row.funding, row.drawn_seconds)), [("block", 3600), ("block", -1800)])

    def test_hours_put_back_into_a_block_can_be_explained(self):
        component = self.env["psa.contract.component"].create(
            {
                "contract_id": self.contract.id, "kind": "block", "name": "Block", "purchase": "manual",
                "step_ids": [Command.create({"date_from": "2026-01-01", "quantity": 10, "price_unit": 90.0})],
            }
        )  # fmt: skip
        component._psa_buy(date(2026, 1, 1), "purchase")._psa_order()
        line = self._log(60)
        self._approve(line)

        _wizard, rows = self._corrected(line, hours=0.5)

        told = rows.mapped(lambda row: (row.funding, row.drawn_seconds, row.value))
        self.assertEqual(told, [("block", 3600, 90.0), ("block", -1800, -45.0)])
        self.env["psa.billing.problem"]._check_ledgers([(self.client.id, self.company.id)])
        problems = self.env["psa.billing.problem"].search([("client_id", "=", self.client.id), ("state", "=", "open")])
        self.assertEqual(problems.mapped("message"), [])

    def test_what_the_review_has_left_is_taken_back_as_a_whole(self):
        line = self._log(60)
        row = self._approve(line).with_user(self.billing)
        row._adjust("Agreed", quantity=0.5)
        row.action_approve()

        wizard, rows = self._corrected(line, hours=0.0)

        self.assertEqual(wizard.present_billable_hours, 0.5)
        self.assertFalse(rows.filtered("error"))
        self.assertEqual(sum(rows.mapped("amount")), 0.0)
