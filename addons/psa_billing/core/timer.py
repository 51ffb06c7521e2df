"""Work timers: how long has somebody worked, whatever clocks and browsers did meanwhile.

Moments are aware datetimes and are compared as instants, so daylight saving never adds or takes an
hour. A timer's clock that runs backwards (a server set back) counts nothing rather than less.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from .after_hours import Part
from .timesheet import begun_minutes

SECONDS_PER_MINUTE = 60


@dataclass(frozen=True)
class Timer:
    """Seconds gathered in earlier runs, and the start of the present run if it is running."""

    seconds_before: int = 0
    started_at: datetime | None = None

    @property
    def is_running(self) -> bool:
        return self.started_at is not None


def elapsed_seconds(timer: Timer, now: datetime) -> int:
    """Return the whole seconds worked until ``now``.

    >>> from datetime import timezone
    >>> at = datetime(2026, 3, 1, 9, 0, tzinfo=timezone.utc)
    >>> elapsed_seconds(Timer(90, at), at.replace(minute=1))
    150
    """
    if timer.started_at is None:
        return timer.seconds_before
    run = int((now - timer.started_at).total_seconds())
    return timer.seconds_before + max(run, 0)


def start(timer: Timer, now: datetime) -> Timer:
    """Start or go on; a running timer goes on unchanged."""
    if timer.is_running:
        return timer
    return replace(timer, started_at=now)


def pause(timer: Timer, now: datetime) -> Timer:
    """Stop the clock and keep what was gathered."""
    return Timer(seconds_before=elapsed_seconds(timer, now), started_at=None)


@dataclass(frozen=True)
class Stretch:
    """What a timer makes one entry of: the time of one day in or after working hours.

    It has a start and an end if it was worked in one go.
    """

    day: date
    is_after_hours: bool
    minutes: int
    start: datetime | None = None
    end: datetime | None = None


def stretches(
    runs: Iterable[tuple[datetime, datetime]], cut: Callable[[datetime, datetime], Iterable[Part]]
) -> tuple[Stretch, ...]:
    """Turn the runs of a timer into entries, one for each day and kind of hours, in order of their first moment.

    The minutes add up to the begun minutes of all runs. A run that ends before it began (a server set back) counts nothing.

    :param cut: how a run is cut at midnight and at closing time
    """
    parts_of: dict[tuple[date, bool], list[Part]] = {}
    for start, end in sorted(runs):
        for part in cut(start, end):
            parts_of.setdefault((part.day, part.is_after_hours), []).append(part)
    groups = sorted(parts_of.items(), key=lambda group: group[1][0].start)
    minutes = begun_minutes([sum(part.seconds for part in parts) for _key, parts in groups])
    found = []
    for ((day, is_after_hours), parts), of_group in zip(groups, minutes, strict=True):
        if not of_group:
            continue
        start = end = None
        if len(parts) == 1:
            start = parts[0].start.replace(second=0, microsecond=0)
            end = start + timedelta(minutes=of_group)
        found.append(Stretch(day, is_after_hours, of_group, start, end))
    return tuple(found)


def minutes_worked(seconds: int) -> int:
    """Return whole minutes, a begun one counts.

    >>> minutes_worked(61), minutes_worked(60), minutes_worked(0)
    (2, 1, 0)
    """
    return -(-max(seconds, 0) // SECONDS_PER_MINUTE)


def format_minutes(minutes: int) -> str:
    """Return minutes as people read them on an invoice.

    >>> format_minutes(75), format_minutes(60), format_minutes(20)
    ('1:15 h', '1:00 h', '0:20 h')
    """
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else ''}{hours}:{rest:02d} h"
