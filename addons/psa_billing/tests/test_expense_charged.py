"""Re-billed expenses that change after they were invoiced or given up: what stands in the ledger, and that nothing is lost."""

from datetime import date

from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .expense_common import ExpenseCommon


@tagged("post_install", "-at_install")
class TestExpenseCharged(ExpenseCommon):
    def _assert_conserved(self):
        report = (
            self.env(user=self.billing, su=False)["psa.conservation"]
            .with_company(self.company)
            .create({"date_from": "2026-03-01", "date_to": "2026-03-31"})
        )
        report.action_compare()
        self.assertTrue(report.is_conserved, report.difference_ids.mapped("problem"))

    def test_what_was_given_up_of_an_expense_goes_with_it(self):
        for undo in ("refuse", "reset", "not rebilled"):
            with self.subTest(undo=undo):
                expense = self._approved()
                self._rows(expense).with_user(self.billing)._write_off("Goodwill")
                self._assert_conserved()

                if undo == "refuse":
                    expense.with_user(self.approver)._do_refuse("Not ours")
                elif undo == "reset":
                    expense.with_user(self.approver).action_reset()
                else:
                    expense.psa_is_rebilled = False

                self.assertFalse(self._rows(expense))
                self._assert_conserved()

    def test_what_was_given_up_stays_while_the_expense_stands(self):
        expense = self._approved()
        self._rows(expense).with_user(self.billing)._write_off("Goodwill")

        expense.total_amount_currency = 90.0
        self.assertEqual(self._rows(expense).mapped(lambda row: (row.state, row.amount)), [("written_off", 80.0), ("pending", 10.0)])
        self._assert_conserved()
        self._rows(expense)[1]._write_row({"state": "invoiced"})
        expense.with_user(self.approver)._do_refuse("Not ours")

        self.assertEqual(
            self._rows(expense).mapped(lambda row: (row.state, row.amount)),
            [("written_off", 80.0), ("invoiced", 10.0), ("pending", -10.0)],
        )
        self._assert_conserved()

    def test_an_invoiced_expense_keeps_its_day(self):
        expense = self._approved()
        self._rows(expense)._write_row({"state": "invoiced"})

        refused = self.assertRaisesRegex(ValidationError, "was charged as of 03/10/2026, so the Expense Date stays")
        with refused, self.env.cr.savepoint():
            expense.date = date(2026, 4, 10)
        self._rows(expense)._psa_release()
        expense.date = date(2026, 4, 10)

        self.assertEqual(self._rows(expense).date, date(2026, 4, 10))

    def test_the_client_pays_the_taxes_of_sales_and_not_those_of_the_receipt(self):
        self.category.write(
            {
                "sale_ok": True,
                "taxes_id": [Command.set(self.tax_sale_a.ids)],
                "supplier_taxes_id": [Command.set(self.tax_purchase_a.ids)],
            }
        )
        expense = self._approved(115.0)
        self.assertEqual((expense.tax_ids, expense.untaxed_amount), (self.tax_purchase_a, 100.0))
        self._rows(expense).with_user(self.billing).action_approve()

        invoice = self._prepare()

        self.assertEqual((invoice.amount_untaxed, invoice.invoice_line_ids.tax_ids), (100.0, self.tax_sale_a))
