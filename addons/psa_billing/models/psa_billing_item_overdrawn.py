from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..core import funding, ledger, terms

# So many of the rows that drew are named.
NAMED = 3


class Overdrawn(UserError):
    """Hours or money that were put back have paid for something else since."""


class PsaBillingItem(models.Model):
    """What corrections put back into prepaid hours or money can be drawn at once: once it is, they do not go any more."""

    _inherit = "psa.billing.item"

    def _psa_put_back(self):
        """Return what has to be known of those of these rows that put something back, once they are gone."""
        return [
            {
                "pool": ledger.pool_key(item.part),
                "amount": -item._psa_draw().amount,
                "name": item.name.split("\n")[-1],
                "date": item.date,
                "contract": item.contract_id,
                "company": item.company_id,
                "client": item.client_id,
                "corrects": corrects.get("source_id") and (corrects.get("source_model", item.source_model), corrects["source_id"]),
            }
            for item in self
            if item.drawn_seconds < 0 or item.drawn_amount < 0
            for corrects in [(item.derivation or {}).get("corrects") or {}]
        ]

    @api.model
    def _psa_check_put_back(self, put_back):
        """Refuse that rows go whose hours or money have paid for something that stands since.

        What is open has been priced again without them by now, so it draws no more than there is.

        :param put_back: what ``_psa_put_back`` said of them
        """
        Problem = self.env["psa.billing.problem"]
        for company in {one["company"] for one in put_back}:
            of_company = [one for one in put_back if one["company"] == company]
            contracts, clients = self.env["psa.contract"], self.env["res.partner"]
            for one in of_company:
                contracts |= one["contract"]
                clients |= one["client"]
            days = [one["date"] for one in of_company]
            pools = {funding.key_of(pool): pool for pool in contracts.sudo()._psa_pools(min(days), max(days))}
            drawn = Problem._drawn_by_pool(clients, company)
            for one in of_company:
                pool = pools.get(one["pool"])
                blocks = one["contract"].sudo().component_ids.filtered(lambda component: component.kind == "block")
                if pool is None or (pool.kind == terms.BY_BLOCK and "negative" in blocks.mapped("overage")):
                    continue
                lacking = drawn.get(one["pool"], 0) - pool.size
                if lacking > 0:
                    raise Overdrawn(self._psa_overdrawn_text(one, pool, min(lacking, one["amount"])))

    @api.model
    def _psa_overdrawn_text(self, one, pool, lacking):
        def told(amount):
            if pool.kind == terms.BY_RETAINER:
                return one["contract"].currency_id.format(float(amount))
            return self._time_text(amount)

        rows = self._psa_drew(one, pool)
        return self.env._(
            "“%(correction)s” put %(given)s back into “%(pool)s”, and %(lacking)s of that has paid for something else since: %(rows)s. "
            "Cancel or credit the invoice it is on or was settled with, or take it “Back to Review”, first; or leave this "
            "correction and enter another correction.",
            correction=one["name"],
            given=told(one["amount"]),
            pool=self.env["psa.billing.problem"]._pool_name(pool),
            lacking=told(lacking),
            rows="; ".join(row._psa_drew_text(told) for row in rows) or self.env._("rows of other clients"),
        )

    @api.model
    def _psa_drew(self, one, pool):
        """Return the rows that drew from a pool last, and not those of what is corrected."""
        is_included = pool.kind == terms.BY_INCLUDED
        domain = (
            Domain("component_id", "=", pool.component_id) & Domain("period_from", "=", pool.date_from)
            if is_included else Domain("prepaid_id", "=", pool.id)
        ) & (Domain("drawn_seconds", ">", 0) | Domain("drawn_amount", ">", 0))
        rows = self.sudo().search(domain, order="id DESC", limit=NAMED + 1)
        return rows.filtered(lambda row: (row.source_model, row.source_id) != one["corrects"])[:NAMED]

    def _psa_drew_text(self, told):
        """Return in a few words what a row has drawn for, and what holds it."""
        self.ensure_one()
        rows = self.search([("source_model", "=", self.source_model), ("source_id", "=", self.source_id)])
        invoice = rows.move_id[:1] or rows.settled_move_id[:1]
        if invoice:
            where = invoice.display_name
        elif any(rows.mapped("settled_on")):
            where = self.env._("settled")
        else:
            states = dict(self._fields["state"]._description_selection(self.env))
            where = states[(rows.filtered(lambda row: row._is_frozen())[:1] or self).state]
        return self.env._(
            "%(what)s: %(amount)s (%(where)s)",
            what=self.name.replace("\n", " · "), amount=told(self.drawn_amount or self.drawn_seconds), where=where,
        )
