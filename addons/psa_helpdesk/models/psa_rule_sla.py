from odoo import api, models


class PsaRule(models.Model):
    """Rules that count from when a service level is due."""

    _inherit = "psa.rule"

    @api.model
    def _basis_sla(self, tickets, target):
        return {ticket_id: due.get(target) for ticket_id, due in tickets._sla_due().items()}
