from odoo import fields, models


class PsaTimeRefuse(models.TransientModel):
    """Send time entries or whole weeks back with a reason."""

    _name = "psa.time.refuse"
    _inherit = "psa.wizard.mixin"
    _description = "Refuse Time"

    line_ids = fields.Many2many("account.analytic.line", string="Entries")
    week_ids = fields.Many2many("psa.time.week", string="Weeks")
    reason = fields.Char(required=True, help="The technician reads it on the entry and in a message.")

    def action_refuse(self):
        """Send the entries or weeks back."""
        if self.line_ids:
            self.line_ids._psa_refuse(self.reason)
        if self.week_ids:
            self.week_ids._psa_return(self.reason)
        return {"type": "ir.actions.act_window_close"}
