from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import PsaInvoicingCommon


@tagged("post_install", "-at_install")
class TestInvoicing(PsaInvoicingCommon):
    def _reverse(self, move, **values):
        wizard = (
            self.env["account.move.reversal"]
            .with_user(self.billing)
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"journal_id": move.journal_id.id, **values})
        )
        return self.env["account.move"].browse(wizard.refund_moves()["res_id"])

    def test_one_draft_for_each_client_contract_and_currency(self):
        second_contract = self._new_contract(
            self.client,
            [(self.role_engineer, False, 50.0)],
            date_start="2026-03-01",
            currency_id=self.setup_other_currency("EUR").id,
        )
        other = self.env["res.partner"].create(
            {"name": "Other", "is_company": True, "psa_is_client": True}
        )
        self.role_engineer.hourly_rate = 80
        self._release(
            self._log(60)
            | self._log(60, psa_contract_id=self.contract.id)
            | self._log(60, psa_contract_id=self.contract.id)
            | self._log(60, ticket=self._new_ticket("Theirs", other))
        )

        moves = self._prepare()

        self.assertEqual(
            sorted(
                (move.partner_id.name, move.currency_id.name, move.amount_untaxed, len(move.invoice_line_ids))
                for move in moves
            ),
            sorted(
                [
                    ("Harbour Dental", self.company.currency_id.name, 200.0, 2),
                    ("Harbour Dental", second_contract.currency_id.name, 50.0, 1),
                    ("Other", self.company.currency_id.name, 80.0, 1),
                ]
            ),
        )

    def test_taxes_terms_and_fiscal_position_are_odoo_s(self):
        self.client.property_payment_term_id = self.pay_terms_b
        self.client.property_account_position_id = self.fiscal_pos_a
        self._release(self._log(60))

        move = self._prepare()

        self.assertEqual(move.invoice_payment_term_id, self.pay_terms_b)
        self.assertEqual(move.fiscal_position_id, self.fiscal_pos_a)
        self.assertEqual(move.invoice_line_ids.tax_ids, self.tax_sale_b)
        self.assertEqual(move.amount_tax, 15.0)

    def test_an_invoice_is_the_one_odoo_makes_of_the_same_lines(self):
        # Amounts and analytic accounts are handed over so that Odoo need not find them: nothing may come of it but speed.
        tag = self.env["account.account.tag"].create({"name": "Services", "applicability": "taxes"})
        self.tax_sale_a.invoice_repartition_line_ids.filtered(lambda line: line.repartition_type == "base").tag_ids = tag
        self.client.property_payment_term_id = self.pay_terms_b
        compared = (
            "account_id", "amount_currency", "analytic_distribution", "balance", "credit", "currency_id", "date_maturity", "debit",
            "display_type", "name", "partner_id", "price_subtotal", "price_total", "tax_base_amount", "tax_ids", "tax_line_id",
            "tax_repartition_line_id", "tax_tag_ids",
        )
        for method in ("round_globally", "round_per_line"):
            with self.subTest(method):
                self.company.tax_calculation_rounding_method = method
                self._release(self._log(60) | self._log(25) | self._log(7))

                move = self._prepare()

                plain = self.env["account.move"].create(
                    {
                        "move_type": "out_invoice",
                        "partner_id": move.partner_id.id,
                        "currency_id": move.currency_id.id,
                        "invoice_line_ids": [
                            Command.create(line.read(["name", "sequence", "quantity", "price_unit"], load=None)[0] | {
                                "id": False, "product_id": line.product_id.id, "product_uom_id": line.product_uom_id.id,
                            })
                            for line in move.invoice_line_ids
                        ],
                    }
                )
                self.assertEqual(len(move.line_ids.filtered("tax_line_id")), 1)
                self.assertEqual(move.invoice_line_ids.tax_tag_ids, tag)
                for name in compared:
                    self.assertEqual(
                        [line[name] for line in move.line_ids], [line[name] for line in plain.line_ids], name
                    )

    def test_analytic_distribution_models_are_odoo_s(self):
        plan = self.env["account.analytic.plan"].create({"name": "Branches"})
        branch = self.env["account.analytic.account"].create({"name": "Harbour", "plan_id": plan.id})
        self.env["account.analytic.distribution.model"].create(
            {"partner_id": self.client.id, "analytic_distribution": {branch.id: 100}}
        )
        self._release(self._log(60))

        self.assertEqual(self._prepare().invoice_line_ids.analytic_distribution, {str(branch.id): 100.0})

    def test_each_invoice_says_once_that_it_was_made_and_by_whom(self):
        self._release(self._log(60))

        move = self._prepare()

        messages = move.message_ids.filtered(lambda message: "Invoice Created" in (message.body or ""))
        self.assertEqual((len(messages), messages.author_id), (1, self.billing.partner_id))

    def test_the_invoice_goes_to_the_client_s_invoice_address(self):
        address = self.env["res.partner"].create(
            {"name": "Bookkeeping", "parent_id": self.client.id, "type": "invoice"}
        )
        self._release(self._log(60))

        self.assertEqual(self._prepare().partner_id, address)

    def test_every_line_charges_exactly_the_ledger_amount(self):
        # The other method adds up unrounded lines, as Odoo does on every invoice of such a company.
        self.company.tax_calculation_rounding_method = "round_per_line"
        self.work_type.write({"minimum_minutes": 0, "increment_minutes": 0})
        self.contract.rate_ids.hourly_rate = 95.35
        lines = self.env["account.analytic.line"]
        for minutes in (1, 7, 15, 20, 31, 59, 60, 125, 480):
            lines |= self._log(minutes)
        items = self._release(lines)

        move = self._prepare()

        for item in items:
            self.assertEqual(item.move_line_id.price_subtotal, item.amount, item.minutes)
            charged = item.move_line_id
            minutes_each = 60 if charged.product_uom_id == self.env.ref("uom.product_uom_hour") else 1
            self.assertEqual(charged.quantity * minutes_each, item.minutes)
        self.assertEqual(move.amount_untaxed, round(sum(items.mapped("amount")), 2))

    def test_work_after_the_day_and_unreviewed_rows_wait(self):
        now = self._release(self._log(60))
        later = self._release(self._log(60, date="2026-04-01"))
        pending = self._approve(self._log(60))

        self._prepare()
        self.assertEqual((now.state, later.state, pending.state), ("invoiced", "approved", "pending"))

        self._prepare(include_pending=True)
        self.assertEqual((later.state, pending.state), ("approved", "invoiced"))
        self.assertEqual(pending.reviewed_by_id, self.billing)

    def test_only_the_chosen_clients_or_rows(self):
        other = self.env["res.partner"].create(
            {"name": "Other", "is_company": True, "psa_is_client": True}
        )
        self.role_engineer.hourly_rate = 80
        first, second = self._release(self._log(60) | self._log(60))
        self._release(self._log(60, ticket=self._new_ticket("Theirs", other)))

        move = self._prepare(client_ids=[Command.set(self.client.ids)], item_ids=[Command.set(second.ids)])

        self.assertEqual((first.state, second.state), ("approved", "invoiced"))
        self.assertEqual(move.partner_id, self.client)

    def test_pressing_twice_bills_once(self):
        item = self._release(self._log(60))
        wizards = [
            self.env["psa.prepare.invoices"]
            .with_user(self.billing)
            .create({"date_until": "2026-03-31", "company_id": self.company.id})
            for _ in range(2)
        ]

        wizards[0].action_prepare()
        with self.assertRaisesRegex(UserError, "nothing to invoice"):
            wizards[1].action_prepare()

        self.assertEqual(len(item.move_line_id), 1)

    def test_the_preview_counts_what_will_be_made_and_what_is_left_out(self):
        unpriced = self.env["psa.role"].create({"name": "Architect"})
        self._release(self._log(60) | self._log(30))
        self._approve(self._log(60))
        self._approve(self._log(60, psa_role_id=unpriced.id))

        wizard = (
            self.env["psa.prepare.invoices"]
            .with_user(self.billing)
            .create({"date_until": "2026-03-31", "company_id": self.company.id})
        )

        self.assertRecordValues(
            wizard,
            [{"item_count": 2, "invoice_count": 1, "error_count": 1, "pending_count": 1}],
        )
        self.assertIn("150", wizard.total)

    def test_deleting_a_draft_or_one_of_its_lines_gives_the_work_back(self):
        first, second = self._release(self._log(60) | self._log(60))
        move = self._prepare().with_user(self.billing)

        move.write({"invoice_line_ids": [Command.delete(first.move_line_id.id)]})
        self.assertEqual((first.state, second.state), ("approved", "invoiced"))

        move.unlink()
        self.assertEqual((second.state, second.move_id.id), ("approved", False))
        self.assertEqual(len(self._prepare().invoice_line_ids), 2)

    def test_a_full_credit_note_gives_the_work_back_a_partial_one_does_not(self):
        item = self._release(self._log(60))
        move = self._prepare()
        move.action_post()

        credit = self._reverse(move)
        self.assertEqual(item.state, "invoiced", "a draft credit note changes nothing")
        credit.invoice_line_ids.price_unit = 40
        credit.with_user(self.billing).action_post()
        self.assertEqual((item.state, item.move_id), ("invoiced", move))

        rest = self._reverse(move)
        rest.invoice_line_ids.price_unit = 60
        rest.with_user(self.billing).action_post()
        self.assertEqual((item.state, item.move_id.id), ("approved", False))
        self.assertEqual(item.past_move_line_ids.move_id, move)

        # Taking the credit note back revives the charge; after billing anew it must not.
        rest.button_draft()
        self.assertEqual((item.state, item.move_id), ("invoiced", move))
        rest.action_post()
        again = self._prepare()
        self.assertEqual(item.move_id, again)
        with self.assertRaisesRegex(UserError, "charges work that has been billed"):
            rest.button_draft()

    def test_an_accountant_outside_of_billing_reverses_what_he_keeps(self):
        accountant = self._new_user("alan.accountant", "account.group_account_user")
        self._release(self._log(60))
        invoice = self._prepare()
        invoice.action_post()
        bill = self.init_invoice("in_invoice", products=self.product_a, post=True, company=self.company)
        entry = self.env["account.move"].create({"line_ids": [
            Command.create({"account_id": self.company_data["default_account_revenue"].id, "debit": 5.0}),
            Command.create({"account_id": self.company_data["default_account_expense"].id, "credit": 5.0}),
        ]})  # fmt: skip
        entry.action_post()

        for move in (invoice, bill, entry):
            with self.subTest(move.move_type):
                reversal = move.with_user(accountant)._reverse_moves()
                self.assertEqual(len(reversal.sudo().line_ids.psa_source_line_id), 1 if move == invoice else 0)

    def test_who_may_only_read_a_client_does_not_bill_him(self):
        self._release(self._log(60))
        self.env["psa.access.rule"].create(
            {"client_id": self.client.id, "level": "read", "user_id": self.billing.id, "company_id": self.company.id}
        )

        with self.assertRaisesRegex(UserError, "nothing to invoice"):
            self._prepare()
        self.assertTrue(self._prepare(user=self.company_admin))

    def test_a_cancelled_invoice_revived_takes_its_work_again(self):
        item = self._release(self._log(60))
        move = self._prepare()
        move.button_cancel()
        self.assertEqual(item.state, "approved")

        move.button_draft()

        self.assertEqual((item.state, item.move_id), ("invoiced", move))
        self.assertFalse(item.past_move_line_ids)

    def test_the_contract_s_analytic_distribution_is_on_the_lines(self):
        account = self.env["account.analytic.account"].create(
            {"name": "Dental", "plan_id": self.env["account.analytic.plan"].create({"name": "P"}).id}
        )
        self.contract.analytic_distribution = {str(account.id): 100}
        self._release(self._log(60))

        self.assertEqual(
            self._prepare().invoice_line_ids.analytic_distribution, {str(account.id): 100}
        )

    def test_the_printed_invoice_says_when_who_which_ticket_and_what(self):
        self._release(self._log(60))
        move = self._prepare()
        move.action_post()

        html = self.env["ir.actions.report"]._render_qweb_html(
            "account.account_invoices", move.ids
        )[0].decode()

        for part in ("Tina Technician", self.ticket.number, "Printer jams", "Cleared the rollers", "1:00 h"):
            self.assertIn(part, html)

    def test_preparing_twenty_rows_takes_hardly_more_queries_than_ten(self):
        def queries(count):
            lines = self.env["account.analytic.line"]
            for _ in range(count):
                lines |= self._log(60)
            self._release(lines)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self._prepare()
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        queries(2)
        ten, twenty = queries(10), queries(20)
        # What Odoo's own accounting does for ten plain lines more is the allowance.
        def plain(count):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.env["account.move"].with_user(self.billing).create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.client.id,
                    "invoice_line_ids": [
                        Command.create(
                            {"product_id": self.product.id, "quantity": 1, "price_unit": 100, "name": "x"}
                        )
                        for _ in range(count)
                    ],
                }
            )
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        plain(2)
        allowance = max(plain(20) - plain(10), 0)
        self.assertLessEqual(twenty - ten, allowance + 2)
