"""What the same work would have brought under other terms.

Pure, and nothing new about prices: the facts are rated again by ``rating.rate`` in another book. Terms are put over a period
as if they had been in force all along; what they sell beside time (``Offer``) becomes pools to draw from and fees by month.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from . import periods, rating, terms
from .profit import Figures, total

ZERO = Decimal(0)
# Rows that bring what they say, once they are billed.
PAYING_STATES = ("pending", "approved", "invoiced")


@dataclass(frozen=True)
class Offer:
    """One thing a contract sells beside time by the hour."""

    id: int
    kind: str  # recurring | included_hours | block | retainer | fixed_price | per_ticket | setup_fee
    quantity: Decimal = Decimal(1)
    price_unit: Decimal = ZERO
    each_cycle: bool = False  # a block or retainer bought with each billing cycle, else once
    is_time_covered: bool = False  # a fixed price or price by the ticket that pays for time
    project_id: int | None = None  # of a fixed price: it pays for time on this project only
    overage_rate: Decimal | None = None
    is_hard_stop: bool = False
    may_go_negative: bool = False

    @property
    def amount(self) -> Decimal:
        """What it costs each time."""
        return self.quantity * self.price_unit


def over_period(contract: terms.Contract, start: date, end: date) -> terms.Contract:
    """Return a contract as if it had been in force from ``start`` to ``end``, by its first terms where it had none yet."""
    versions = sorted(contract.versions, key=lambda version: (version.date_from, version.id))
    if versions and versions[0].date_from > start:
        versions[0] = replace(versions[0], date_from=start)
    date_end = None if contract.date_end is None else max(contract.date_end, end)
    return replace(
        contract, date_start=min(contract.date_start, start), date_end=date_end, is_confirmed=True, versions=tuple(versions)
    )


def with_offers(contract: terms.Contract, offers, start: date) -> terms.Contract:
    """Return a contract that sells these offers and nothing else."""
    return replace(
        contract,
        block_terms=tuple(
            terms.BlockTerms(
                offer.id, start, None, offer.overage_rate, is_hard_stop=offer.is_hard_stop, may_go_negative=offer.may_go_negative,
                kind=terms.BY_INCLUDED if offer.kind == "included_hours" else terms.BY_BLOCK,
            )
            for offer in offers
            if offer.kind in ("block", "included_hours")
        ),
        flat_terms=tuple(
            terms.FlatTerms(
                offer.id, terms.BY_TICKET_PRICE if offer.kind == "per_ticket" else terms.BY_FIXED_PRICE, start,
                project_id=offer.project_id,
            )
            for offer in offers
            if offer.kind in ("fixed_price", "per_ticket") and offer.is_time_covered
        ),
    )


def pools_of(offers, contract: terms.Contract, cycle: periods.Cycle, start: date, end: date) -> tuple[terms.Pool, ...]:
    """Return what work from ``start`` to ``end`` (the last day) may draw from; a part of a cycle has a share by days."""
    pools = []
    kinds = {"included_hours": terms.BY_INCLUDED, "block": terms.BY_BLOCK, "retainer": terms.BY_RETAINER}
    for offer in offers:
        if offer.kind not in kinds:
            continue
        is_each = offer.kind == "included_hours" or offer.each_cycle
        spans = _cycles(cycle, start, end) if is_each else [(None, periods.Period(start, periods.after(end)))]
        for number, (whole, active) in enumerate(spans):
            share = Decimal(active.days) / whole.days if whole else Decimal(1)
            size = offer.amount * share if offer.kind == "retainer" else int(offer.quantity * share * terms.SECONDS_PER_HOUR)
            pools.append(
                terms.Pool(
                    id=offer.id * 1000 + number,
                    kind=kinds[offer.kind],
                    contract_id=contract.id,
                    date_from=active.start,
                    date_to=active.last_day,
                    size=size,
                    purchased_on=active.start,
                    hour_value=None if offer.kind == "retainer" else offer.price_unit,
                    currency_id=contract.currency.id,
                    component_id=offer.id,
                )
            )
    return tuple(pools)


def fees_of(offers, cycle: periods.Cycle, start: date, end: date, rounding: Decimal, tickets=None) -> dict[date, Decimal]:
    """Return what the offers cost by month (its first day): periods by days, prices once, tickets in the month they are of.

    :param tickets: number of tickets by month, for a price by the ticket
    """
    fees = defaultdict(Decimal)
    for offer in offers:
        if offer.kind in ("recurring", "included_hours") or offer.each_cycle:
            step = periods.Step(start, offer.quantity, offer.price_unit)
            for whole, active in _cycles(cycle, start, end):
                for part in periods.slices([step], whole, active, rounding):
                    fees[month_of(active.start)] += part.amount
        elif offer.kind == "per_ticket":
            for month, count in (tickets or {}).items():
                fees[month] += rating.round_money(offer.amount * count, rounding)
        else:
            fees[month_of(start)] += rating.round_money(offer.amount, rounding)
    return dict(fees)


def replay(facts, contract: terms.Contract, pools, originals=()) -> tuple[terms.LedgerRow, ...]:
    """Rate facts as if this had been the client's only contract."""
    facts = [replace(fact, client_id=contract.client_id, company_id=contract.company_id, contract_id=contract.id) for fact in facts]
    return rating.rate(facts, terms.Book((contract,), tuple(pools), tuple(originals)))


def figures_of(rows, months, given_up=frozenset()) -> dict[date, Figures]:
    """Add up rows by month.

    :param months: month by (source model, source id)
    :param given_up: (source model, source id) of what was written off, under whatever terms
    """
    by_month = defaultdict(list)
    for row in rows:
        key = (row.source_model, row.source_id)
        pays = row.state in PAYING_STATES and key not in given_up
        amount = row.amount or ZERO
        is_drawing = row.draw is not None and row.draw.pool_kind != terms.BY_RETAINER
        by_month[months[key]].append(
            Figures(
                revenue=amount if pays else ZERO,
                covered=row.value or ZERO if row.state == terms.COVERED else ZERO,
                overage=amount if pays and row.funding == terms.BY_OVERAGE else ZERO,
                worked_seconds=row.worked_seconds,
                billable_seconds=0 if row.state == terms.NON_BILLABLE else row.worked_seconds,
                drawn_seconds=row.draw.amount if is_drawing else 0,
            )
        )
    return {month: total(figures) for month, figures in by_month.items()}


def differing(books, rows) -> tuple[tuple[str, int], ...]:
    """Return the entries whose money or draw is another in the rows than in the books; none if the replay is exact."""
    before, after = _sums(books), _sums(rows)
    return tuple(sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key)))


def month_of(day: date) -> date:
    """Return the first day of the month."""
    return day.replace(day=1)


def _sums(rows):
    sums = defaultdict(lambda: [ZERO, ZERO, 0])
    for row in rows:
        own = sums[row.source_model, row.source_id]
        own[0] += row.amount or ZERO
        own[1] += row.draw.amount if row.draw else 0
        own[2] += row.worked_seconds
    return {key: tuple(values) for key, values in sums.items()}


def _cycles(cycle, start, end):
    """Return ``[(whole period, part within the days asked for)]``."""
    stop = periods.after(end)
    return [(whole, periods.clip(whole, start, stop)) for whole in periods.cycles(cycle, start, stop)]
