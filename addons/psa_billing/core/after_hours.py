"""After hours: a stretch of work is cut where business hours begin or end, and at local midnight.

A stretch is cut between moments, never on the clock on the wall, so that an hour the wall shows twice counts twice and an
hour it leaves out does not count. Each part lies in one local day; its seconds add up to the whole's.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from itertools import pairwise
from typing import NamedTuple

UTC = timezone.utc

# No zone changes its offset and changes it back within this time.
PROBE = timedelta(hours=6)
SECOND = timedelta(seconds=1)

Intervals = Iterable[tuple[datetime, datetime]]


class Part(NamedTuple):
    """A part of a stretch of work: moments in the zone asked for, the local day, and whether it was after hours."""

    start: datetime
    end: datetime
    day: date
    is_after_hours: bool

    @property
    def seconds(self) -> int:
        """The length of the part, as it passes, not as the wall clock shows it."""
        return (self.end.astimezone(UTC) - self.start.astimezone(UTC)) // SECOND


def split(
    start: datetime, end: datetime, business: Callable[[datetime, datetime], Intervals] | Intervals | None, tz: tzinfo
) -> tuple[Part, ...]:
    """Cut a stretch of work at local midnight and where business hours begin or end.

    :param start: aware; ``end`` as well. A stretch without length, or one that ends before it starts, has no parts.
    :param business: the business hours: a callable ``(start, end) -> [(start, end), …]`` of aware moments, or such a list; they
        may overlap and need no order. ``None`` cuts at midnight only and calls nothing after hours.
    :param tz: the zone whose midnight counts

    >>> from zoneinfo import ZoneInfo
    >>> berlin = ZoneInfo("Europe/Berlin")
    >>> at = lambda hour: datetime(2026, 3, 10, hour, tzinfo=berlin)
    >>> [(part.start.hour, part.end.hour, part.is_after_hours) for part in split(at(16), at(19), [(at(9), at(17))], berlin)]
    [(16, 17, False), (17, 19, True)]
    """
    first, last = start.astimezone(UTC), end.astimezone(UTC)
    if last <= first:
        return ()
    hours = _merged(business(start, end) if callable(business) else business or ())
    cuts = {first, last, *_days(first, last, tz)}
    cuts.update(moment for interval in hours for moment in interval if first < moment < last)
    parts = []
    for since, until in pairwise(sorted(cuts)):
        is_after_hours = business is not None and not any(opened <= since < closed for opened, closed in hours)
        day = since.astimezone(tz).date()
        if parts and parts[-1][2:] == (day, is_after_hours):
            since = parts.pop()[0]  # noqa: PLW2901 - the cut between the two was none
        parts.append((since, until, day, is_after_hours))
    return tuple(Part(since.astimezone(tz), until.astimezone(tz), day, late) for since, until, day, late in parts)


def _merged(intervals: Intervals) -> list[tuple[datetime, datetime]]:
    """Return intervals as moments of UTC in order, those that touch or overlap as one."""
    merged = []
    for opened, closed in sorted((opened.astimezone(UTC), closed.astimezone(UTC)) for opened, closed in intervals):
        if closed <= opened:
            continue
        if merged and opened <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], closed))
        else:
            merged.append((opened, closed))
    return merged


def _days(first: datetime, last: datetime, tz: tzinfo) -> Iterable[datetime]:
    """Return the moments between the two at which the local day may change: midnights, and where the clocks are changed."""
    day, until = (first - PROBE).astimezone(tz).date(), (last + PROBE).astimezone(tz).date()
    while day <= until:
        for fold in (0, 1):
            midnight = datetime.combine(day, time(fold=fold), tzinfo=tz).astimezone(UTC)
            if first < midnight < last:
                yield midnight
        day += timedelta(days=1)
    probe = first
    while probe < last:
        following = min(probe + PROBE, last)
        if probe.astimezone(tz).utcoffset() != following.astimezone(tz).utcoffset():
            yield _change(probe, following, tz)
        probe = following


def _change(before: datetime, after: datetime, tz: tzinfo) -> datetime:
    """Return the first moment after ``before`` that has the offset of ``after``, to the second."""
    offset = after.astimezone(tz).utcoffset()
    while after - before > SECOND:
        middle = before + (after - before) // SECOND // 2 * SECOND
        if middle.astimezone(tz).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after.replace(microsecond=0) if after.microsecond else after
