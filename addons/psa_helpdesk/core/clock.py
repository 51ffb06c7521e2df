"""Working time: how much of it passed, and when so much of it will have passed. Pure: a log and a calendar in, seconds out.

A moment counts as worked if the clock on the wall in the calendar's time zone shows working hours then. An hour that the
wall clock shows twice (a fold) counts twice, an hour it leaves out (a gap) cannot count. Nothing is ever measured on the
wall clock itself: all sums are made of intervals between moments of UTC, so that a result does not depend on when, where or
how often it is asked for. Where the hours of a calendar lie is told by ``working_time.py``.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from .working_time import (
    ALWAYS,
    Calendar,
    Hours,
    NoWorkingTime,
    Schedule,
    intervals_between,
    moment_of,
    seconds_after,
    seconds_before,
    seconds_between,
    seconds_of,
    week_of,
)

__all__ = [
    "ALWAYS", "Calendar", "Hours", "Interval", "NoWorkingTime", "Schedule",
    "due", "elapsed", "is_open", "open_between", "opening", "remaining", "shifted", "week_of", "worked",
]


class Interval(NamedTuple):
    """A stretch of the log of a clock that ran or was paused; the last one may be without end."""

    start: datetime
    end: datetime | None
    running: bool


def elapsed(log: Iterable[Interval], calendar: Calendar, now: datetime) -> int:
    """Return the seconds of working time that passed until ``now`` while the clock ran.

    >>> from datetime import timezone
    >>> office = Calendar(((None, Schedule(tuple((day, 540, 1020) for day in range(5)), tz="Europe/Berlin")),))
    >>> friday, monday = datetime(2026, 3, 27, 15, tzinfo=timezone.utc), datetime(2026, 3, 30, 8, tzinfo=timezone.utc)
    >>> elapsed([Interval(friday, None, True)], office, monday)  # the clocks change in between: 16:00 to 17:00, 9:00 to 10:00
    7200
    """
    until = seconds_of(now)
    return sum(seconds_between(calendar, start, end) for start, end in _running(log, until))


def due(budget_minutes: float, log: Iterable[Interval], calendar: Calendar) -> datetime | None:
    """Return the first moment by which the clock has run for the budget; None if it is paused before and not running again.

    >>> from datetime import timezone
    >>> office = Calendar(((None, Schedule(tuple((day, 540, 1020) for day in range(5)), tz="Europe/Berlin")),))
    >>> friday = datetime(2026, 3, 27, 15, tzinfo=timezone.utc)
    >>> due(90, [Interval(friday, None, True)], office).isoformat()
    '2026-03-30T07:30:00+00:00'
    >>> due(90, [Interval(friday, datetime(2026, 3, 27, 15, 30, tzinfo=timezone.utc), True)], office) is None
    True
    """
    left = _budget(budget_minutes)
    for start, end in _running(log, None):
        if end is None:
            return moment_of(seconds_after(calendar, start, left))
        worked = seconds_between(calendar, start, end)
        if worked >= left:
            return moment_of(seconds_after(calendar, start, left))
        left -= worked
    return None


def remaining(budget_minutes: float, log: Iterable[Interval], calendar: Calendar, now: datetime) -> int:
    """Return the seconds of the budget that are left at ``now``; less than zero when it is overdrawn."""
    return _budget(budget_minutes) - elapsed(log, calendar, now)


def worked(start: datetime, end: datetime, calendar: Calendar) -> int:
    """Return the seconds of working time between two moments; less than zero if they are in the wrong order."""
    first, last = seconds_of(start), seconds_of(end)
    return seconds_between(calendar, first, last) if first <= last else -seconds_between(calendar, last, first)


def shifted(moment: datetime, minutes: float, calendar: Calendar) -> datetime:
    """Return the moment so many working minutes after, or before if less than zero.

    >>> from datetime import timezone
    >>> office = Calendar(((None, Schedule(tuple((day, 540, 1020) for day in range(5)), tz="UTC")),))
    >>> shifted(datetime(2026, 3, 30, 10, tzinfo=timezone.utc), -120, office).isoformat()  # an hour of Monday, one of Friday
    '2026-03-27T16:00:00+00:00'
    """
    seconds = round(minutes * 60)
    start = seconds_of(moment)
    return moment_of(seconds_after(calendar, start, seconds) if seconds >= 0 else seconds_before(calendar, start, -seconds))


def is_open(moment: datetime, calendar: Calendar) -> bool:
    """Tell whether a moment is working time."""
    second = seconds_of(moment)
    return seconds_between(calendar, second, second + 1) == 1


def open_between(start: datetime, end: datetime, calendar: Calendar) -> list[tuple[datetime, datetime]]:
    """Return when working time began and ended between two moments, in order.

    >>> from datetime import timezone
    >>> office = Calendar(((None, Schedule(tuple((day, 540, 1020) for day in range(5)), tz="UTC")),))
    >>> monday = datetime(2026, 3, 30, 16, tzinfo=timezone.utc)
    >>> [(since.hour, until.hour) for since, until in open_between(monday, monday.replace(hour=19), office)]
    [(16, 17)]
    """
    found = intervals_between(calendar, seconds_of(start), seconds_of(end))
    return [(moment_of(since), moment_of(until)) for since, until in found]


def opening(moment: datetime, calendar: Calendar) -> datetime:
    """Return the moment itself if it is working time, else when the next working time begins."""
    start = seconds_of(moment)
    return moment_of(seconds_after(calendar, start, 1) - 1)


def _budget(minutes: float) -> int:
    if minutes < 0:
        raise ValueError(f"A budget of {minutes} minutes is less than nothing.")
    return round(minutes * 60)


def _running(log: Iterable[Interval], until: int | None):
    """Yield when the clock ran, in seconds, up to ``until``; with None the last end may be None.

    What is told stays told: an interval that begins before the one before it ended (the server's clock was set back)
    counts from that end on, so that nothing counts twice.
    """
    told = None
    for start, end, running in log:
        begin = seconds_of(start)
        if told is not None and begin < told:
            begin = told
        finish = until if end is None else seconds_of(end)
        if finish is None:
            if running:
                yield begin, None
            return
        if until is not None and finish > until:
            finish = until
        if finish > begin:
            if running:
                yield begin, finish
            told = finish
        elif told is None or begin > told:
            told = begin
