from itertools import count
from unittest.mock import patch

from odoo import Command, fields
from odoo.addons.psa_billing.models import psa_billing_run
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import DAY, PsaInvoicingCommon


@tagged("post_install", "-at_install")
class TestBillingRun(PsaInvoicingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.tax_calculation_rounding_method = "round_per_line"
        cls.numbers = count(10**6)
        cls.other = cls.env["res.partner"].create(
            {"name": "Other Works", "is_company": True, "psa_is_client": True}
        )
        cls.other_contract = cls._new_contract(
            cls.other, [(cls.role_engineer, False, 95.35)], date_start="2026-01-01"
        )
        cls.franc = cls.env["res.currency"].with_context(active_test=False).search([("name", "=", "XPF")])
        cls.hour = cls.env.ref("uom.product_uom_hour")
        cls.minute = cls.env.ref("uom.product_uom_minute")

    @classmethod
    def _row(cls, minutes=60, rate=100.0, client=None, contract=None, **values):
        """Put a released row in the ledger, as rating would."""
        client = client or cls.client
        contract = cls.contract if contract is None and client == cls.client else contract
        is_whole = minutes % 15 == 0
        amount = round(rate * minutes / 60 + 1e-9, 2)
        vals = {
            "name": f"{DAY} · Tina\nCleared the rollers",
            "source_model": "account.analytic.line",
            "source_id": next(cls.numbers),
            "part": "time",
            "company_id": cls.company.id,
            "client_id": client.id,
            "contract_id": contract.id if contract else False,
            "user_id": cls.technician.id,
            "work_type_id": cls.work_type.id,
            "role_id": cls.role_engineer.id,
            "ticket_id": cls.ticket.id,
            "date": DAY,
            "kind": "time",
            "funding": "rate",
            "worked_seconds": minutes * 60,
            "seconds": minutes * 60,
            "quantity": minutes / 60 if is_whole else minutes,
            "uom_id": (cls.hour if is_whole else cls.minute).id,
            "hourly_rate": rate,
            "price_unit": rate if is_whole else rate / 60,
            "amount": amount,
            "value": amount,
            "currency_id": cls.company.currency_id.id,
            "product_id": cls.product.id,
            "state": "approved",
            **values,
        }
        return cls.env["psa.billing.item"].create(vals)

    def _covered(self, **values):
        """Approve an hour that the contract covers, and return its row: one that is opened again is priced again."""
        if not self.contract.coverage_ids:
            self.contract.coverage_ids = [Command.create({"effect": "included"})]
        return self._approve(self._log(60, **values))

    def _run(self, user=None, **values):
        """Start a run as billing does it, and return it."""
        wizard = (
            self.env(user=user or self.billing, su=False)["psa.prepare.invoices"]
            .with_company(self.company)
            .create({"date_until": "2026-03-31", "company_id": self.company.id, **values})
        )
        return self.env["psa.billing.run"].browse(wizard.action_prepare()["res_id"]).sudo()

    def _reverse(self, move, is_modify=False, **values):
        wizard = (
            self.env["account.move.reversal"]
            .with_user(self.billing)
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"journal_id": move.journal_id.id, **values})
        )
        action = wizard.reverse_moves(is_modify=is_modify)
        return self.env["account.move"].browse(action["res_id"])

    # The run

    def test_a_run_says_what_it_made(self):
        first, second = self._row(), self._row(client=self.other, contract=self.other_contract)

        run = self._run()

        self.assertRecordValues(
            run, [{"state": "done", "progress": 100, "move_count": 2, "failed_count": 0, "user_id": self.billing.id}]
        )
        self.assertIn("200", run.total)
        self.assertEqual(run.line_ids.move_id, (first + second).move_id)
        self.assertEqual(run.line_ids.mapped("item_ids"), first + second)
        self.assertEqual((first + second).mapped("move_id.create_uid"), self.billing)

    def test_a_line_that_comes_to_something_else_than_the_ledger_is_refused(self):
        Line = self.env.registry["psa.billing.run.line"]
        prepare = Line._prepare_move_line_vals

        def twice_the_price(line, *args):
            vals = prepare(line, *args)
            return {**vals, "price_unit": 2 * vals["price_unit"]}

        untaxed = self.product.copy({"taxes_id": False})
        self.product.taxes_id = self.tax_sale_a
        rows = self._row() + self._row(client=self.other, contract=self.other_contract, product_id=untaxed.id)

        with patch.object(Line, "_prepare_move_line_vals", twice_the_price):
            run = self._run()

        self.assertEqual((run.state, run.line_ids.mapped("state"), rows.mapped("state")), ("failed", ["failed"] * 2, ["approved"] * 2))
        for line in run.line_ids:
            self.assertRegex(
                line.error, "The invoice would come to .*200.00 without taxes, its rows of the ledger to .*100.00"
            )

    def test_work_waits_until_its_cycle_is_over_unless_asked(self):
        row = self._row()
        with self.assertRaisesRegex(UserError, "nothing to invoice"):
            self._run(date_until="2026-03-30")
        self.assertEqual(row.state, "approved")

        run = self._run(date_until="2026-03-30", has_open_cycles=True)

        self.assertEqual((row.state, row.run_line_ids.run_id), ("invoiced", run))

    def test_each_cycle_has_its_invoice_and_late_work_goes_with_the_next(self):
        self.contract.invoice_grouping = "contract"
        january, march = self._row(date="2026-01-10"), self._row()
        self._run(date_until="2026-01-31")
        late = self._row(date="2026-01-20", minutes=-30)

        february = self._row(date="2026-02-10")
        run = self._run()

        self.assertNotEqual(january.move_id, february.move_id)
        self.assertEqual(late.move_id, february.move_id)
        self.assertNotEqual(march.move_id, february.move_id)
        self.assertEqual(
            [fields.Date.to_string(day) for day in run.line_ids.mapped("cycle_last_day")], ["2026-02-28", "2026-03-31"]
        )

    def test_a_failing_invoice_keeps_its_reason_and_the_others_are_made(self):
        self.other_contract.po_required = True
        fine, missing = self._row(), self._row(client=self.other, contract=self.other_contract)

        run = self._run()

        self.assertEqual((run.state, fine.state, missing.state), ("failed", "invoiced", "approved"))
        failed = run.line_ids.filtered(lambda line: line.state == "failed")
        self.assertIn("requires a purchase order number", failed.error)

        self.other_contract.po_number = "PO-77"
        run.with_user(self.billing).action_retry()

        self.assertEqual((run.state, missing.state, failed.error), ("done", "invoiced", False))
        self.assertEqual(missing.move_id.ref, "PO-77")

    def test_an_unexpected_error_stops_nobody_else(self):
        fine, broken = self._row(), self._row(client=self.other, contract=self.other_contract)
        Move = self.env.registry["account.move"]
        create = Move.create

        def stumble(moves, vals_list):
            if any(vals["partner_id"] == self.other.id for vals in vals_list):
                raise ZeroDivisionError("by a third module")
            return create(moves, vals_list)

        with patch.object(Move, "create", stumble), self.assertLogs("odoo.addons.psa_billing", "ERROR"):
            run = self._run()

        self.assertEqual((run.state, fine.state, broken.state), ("failed", "invoiced", "approved"))
        self.assertIn("by a third module", run.line_ids.filtered("error").error)

    def test_cancelling_a_run_gives_back_what_is_not_invoiced(self):
        self.other_contract.po_required = True
        fine, missing = self._row(), self._row(client=self.other, contract=self.other_contract)
        run = self._run()

        run.with_user(self.billing).action_cancel()

        self.assertEqual((run.state, fine.state), ("done", "invoiced"))
        self.assertFalse(missing.run_line_ids)
        self.other_contract.po_required = False
        self._run()
        self.assertEqual(missing.state, "invoiced")

    def test_what_failed_is_not_lost_for_the_next_run(self):
        self.other_contract.po_required = True
        missing = self._row(client=self.other, contract=self.other_contract)
        first = self._run()
        self.other_contract.po_required = False

        second = self._run()
        first.with_user(self.billing).action_retry()

        self.assertEqual(missing.run_line_ids.run_id, second)
        self.assertEqual(first.state, "cancelled")
        self.assertIn("billed meanwhile", first.line_ids.note)
        self.assertEqual((first + second).line_ids.move_id, missing.move_id)

    def test_what_is_planned_is_nobody_else_s(self):
        with patch.object(psa_billing_run, "SMALL_RUN", 0):
            row = self._row()
            run = self._run()
            self.assertEqual((run.state, row.state, run.progress), ("running", "approved", 0))
            with self.assertRaisesRegex(UserError, "nothing to invoice"):
                self._run()

        self.assertTrue(
            self.env["ir.cron.trigger"].search([("cron_id", "=", self.env.ref("psa_billing.ir_cron_billing_run_2").id)])
        )
        with self.enter_registry_test_mode():
            self.env.ref("psa_billing.ir_cron_billing_run_1").method_direct_trigger()
        self.assertEqual((run.state, row.state, run.progress), ("done", "invoiced", 100))
        self.assertEqual(row.move_id.create_uid, self.billing, "whoever pressed the button, not the scheduler")

    def test_rows_written_off_while_planned_are_left_out(self):
        with patch.object(psa_billing_run, "SMALL_RUN", 0):
            kept, gone = self._row(), self._row()
            run = self._run()
        gone.with_user(self.billing)._write_off("Goodwill")

        run.line_ids._psa_locked(("planned",))._psa_post()

        self.assertEqual((kept.state, gone.state), ("invoiced", "written_off"))
        self.assertEqual(run.line_ids.amount, 100)
        self.assertEqual(kept.move_id.amount_untaxed, 100)

    def test_a_row_that_moved_on_is_not_the_run_s_any_more(self):
        self.franc.active = True
        self.env["res.currency.rate"].create({"currency_id": self.franc.id, "name": "2026-01-01", "rate": 110})
        foreign = self._new_contract(
            self.client, [(self.role_engineer, False, 100.0)], date_start="2025-01-01", name="Foreign",
            currency_id=self.franc.id,
        )
        line = self._log(60)
        moved = self._release(line)
        with patch.object(psa_billing_run, "SMALL_RUN", 0):
            kept = self._row()
            run = self._run()
        self.assertEqual((kept | moved).run_line_ids, run.line_ids)

        moved.with_user(self.billing)._move_to(foreign, "Paid from abroad")
        self.assertFalse(moved.run_line_ids)
        moved.with_user(self.billing).action_approve()
        run.line_ids._psa_locked(("planned",))._psa_post()

        self.assertEqual((kept.state, moved.state), ("invoiced", "approved"))
        self.assertRecordValues(kept.move_id, [{"amount_untaxed": 100, "currency_id": self.company.currency_id.id}])

    def test_whatever_is_decided_about_a_row_takes_it_off_the_run(self):
        rows = [self._release(self._log(60)).with_user(self.billing) for _number in range(4)]
        with patch.object(psa_billing_run, "SMALL_RUN", 0):
            run = self._run()
        held, back, adjusted, priced = rows

        held._hold("Ask Pia")
        back.action_back_to_review()
        adjusted._adjust("Agreed", price_unit=90)
        priced.sudo()._write_row({"currency_id": self.franc.id})

        self.assertFalse((held | back | adjusted).run_line_ids)
        (back | adjusted).action_approve()
        run.line_ids._psa_locked(("planned",))._psa_post()
        self.assertEqual(run.line_ids.state, "cancelled", "not even a row whose currency changed in some other way")

    def test_what_is_held_is_never_taken(self):
        held = self._approve(self._log(60)).with_user(self.billing)
        held._hold("Ask Pia")
        with self.assertRaisesRegex(UserError, "nothing to invoice"):
            self._run(include_pending=True)

        free = self._approve(self._log(30))
        covered = self._row(state="covered", funding="block", amount=0, is_held=True)
        self._run(include_pending=True)

        self.assertEqual((free.state, held.state, held.is_held), ("invoiced", "pending", True))
        self.assertFalse((held.sudo() | covered).run_line_ids)
        self.assertFalse(covered.settled_on)

    # Credits

    def test_a_negative_sum_waits_and_is_set_against_the_next_invoice(self):
        credit = self._row(minutes=-60)

        run = self._run()

        self.assertEqual((run.line_ids.state, credit.state), ("waiting", "approved"))
        self.assertIn("negative", run.line_ids.note)
        later = self._row(minutes=90, date="2026-04-02")
        self._run(date_until="2026-04-30")
        self.assertEqual(credit.move_id, later.move_id)
        self.assertEqual(later.move_id.amount_untaxed, 50)

    def test_a_negative_sum_becomes_a_credit_note_if_wanted(self):
        charge, credit = self._row(minutes=30), self._row(minutes=-60)

        run = self._run(on_negative="refund")

        move = run.line_ids.move_id
        self.assertEqual((move.move_type, move.amount_untaxed), ("out_refund", 50))
        self.assertEqual((charge + credit).mapped("state"), ["invoiced", "invoiced"])
        move.with_user(self.billing).button_cancel()
        self.assertEqual((charge + credit).mapped("state"), ["approved", "approved"])

    # Amounts

    def test_every_grouping_charges_exactly_the_ledger(self):
        tickets = [self.ticket, self._new_ticket("Mail bounces")]
        minutes = (1, 7, 15, 20, 20, 20, 31, 59, 60, 125, -20)
        for method in ("round_per_line", "round_globally"):
            self.company.tax_calculation_rounding_method = method
            for grouping in ("entry", "ticket", "work_type", "role", "single"):
                self.contract.line_grouping = grouping
                rows = self.env["psa.billing.item"]
                for number, worked in enumerate(minutes):
                    rows |= self._row(worked, rate=95.35, ticket_id=tickets[number % 2].id)
                rows |= self._row(60, rate=120, role_id=self.env["psa.role"].create({"name": "Architect"}).id)

                move = self._run().line_ids.move_id

                total = round(sum(rows.mapped("amount")), 2)
                self.assertEqual(move.amount_untaxed, total, (method, grouping))
                self.assertEqual(
                    len(move.invoice_line_ids),
                    {"entry": 12, "ticket": 2, "work_type": 1, "role": 2, "single": 1}[grouping],
                )
                for line in move.invoice_line_ids:
                    self.assertEqual(line.price_subtotal, round(sum(line.psa_billing_item_ids.mapped("amount")), 2))
                self.assertEqual(rows.move_line_id, move.invoice_line_ids)

    def test_merged_lines_say_what_when_and_how_long_in_the_client_s_language(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self.client.lang = "de_DE"
        self.contract.line_grouping = "work_type"
        self.work_type.with_context(lang="de_DE").name = "Fernwartung"
        self._row(60)
        self._row(40, date="2026-03-12")

        line = self._run().line_ids.move_id.invoice_line_ids

        self.assertEqual(line.name, "Fernwartung\n10.03.2026 – 12.03.2026 · 1:40 h")

    def test_contracts_grouped_by_client_share_an_invoice_with_sections(self):
        second = self._new_contract(self.client, [(self.role_engineer, False, 50.0)], name="Backup")
        self._row()
        self._row(rate=50, contract=second)

        move = self._run().line_ids.move_id

        self.assertEqual(len(move), 1)
        head, work, other_head, other_work = move.invoice_line_ids.sorted("sequence")
        self.assertEqual((head.display_type, other_head.display_type), ("line_section", "line_section"))
        self.assertEqual(
            {head.name: work.price_subtotal, other_head.name: other_work.price_subtotal},
            {self.contract.display_name: 100, second.display_name: 50},
        )
        self.assertIn(second.display_name, move.invoice_origin)

    def test_taxes_of_a_charge_are_its_own_and_follow_the_fiscal_position(self):
        Line = self.env.registry["psa.billing.run.line"]
        self.client.property_account_position_id = self.fiscal_pos_a
        row = self._row(kind="charge")
        with patch.object(Line, "_psa_own_taxes", lambda lines, sources: {row.id: tuple(self.tax_sale_a.ids)}):
            move = self._run().line_ids.move_id

        self.assertEqual(move.invoice_line_ids.tax_ids, self.tax_sale_b)

    # What covers the work

    def test_covered_work_is_settled_with_the_invoice_of_its_cycle(self):
        covered = self._covered()
        self._row()
        april = self._covered(date="2026-04-02")

        move = self._run().line_ids.move_id

        self.assertEqual((bool(covered.settled_on), covered.settled_move_id), (True, move))
        self.assertFalse(april.settled_on)
        move.with_user(self.billing).button_cancel()
        self.assertFalse(covered.settled_on)
        move.with_user(self.billing).button_draft()
        self.assertTrue(covered.settled_on)
        move.with_user(self.billing).unlink()
        self.assertEqual((covered.settled_on, covered.settled_move_id.id), (False, False))
        self.assertEqual(move.exists(), self.env["account.move"])

    def test_a_cycle_with_nothing_to_pay_is_settled_without_invoice(self):
        covered = self._row(state="covered", funding="included", amount=0)

        run = self._run()

        self.assertEqual((run.state, run.line_ids.state, run.move_count), ("done", "covered", 0))
        self.assertTrue(covered.settled_on)

    # Edges

    def test_an_invoice_date_in_a_closed_period_is_said_before_and_on_the_run(self):
        self._row()
        self.company.fiscalyear_lock_date = "2026-02-28"
        with self.assertRaisesRegex(UserError, "closed period"):
            self._run(invoice_date="2026-02-10")

        self.company.fiscalyear_lock_date = False
        with patch.object(psa_billing_run, "SMALL_RUN", 0):
            run = self._run(invoice_date="2026-02-10")
        self.company.fiscalyear_lock_date = "2026-02-28"
        run.line_ids._psa_locked(("planned",))._psa_post()

        self.assertEqual(run.line_ids.state, "failed")
        self.assertIn("closed period", run.line_ids.error)

    def test_a_currency_without_rate_or_archived_is_named(self):
        franc = self.env["res.currency"].with_context(active_test=False).search([("name", "=", "XPF")])
        franc.active = True
        franc.rate_ids.unlink()
        row = self._row(currency_id=franc.id)
        run = self._run()
        self.assertIn("no exchange rate for XPF", run.line_ids.error)

        self.env["res.currency.rate"].create({"currency_id": franc.id, "name": "2026-01-01", "rate": 110})
        franc.active = False
        run.with_user(self.billing).action_retry()
        self.assertIn("XPF is archived", run.line_ids.error)

        franc.active = True
        run.with_user(self.billing).action_retry()
        self.assertEqual((row.state, row.move_id.currency_id), ("invoiced", franc))

    def test_an_archived_product_is_still_invoiced_with_a_remark(self):
        self._row()
        self.product.action_archive()

        line = self._run().line_ids

        self.assertEqual(line.state, "done")
        self.assertIn("Archived since the work was priced: Service hour", line.note)

    def test_a_deleted_tax_is_remarked(self):
        self._row()
        self.company.account_sale_tax_id = self.tax_sale_b
        self.tax_sale_a.unlink()

        line = self._run().line_ids

        self.assertEqual((line.state, line.move_id.amount_tax), ("done", 0))
        self.assertIn("No customer tax on: Service hour", line.note)

    def test_a_tax_included_in_prices_is_refused_for_the_ledger_has_prices_without(self):
        self._row()
        self.tax_sale_a.price_include_override = "tax_included"

        line = self._run().line_ids

        self.assertEqual((line.state, line.move_id.id), ("failed", False))
        self.assertIn("is included in prices", line.error)

    # Credit notes

    def test_a_line_credited_in_full_gives_its_rows_back_the_others_stay(self):
        first, second = self._row(), self._row(30)
        move = self._run().line_ids.move_id
        move.action_post()
        credit = self._reverse(move)
        self.assertEqual(credit.invoice_line_ids.psa_source_line_id, move.invoice_line_ids)

        credit.invoice_line_ids.filtered(lambda line: line.psa_source_line_id == second.move_line_id).unlink()
        credit.with_user(self.billing).action_post()

        self.assertEqual((first.state, second.state), ("approved", "invoiced"))
        self.assertEqual(first.past_move_line_ids.move_id, move)

        credit.with_user(self.billing).button_draft()
        self.assertEqual((first.state, first.move_id), ("invoiced", move))
        credit.with_user(self.billing).action_post()
        again = self._run().line_ids.move_id
        self.assertEqual(first.move_id, again)
        with self.assertRaisesRegex(UserError, "charges work that has been billed"):
            credit.with_user(self.billing).button_draft()

    def test_a_line_credited_in_part_stays_charged(self):
        row = self._row()
        move = self._run().line_ids.move_id
        move.action_post()
        self._row()
        credit = self._reverse(move)
        credit.invoice_line_ids.price_unit = 40
        credit.with_user(self.billing).action_post()

        self.assertEqual((row.state, row.move_id), ("invoiced", move))

    def test_a_corrected_invoice_takes_over_the_work(self):
        row = self._row()
        covered = self._covered()
        move = self._run().line_ids.move_id
        move.action_post()

        corrected = self._reverse(move, is_modify=True)

        self.assertEqual(corrected.move_type, "out_invoice")
        self.assertEqual((row.state, row.move_id), ("invoiced", corrected))
        with self.assertRaisesRegex(UserError, "nothing to invoice"):
            self._run(client_ids=[Command.set(self.other.ids)])
        corrected.with_user(self.billing).unlink()
        self.assertEqual(row.state, "approved")
        self.assertFalse(covered.settled_on)

    def test_deleting_a_draft_is_told_by_the_run(self):
        row = self._row()
        run = self._run()

        row.move_id.with_user(self.billing).unlink()

        self.assertEqual((row.state, run.line_ids.state), ("approved", "cancelled"))
        self.assertIn("deleted the draft", run.line_ids.note)

    # The annex

    def _print(self, move):
        return self.env["ir.actions.report"]._render_qweb_html("account.account_invoices", move.ids)[0].decode()

    def test_the_work_details_list_covered_work_too(self):
        self.contract.line_grouping = "single"
        self._row(90, name="2026-03-10\nReplaced the fuser")
        self._row(state="covered", funding="block", amount=0, name="03/10/2026 · Tina\nChecked the backup")
        move = self._run().line_ids.move_id

        html = self._print(move)

        for part in ("Work Details", "Replaced the fuser", "Checked the backup", "Prepaid Hours", "1:30 h", self.ticket.number):
            self.assertIn(part, html)
        self.assertEqual(move.with_user(self.billing).psa_billing_item_count, 2)
        self.contract.work_details = "none"
        self.assertNotIn("Work Details", self._print(move))

    def test_the_work_details_add_up_to_the_invoice_also_with_corrections(self):
        self._row(90)
        self._row(-30, kind="correction", name="03/10/2026\nCame late")
        self._row(
            amount=-20, value=-20, quantity=-1, price_unit=20, kind="correction", source_model="psa.charge", worked_seconds=0, seconds=0
        )
        true_up = self._row(kind="correction", source_model="psa.contract.due", worked_seconds=0, seconds=0)
        move = self._run().line_ids.move_id

        details = move._psa_work_details()

        self.assertEqual([detail["amount"] for detail in details], [150.0, -50.0, -20.0])
        self.assertEqual(details[1]["charged"], "-0:30 h")
        self.assertEqual(sum(detail["amount"] for detail in details) + true_up.amount, move.amount_untaxed)

    def test_the_client_decides_for_new_contracts_and_for_work_under_none(self):
        self.other.psa_work_details = "none"
        contract = self._new_contract(self.other, [(self.role_engineer, False, 1)])
        self.assertEqual(contract.work_details, "none")
        self._row(client=self.other, contract=False)

        self.assertNotIn("Work Details", self._print(self._run().line_ids.move_id))

    def test_the_pdf_has_the_annex_in_the_client_s_language(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self.client.lang = "de_DE"
        self.contract.line_grouping = "single"
        self._row(90, name="10.03.2026 · Tina\nReplaced the fuser")
        move = self._run().line_ids.move_id
        move.action_post()

        with self.allow_pdf_render():
            content, kind = (
                self.env["ir.actions.report"]
                .with_context(force_report_rendering=True)
                ._render_qweb_pdf("account.account_invoices", move.ids)
            )

        self.assertEqual(kind, "pdf")
        text = self._pdf_text(content)
        self.assertIn("Work Details", text)
        self.assertIn("Replaced the fuser", text)
        self.assertRegex(text, r"Work Details.*10\.03\.2026")

    def _pdf_text(self, content):
        from io import BytesIO

        from odoo.tools.pdf import PdfFileReader

        reader = PdfFileReader(BytesIO(content))
        return " ".join("\n".join(page.extract_text() for page in reader.pages).split())

    # Who may

    def test_only_billing_sees_and_runs_runs(self):
        self._row()
        run = self._run()
        may = {
            self.technician: False,
            self.dispatcher: False,
            self.billing: True,
            self.company_admin: True,
        }
        for user, allowed in may.items():
            for found in (run, run.line_ids):
                record = found.with_user(user).with_context(allowed_company_ids=self.company.ids)
                self.assertEqual(record.has_access("read"), allowed, (user.login, record._name))
                for operation in ("write", "create", "unlink"):
                    self.assertFalse(record.has_access(operation), (user.login, record._name, operation))
            if not allowed:
                with self.assertRaises(AccessError):
                    run.with_user(user).action_cancel()

    def test_runs_of_other_companies_are_out_of_sight(self):
        self._row()
        run = self._run()
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = self._new_user("stan.stranger", "psa_crm.group_billing", company=elsewhere)

        for model in ("psa.billing.run", "psa.billing.run.line"):
            self.assertFalse(
                self.env[model].with_user(stranger).with_context(allowed_company_ids=elsewhere.ids).search([]), model
            )
        with self.assertRaises(AccessError):
            run.with_user(stranger).with_context(allowed_company_ids=elsewhere.ids).action_cancel()

    # What it costs

    def test_forty_invoices_take_few_queries_beyond_odoo_s_own(self):
        def queries(clients):
            for client in clients:
                for _ in range(3):
                    self._row(client=client, contract=False)
            with patch.object(psa_billing_run, "SMALL_RUN", 0):
                run = self._run()
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            run.line_ids._psa_locked(("planned",))._psa_post()
            self.env.flush_all()
            self.assertEqual(set(run.line_ids.mapped("state")), {"done"})
            return self.env.cr.sql_log_count - before

        clients = self.env["res.partner"].create(
            [{"name": f"Client {number}", "is_company": True, "psa_is_client": True} for number in range(45)]
        )
        queries(clients[:5])
        ten, thirty = queries(clients[5:15]), queries(clients[15:45])
        # Odoo asks once a line for analytic distribution models; there are three lines on each invoice.
        self.assertLessEqual((thirty - ten) / 20, 3.2, f"{ten} for ten invoices, {thirty} for thirty")
