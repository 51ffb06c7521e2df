"""What if: work that is in the books is rated again, under the same terms or under others, and the two are laid side by side.

Nothing counts as settled then: what the rows of the work drew is put back into the pools first (``reopened``), and all of it is
rated (``rating.rate``), perhaps under another contract (``under``). Under the terms it was rated under before, it comes out as it
was, to the cent (``differences`` is empty), except where people changed rows, something was corrected after it was settled, or
terms were changed under it; ``differences`` names those entries.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import NamedTuple

from .funding import key_of
from .terms import COVERED, ERROR, NON_BILLABLE, Book, Contract, LedgerRow, Pool, PriceFact, TimeFact


class Difference(NamedTuple):
    """An entry or another source that comes out differently: what its rows add up to, before and after."""

    source_model: str
    source_id: int
    what: str
    before: Decimal | int
    after: Decimal | int


@dataclass
class Totals:
    """What rows come to, in one currency."""

    worked_seconds: int = 0
    seconds: int = 0
    charged: Decimal = Decimal(0)  # still to be paid by the client
    covered: Decimal = Decimal(0)  # worth of what is covered already
    cost: Decimal = Decimal(0)
    errors: int = 0
    seconds_by_funding: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    drawn: dict[str, Decimal | int] = field(default_factory=lambda: defaultdict(int))

    @property
    def margin(self) -> Decimal:
        """Return what is left of what is charged and of what covered work is worth."""
        return self.charged + self.covered - self.cost


def reopened(book: Book, rows: Iterable[LedgerRow]) -> Book:
    """Return the book as if these rows had not drawn from its pools.

    :param rows: rows that the pools count as used; those of a correction put in what they took back
    """
    drawn = defaultdict(int)
    for row in rows:
        if row.draw is not None:
            drawn[row.part.partition("#")[0]] += row.draw.amount
    pools = tuple(
        replace(pool, used=pool.used - drawn[key_of(pool)]) if key_of(pool) in drawn else pool for pool in book.pools
    )
    return replace(book, pools=pools, originals=())


def under(book: Book, contract: Contract, pools: Iterable[Pool] = ()) -> Book:
    """Return the book with this contract instead of the client's others, and these pools instead of theirs.

    The contract may be one of the client's or a new one; give it as being in force in the time looked at.
    """
    replaced = {
        held.id for held in book.contracts if (held.client_id, held.company_id) == (contract.client_id, contract.company_id)
    }
    return replace(
        book,
        contracts=(*(held for held in book.contracts if held.id not in replaced), contract),
        pools=(*(pool for pool in book.pools if pool.contract_id not in replaced), *pools),
    )


def unnamed(facts: Iterable[TimeFact | PriceFact]) -> list[TimeFact | PriceFact]:
    """Return facts that name no contract, so that the one looked at is chosen for all of them."""
    return [replace(fact, contract_id=None) for fact in facts]


def totals(rows: Iterable[LedgerRow], costs: Mapping[tuple[str, int], Decimal] | None = None) -> dict[int, Totals]:
    """Return what rows come to, by currency.

    :param costs: what each source cost, by ``(source model, source id)``; it counts once, with the source's first row
    """
    by_currency, costs = defaultdict(Totals), dict(costs or {})
    for row in rows:
        total = by_currency[row.currency_id]
        total.worked_seconds += row.worked_seconds
        total.seconds += row.seconds
        total.seconds_by_funding[row.funding if row.state not in (ERROR, NON_BILLABLE) else row.state] += row.seconds
        total.charged += row.amount or 0
        total.covered += (row.value or 0) if row.state == COVERED else 0
        total.errors += row.state == ERROR
        total.cost += costs.pop((row.source_model, row.source_id), 0)
        if row.draw is not None:
            total.drawn[row.part.partition("#")[0]] += row.draw.amount
    return dict(by_currency)


def differences(before: Iterable[LedgerRow], after: Iterable[LedgerRow]) -> list[Difference]:
    """Return the sources whose rows come to something else, and in what; none if the two are the same to cent and second.

    How an entry is cut into rows does not matter, what its rows add up to by who pays does.
    """
    sums = []
    for rows in (before, after):
        by_source = defaultdict(lambda: defaultdict(int))
        for row in rows:
            own = by_source[row.source_model, row.source_id]
            own["worked_seconds"] += row.worked_seconds
            own[f"seconds {row.funding}"] += row.seconds
            own["amount"] += row.amount or 0
            own["value"] += row.value or 0
            if row.error:
                own[f"error {row.error}"] += 1
            if row.draw is not None:
                own[f"draw {row.part.partition('#')[0]}"] += row.draw.amount
        sums.append(by_source)
    found = []
    for source in sorted(sums[0].keys() | sums[1].keys()):
        one, other = sums[0].get(source, {}), sums[1].get(source, {})
        found += [
            Difference(*source, what, one.get(what, 0), other.get(what, 0))
            for what in sorted({*one, *other})
            if one.get(what, 0) != other.get(what, 0)
        ]
    return found
