from odoo import models
from odoo.addons.psa_helpdesk.core.lifecycle import OPEN_STATES


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _sla_contracts_changed(self):
        """Look again at the targets of these clients' open tickets, where policies go by contracts."""
        catalog = self.env["psa.sla.policy"]._catalog()
        companies = [
            company_id for company_id, (__, __, used) in catalog.items() if "contract" in used
        ]
        if not self or not companies:
            return
        tickets = self.env["psa.ticket"].sudo().search(
            [
                ("client_id", "in", self.ids),
                ("state", "in", OPEN_STATES),
                ("company_id", "in", companies),
            ]
        )
        tickets._sla_reevaluate(self.env._("A contract of the client changed"))
