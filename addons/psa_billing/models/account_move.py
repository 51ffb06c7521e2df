from collections import Counter

from odoo import fields, models


class AccountMove(models.Model):
    _inherit = "account.move"

    psa_billing_item_ids = fields.One2many(
        "psa.billing.item", "move_id", "Billed Ledger Rows", readonly=True, groups="psa_crm.group_billing"
    )
    psa_billing_item_count = fields.Integer(
        "Billed Work", compute="_compute_psa_billing_item_count", help="What it charges, and what it settled of covered work."
    )

    def _compute_psa_billing_item_count(self):
        domain = ["|", ("move_id", "in", self.ids), ("settled_move_id", "in", self.ids)]
        Item = self.env["psa.billing.item"].sudo()
        counts = Counter()
        for move, settled_move, count in Item._read_group(domain, ["move_id", "settled_move_id"], ["__count"]):
            for one in move | settled_move:
                counts[one.id] += count
        for move in self:
            move.psa_billing_item_count = counts[move.id]

    def write(self, vals):
        result = super().write(vals)
        if "state" in vals:
            # Posting, cancelling, resetting and crediting all end here, by whichever button.
            (self | self.reversed_entry_id)._psa_sync_billing()
        return result

    def unlink(self):
        self._psa_forget_run_lines()
        return super().unlink()

    def action_view_psa_billing_items(self):
        """Open the ledger rows this invoice charges, and the covered ones it settled."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "psa_billing.action_psa_billing_item"
        )
        action["domain"] = ["|", ("move_id", "=", self.id), ("settled_move_id", "=", self.id)]
        action["context"] = {}
        return action

    def _psa_sync_billing(self):
        """Keep the ledger in step: what is not charged any more goes back, what is charged again is taken again.

        Nothing is charged by a cancelled invoice, one credited in full, or a line credited in full. If it comes back to
        life it takes its work again, unless that was billed elsewhere meanwhile: then it must not. A line credited in
        part goes on charging its work: the credit is a matter of price.
        """
        moves = self.filtered(lambda move: move.move_type in ("out_invoice", "out_refund"))
        if not moves:
            return
        Item = self.env["psa.billing.item"].sudo()
        charged = Item.search([("move_id", "in", moves.ids)])
        past = Item.search([("past_move_line_ids.move_id", "in", moves.ids)])
        settled = Item.search([("settled_move_id", "in", moves.ids)])
        if not (charged or past or settled):
            return
        dead = moves.filtered(lambda move: move.state == "cancel" or move._psa_is_fully_credited())
        dead_lines = dead.invoice_line_ids | (moves - dead).invoice_line_ids._psa_fully_credited()
        released = charged.filtered(lambda item: item.move_line_id in dead_lines)
        released._psa_release()
        dead_lines._psa_hand_over()
        alive_lines = moves.invoice_line_ids - dead_lines
        past.filtered(lambda item: item.past_move_line_ids & alive_lines)._psa_take_back(alive_lines)
        Item._psa_settle_again(moves - dead)
        Item._psa_unsettle(dead)

    def _psa_is_fully_credited(self):
        """Say whether posted credit notes take back the whole amount."""
        self.ensure_one()
        credit_notes = self.sudo().reversal_move_ids.filtered(
            lambda move: move.state == "posted" and move.move_type != self.move_type
        )
        if not credit_notes:
            return False
        rest = self.amount_total - sum(credit_notes.mapped("amount_total"))
        return self.currency_id.compare_amounts(rest, 0) <= 0

    def _psa_forget_run_lines(self):
        """Draft invoices that are deleted leave their run: it says so, and what they settled is open again."""
        self.env["psa.billing.item"].sudo()._psa_unsettle(self)
        lines = self.env["psa.billing.run.line"].sudo().search([("move_id", "in", self.ids)])
        lines.write(
            {
                "state": "cancelled",
                "note": self.env._("%s deleted the draft; its rows went back to “To Invoice”.", self.env.user.name),
            }
        )
