from odoo import fields, models


class PsaTimeRefuse(models.TransientModel):
    """Send time entries back with a reason."""

    _name = "psa.time.refuse"
    _description = "Refuse Time"

    line_ids = fields.Many2many("account.analytic.line", string="Entries", required=True)
    reason = fields.Char(required=True, help="The technician reads it on the entry and in a message.")

    def action_refuse(self):
        """Send the entries back."""
        self.line_ids._psa_refuse(self.reason)
        return {"type": "ir.actions.act_window_close"}
