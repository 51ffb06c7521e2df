from odoo import fields, models


class PsaTicket(models.Model):
    _inherit = "psa.ticket"

    def _sla_facts(self, used):
        facts = super()._sla_facts(used)
        if "contract" not in used:
            return facts
        contracts = self.env["psa.contract"]._sla_contracts_by_client()
        today = fields.Date.context_today(self)
        for ticket in self:
            facts[ticket]["contract"] = tuple(
                contract_id
                for contract_id, company_id, start, end in contracts.get(ticket.client_id.id, ())
                if company_id == ticket.company_id.id and start <= today and (not end or today <= end)
            )
        return facts
