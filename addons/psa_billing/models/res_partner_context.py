from odoo import models
from odoo.addons.psa_helpdesk.models.res_partner_context import ROWS
from odoo.tools.misc import format_date


class ResPartner(models.Model):
    """A technician sees beside the ticket that there is a contract, and until when: no more of it, and no price."""

    _inherit = "res.partner"

    def _psa_context_sections(self):
        sections = super()._psa_context_sections()
        Contract = self.env["psa.contract"]
        if Contract.has_access("read"):
            return sections
        domain = [("client_id", "=", self.id), ("state", "=", "active"), ("company_id", "in", self.env.companies.ids)]
        rows = [
            {
                "title": contract.name,
                "detail": self.env._("until %s", format_date(self.env, contract.date_end))
                if contract.date_end
                else self.env._("open-ended"),
            }
            for contract in Contract.sudo().search(domain, limit=ROWS)
        ]
        count = Contract.sudo().search_count(domain) if len(rows) >= ROWS else len(rows)
        section = self._psa_overview_section(
            "contracts",
            self.env._("Contracts in force"),
            "fa-handshake-o",
            60,
            rows,
            count=count,
            empty=self.env._("No contract in force."),
        )
        return [*sections, section]
