from odoo import models
from odoo.fields import Domain


class PsaContractComponent(models.Model):
    """Prices by the ticket are due under the contract a ticket falls under, and under no other."""

    _inherit = "psa.contract.component"

    def _psa_own_tickets(self, tickets):
        """Return those of the tickets that fall under this contract and were charged under no other."""
        self.ensure_one()
        if not tickets:
            return tickets
        contract_of = tickets._psa_price_contracts()
        own = tickets.filtered(lambda ticket: contract_of[ticket] == self.contract_id.id)
        elsewhere = self.env["psa.contract.due"].sudo().search_fetch(
            Domain("ticket_id", "in", own.ids) & Domain("kind", "=", "per_ticket") & Domain("contract_id", "!=", self.contract_id.id),
            ["ticket_id"],
        )
        return own - elsewhere.ticket_id

    def _psa_forget_tickets_of_others(self):
        """Take back prices of tickets that turn out to fall under another contract, as long as nobody has released them."""
        self.ensure_one()
        contract = self.contract_id
        if len(self.env["psa.contract"]._psa_contracts_of(contract.client_id, contract.company_id)) < 2:
            return
        dues = self.env["psa.contract.due"].sudo().search_fetch(
            [("component_id", "=", self.id), ("kind", "=", "per_ticket"), ("item_state", "=", "pending")], ["ticket_id"]
        )
        contract_of = dues.ticket_id._psa_price_contracts() if dues else {}
        # A ticket that was opened again falls under its contract until it is closed again.
        dues = dues.filtered(
            lambda due: due.ticket_id.state == "closed" and contract_of[due.ticket_id] not in (contract.id, None)
        )
        dues -= dues._psa_frozen() if dues else dues
        if dues:
            dues._psa_take_back()
            # Time that names this contract is not paid by the ticket any more.
            self.env["psa.billing.item"].sudo()._psa_rate(contract.client_id, contract.company_id)
