"""Who looks at a ticket just now. Pure: moments in, answers out."""

from datetime import datetime, timedelta

# The web client tells the server this often that a ticket is looked at; whoever was not heard of for the longer time is gone.
HEARTBEAT_SECONDS = 20
EXPIRY_SECONDS = 35


def is_here(last_seen: datetime, now: datetime) -> bool:
    """Return whether somebody last heard of then counts as looking now.

    >>> from datetime import timezone
    >>> noon = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
    >>> is_here(noon, noon + timedelta(seconds=30)), is_here(noon, noon + timedelta(seconds=36))
    (True, False)
    """
    return now - last_seen <= timedelta(seconds=EXPIRY_SECONDS)


def tells_others(before: tuple[datetime, bool] | None, writing: bool, now: datetime) -> bool:
    """Return whether others have to be told: somebody came, or began or stopped to write. A mere heartbeat tells nobody.

    >>> from datetime import timezone
    >>> noon = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
    >>> tells_others(None, False, noon), tells_others((noon, False), False, noon), tells_others((noon, False), True, noon)
    (True, False, True)
    """
    if before is None or not is_here(before[0], now):
        return True
    return before[1] != writing
