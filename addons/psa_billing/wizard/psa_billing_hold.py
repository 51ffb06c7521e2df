from odoo import fields, models


class PsaBillingHold(models.TransientModel):
    """Hold ledger rows back for a reason."""

    _name = "psa.billing.hold"
    _inherit = "psa.wizard.mixin"
    _description = "Hold Ledger Rows"

    item_ids = fields.Many2many("psa.billing.item", string="Rows", required=True)
    reason = fields.Char(required=True, help="Shown on the rows until somebody lets them go.")

    def action_hold(self):
        """Hold the rows."""
        self.item_ids._hold(self.reason)
        return {"type": "ir.actions.act_window_close"}
