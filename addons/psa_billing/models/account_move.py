from odoo import fields, models
from odoo.exceptions import UserError


class AccountMove(models.Model):
    _inherit = "account.move"

    psa_billing_item_ids = fields.One2many(
        "psa.billing.item", "move_id", "Billed Work", readonly=True, groups="psa_crm.group_billing"
    )
    psa_billing_item_count = fields.Integer(
        "Time Entries", compute="_compute_psa_billing_item_count"
    )

    def _compute_psa_billing_item_count(self):
        counts = {
            move.id: count
            for move, count in self.env["psa.billing.item"]
            .sudo()
            ._read_group([("move_id", "in", self.ids)], ["move_id"], ["__count"])
        }
        for move in self:
            move.psa_billing_item_count = counts.get(move.id, 0)

    def write(self, vals):
        result = super().write(vals)
        if "state" in vals:
            # Posting, cancelling, resetting and crediting all end here, by whichever button.
            (self | self.reversed_entry_id)._psa_sync_billing()
        return result

    def action_view_psa_billing_items(self):
        """Open the ledger rows this invoice charges."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "psa_billing.action_psa_billing_item"
        )
        action["domain"] = [("move_id", "=", self.id)]
        action["context"] = {}
        return action

    def _psa_sync_billing(self):
        """Keep the ledger in step: an invoice that charges nothing any more gives its work back.

        That is a cancelled one, or one credited in full. If it comes back to life it takes its work
        again, unless that was billed elsewhere meanwhile: then it must not.
        """
        moves = self.filtered(lambda move: move.move_type == "out_invoice")
        if not moves:
            return
        Item = self.env["psa.billing.item"].sudo()
        dead = moves.filtered(lambda move: move.state == "cancel" or move._psa_is_fully_credited())
        Item.search([("move_id", "in", dead.ids)])._psa_release()
        alive = moves - dead
        past = Item.search([("past_move_line_ids.move_id", "in", alive.ids)])
        if past:
            alive._psa_take_back(past)

    def _psa_is_fully_credited(self):
        """Say whether posted credit notes take back the whole amount."""
        self.ensure_one()
        credit_notes = self.sudo().reversal_move_ids.filtered(
            lambda move: move.state == "posted" and move.move_type == "out_refund"
        )
        if not credit_notes:
            return False
        rest = self.amount_total - sum(credit_notes.mapped("amount_total"))
        return self.currency_id.compare_amounts(rest, 0) <= 0

    def _psa_take_back(self, items):
        """Link rows to the lines of these invoices that charged them before."""
        free = items._locked(("approved",))
        for item in items:
            line = item.past_move_line_ids.filtered(lambda line: line.move_id in self)[:1]
            if item.move_line_id == line:
                continue
            if item not in free:
                raise UserError(
                    self.env._(
                        "%(invoice)s charges work that has been billed, written off or held back "
                        "since (%(text)s). Make a new invoice instead of reviving this one.",
                        invoice=line.move_id.display_name,
                        text=item.name.split("\n")[0],
                    )
                )
            item._write_row(
                {
                    "state": "invoiced",
                    "move_line_id": line.id,
                    "past_move_line_ids": [fields.Command.unlink(line.id)],
                }
            )
