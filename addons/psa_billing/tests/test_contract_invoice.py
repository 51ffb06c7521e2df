"""From what falls due to the invoice, and back: hours that can be used only once they are paid."""

from datetime import date

from odoo import Command
from odoo.tests import freeze_time, tagged

from .common import PsaInvoicingCommon


@tagged("post_install", "-at_install")
class TestContractInvoice(PsaInvoicingCommon):
    def test_a_block_is_invoiced_paid_and_then_used(self):
        self.contract.component_ids = [
            Command.create(
                {
                    "kind": "block",
                    "name": "Support hours",
                    "usable": "paid",
                    "step_ids": [Command.create({"date_from": "2026-01-01", "quantity": 10, "price_unit": 80})],
                }
            ),
            Command.create(
                {
                    "kind": "recurring",
                    "name": "Monitoring",
                    "step_ids": [Command.create({"date_from": "2026-01-01", "quantity": 3, "price_unit": 19.99})],
                }
            ),
        ]
        self.contract.component_ids.product_id = self.product
        with freeze_time("2026-03-05 12:00:00"):
            dues = self.contract._psa_bill_due(date(2026, 3, 5))
        self.assertEqual(len(dues), 4)
        items = self.env["psa.billing.item"].search(dues._psa_items_domain(dues.ids))
        work = self._approve(self._log(60))
        self.assertEqual((work.funding, work.amount), ("rate", 100), "nothing is paid yet")
        items.with_user(self.billing).action_approve()

        moves = self._prepare()
        self.assertEqual(len(moves), 3, "each month is a cycle")
        self.assertAlmostEqual(sum(moves.mapped("amount_untaxed")), 800 + 3 * 3 * 19.99)
        moves.action_post()
        block = self.contract.prepaid_ids
        block.invalidate_recordset()
        self.assertEqual(block.state, "waiting")

        self.env["account.payment.register"].with_context(active_model="account.move", active_ids=moves.ids).create(
            {}
        )._create_payments()
        self.assertLessEqual(set(moves.mapped("payment_state")), {"paid", "in_payment"})

        work = self.env["psa.billing.item"].search([("source_model", "=", "account.analytic.line"), ("prepaid_id", "=", block.id)])
        self.assertEqual((work.state, work.funding, work.drawn_seconds), ("covered", "block", 3600))
        block.invalidate_recordset()
        self.assertEqual((block.state, block.remaining_hours), ("usable", 9))
