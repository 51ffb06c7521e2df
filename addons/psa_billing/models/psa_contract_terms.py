from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from odoo import api, models
from odoo.fields import Domain

from ..core import ledger, terms
from ..tools import to_decimal
from .psa_contract_frozen import FROZEN


class PsaContract(models.Model):
    """The contracts as the rating core reads them."""

    _inherit = "psa.contract"

    @api.model
    def _psa_contracts_of(self, clients, companies):
        """Return all contracts of these clients that set prices, whatever their dates, archived ones too: the core decides."""
        return self.sudo().with_context(active_test=False).search(
            Domain("client_id", "in", clients.ids)
            & Domain("company_id", "in", companies.ids)
            & Domain("state", "!=", "draft"),
            order="id",
        )

    def _psa_terms(self, facts=None):
        """Return these contracts as ``terms.Contract``, with all versions, sorted by id.

        :param facts: what is going to be rated under them; None: whatever there is
        """
        # A rule for an archived work type is for that type, not for all work.
        contracts = self.sudo().with_context(active_test=False).sorted("id")
        # Read together, whatever the cache holds of single contracts.
        versions = contracts.version_ids
        versions.rate_ids.fetch(["role_id", "work_type_id", "hourly_rate"])
        versions.coverage_ids.fetch(["effect", "work_type_ids", "role_ids", "site_ids", "asset_ids"])
        ticket_ids = facts and {fact.ticket_id for fact in facts if isinstance(fact, terms.TimeFact) and fact.ticket_id}
        paid_tickets = contracts.component_ids._psa_paid_tickets(ticket_ids)
        return tuple(contract._psa_term(paid_tickets) for contract in contracts)

    def _psa_term(self, paid_tickets):
        """:param paid_tickets: see ``psa.contract.component._psa_paid_tickets``"""
        self.ensure_one()
        versions = self.version_ids.sorted(lambda version: (version.date_from, version.id))
        return replace(
            self._psa_choice_term(),
            versions=tuple(version._psa_term() for version in versions),
            block_terms=tuple(
                term
                for component in self.component_ids.sorted("id")
                if component.kind in ("block", "included_hours")
                for term in component._psa_block_terms()
            ),
            flat_terms=tuple(
                component._psa_flat_term(paid_tickets.get(component))
                for component in self.component_ids.sorted("id")
                if component.kind in ("fixed_price", "milestone", "per_ticket") and component.is_time_covered
            ),
        )

    def _psa_choice_term(self):
        """Return what decides whether work falls under the contract, without what it costs then."""
        self.ensure_one()
        return terms.Contract(
            id=self.id,
            client_id=self.client_id.id,
            company_id=self.company_id.id,
            currency=terms.Currency(self.currency_id.id, to_decimal(self.currency_id.rounding)),
            date_start=self.date_start,
            date_end=self.date_end or None,
            is_confirmed=self.state != "draft",
            priority=self.priority,
        )

    def _psa_pools(self, date_from, date_to):
        """Return what work between two days (both included) may draw from, as ``terms.Pool``.

        ``used`` counts what frozen rows have drawn. Included hours are one pool for each component and period, with the id
        ``component id × 1,000,000 + ordinal of the pool's first day`` (see ``ledger.included_pool_id``); blocks and retainers
        have the id of their ``psa.contract.prepaid``.
        """
        contracts = self.sudo().filtered(lambda contract: contract.state != "draft")
        return (*contracts._psa_included_pools(date_from, date_to), *contracts._psa_prepaid_pools(date_from, date_to))

    def _psa_included_pools(self, date_from, date_to):
        components = self.component_ids.filtered(lambda component: component.kind == "included_hours").sorted("id")
        if not components:
            return ()
        used = {
            (component.id, period_from): seconds
            for component, period_from, seconds in self.env["psa.billing.item"]
            .sudo()
            ._read_group(
                Domain("component_id", "in", components.ids) & Domain("drawn_seconds", "!=", 0) & FROZEN,
                ["component_id", "period_from:day"],
                ["drawn_seconds:sum"],
            )
        }
        return tuple(
            terms.Pool(
                id=ledger.included_pool_id(component.id, active.start),
                kind=terms.BY_INCLUDED,
                contract_id=component.contract_id.id,
                date_from=active.start,
                date_to=active.last_day,
                size=component._psa_included_seconds(period, active),
                used=used.get((component.id, active.start), 0),
                hour_value=component._psa_hour_value(active.start),
                currency_id=component.contract_id.currency_id.id,
                component_id=component.id,
            )
            for component in components
            for period, active in component._psa_periods(date_from, date_to + timedelta(days=1))
        )

    def _psa_prepaid_pools(self, date_from, date_to):
        prepaid = self.env["psa.contract.prepaid"].sudo().search(
            Domain("contract_id", "in", self.ids)
            & Domain("date_from", "<=", date_to)
            & (Domain("date_to", "=", False) | Domain("date_to", ">=", date_from)),
            order="id",
        )
        drawn = prepaid._psa_drawn(FROZEN)
        usable = prepaid._psa_usable()
        pools = []
        for block in prepaid:
            is_money = block.kind == "money"
            used = drawn.get(block, Decimal(0) if is_money else 0)
            size = to_decimal(block.amount) if is_money else round(block.hours * terms.SECONDS_PER_HOUR)
            if block not in usable:
                # Nothing more can be drawn; what was, stands.
                size = min(size, used)
            pools.append(
                terms.Pool(
                    id=block.id,
                    kind=terms.BY_RETAINER if is_money else terms.BY_BLOCK,
                    contract_id=block.contract_id.id,
                    date_from=block.date_from,
                    date_to=block.date_to or None,
                    size=size,
                    used=used,
                    purchased_on=block.purchased_on,
                    hour_value=None if is_money else to_decimal(block.price),
                    currency_id=block.currency_id.id,
                    component_id=block.component_id.id,
                )
            )
        return tuple(pools)

    def _psa_included_balances(self, day):
        """Return what is left of the included hours of the period a day lies in; see ``_psa_prepaid_balances``."""
        balances = []
        for component in self.component_ids.filtered(lambda component: component.kind == "included_hours"):
            for period, active in component._psa_periods(day, day + timedelta(days=1)):
                size = component._psa_included_seconds(period, active)
                drawn = component._psa_included_drawn(active.start)
                balances.append(
                    {
                        "id": False,
                        "name": component.name,
                        "contract": component.contract_id.display_name,
                        "kind": "included",
                        "size": size / terms.SECONDS_PER_HOUR,
                        "drawn": drawn / terms.SECONDS_PER_HOUR,
                        "remaining": (size - drawn) / terms.SECONDS_PER_HOUR,
                        "used_percent": 100 * drawn / size if size else 0.0,
                        "currency": component.contract_id.currency_id,
                        "date_from": active.start,
                        "date_to": active.last_day,
                        "state": "usable" if drawn < size else "used_up",
                    }
                )
        return balances
