from odoo import fields, models
from odoo.fields import Domain

from ..core import terms, ticket_price
from .psa_billing_item import TIME_MODEL


class PsaTicket(models.Model):
    """Which contract a ticket falls under, where prices by the ticket are concerned: the one its time falls under."""

    _inherit = "psa.ticket"

    def _psa_price_day(self):
        """Return the day a price by the ticket goes by: when it was closed, as it was at the company; today while it is open."""
        self.ensure_one()
        company = self.company_id
        if self.state != "closed" or not self.date_closed:
            return company._psa_today()
        return fields.Datetime.context_timestamp(self.with_context(tz=company._psa_zone()), self.date_closed).date()

    def _psa_price_contracts(self):
        """Return ``{ticket: id of the contract it falls under, None if there is none}``, in a constant number of queries."""
        tickets = self.sudo()
        contracts = self.env["psa.contract"]._psa_contracts_of(tickets.client_id, tickets.company_id)
        by_owner = {
            (client.id, company.id): [contract._psa_choice_term() for contract in of_both]
            for (client, company), of_both in contracts.grouped(lambda one: (one.client_id, one.company_id)).items()
        }
        named = {}
        if any(len(of_both) > 1 for of_both in by_owner.values()):
            for ticket, contract in self.env[TIME_MODEL].sudo()._read_group(
                Domain("psa_ticket_id", "in", tickets.ids) & Domain("psa_is_billable", "=", True),
                ["psa_ticket_id", "psa_contract_id"],
            ):
                named.setdefault(ticket.id, set()).add(contract.id or None)
        found = {}
        for ticket in tickets:
            fact = terms.TimeFact(
                source_model=self._name,
                source_id=ticket.id,
                company_id=ticket.company_id.id,
                company_currency=terms.Currency(ticket.company_id.currency_id.id),
                date=ticket._psa_price_day(),
                worked_seconds=0,
                client_id=ticket.client_id.id or None,
            )
            chosen = ticket_price.contract_of(fact, by_owner.get((fact.client_id, fact.company_id), ()), named.get(ticket.id, ()))
            found[ticket] = chosen.id if chosen else None
        return found
