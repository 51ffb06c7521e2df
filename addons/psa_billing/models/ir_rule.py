from odoo import api, models
from odoo.fields import Domain


class IrRule(models.Model):
    _inherit = "ir.rule"

    @api.model
    def _compute_domain(self, model_name, mode="read"):
        """Add to somebody's time what he worked on tickets of clients lent to him, as long as they are."""
        domain = super()._compute_domain(model_name, mode)
        if model_name != "account.analytic.line" or self.env.su or not self._psa_is_walled_in():
            return domain
        ticket = Domain("psa_can_read" if mode == "read" else "psa_can_write", "=", True)
        own = Domain("employee_id.psa_guest_user_id", "=", self.env.uid) & Domain("psa_ticket_id", "any", ticket)
        return (domain | own).optimize(self.env[model_name])
