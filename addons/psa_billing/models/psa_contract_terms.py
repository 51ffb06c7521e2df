from odoo import api, models
from odoo.fields import Domain

from ..core import rating
from ..tools import to_decimal


class PsaContract(models.Model):
    """The contracts as the rating core reads them."""

    _inherit = "psa.contract"

    @api.model
    def _psa_contracts_of(self, clients, companies):
        """Return all contracts of these clients that set prices, whatever their dates: the core decides."""
        return (
            self.sudo()
            .with_context(active_test=False)
            .search(
                Domain("client_id", "in", clients.ids)
                & Domain("company_id", "in", companies.ids)
                & Domain("state", "!=", "draft")
                & Domain("active", "=", True),
                order="id",
            )
        )

    def _psa_terms(self):
        """Return these contracts as ``terms.Contract``, with all versions, sorted by id."""
        return ()

    def _psa_pools(self, date_from, date_to):
        """Return what work between two days (both included) may draw from, as ``terms.Pool``.

        ``used`` counts what frozen rows have drawn. Included hours are one pool for each component and period, with the id
        ``component id × 1,000,000 + ordinal of the period's first day`` (see ``included_pool_id``); blocks and retainers
        have the id of their ``psa.contract.prepaid``.
        """
        return ()

    @api.model
    def _psa_facts(self, clients, companies):
        """Return the contracts of these clients as the present rating core reads them."""
        contracts = self._psa_contracts_of(clients, companies)
        return [
            rating.Contract(
                id=contract.id,
                client_id=contract.client_id.id,
                company_id=contract.company_id.id,
                currency=rating.Currency(
                    contract.currency_id.id, to_decimal(contract.currency_id.rounding)
                ),
                date_start=contract.date_start,
                date_end=contract.date_end or None,
                rates=tuple(
                    rating.RateClause(
                        id=clause.id,
                        role_id=clause.role_id.id,
                        hourly_rate=to_decimal(clause.hourly_rate),
                        work_type_id=clause.work_type_id.id or None,
                    )
                    for clause in contract.rate_ids
                ),
            )
            for contract in contracts
        ]
