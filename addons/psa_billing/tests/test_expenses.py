from ast import literal_eval
from datetime import date

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .expense_common import ExpenseCommon


@tagged("post_install", "-at_install")
class TestExpenses(ExpenseCommon):
    def _policy(self, **values):
        return self.env["psa.expense.policy"].create({"name": "Policy", "company_id": self.company.id, **values})

    def _receipt(self, expense):
        return self.env["ir.attachment"].create(
            {"name": "ticket.pdf", "raw": b"%PDF-1.4", "res_model": "hr.expense", "res_id": expense.id}
        )

    def test_an_approved_expense_is_in_the_ledger_exactly_once(self):
        expense = self._expense()
        self.assertFalse(self._rows(expense.sudo()))
        expense.action_submit()
        self.assertFalse(self._rows(expense.sudo()))
        expense.with_user(self.approver).action_approve()

        row = self._rows(expense.sudo())
        self.assertEqual((len(row), row.amount, row.cost, row.kind, row.state), (1, 80.0, 80.0, "expense", "pending"))
        self.assertEqual((row.client_id, row.ticket_id, row.employee_id), (self.client, self.ticket, expense.sudo().employee_id))
        self.assertIn("Train to the client", row.name)
        expense.sudo().write({"psa_invoice_text": "Travel"})
        expense.sudo()._psa_sync_ledger()
        self.assertEqual(self._rows(expense.sudo()), row)
        self.assertIn("Travel", row.name)
        self.assertEqual(expense.sudo().psa_billing_state, "pending")

    def test_an_approved_expense_moves_to_another_contract(self):
        project = self._new_contract(self.client, [(self.role_engineer, False, 70.0)], date_start="2025-01-01", name="Project")
        expense = self._approved()
        row = self._rows(expense).with_user(self.billing)
        row.action_approve()

        row._move_to(project, "Belongs to the project")

        self.assertRecordValues(self._rows(expense), [{"contract_id": project.id, "amount": 80.0, "state": "pending"}])
        self.assertEqual(expense.psa_contract_id, project)

    def test_odoo_s_posting_changes_nothing_in_the_ledger(self):
        for mode in ("own_account", "company_account"):
            with self.subTest(mode=mode):
                expense = self._approved(payment_mode=mode)
                row = self._rows(expense)

                if mode == "own_account":
                    expense._post_without_wizard()
                else:
                    expense.action_post()

                self.assertIn(expense.state, ("posted", "paid"))
                self.assertEqual((self._rows(expense), row.amount), (row, 80.0))

    def test_the_contract_says_what_the_client_pays(self):
        for rule, markup, amount in (("cost", 0, 80.0), ("percent", 10, 88.0), ("fixed", 7.5, 87.5), ("none", 0, None)):
            with self.subTest(rule=rule):
                self.contract.write({"expense_rule": rule, "expense_markup": markup})
                expense = self._approved()
                self.assertEqual(expense.psa_is_rebilled, amount is not None)
                self.assertEqual(self._rows(expense).mapped("amount"), [amount] if amount else [])

    def test_without_a_word_in_the_contract_the_policy_of_the_category_counts(self):
        self._policy(rebill_rule="percent", rebill_markup=5)
        self._policy(product_id=self.hotel.id, rebill_rule="none")

        self.assertEqual(self._approved().psa_rebill_amount, 84.0)
        self.assertFalse(self._approved(product_id=self.hotel.id).psa_is_rebilled)

    def test_an_expense_for_nobody_is_none_of_the_ledger_s_business(self):
        expense = self._approved(psa_ticket_id=False)

        self.assertFalse(expense.psa_is_rebilled)
        self.assertFalse(self._rows(expense))

    def test_an_expense_for_a_client_needs_no_ticket(self):
        expense = self._approved(psa_ticket_id=False, psa_client_id=self.client.id)

        self.assertEqual(self._rows(expense).client_id, self.client)

    def test_another_client_than_the_ticket_s_is_refused(self):
        other = self.env["res.partner"].create({"name": "Other", "is_company": True, "psa_is_client": True})

        with self.assertRaisesRegex(ValidationError, "Set the Client accordingly"):
            self._expense(psa_client_id=other.id)

    def test_a_refused_or_reset_expense_takes_its_open_row_back(self):
        for undo in ("_do_refuse", "action_reset"):
            with self.subTest(undo=undo):
                expense = self._approved()
                self._rows(expense).with_user(self.billing).action_approve()
                if undo == "_do_refuse":
                    expense.with_user(self.approver)._do_refuse("Not ours")
                else:
                    expense.with_user(self.approver).action_reset()
                self.assertFalse(self._rows(expense))

    def test_an_invoiced_expense_that_is_refused_is_credited_once(self):
        expense = self._approved()
        self._rows(expense)._write_row({"state": "invoiced"})

        expense.with_user(self.approver)._do_refuse("Not ours")
        expense._psa_sync_ledger()

        self.assertEqual(self._rows(expense).mapped("amount"), [80.0, -80.0])
        expense.with_user(self.approver).action_reset()
        expense.with_user(self.technician).action_submit()
        expense.with_user(self.approver).action_approve()
        self.assertEqual(self._rows(expense).mapped("amount"), [80.0], "the credit was not invoiced yet")

    def test_an_expense_changed_after_the_invoice_gives_the_difference(self):
        expense = self._approved()
        self._rows(expense)._write_row({"state": "invoiced"})

        expense.with_user(self.approver).total_amount_currency = 90.0

        self.assertEqual(self._rows(expense).mapped("amount"), [80.0, 10.0])
        self._rows(expense)[1]._write_row({"state": "invoiced"})
        expense.with_user(self.approver)._do_refuse("Not ours")
        # From each of the two it is taken back by itself.
        self.assertEqual(self._rows(expense).mapped("amount"), [80.0, 10.0, -10.0, -80.0])
        self.assertEqual(self._rows(expense).mapped("cost"), [80.0, 0.0, 0.0, 0.0])

    def test_an_expense_changed_after_its_release_goes_through_the_review_again(self):
        expense = self._approved()
        self._rows(expense).with_user(self.billing).action_approve()

        expense.with_user(self.approver).total_amount_currency = 90.0

        row = self._rows(expense)
        self.assertEqual((row.amount, row.state), (90.0, "pending"))

    def test_an_expense_that_comes_back_from_its_invoice_is_charged_once_with_its_correction(self):
        for new_amount, amounts in ((90.0, [90.0]), (None, [])):
            for review in (False, True):
                with self.subTest(new_amount=new_amount, review=review):
                    expense = self._approved()
                    row = self._rows(expense)
                    row._write_row({"state": "invoiced"})
                    if new_amount:
                        expense.total_amount_currency = new_amount
                    else:
                        expense.with_user(self.approver)._do_refuse("Not ours")
                    self.assertEqual(len(self._rows(expense)), 2)

                    row._psa_release()
                    if review:
                        row.with_user(self.billing).action_back_to_review()
                    else:
                        expense._psa_sync_ledger()

                    self.assertEqual(self._rows(expense).mapped("amount"), amounts)

    def test_an_expense_that_comes_back_after_its_correction_was_invoiced_charges_the_rest(self):
        expense = self._approved()
        row = self._rows(expense)
        row._write_row({"state": "invoiced"})
        expense.with_user(self.approver)._do_refuse("Not ours")
        self._rows(expense)[1]._write_row({"state": "invoiced"})

        row._psa_release()
        expense._psa_sync_ledger()
        row.with_user(self.billing).action_back_to_review()

        self.assertEqual(self._rows(expense).mapped("amount"), [80.0, -80.0])

    def test_what_a_retainer_paid_of_an_expense_goes_back_when_the_expense_is_refused(self):
        retainer = self.env["psa.contract.component"].create(
            {
                "contract_id": self.contract.id, "kind": "retainer", "name": "Retainer", "purchase": "manual",
                "step_ids": [Command.create({"date_from": "2026-01-01", "quantity": 1, "price_unit": 60.0})],
            }
        )._psa_buy(date(2026, 1, 1), "purchase")  # fmt: skip
        expense = self._approved()
        paid_ahead = self._rows(expense).filtered("drawn_amount")
        cash = self._rows(expense) - paid_ahead
        self.assertEqual((paid_ahead.drawn_amount, cash.amount, retainer.remaining_amount), (60.0, 20.0, 0.0))
        cash._write_row({"state": "invoiced"})

        expense.total_amount_currency = 70.0
        self.assertEqual(sorted(self._rows(expense).mapped("amount")), [-10.0, 0.0, 20.0])
        expense.with_user(self.approver)._do_refuse("Not ours")

        back = self._rows(expense) - paid_ahead - cash
        self.assertEqual(sorted(back.mapped(lambda row: (row.amount, row.drawn_amount))), [(-20.0, 0.0), (0.0, -60.0)])
        retainer.invalidate_recordset()
        self.assertEqual(retainer.remaining_amount, 60.0)
        self.env["psa.billing.problem"]._check_ledgers([(self.client.id, self.company.id)])
        problems = self.env["psa.billing.problem"].search([("client_id", "=", self.client.id), ("state", "=", "open")])
        self.assertEqual(problems.mapped("message"), [])

    def test_an_expense_approved_after_all_is_charged_anew_if_its_money_has_paid_for_something_else(self):
        retainer = self.env["psa.contract.component"].create(
            {
                "contract_id": self.contract.id, "kind": "retainer", "name": "Retainer", "purchase": "manual",
                "step_ids": [Command.create({"date_from": "2026-01-01", "quantity": 1, "price_unit": 80.0})],
            }
        )._psa_buy(date(2026, 1, 1), "purchase")  # fmt: skip
        expense = self._approved()
        paid_ahead = self._rows(expense)
        paid_ahead._psa_settle({paid_ahead.id: None})
        expense.with_user(self.approver)._do_refuse("Not ours")
        back = self._rows(expense) - paid_ahead
        self.assertEqual((back.drawn_amount, retainer.remaining_amount), (-80.0, 80.0))
        work = self._approve(self._log(60)).filtered("drawn_amount")
        self.assertEqual(work.drawn_amount, 80.0)
        work._psa_settle({work.id: None})

        expense.with_user(self.approver).action_reset()
        expense.action_submit()
        expense.with_user(self.approver)._do_approve()

        anew = self._rows(expense) - paid_ahead - back
        self.assertEqual(anew.mapped(lambda row: (row.funding, row.state, row.amount)), [("price", "pending", 80.0)])
        self.assertTrue(back.settled_on, "what it put back has paid for the work, and stands")
        retainer.invalidate_recordset()
        self.assertEqual(retainer.remaining_amount, 0.0)
        self.env["psa.billing.problem"]._check_ledgers([(self.client.id, self.company.id)])
        problems = self.env["psa.billing.problem"].search([("client_id", "=", self.client.id), ("state", "=", "open")])
        self.assertEqual(problems.mapped("message"), [])

    def test_a_written_off_expense_that_is_brought_back_is_charged_once(self):
        expense = self._approved()
        row = self._rows(expense)
        row.with_user(self.billing)._write_off("Goodwill")
        expense.total_amount_currency = 90.0
        self.assertEqual(self._rows(expense).mapped("amount"), [80.0, 10.0])

        row.with_user(self.billing).action_back_to_review()

        self.assertEqual(self._rows(expense).mapped("amount"), [90.0])

    def test_a_released_adjustment_survives_the_posting(self):
        expense = self._approved()
        row = self._rows(expense)
        row.with_user(self.billing)._adjust("Agreed", price_unit=50.0)
        row.with_user(self.billing).action_approve()

        expense._post_without_wizard()

        self.assertEqual((self._rows(expense), row.amount, row.state), (row, 50.0, "approved"))

    def test_what_is_agreed_later_does_not_change_what_was_invoiced(self):
        self.contract.write({"expense_rule": "percent", "expense_markup": 20})
        expense = self._approved()
        self._rows(expense)._write_row({"state": "invoiced"})
        self.contract.expense_markup = 50
        rates = [(self.role_engineer, False, 100.0)]
        self._new_contract(self.client, rates, date_start="2026-02-01", expense_rule="cost", priority=1)

        expense._post_without_wizard()

        self.assertEqual(self._rows(expense).mapped("amount"), [96.0])
        expense.invalidate_recordset()
        self.assertEqual((expense.psa_rebill_rule, expense.psa_rebill_amount), ("percent", 96.0))
        expense.total_amount_currency = 100.0
        self.assertEqual(self._rows(expense).mapped("amount"), [96.0, 24.0])

    def test_the_price_is_that_of_the_contract_the_row_falls_under(self):
        self.contract.write({"priority": 1, "expense_rule": "cost"})
        rates = [(self.role_engineer, False, 100.0)]
        self._new_contract(self.client, rates, date_start="2026-02-01", expense_rule="percent", expense_markup=20)

        row = self._rows(self._approved())

        self.assertEqual((row.contract_id, row.amount), (self.contract, 80.0))

    def test_a_contract_that_rests_still_says_what_the_client_pays(self):
        self.contract.write({"expense_rule": "percent", "expense_markup": 20})
        self.contract.state = "ended"

        row = self._rows(self._approved())

        self.assertEqual((row.contract_id, row.amount), (self.contract, 96.0))

    def test_an_invoiced_expense_is_not_deleted(self):
        expense = self._approved()
        self._rows(expense)._write_row({"state": "invoiced"})
        expense.with_user(self.approver).action_reset()

        with self.assertRaisesRegex(UserError, "on an invoice"):
            expense.unlink()

    def test_what_is_over_the_limit_needs_a_reason_and_is_flagged(self):
        self._policy(limit_amount=50, note="Ask Anna first.")
        expense = self._expense()

        self.assertEqual(expense.psa_policy_state, "needs_reason")
        with self.assertRaisesRegex(UserError, "(?s)limit of .*50.*Reason.*Ask Anna first"):
            expense.action_submit()
        expense.psa_policy_reason = "No cheaper train that day"
        expense.action_submit()
        self.assertTrue(expense.psa_is_flagged)
        self.assertEqual(expense.psa_policy_state, "flagged")

    def test_the_limit_of_a_day_counts_what_the_same_person_spent(self):
        self._policy(day_limit=100)
        first = self._expense(60)
        first.action_submit()
        self._expense(60, user=self.colleague).action_submit()
        second = self._expense(60)

        with self.assertRaisesRegex(UserError, "for one day"):
            second.action_submit()
        first.with_user(self.approver)._do_refuse("Wrong day")
        second.invalidate_recordset()
        second.action_submit()
        self.assertFalse(second.psa_is_flagged)

    def test_a_policy_may_refuse_and_approvers_cannot_pass_it_either(self):
        self._policy(limit_amount=50, over_limit="refuse")
        expense = self._expense(psa_policy_reason="I like first class")

        with self.assertRaisesRegex(UserError, "over the limit"):
            expense.action_submit()
        with self.assertRaisesRegex(UserError, "over the limit"):
            expense.with_user(self.approver).action_approve()

    def test_a_receipt_is_asked_for_where_the_policy_says_so(self):
        self._policy(needs_receipt=True, receipt_from=25)
        self._expense(20).action_submit()
        expense = self._expense(30)

        with self.assertRaisesRegex(UserError, "needs a receipt"):
            expense.action_submit()
        self._receipt(expense)
        expense.invalidate_recordset()
        expense.action_submit()
        self.assertEqual(expense.state, "submitted")

    def test_foreign_money_is_converted_at_the_rate_of_its_day(self):
        currency = self.env["res.currency"].create({"name": "XTC", "symbol": "X"})
        self.env["res.currency.rate"].create(
            [
                {"currency_id": currency.id, "name": name, "rate": rate, "company_id": self.company.id}
                for name, rate in (("2026-03-01", 2.0), ("2026-03-20", 4.0))
            ]
        )
        expense = self._approved(currency_id=currency.id)

        self.assertEqual((expense.total_amount, self._rows(expense).amount), (40.0, 40.0))
        self.assertEqual(self._rows(expense).currency_id, self.company.currency_id)

    def test_foreign_money_without_a_rate_is_refused_with_the_remedy(self):
        currency = self.env["res.currency"].create({"name": "XTC", "symbol": "X"})
        self.env["res.currency.rate"].create(
            {"currency_id": currency.id, "name": "2026-03-20", "rate": 4.0, "company_id": self.company.id}
        )
        expense = self._expense(currency_id=currency.id)

        with self.assertRaisesRegex(UserError, "no exchange rate of XTC on or before"):
            expense.action_submit()

    def test_who_makes_the_expense_does_not_see_what_the_client_pays(self):
        expense = self._expense()

        for name in ("psa_rebill_amount", "psa_rebill_rule", "psa_contract_id", "psa_delta_ids"):
            with self.assertRaises(AccessError, msg=name):
                expense.read([name])
        expense.read(["psa_client_id", "psa_is_rebilled", "psa_policy_state", "psa_billing_state"])
        self.assertEqual(self.ticket.with_user(self.technician).psa_expense_count, 1)

    def test_billing_sees_the_expenses_of_its_clients_and_says_how_they_are_rebilled(self):
        expense, private = self._expense(), self._expense(psa_ticket_id=False)
        second = self._new_contract(
            self.client, [(self.role_engineer, False, 90.0)], priority=20, expense_rule="percent", expense_markup=50
        )
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_billing.action_psa_expense")
        Expense = self.env(user=self.billing, su=False)["hr.expense"].with_company(self.company)

        self.assertEqual(Expense.search(literal_eval(action["domain"])), expense)
        self.assertFalse(Expense.search([("id", "=", private.id)]), "what is for no client is nothing to billing")
        expense.action_submit()
        expense.with_user(self.approver)._do_approve()
        with Form(Expense.browse(expense.id)) as form:
            form.psa_contract_id = second
            form.psa_invoice_text = "Travel"

        self.assertEqual(self._rows(expense.sudo()).amount, 120.0)
        for vals in ({"total_amount_currency": 8000.0}, {"employee_id": private.employee_id.id}, {"psa_client_id": False}):
            with self.assertRaisesRegex(AccessError, "was made by"):
                Expense.browse(expense.id).write(vals)
        with self.assertRaises(UserError):
            Expense.browse(expense.id).unlink()

    def test_billing_sees_no_expenses_of_clients_and_companies_closed_to_it(self):
        expense = self._expense()
        stranger = self._new_user("sam.strange", "psa_crm.group_billing", self.env["res.company"].create({"name": "Other ITSC"}))
        own = self.env(user=self.billing, su=False)["hr.expense"]
        self.assertTrue(own.search([("id", "=", expense.id)]))
        self.assertFalse(
            self.env(user=stranger, su=False, context={})["hr.expense"].search([("id", "=", expense.id)])
        )

        self.env["psa.access.rule"].create(
            {
                "resource": "client", "company_id": self.company.id, "user_id": self.billing.id, "client_id": self.client.id,
                "level": "refuse",
            }
        )  # fmt: skip
        self.env.invalidate_all()

        self.assertFalse(own.search([("id", "=", expense.id)]))
        with self.assertRaises(AccessError):
            own.browse(expense.id).check_access("read")

    def test_what_was_laid_out_is_told_to_billing_alone(self):
        expense = self._approved()
        row = self._rows(expense)
        self.assertIn("were laid out", row.with_user(self.billing).explanation)
        self.env["psa.billing.item"].invalidate_model()
        self.assertNotIn("laid out", "".join(row.with_user(self.technician).sudo()._explain()))
        delta = self.env["psa.expense.delta"].create({"expense_id": expense.id, "currency_id": row.currency_id.id, "amount": 5.0})
        Delta = self.env["psa.expense.delta"].with_user(self.billing)
        self.assertEqual(Delta.search([("id", "=", delta.id)]).client_id, self.client)

        self.env["psa.access.rule"].create(
            {"client_id": self.client.id, "level": "refuse", "user_id": self.billing.id, "company_id": self.company.id}
        )
        self.env.invalidate_all()

        self.assertFalse(Delta.search([("id", "=", delta.id)]))

    def test_a_rebilled_expense_is_on_the_invoice_once(self):
        expense = self._approved()
        self._rows(expense).with_user(self.billing).action_approve()

        invoice = self._prepare()

        self.assertEqual(invoice.amount_untaxed, 80.0)
        self.assertEqual(self._rows(expense).state, "invoiced")
        with self.assertRaisesRegex(UserError, "nothing to invoice"):
            self._prepare()
