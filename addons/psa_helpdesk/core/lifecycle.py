"""What a change of state does to the dates of a ticket. Pure: no clock, no database."""

from dataclasses import dataclass, replace
from datetime import datetime

STATES = ("new", "open", "waiting", "on_hold", "resolved", "closed", "cancelled")
OPEN_STATES = ("new", "open", "waiting", "on_hold")
DONE_STATES = ("resolved", "closed", "cancelled")


@dataclass(frozen=True)
class Lifecycle:
    """Where a ticket stands and since when."""

    state: str = "new"
    opened_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None


def advance(life: Lifecycle, state: str, now: datetime) -> Lifecycle:
    """Return the lifecycle after the ticket moved to ``state`` at ``now``.

    The first move away from *new* opens a ticket, for good. Resolving and closing leave their dates, closing an
    unresolved ticket resolves it at the same moment, cancelling closes without resolving, and any return to an open
    state forgets both dates.

    >>> from datetime import timezone
    >>> noon = datetime(2026, 3, 2, 12, tzinfo=timezone.utc)
    >>> advance(Lifecycle(), "resolved", noon).resolved_at == noon
    True
    >>> advance(Lifecycle("closed", noon, noon, noon), "open", noon).closed_at is None
    True
    """
    if state not in STATES:
        raise ValueError(f"unknown ticket state {state!r}")
    if state == life.state:
        return life
    moved = replace(life, state=state)
    if state != "new" and moved.opened_at is None:
        moved = replace(moved, opened_at=now)
    if state in OPEN_STATES:
        return replace(moved, resolved_at=None, closed_at=None)
    # A clock that runs behind must not make a ticket end before it began.
    moment = max(now, moved.opened_at)
    if state == "cancelled":
        return replace(moved, resolved_at=None, closed_at=moment)
    resolved_at = moved.resolved_at or moment
    if state == "resolved":
        return replace(moved, resolved_at=resolved_at, closed_at=None)
    return replace(moved, resolved_at=resolved_at, closed_at=max(moment, resolved_at))


def state_after_client_message(state: str) -> str:
    """Return the state of a ticket once its client has written: whatever waited or was done is open again.

    >>> state_after_client_message("resolved"), state_after_client_message("new")
    ('open', 'new')
    """
    if state not in STATES:
        raise ValueError(f"unknown ticket state {state!r}")
    return state if state in ("new", "open") else "open"


def is_overdue(state: str, deadline: datetime | None, now: datetime) -> bool:
    """Return whether an unfinished ticket has passed its deadline."""
    return deadline is not None and state in OPEN_STATES and deadline < now
