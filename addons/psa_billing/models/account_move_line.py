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

    def unlink(self):
        # A line that goes from an invoice gives its work back to the ledger.
        self.env["psa.billing.item"].sudo().search([("move_line_id", "in", self.ids)])._psa_release(
            keep_trace=False
        )
        return super().unlink()
