from odoo import models
from odoo.fields import Domain

from ..core import periods, terms, ticket_price
from ..tools import to_decimal


class PsaContractComponent(models.Model):
    """Components as the rating core reads them."""

    _inherit = "psa.contract.component"

    def _psa_block_term(self):
        """Return what happens once the hours are used up, as the rating core reads it."""
        self.ensure_one()
        return terms.BlockTerms(
            id=self.id,
            date_from=self._psa_first_day(),
            date_to=self.date_to or None,
            overage_rate=to_decimal(self.overage_rate) if self.overage == "fixed" else None,
            is_hard_stop=self.overage == "stop",
            # Included hours end with their period: nothing is left of them that could go below zero.
            may_go_negative=self.overage == "negative" and self.kind == "block",
            kind=terms.BY_BLOCK if self.kind == "block" else terms.BY_INCLUDED,
        )

    def _psa_flat_term(self, ticket_ids=None):
        """Return the price that pays for time, as the rating core reads it.

        :param ticket_ids: the tickets whose time it pays for; None for all
        """
        self.ensure_one()
        return terms.FlatTerms(
            id=self.id,
            kind=terms.BY_TICKET_PRICE if self.kind == "per_ticket" else terms.BY_FIXED_PRICE,
            date_from=self._psa_first_day(),
            date_to=self.date_to or None,
            ticket_ids=ticket_ids,
            project_id=self.project_id.id or None if self.kind in ("fixed_price", "milestone") else None,
        )

    def _psa_paid_tickets(self, ticket_ids=None):
        """Return which tickets prices by the ticket pay for, as ``{component: ids}``: those that are or may yet be charged.

        :param ticket_ids: the tickets it is asked of; None: all of the clients that have time
        """
        some = self.filtered(lambda component: component.kind == "per_ticket" and component.is_time_covered)
        paid = {component: set() for component in some}
        if not some:
            return paid
        charged = {
            (due.component_id.id, due.ticket_id.id)
            for due in self.env["psa.contract.due"].sudo().search_fetch(
                [("component_id", "in", some.ids), ("ticket_id", "!=", False)], ["component_id", "ticket_id"]
            )
        }
        asked = Domain("psa_time_ids", "!=", False) if ticket_ids is None else Domain("id", "in", list(ticket_ids))
        Ticket = self.env["psa.ticket"].sudo().with_context(active_test=False)
        found = {
            components: Ticket.search_fetch(
                asked
                & Domain("client_id", "in", components.client_id.ids)
                & Domain("company_id", "in", components.company_id.ids)
                & components[0]._psa_domain("ticket_domain", "psa.ticket"),
                ["client_id", "company_id", "state", "date_closed", "merged_ref_id"],
            )
            for components in some.grouped(lambda component: component.ticket_domain or "[]").values()
        }
        contract_of = Ticket.union(*found.values())._psa_price_contracts()
        for components, tickets in found.items():
            by_client = tickets.grouped(lambda ticket: (ticket.client_id, ticket.company_id))
            for component in components:
                of_client = by_client.get((component.client_id, component.company_id), Ticket)
                paid[component] = component._psa_paid_among(of_client, charged, contract_of)
        return {component: frozenset(ids) for component, ids in paid.items()}

    def _psa_paid_among(self, tickets, charged, contract_of):
        """
        :param charged: ids of components and tickets that fell due under them
        :param contract_of: see ``psa.ticket._psa_price_contracts``
        """
        self.ensure_one()
        steps, first, end = self._psa_steps(), self._psa_first_day(), self._psa_end()
        today = self.company_id._psa_today()
        return {
            ticket.id
            for ticket in tickets
            if ticket_price.pays_for(
                ticket_price.TicketLife(
                    state=ticket.state,
                    closed_on=ticket._psa_price_day(),
                    is_merged=bool(ticket.merged_ref_id),
                    is_charged=(self.id, ticket.id) in charged,
                    is_of_another=contract_of[ticket] != self.contract_id.id,
                ),
                steps, first, end, today,
            )
        }  # fmt: skip

    def _psa_included_seconds(self, period, active):
        """Return the included hours of a period, in whole seconds."""
        hours = periods.quantity_over(self._psa_steps(), period, active, self.is_prorated)
        return int(hours * terms.SECONDS_PER_HOUR)

    def _psa_hour_value(self, day):
        """Return what an included hour was sold for on a day."""
        step = periods.step_on(self._psa_steps(), day)
        return step.price_unit if step else None
