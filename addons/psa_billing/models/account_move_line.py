from collections import defaultdict

from odoo import fields, models


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    psa_billing_item_ids = fields.One2many(
        "psa.billing.item",
        "move_line_id",
        "Billed Work",
        readonly=True,
        copy=False,
        groups="psa_crm.group_billing",
        help="The ledger rows this line charges.",
    )
    psa_source_line_id = fields.Many2one(
        "account.move.line",
        "Copied From",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        # Without groups: who credits an invoice writes it, and need not be in billing.
        help="The invoice line that this line of a credit note credits, or that it replaces.",
    )

    def unlink(self):
        # A line that goes from an invoice gives its work back to the ledger.
        self.env["psa.billing.item"].sudo().search([("move_line_id", "in", self.ids)])._psa_release(
            keep_trace=False
        )
        return super().unlink()

    def _copy_data_extend_business_fields(self, values):
        result = super()._copy_data_extend_business_fields(values)
        if self.display_type == "product" and self.move_id.is_sale_document():
            values["psa_source_line_id"] = self.id
        return result

    def _psa_fully_credited(self):
        """Return those of the lines that posted credit notes take back as a whole."""
        credited = {
            line.id: (amount, quantity)
            for line, amount, quantity in self.env["account.move.line"]
            .sudo()
            ._read_group(
                [
                    ("psa_source_line_id", "in", self.ids),
                    ("parent_state", "=", "posted"),
                    ("move_id.move_type", "in", ("out_invoice", "out_refund")),
                    ("move_id.reversed_entry_id", "!=", False),
                ],
                ["psa_source_line_id"],
                ["price_subtotal:sum", "quantity:sum"],
            )
        }
        return self.filtered(lambda line: line.id in credited and line._psa_is_used_up(*credited[line.id]))

    def _psa_is_used_up(self, amount, quantity):
        """Say whether crediting so much takes back the whole line; one without amount goes by its quantity."""
        if self.currency_id.is_zero(self.price_subtotal):
            return self.currency_id.is_zero(amount) and abs(quantity) >= abs(self.quantity)
        sign = 1 if self.price_subtotal > 0 else -1
        return self.currency_id.compare_amounts(sign * amount, sign * self.price_subtotal) >= 0

    def _psa_hand_over(self):
        """Give the rows these lines charged to the lines that replace them: those of the corrected invoice."""
        heirs = (
            self.env["account.move.line"]
            .sudo()
            .search(
                [
                    ("psa_source_line_id", "in", self.ids),
                    ("move_id.reversed_entry_id", "=", False),
                    ("parent_state", "!=", "cancel"),
                ],
                order="id",
            )
        )
        if not heirs:
            return
        heir_of = {heir.psa_source_line_id: heir for heir in heirs}
        items = self.env["psa.billing.item"].sudo().search(
            [("past_move_line_ids", "in", [line.id for line in heir_of]), ("state", "=", "approved")]
        )
        link = defaultdict(list)
        for item in items._locked(("approved",)):
            # The youngest of its earlier lines is the one it was taken off.
            source = max(item.past_move_line_ids & self, key=lambda line: line.id, default=None)
            if source in heir_of:
                heir = heir_of[source]
                link[heir.id, heir.move_id.id].append(item.id)
        items._psa_link(link)
