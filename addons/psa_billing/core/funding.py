"""Pools of prepaid hours and money: which pay for a day's work, in which order, and what is left in them.

Seconds drawn are charged seconds times the multiplier, rounded half up once over the whole entry: the part from the second
``a`` to ``b`` of an entry draws ``weigh(b) - weigh(a)``, so that the draws of its parts add up to the draw of the whole.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from .pricing import changes, in_force
from .terms import Book, LedgerRow, Pool

INCLUDED = "included"
BLOCK = "block"
RETAINER = "retainer"


@dataclass(frozen=True)
class Balance:
    """What was put into a pool, what rows drew from it, and what is left."""

    pool: Pool
    drawn: Decimal | int

    @property
    def left(self) -> Decimal | int:
        """Return what can still be drawn; below zero where the contract lets a block go there."""
        return self.pool.size - self.drawn


def key_of(pool: Pool) -> str:
    """Return the name of a pool, which is the part of the rows that draw from it.

    >>> key_of(Pool(7, "included", 1, date(2026, 3, 1), date(2026, 3, 31), 3600, component_id=4))
    'included:4:2026-03-01'
    >>> key_of(Pool(7, "block", 1, date(2026, 3, 1), None, 3600))
    'block:7'
    """
    if pool.kind == INCLUDED:
        return f"included:{pool.id if pool.component_id is None else pool.component_id}:{pool.date_from.isoformat()}"
    return f"{pool.kind}:{pool.id}"


def round_half_up(number: int, divisor: int) -> int:
    """Divide whole numbers, halves up.

    >>> round_half_up(5, 2), round_half_up(4, 3)
    (3, 1)
    """
    return (2 * number + divisor) // (2 * divisor)


class Weight:
    """How many seconds of a pool the first seconds of an entry draw, and how far a pool reaches."""

    def __init__(self, multiplier: Decimal):
        self.numerator, self.denominator = Fraction(multiplier).as_integer_ratio()
        self.is_nothing = not self.numerator

    def weigh(self, seconds: int) -> int:
        """Return what the first so many seconds draw, half up."""
        if self.numerator == self.denominator:
            return seconds
        return round_half_up(seconds * self.numerator, self.denominator)

    def reach(self, drawn: int, limit: int) -> int:
        """Return the most seconds, up to the limit, that draw no more than that.

        >>> Weight(Decimal("1.5")).reach(100, 3600), Weight(Decimal("1.5")).weigh(66), Weight(Decimal("1.5")).weigh(67)
        (66, 99, 101)
        """
        if self.is_nothing:
            return limit
        return min(limit, (self.denominator * (2 * drawn + 1) - 1) // (2 * self.numerator))


weight_of = lru_cache(maxsize=1024)(Weight)


def payable(left: Decimal, wanted: Decimal, rounding: Decimal) -> Decimal:
    """Return how much of a retainer pays for an amount: whole steps of the currency.

    >>> payable(Decimal("10.567"), Decimal("12.00"), Decimal("0.01"))
    Decimal('10.56')
    """
    taken = min(left, wanted)
    return taken // rounding * rounding if taken > 0 else Decimal(0)


def _turn(entry):
    key, pool = entry
    return pool.date_to or date.max, pool.purchased_on or pool.date_from, pool.id, key


class Pools:
    """The pools of a book and what is left in each while rows draw from them."""

    def __init__(self, pools: Iterable[Pool]):
        self.pools = {}
        self.left = {}
        self._by_contract = {}
        self._changes = {}
        self._usable = {}
        for pool in pools:
            key = key_of(pool)
            if key in self.pools:
                raise ValueError(f"two pools are called {key}; work would be drawn from both as if they were one")
            self.pools[key] = pool
            self.left[key] = pool.size - pool.used
            self._by_contract.setdefault((pool.contract_id, pool.kind), []).append((key, pool))
        for owner, entries in self._by_contract.items():
            entries.sort(key=_turn)
            self._changes[owner] = changes(*(pool for _key, pool in entries))

    def usable(self, contract_id: int, kind: str, day: date) -> list[tuple[str, Pool]]:
        """Return the pools that may pay that day, in the order they do.

        Those that end first come first, those without an end last; then by the day of purchase (for included hours the start of
        the period), then by id.
        """
        owner = (contract_id, kind)
        entries = self._by_contract.get(owner)
        if not entries:
            return []
        stretch = (contract_id, kind, bisect_right(self._changes[owner], day.toordinal()))
        found = self._usable.get(stretch)
        if found is None:
            found = self._usable[stretch] = [entry for entry in entries if in_force(entry[1], day)]
        return found

    def draw(self, key: str, amount: Decimal | int) -> None:
        """Take so much out of a pool; a negative amount puts it back."""
        self.left[key] -= amount


def balances(book: Book, rows: Iterable[LedgerRow]) -> dict[str, Balance]:
    """Return what is left in each pool after these rows, by the part of the rows that draw from it.

    :param rows: rows as rated; what rows drew that are not among them is in each pool's ``used``
    """
    drawn = {key_of(pool): pool.used for pool in book.pools}
    keys = {(pool.kind, pool.id): key_of(pool) for pool in book.pools if pool.kind != INCLUDED}
    for row in rows:
        if row.draw is not None:
            key = keys.get((row.draw.pool_kind, row.draw.pool_id)) or row.part.partition("#")[0]
            if key in drawn:
                drawn[key] += row.draw.amount
    return {key_of(pool): Balance(pool, drawn[key_of(pool)]) for pool in book.pools}
