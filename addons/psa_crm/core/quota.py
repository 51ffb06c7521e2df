"""Sales quotas: periods, and how much of a target was reached.

Plain functions on dates and Decimal amounts.

>>> measure(Decimal('50000'), Decimal('37500'))
Attainment(gap=Decimal('12500'), ratio=Decimal('0.7500'))
"""
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

MONTHS = {'month': 1, 'quarter': 3, 'year': 12}


@dataclass(frozen=True)
class Attainment:
    """``gap`` is what is missing to the target, below zero if it is exceeded; ``ratio`` is 1 when it is reached."""

    gap: Decimal
    ratio: Decimal


def measure(target: Decimal, actual: Decimal) -> Attainment:
    """Compare an actual amount with its target. The ratio is rounded to a hundredth of a percent."""
    if target <= 0:
        raise ValueError(f'no target: {target}')
    ratio = (actual / target).quantize(Decimal('0.0001'), ROUND_HALF_UP)
    return Attainment(target - actual, ratio)


def period_of(kind: str, day: date, first_month: int = 1) -> tuple[date, date]:
    """Return the first and last day of the month, quarter or year that holds the day.

    :param first_month: the month in which the business year begins; quarters follow it

    >>> period_of('quarter', date(2027, 2, 14))
    (datetime.date(2027, 1, 1), datetime.date(2027, 3, 31))
    >>> period_of('year', date(2027, 2, 14), first_month=4)
    (datetime.date(2026, 4, 1), datetime.date(2027, 3, 31))
    """
    months = MONTHS[kind]
    start = _month(day) - (day.month - first_month) % months
    return _first_day(start), _first_day(start + months) - timedelta(days=1)


def next_period(start: date, end: date) -> tuple[date, date]:
    """Return the period of the same length that follows: whole months stay whole months, other periods keep their days.

    >>> next_period(date(2027, 1, 1), date(2027, 3, 31))
    (datetime.date(2027, 4, 1), datetime.date(2027, 6, 30))
    """
    following = end + timedelta(days=1)
    if start.day == 1 and following.day == 1:
        months = _month(following) - _month(start)
        return following, _first_day(_month(following) + months) - timedelta(days=1)
    return following, following + (end - start)


def first_overlap(periods: Iterable[tuple[date, date]]) -> tuple[int, int] | None:
    """Return the places of two periods that share a day, None if there are none.

    >>> first_overlap([(date(2027, 1, 1), date(2027, 1, 31)), (date(2027, 1, 31), date(2027, 2, 28))])
    (0, 1)
    """
    ordered = sorted(enumerate(periods), key=lambda entry: (entry[1], entry[0]))
    latest = None
    for place, (start, end) in ordered:
        if latest is not None and start <= latest[1]:
            return min(place, latest[0]), max(place, latest[0])
        latest = (place, end)
    return None


def _month(day: date) -> int:
    """Return a number for the month that grows by one from month to month."""
    return day.year * 12 + day.month - 1


def _first_day(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)
