"""Expenses that are re-billed in foreign money, and put right after their invoice."""

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .expense_common import ExpenseCommon


@tagged("post_install", "-at_install")
class TestExpenseCurrency(ExpenseCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.foreign = cls._currency(("2026-01-01", 0.92))
        cls.abroad = cls._new_contract(
            cls.client, [(cls.role_engineer, False, 100.0)], date_start="2026-01-01", currency_id=cls.foreign.id, priority=20
        )

    @classmethod
    def _currency(cls, *rates):
        currency = cls.env["res.currency"].create({"name": "XTC", "symbol": "X"})
        cls.env["res.currency.rate"].create(
            [{"currency_id": currency.id, "name": name, "rate": rate, "company_id": cls.company.id} for name, rate in rates]
        )
        return currency

    def _charged_abroad(self, amount):
        """Return an approved expense under the contract in foreign money."""
        expense = self._expense(amount)
        expense.sudo().psa_contract_id = self.abroad
        expense.action_submit()
        expense.with_user(self.approver)._do_approve()
        return expense.sudo()

    def _invoice(self, expense):
        self._rows(expense).filtered(lambda row: row.state in ("pending", "approved"))._write_row({"state": "invoiced"})

    def test_a_contract_in_foreign_money_charges_an_expense_once(self):
        expense = self._charged_abroad(100.0)
        row = self._rows(expense)
        self.assertEqual((row.amount, row.currency_id), (92.0, self.foreign))
        row.with_user(self.billing).action_approve()

        expense.psa_invoice_text = "Travel"
        self.assertEqual(row.state, "approved", "nothing has changed of what he pays")
        row._write_row({"state": "invoiced"})
        expense._post_without_wizard()
        self.assertEqual(self._rows(expense), row)

        expense.total_amount_currency = 150.0
        self.assertEqual(self._rows(expense).mapped("amount"), [92.0, 46.0])
        self._rows(expense)[1]._write_row({"state": "invoiced"})
        expense._psa_sync_ledger()
        self.assertEqual(self._rows(expense).mapped("amount"), [92.0, 46.0])

    def test_original_and_corrections_are_the_corrected_whole_to_the_cent(self):
        for first, then, whole in ((1.07, 0.51, 0.47), (1.13, 0.69, 0.63), (107.01, 50.57, 46.52), (0.57, 333.33, 306.66)):
            with self.subTest(first=first, then=then):
                expense = self._charged_abroad(first)
                self._invoice(expense)

                expense.total_amount_currency = then
                self.assertAlmostEqual(sum(self._rows(expense).mapped("amount")), whole)
                self._invoice(expense)
                expense.with_user(self.approver)._do_refuse("Not ours")

                rows = self._rows(expense)
                self.assertEqual(rows.filtered("error").mapped("explanation"), [])
                self.assertAlmostEqual(sum(rows.mapped("amount")), 0.0)

    def test_a_rate_put_right_later_does_not_change_what_was_invoiced(self):
        expense = self._charged_abroad(100.0)
        self._invoice(expense)
        self.foreign.rate_ids.rate = 0.5

        expense._psa_sync_ledger()
        self.assertEqual(self._rows(expense).mapped("amount"), [92.0])
        expense.total_amount_currency = 150.0
        self.assertEqual(self._rows(expense).mapped("amount"), [92.0, 46.0])
        expense.with_user(self.approver)._do_refuse("Not ours")

        self.assertEqual(self._rows(expense).mapped("amount"), [92.0, -92.0])
        self.assertIn("at the rate of 0.92 XTC for 1 USD", self._rows(expense)[1].with_user(self.billing).explanation)

    def test_what_is_not_invoiced_follows_the_rate(self):
        expense = self._charged_abroad(100.0)
        self._rows(expense).with_user(self.billing).action_approve()
        self.foreign.rate_ids.rate = 0.5

        expense._psa_sync_ledger()

        self.assertRecordValues(self._rows(expense), [{"amount": 50.0, "state": "pending"}])

    def test_a_released_expense_that_changes_its_currency_goes_through_the_review_again(self):
        expense = self._charged_abroad(100.0)
        self._rows(expense).with_user(self.billing).action_approve()

        expense.psa_contract_id = False

        self.assertRecordValues(
            self._rows(expense), [{"amount": 100.0, "state": "pending", "currency_id": self.company.currency_id.id}]
        )

    def test_an_invoiced_expense_keeps_its_client_and_its_currency(self):
        other = self.env["res.partner"].create({"name": "Other", "is_company": True, "psa_is_client": True})
        expense = self._charged_abroad(100.0)
        self._invoice(expense)

        refused = self.assertRaisesRegex(ValidationError, "was charged in XTC, so it stays with a Contract in that currency")
        with refused, self.env.cr.savepoint():
            expense.psa_contract_id = False
        refused = self.assertRaisesRegex(ValidationError, "was charged to Harbour Dental, so the Client stays")
        with refused, self.env.cr.savepoint():
            expense.write({"psa_ticket_id": False, "psa_client_id": other.id})
        expense.psa_is_rebilled = False

        self.assertEqual(self._rows(expense).mapped("amount"), [92.0, -92.0])
        self.assertEqual(self._rows(expense).client_id, self.client)

    def test_an_invoiced_expense_that_is_a_draft_again_does_not_follow_its_ticket(self):
        other = self.env["res.partner"].create({"name": "Other", "is_company": True, "psa_is_client": True})
        expense = self._approved()
        self._invoice(expense)
        expense.with_user(self.approver).action_reset()

        self.ticket.write({"client_id": other.id, "partner_id": other.id})

        self.assertEqual(expense.psa_client_id, self.client)
        self.assertEqual(self._rows(expense).client_id, self.client)

    def test_an_expense_that_comes_back_from_its_invoice_may_change_its_currency(self):
        expense = self._charged_abroad(100.0)
        row = self._rows(expense)
        self._invoice(expense)
        row._psa_release()

        expense.psa_contract_id = False

        self.assertRecordValues(self._rows(expense), [{"amount": 100.0, "currency_id": self.company.currency_id.id}])

    def test_foreign_money_without_a_rate_on_the_day_is_refused(self):
        self.foreign.rate_ids.name = "2026-03-20"
        expense = self._expense(100.0)
        expense.sudo().psa_contract_id = self.abroad
        expense.action_submit()

        with self.assertRaisesRegex(UserError, "no exchange rate of XTC on or before"):
            expense.with_user(self.approver)._do_approve()
