"""Timesheets: weeks, entries that overlap, and how agreed time is shared among the parts of an entry. Pure."""

from collections.abc import Hashable, Iterable, Sequence
from datetime import date, datetime, timedelta

DAYS_OF_WEEK = 7
# Timers are entered in whole minutes: that two entries share one is no overlap.
TOLERANCE = timedelta(minutes=1)


def monday(day: date) -> date:
    """Return the first day of the week of a day.

    >>> monday(date(2026, 3, 15)).isoformat()
    '2026-03-09'
    """
    return day - timedelta(days=day.weekday())


def days_of(first: date) -> tuple[date, ...]:
    """Return the seven days of a week."""
    return tuple(first + timedelta(days=number) for number in range(DAYS_OF_WEEK))


def overlapping(
    entries: Iterable[tuple[Hashable, datetime, datetime]], tolerance: timedelta = TOLERANCE
) -> dict[Hashable, set]:
    """Return, for each entry that overlaps others for longer than the tolerance, the keys of those.

    >>> nine = datetime(2026, 3, 9, 9)
    >>> found = overlapping([("a", nine, nine.replace(hour=11)), ("b", nine.replace(hour=10), nine.replace(hour=12))])
    >>> found == {"a": {"b"}, "b": {"a"}}
    True
    """
    found: dict[Hashable, set] = {}
    current: list[tuple[Hashable, datetime, datetime]] = []
    for key, start, end in sorted(entries, key=lambda entry: entry[1:]):
        current = [other for other in current if other[2] - start > tolerance]
        for other, _since, until in current:
            if min(until, end) - start > tolerance:
                found.setdefault(key, set()).add(other)
                found.setdefault(other, set()).add(key)
        current.append((key, start, end))
    return found


def share(total: int, weights: Sequence[int]) -> tuple[int, ...]:
    """Share whole minutes by weights; what is left after rounding down goes to the largest remainders, earliest first.

    >>> share(60, (60, 30))
    (40, 20)
    >>> share(10, (1, 1, 1))
    (4, 3, 3)
    """
    whole = sum(weights)
    if not whole:
        return (total, *(0 for _ in weights[1:]))
    shares = [total * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda index: (-(total * weights[index] % whole), index))
    for index in by_remainder[: total - sum(shares)]:
        shares[index] += 1
    return tuple(shares)


def begun_minutes(stretches: Sequence[int]) -> tuple[int, ...]:
    """Turn seconds of stretches, one after the other, into whole minutes that add up to the begun minutes of all.

    >>> begun_minutes((90, 90)), begun_minutes((61,))
    ((2, 1), (2,))
    """
    minutes, before, seconds = [], 0, 0
    for stretch in stretches:
        seconds += stretch
        after = -(-seconds // 60)
        minutes.append(after - before)
        before = after
    return tuple(minutes)
