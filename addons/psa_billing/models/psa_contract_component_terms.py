from odoo import models
from odoo.fields import Domain

from ..core import periods, terms
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

    def _psa_paid_tickets(self):
        """Return which tickets prices by the ticket are for: ``{component: ids}``, without those that are for all."""
        tickets = {}
        some = self.filtered(lambda component: component.kind == "per_ticket" and component.is_time_covered)
        for components in some.grouped(lambda component: component.ticket_domain or "[]").values():
            domain = components[0]._psa_domain("ticket_domain", "psa.ticket")
            if domain.is_true():
                continue
            found = self.env["psa.ticket"].sudo().with_context(active_test=False).search_fetch(
                Domain("client_id", "in", components.client_id.ids)
                & Domain("company_id", "in", components.company_id.ids)
                & domain,
                ["client_id", "company_id"],
            )
            ids = {key: frozenset(of_both.ids) for key, of_both in found.grouped(lambda t: (t.client_id, t.company_id)).items()}
            for component in components:
                tickets[component] = ids.get((component.client_id, component.company_id), frozenset())
        return tickets

    def _psa_included_seconds(self, period, active):
        """Return the included hours of a period, in whole seconds."""
        hours = periods.quantity_over(self._psa_steps(), period, active, self.is_prorated)
        return int(hours * terms.SECONDS_PER_HOUR)

    def _psa_hour_value(self, day):
        """Return what an included hour was sold for on a day."""
        step = periods.step_on(self._psa_steps(), day)
        return step.price_unit if step else None
