"""Corrections of time start from what the ledger charges, not from what the work type alone would have charged."""

from datetime import date

from odoo.exceptions import ValidationError
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

    def test_time_of_a_timer_is_taken_back_to_the_second(self):
        """A timer measured 42 minutes and 10 seconds, and the contract charges them as they are."""
        self.contract.rounding = "none"
        line = self._log(0, unit_amount=2530 / 3600)
        self.assertEqual(self._release(line).amount, 70.28)

        wizard, rows = self._corrected(line, hours=0.0)

        self.assertEqual(wizard.difference, "-42 min 10 s worked, -42 min 10 s charged")
        self.assertEqual(
            (sum(rows.mapped("worked_seconds")), sum(rows.mapped("seconds")), sum(rows.mapped("amount"))), (0, 0, 0.0)
        )
        self.assertEqual((line.psa_corrected_hours, line.psa_corrected_billable_hours), (0.0, 0.0))
        self.assertFalse(rows.filtered("error"))

    def test_seconds_are_taken_back_though_they_are_no_whole_minute(self):
        self.contract.rounding = "none"
        line = self._log(0, unit_amount=20 / 3600)
        self.assertEqual(self._release(line).seconds, 20)

        _wizard, rows = self._corrected(line, hours=0.0)

        self.assertEqual((sum(rows.mapped("worked_seconds")), sum(rows.mapped("seconds"))), (0, 0))

    def test_time_corrected_to_minutes_is_exactly_these_minutes(self):
        self.contract.rounding = "none"
        line = self._log(0, unit_amount=2530 / 3600)
        self._release(line)

        wizard, rows = self._corrected(line, hours=0.5)

        self.assertEqual(wizard.difference, "-12 min 10 s worked, -12 min 10 s charged")
        self.assertEqual((sum(rows.mapped("worked_seconds")), sum(rows.mapped("seconds"))), (1800, 1800))
        _wizard, rows = self._corrected(line, hours=40 / 60)
        self.assertEqual((sum(rows.mapped("worked_seconds")), sum(rows.mapped("seconds"))), (2400, 2400))

    def test_only_what_is_charged_is_taken_back_and_what_was_worked_keeps_its_seconds(self):
        self.contract.rounding = "none"
        line = self._log(0, unit_amount=2530 / 3600)
        self._release(line)

        # As people see it, and as the form hands it back: 0:42 hours.
        _wizard, rows = self._corrected(line, hours=42 / 60, billable_hours=0.0)

        self.assertEqual((sum(rows.mapped("worked_seconds")), sum(rows.mapped("seconds"))), (2530, 0))

    def test_seconds_of_a_correction_are_less_than_a_minute_and_go_with_its_minutes(self):
        self.contract.rounding = "none"
        line = self._log(0, unit_amount=2530 / 3600)
        self._release(line)
        correction = line.sudo().create(
            {"psa_corrects_id": line.id, "name": "Less", "psa_billable_minutes": -12, "psa_billable_seconds": -10}
        )
        with self.assertRaisesRegex(ValidationError, "less than 60, and of other entries none"), self.env.cr.savepoint():
            correction.psa_billable_seconds = -60
        with self.assertRaisesRegex(ValidationError, "less than 60, and of other entries none"), self.env.cr.savepoint():
            self._log(30, psa_billable_seconds=5)

        correction.psa_billable_minutes = -20

        self.assertEqual(correction.psa_billable_seconds, 0)
