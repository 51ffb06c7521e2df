from odoo import fields, models


class PsaBillingWriteOff(models.TransientModel):
    """Give ledger rows up for a reason."""

    _name = "psa.billing.write.off"
    _inherit = "psa.wizard.mixin"
    _description = "Write Off Ledger Rows"

    item_ids = fields.Many2many("psa.billing.item", string="Rows", required=True)
    reason = fields.Char(required=True, help="Kept on the rows, for whoever asks later.")

    def action_write_off(self):
        """Write the rows off."""
        self.item_ids._write_off(self.reason)
        return {"type": "ir.actions.act_window_close"}
