"""Rates of a role by date: which one holds on which day when several ways to say it overlap. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta

from .terms import RoleRate

DAY = timedelta(days=1)


def layered(layers: Sequence[Iterable[RoleRate]]) -> tuple[RoleRate, ...]:
    """Lay rates over each other: where an earlier layer has one, those of later layers do not count.

    Within a layer, rates of one currency do not overlap. The result does not either.

    >>> from decimal import Decimal
    >>> spring = RoleRate(7, 1, Decimal(120), date(2026, 3, 1), date(2026, 5, 31))
    >>> default = RoleRate(0, 1, Decimal(100))
    >>> [(rate.id, rate.date_from, rate.date_to) for rate in layered([[spring], [default]])]  # doctest: +NORMALIZE_WHITESPACE
    [(0, None, datetime.date(2026, 2, 28)), (7, datetime.date(2026, 3, 1), datetime.date(2026, 5, 31)),
     (0, datetime.date(2026, 6, 1), None)]
    """
    taken: list[RoleRate] = []
    for layer in layers:
        pieces = [piece for rate in layer for piece in _left_over(rate, taken)]
        taken.extend(pieces)
    return tuple(sorted(taken, key=lambda rate: (rate.currency_id, rate.date_from or date.min, rate.id)))


def overlaps(first: RoleRate, second: RoleRate) -> bool:
    """Say whether two rates of one currency hold on the same day."""
    return (
        first.currency_id == second.currency_id
        and (first.date_to is None or second.date_from is None or second.date_from <= first.date_to)
        and (second.date_to is None or first.date_from is None or first.date_from <= second.date_to)
    )


def _left_over(rate: RoleRate, taken: Iterable[RoleRate]) -> list[RoleRate]:
    """Return the pieces of a rate in the days that none of the others has."""
    pieces = [rate]
    for other in taken:
        pieces = [left for piece in pieces for left in _without(piece, other)]
    return pieces


def _without(piece: RoleRate, other: RoleRate) -> list[RoleRate]:
    if not overlaps(piece, other):
        return [piece]
    left = []
    if other.date_from is not None and (piece.date_from is None or piece.date_from < other.date_from):
        left.append(replace(piece, date_to=other.date_from - DAY))
    if other.date_to is not None and (piece.date_to is None or other.date_to < piece.date_to):
        left.append(replace(piece, date_from=other.date_to + DAY))
    return left
