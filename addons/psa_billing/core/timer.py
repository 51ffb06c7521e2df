"""Work timers: how long has somebody worked, whatever clocks and browsers did meanwhile.

Moments are aware datetimes and are compared as instants, so daylight saving never adds or takes an
hour. A timer's clock that runs backwards (a server set back) counts nothing rather than less.
"""

from dataclasses import dataclass, replace
from datetime import datetime

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
