from odoo import models


class AccountAnalyticLine(models.Model):
    """That time on a ticket is approved or refused sets off the rules about it."""

    _inherit = "account.analytic.line"

    def action_psa_approve(self):
        decided = self.filtered(lambda line: line.psa_approval_state != "approved")
        result = super().action_psa_approve()
        decided.sudo().psa_ticket_id._psa_rules_event("approval", approved=True)
        return result

    def _psa_refuse(self, reason, notifies=True):
        result = super()._psa_refuse(reason, notifies=notifies)
        self.sudo().psa_ticket_id._psa_rules_event("approval", approved=False)
        return result
