from odoo.exceptions import AccessError, UserError
from odoo.fields import Date
from odoo.tests import tagged
from odoo.tools import SQL

from .common import DAY, PsaInvoicingCommon


@tagged("post_install", "-at_install")
class TestConservation(PsaInvoicingCommon):
    """Every second worked and every cent of it is somewhere, and what is not is named."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_client = cls.env["res.partner"].create({"name": "Northgate", "is_company": True, "psa_is_client": True})
        cls.other_ticket = cls._new_ticket("Server is loud", client=cls.other_client)
        cls.invoiced = cls._release(cls._log(60))
        cls.move = cls._prepare()
        cls.pending = cls._approve(cls._log(20))
        cls.free = cls._approve(cls._log(30, psa_work_type_id=cls.work_internal.id))
        cls.given_up = cls._approve(cls._log(45))
        cls.given_up.with_user(cls.billing)._write_off("A present")
        cls.unapproved = cls._log(50)
        cls.error = cls._approve(cls._log(15, ticket=cls.other_ticket))

    def _report(self, user=None, **values):
        report = (
            self.env(user=user or self.billing, su=False)["psa.conservation"]
            .with_company(self.company)
            .create({"date_from": "2026-03-01", "date_to": "2026-03-31", **values})
        )
        report.action_compare()
        return report

    def _break(self, item, column, by):
        self.env.flush_all()
        self.env.cr.execute(
            SQL("UPDATE psa_billing_item SET %(c)s = %(c)s + %(by)s WHERE id = %(id)s", c=SQL.identifier(column), by=by, id=item.id)
        )
        self.env.invalidate_all()

    def test_all_that_was_worked_is_somewhere(self):
        report = self._report()

        self.assertTrue(report.is_conserved, report.difference_ids.mapped("problem"))
        own = report.line_ids.filtered(lambda line: line.client_id == self.client)
        self.assertAlmostEqual(own.worked_hours, (60 + 20 + 30 + 45 + 50) / 60)
        self.assertRecordValues(
            own,
            [
                {
                    "billed_hours": 1,
                    "pending_hours": 20 / 60,
                    "non_billable_hours": 0.5,
                    "written_off_hours": 0.75,
                    "not_approved_hours": 50 / 60,
                    "billed_amount": 100,
                    "pending_amount": 50,
                    "written_off_amount": 75,
                    "difference_seconds": 0,
                    "difference_amount": 0,
                }
            ],
        )
        other = report.line_ids - own
        self.assertEqual((other.client_id, other.pending_hours), (self.other_client, 0.25))
        section = report.result["sections"][0]
        self.assertEqual([bar["name"] for bar in section["clients"]], ["Harbour Dental", "Northgate"])
        self.assertEqual(section["total"]["worked"], "3:40")

    def test_a_price_set_by_hand_is_agreed(self):
        kind = self.env["psa.billable.type"].create({"name": "Hardware", "company_id": self.company.id, "product_id": self.product.id})
        charge = self.env["psa.charge"].create(
            {"ticket_id": self.ticket.id, "billable_type_id": kind.id, "date": DAY, "price_unit": 100.0}
        )
        charge.with_user(self.billing).action_approve()
        item = charge._psa_items().with_user(self.billing)
        self.assertEqual(item.amount, 100.0)
        item._adjust("Agreed on the phone", price_unit=50)

        report = self._report()

        self.assertTrue(report.is_conserved, report.difference_ids.mapped("problem"))

    def test_a_second_too_many_turns_the_bar_red_and_names_the_row(self):
        self._break(self.pending, "worked_seconds", 1)

        report = self._report()

        self.assertFalse(report.is_conserved)
        self.assertEqual(report.difference_ids.item_ids, self.pending)
        self.assertRecordValues(
            report.difference_ids,
            [
                {
                    "problem": "seconds_differ",
                    "source_id": self.pending.source_id,
                    "fact_seconds": 1200,
                    "ledger_seconds": 1201,
                    "client_id": self.client.id,
                }
            ],
        )
        bar = report.result["sections"][0]["clients"][0]
        self.assertEqual((bar["name"], bar["is_conserved"], bar["missing"]), ("Harbour Dental", False, "-1 s"))
        self.assertEqual(report.difference_ids.action_open_items()["domain"], [("id", "in", self.pending.ids)])

    def test_a_cent_too_many_is_found_wherever_the_row_stands(self):
        for item in (self.pending, self.given_up):
            for column in ("amount", "value"):
                with self.subTest(state=item.state, column=column), self.env.cr.savepoint() as savepoint:
                    self._break(item, column, 0.01)
                    report = self._report()
                    self.assertEqual(report.difference_ids.item_ids, item)
                    savepoint.rollback()
                    self.env.invalidate_all()

    def test_an_invoice_that_says_otherwise_is_found(self):
        self._break(self.invoiced, "amount", -0.01)
        self._break(self.invoiced, "value", -0.01)

        report = self._report()

        self.assertEqual(set(report.difference_ids.mapped("problem")), {"price_differs", "invoice_differs"})
        self.assertEqual(report.difference_ids.item_ids, self.invoiced)
        on_invoice = report.difference_ids.filtered(lambda difference: difference.problem == "invoice_differs")
        self.assertEqual(on_invoice.action_open_source()["res_id"], self.move.id)

    def test_an_invoice_line_that_was_taken_from_the_books_is_named(self):
        line = self.invoiced.move_line_id
        self.env.flush_all()
        self.env.cr.execute("DELETE FROM account_move_line WHERE id = %s", [line.id])
        self.env.invalidate_all()

        report = self._report()

        self.assertFalse(report.is_conserved)
        self.assertRecordValues(report.difference_ids, [{"problem": "invoice_differs", "source_id": line.id}])
        self.assertEqual(report.difference_ids.item_ids, self.invoiced)

    def test_a_row_that_vanished_and_one_from_nowhere_are_found(self):
        line_id = self.pending.source_id
        self.env.flush_all()
        self.env.cr.execute(SQL("DELETE FROM psa_billing_item WHERE id = %s", self.pending.id))
        self.env.cr.execute(SQL("UPDATE psa_billing_item SET source_id = %s WHERE id = %s", self.unapproved.id, self.error.id))
        self.env.invalidate_all()

        report = self._report()

        found = {(difference.problem, difference.source_id) for difference in report.difference_ids}
        self.assertIn(("no_row", line_id), found)
        self.assertIn(("not_yet_approved", self.unapproved.id), found)

    def test_figures_open_the_entries_they_are_made_of(self):
        report = self._report()
        Item = self.env(user=self.billing, su=False)["psa.billing.item"]

        action = report.action_view_standing(self.client.id, self.company.currency_id.id, "billed")
        self.assertEqual(Item.search(action["domain"]), self.invoiced)
        action = report.action_view_standing(self.client.id, self.company.currency_id.id, "not_approved")
        lines = self.env(user=self.billing, su=False)["account.analytic.line"].search(action["domain"])
        self.assertEqual(lines, self.unapproved)
        self.assertEqual(report.action_view_lines()["res_model"], "psa.conservation.line")

    def test_what_is_not_approved_opens_with_its_charges_and_expenses(self):
        charge = (
            self.env(user=self.technician, su=False)["psa.charge"]
            .with_company(self.company)
            .create({"ticket_id": self.other_ticket.id, "date": DAY, "quantity": 2})
        )
        charge.sudo().price_unit = 15
        expense = self.env["hr.expense"].create(
            {
                "name": "Taxi",
                "employee_id": self.technician.with_company(self.company).employee_id.id,
                "product_id": self.env["product.product"].create({"name": "Travel", "can_be_expensed": True}).id,
                "total_amount_currency": 12,
                "date": DAY,
                "psa_client_id": self.client.id,
            }
        )
        report = self._report()
        currency = self.company.currency_id

        alone = report.action_view_standing(self.other_client.id, currency.id, "not_approved")
        self.assertEqual((alone["res_model"], alone["domain"]), ("psa.charge", [("id", "in", charge.ids)]))
        together = report.action_view_standing(self.client.id, currency.id, "not_approved")
        entries = self.env(user=self.billing, su=False)[together["res_model"]].search(together["domain"])
        self.assertEqual(
            {(entry.source_model, entry.source_id) for entry in entries},
            {("account.analytic.line", self.unapproved.id), ("hr.expense", expense.id)},
        )
        self.assertIn("Taxi", entries.mapped("entry"))
        self.assertEqual(entries[0].action_open_source()["res_id"], entries[0].source_id)

    def test_period_and_clients_limit_both_sides(self):
        elsewhere = self._report(client_ids=self.other_client.ids)
        self.assertEqual(elsewhere.line_ids.client_id, self.other_client)
        self.assertTrue(elsewhere.is_conserved)
        later = self._report(date_from="2026-04-01", date_to="2026-04-30")
        self.assertFalse(later.line_ids)
        self.assertTrue(later.is_conserved)
        with self.assertRaises(UserError):
            self._report(date_from="2026-04-30", date_to="2026-04-01")

    def test_only_billing_of_the_company_compares(self):
        with self.assertRaises(AccessError):
            self._report(user=self.technician)
        other_company = self.env["res.company"].create({"name": "Other ITSC"})
        stranger = self._new_user("sam.stranger", "psa_crm.group_billing", other_company)
        env = self.env(user=stranger, su=False, context={"allowed_company_ids": other_company.ids})
        with self.assertRaises(AccessError):
            env["psa.conservation"].create({"company_id": self.company.id}).action_compare()
        self.assertFalse(self._report(user=self.billing).with_env(env).search([]), "reports are their maker's")

    def test_the_number_of_entries_does_not_change_the_number_of_queries(self):
        report = self._report()
        for _number in range(3):
            self._approve(self._log(10))
        self.env.flush_all()
        with self.assertQueryCount(60):
            report.action_compare()

    def test_a_click_on_the_menu_shows_the_last_two_months(self):
        action = self.env(user=self.billing, su=False)["psa.conservation"].with_company(self.company).action_open()

        report = self.env["psa.conservation"].browse(action["res_id"])
        self.assertTrue(report.compared_on)
        self.assertEqual(report.date_from.day, 1)
        self.assertLess(report.date_from, Date.context_today(report))
        self.assertGreater(report.date_to, DAY)
