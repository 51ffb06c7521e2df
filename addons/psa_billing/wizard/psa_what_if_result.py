from collections import defaultdict
from dataclasses import replace

from odoo import fields, models
from odoo.fields import Command, Domain
from odoo.tools import format_date, formatLang

from ..core import ledger, periods, terms, what_if
from ..core.funding import key_of
from ..core.profit import Figures, total
from ..models.psa_billing_item import TIME_MODEL
from ..tools import to_decimal

DUE_MODEL = "psa.contract.due"


class PsaWhatIf(models.TransientModel):
    """Both sides of the comparison: the ledger as it is, and the same facts rated under the terms that are tried."""

    _inherit = "psa.what.if"

    def _compare(self):
        items = self._ledger_rows()
        books = [item._psa_as_row() for item in items]
        kept = [row for row, item in zip(books, items, strict=True) if item.is_adjusted]
        set_by_hand = {(row.source_model, row.source_id) for row in kept}
        rated = [row for row in books if (row.source_model, row.source_id) not in set_by_hand]
        kept = [row for row in books if (row.source_model, row.source_id) in set_by_hand]
        facts = self._facts({(row.source_model, row.source_id) for row in rated})
        days = {(item.source_model, item.source_id): item.period_from or item.date for item in items}
        days.update({(item.source_model, item.source_id): item.date for item in items if item.source_model == TIME_MODEL})
        months = {key: what_if.month_of(day) for key, day in days.items()}
        given_up = {(item.source_model, item.source_id) for item in items if item.state == "written_off"}
        present = self.contract_id.sudo()
        originals = self._originals(facts)
        replayed = what_if.replay(facts, present._psa_terms(facts)[0], self._pools(present, kept), originals)
        differing = what_if.differing(rated, replayed)
        costs = self._costs()
        before = self._add_up(what_if.figures_of(books, months, given_up), costs)
        if self.alternative_id == present and not self.is_changed:
            tried = {**what_if.figures_of([*replayed, *kept], months, given_up)}
        else:
            tried = self._try(facts, originals, kept, months, given_up)
        after = self._add_up(tried, costs)
        self._keep_result(before, after, items, differing)

    def _ledger_rows(self):
        """Return the rows of the period under the present contract."""
        domain = (
            Domain("client_id", "=", self.client_id.id)
            & Domain("company_id", "=", self.company_id.id)
            & Domain("contract_id", "=", self.contract_id.id)
            & Domain("date", ">=", self.date_from)
            & Domain("date", "<=", self.date_to)
        )
        Item = self.env["psa.billing.item"]
        return Item.browse(Item.search(domain, order="date, id").ids).sudo()

    def _facts(self, keys):
        """Return the facts behind rows, as the ledger reads them."""
        ids = defaultdict(set)
        for model, source_id in keys:
            ids[model].add(source_id)
        Item = self.env["psa.billing.item"].sudo()
        lines = self.env[TIME_MODEL].sudo().browse(ids.pop(TIME_MODEL, ())).exists()
        sources = [self.env[model].sudo().browse(of_model).exists() for model, of_model in ids.items()]
        return [*Item._psa_time_facts(lines), *Item._psa_price_facts_of(sources)]

    def _originals(self, facts):
        """Return the rows that corrections take back from and that are not replayed: of other periods, or set by hand."""
        replayed = {(fact.source_model, fact.source_id) for fact in facts}
        rows = self.env["psa.billing.item"].sudo()._psa_rows_of_corrected(facts)
        return [row._psa_as_row() for row in rows if (row.source_model, row.source_id) not in replayed and row.date <= self.date_to]

    def _pools(self, contract, kept):
        """Return the pools of a contract as they stood before the period: used by earlier work and by what was set by hand."""
        used = defaultdict(lambda: 0)
        earlier = self.env["psa.billing.item"].sudo().search(
            Domain("contract_id", "=", contract.id)
            & Domain("date", "<", self.date_from)
            & Domain("state", "not in", ("error", "non_billable"))
            & (Domain("drawn_seconds", "!=", 0) | Domain("drawn_amount", "!=", 0)),
            order="id",
        )
        for row in [*(item._psa_as_row() for item in earlier), *kept]:
            if row.draw:
                used[ledger.pool_key(row.part)] += row.draw.amount
        return [replace(pool, used=used[key_of(pool)]) for pool in contract._psa_pools(self.date_from, self.date_to)]

    def _try(self, facts, originals, kept, months, given_up):
        """Return the figures by month under the terms that are tried; what falls due under them is reckoned, not read."""
        contract, offers = self._tried_terms()
        cycle = self.alternative_id.sudo()._psa_cycle_rule()
        if cycle.anchor:
            cycle = periods.Cycle(cycle.months, self.date_from)
        work = [fact for fact in facts if fact.source_model != DUE_MODEL]
        rows = what_if.replay(work, contract, what_if.pools_of(offers, contract, cycle, self.date_from, self.date_to), originals)
        figures = what_if.figures_of(
            [*rows, *(row for row in kept if row.source_model != DUE_MODEL)], months, given_up
        )
        tickets = defaultdict(set)
        for fact in work:
            if isinstance(fact, terms.TimeFact) and fact.ticket_id:
                tickets[what_if.month_of(fact.date)].add(fact.ticket_id)
        fees = what_if.fees_of(
            offers, cycle, self.date_from, self.date_to, contract.currency.rounding,
            {month: len(of_month) for month, of_month in tickets.items()},
        )  # fmt: skip
        for month, amount in fees.items():
            figures[month] = figures.get(month, Figures()) + Figures(revenue=amount)
        return figures

    def _tried_terms(self):
        """Return the contract that is tried, as if it had always been this client's, and what it sells."""
        alternative = self.alternative_id.sudo()
        contract = replace(
            alternative._psa_terms()[0], client_id=self.client_id.id, company_id=self.company_id.id
        )
        contract = what_if.over_period(contract, self.date_from, self.date_to)
        if self.is_changed:
            rates = tuple(rate._psa_term() for rate in self.rate_ids)
            contract = replace(
                contract, versions=tuple(replace(version, rates=rates) for version in contract.versions)
            )
        offers = [offer._psa_offer() for offer in self.offer_ids]
        return what_if.with_offers(contract, offers, self.date_from), offers

    def _costs(self):
        """Return cost by month, in the currency of the contract: the same under any terms."""
        company = self.company_id
        costs = {}
        for month, labour, charges, expenses in self.env["psa.profitability"]._read_group(
            [
                ("client_id", "=", self.client_id.id), ("company_id", "=", company.id),
                ("contract_id", "=", self.contract_id.id), ("date", ">=", self.date_from), ("date", "<=", self.date_to),
            ],
            ["date:month"],
            ["labour_cost:sum", "charge_cost:sum", "expense_cost:sum"],
        ):  # fmt: skip
            rate = self.env["res.currency"]._get_conversion_rate(company.currency_id, self.currency_id, company, self.date_to)
            costs[fields.Date.to_date(month)] = Figures(
                labour_cost=to_decimal(labour * rate), other_cost=to_decimal((charges + expenses) * rate)
            )
        return costs

    def _add_up(self, figures, costs):
        """Return figures with cost, by month, each month of the period."""
        months = {what_if.month_of(period.start) for period in periods.cycles(
            periods.Cycle(1), self.date_from, periods.after(self.date_to)
        )}
        return {
            month: figures.get(month, Figures()) + costs.get(month, Figures())
            for month in sorted(months | figures.keys() | costs.keys())
        }

    def _keep_result(self, before, after, items, differing):
        self.line_ids.unlink()
        self.line_ids = [
            Command.create(self._prepare_line(month, side, figures))
            for side, by_month in (("present", before), ("tried", after))
            for month, figures in by_month.items()
        ]
        keys = set(differing)
        self.write(
            {
                "compared_on": fields.Datetime.now(),
                "is_exact": not differing,
                "differing_count": len(differing),
                "differing_ids": [
                    Command.set(items.filtered(lambda item: (item.source_model, item.source_id) in keys).ids)
                ],
                "result": self._prepare_result(before, after),
            }
        )

    def _prepare_line(self, month, side, figures):
        return {
            "month": month,
            "side": side,
            "currency_id": self.currency_id.id,
            "revenue": float(figures.revenue),
            "labour_cost": float(figures.labour_cost),
            "other_cost": float(figures.other_cost),
            "labour_revenue": float(figures.revenue - figures.other_cost),
            "margin": float(figures.margin),
            "overage": float(figures.overage),
            "covered": float(figures.covered),
            "worked_hours": figures.worked_seconds / terms.SECONDS_PER_HOUR,
            "drawn_hours": figures.drawn_seconds / terms.SECONDS_PER_HOUR,
            "margin_rate": float(figures.margin_rate or 0),
            "effective_rate": float(figures.effective_rate or 0),
        }

    def _prepare_result(self, before, after):
        """Return what the screen draws: each figure on both sides, the months as bars."""
        sides = total(before.values()), total(after.values())

        def money(amount):
            return "–" if amount is None else formatLang(self.env, float(amount), currency_obj=self.currency_id)

        def row(label, values, show, is_good_up=True):
            known = None not in values
            change = values[1] - values[0] if known else 0
            tone = "" if not change else "success" if (change > 0) == is_good_up else "danger"
            return {
                "label": label, "present": show(values[0]), "tried": show(values[1]),
                "change": show(change) if known else "", "tone": tone,
            }  # fmt: skip

        def hours(seconds):
            return self.env["psa.billing.item"]._time_text(seconds)

        def percent(share):
            return "–" if share is None else f"{share:.1%}"

        rows = [
            row(self.env._("Revenue"), [side.revenue for side in sides], money),
            row(self.env._("Labour cost"), [side.labour_cost for side in sides], money, is_good_up=False),
            row(self.env._("Charges and expenses"), [side.other_cost for side in sides], money, is_good_up=False),
            row(self.env._("Margin"), [side.margin for side in sides], money),
            row(self.env._("Margin, share of the revenue"), [side.margin_rate for side in sides], percent),
            row(self.env._("Effective hourly rate"), [side.effective_rate for side in sides], money),
            row(self.env._("Drawn from included and prepaid hours"), [side.drawn_seconds for side in sides], hours),
            row(self.env._("Of the revenue: over the prepaid hours"), [side.overage for side in sides], money),
            row(self.env._("Worth of what the contract covers"), [side.covered for side in sides], money),
        ]
        top = max((abs(figures.revenue) for side in (before, after) for figures in side.values()), default=0) or 1
        months = [
            {
                "month": format_date(self.env, month, date_format="MMM y"),
                "bars": [
                    {
                        "side": side,
                        "revenue": money(by_month.get(month, Figures()).revenue),
                        "margin": money(by_month.get(month, Figures()).margin),
                        "height": float(100 * max(by_month.get(month, Figures()).revenue, 0) / top),
                    }
                    for side, by_month in (("present", before), ("tried", after))
                ],
            }
            for month in sorted(before.keys() | after.keys())
        ]
        return {"rows": rows, "months": months}
