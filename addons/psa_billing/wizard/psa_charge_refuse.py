from odoo import fields, models


class PsaChargeRefuse(models.TransientModel):
    """Send charges back with the reason."""

    _name = "psa.charge.refuse"
    _inherit = "psa.wizard.mixin"
    _description = "Refuse Charges"

    charge_ids = fields.Many2many("psa.charge", string="Charges", required=True)
    reason = fields.Char(required=True)

    def action_refuse(self):
        """Refuse the charges."""
        self.charge_ids._psa_refuse(self.reason)
        return {"type": "ir.actions.act_window_close"}
