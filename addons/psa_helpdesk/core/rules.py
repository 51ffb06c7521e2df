"""Which rules something that happens to a ticket sets off, when a moment comes, and when a chain of rules ends.

Pure: no clock, no database. The engine (``models/psa_rule_engine.py``, ``psa_rule_time.py``) and the trial on history ask the same
functions, so that what the trial lists is what the engine would have done.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from . import rule_changes

# How deep rules set each other off. What a person does sets off rules at depth 0; what these change sets off rules at depth 1.
MAX_DEPTH = 5
MINUTES = {"minutes": 1, "hours": 60, "days": 1440}
# What a change of time units a rule counts from; whatever else happens to a ticket leaves these moments where they are.
MOVED_BY = {
    "created": frozenset(),
    "client_entry": frozenset({"entry_client"}),
    "staff_entry": frozenset({"entry_staff"}),
    "activity": frozenset({"updated", "entry_client", "entry_staff"}),
    "stage": frozenset({"stage"}),
    "deadline": frozenset({"deadline"}),
    "sla_first_response": frozenset({"sla"}),
    "sla_resolution": frozenset({"sla"}),
}

FROM_OUTSIDE = ("email", "portal")
FROM_MONITORING = "alert"
FIRE, AGAIN, TOO_DEEP = "fire", "again", "too_deep"


@dataclass(frozen=True)
class Firing:
    """Why a rule acts on tickets now."""

    rule_id: int
    event: str
    reason: str  # the condition that was met, in words
    at: datetime  # aware
    depth: int = 0
    chain: tuple = ()  # ids of the rules that led here, the first one first
    late: bool = False  # the moment had passed long before, for example while the server was down
    turn: int = 0  # 0 for the first time, 1 for the first repetition …
    fields: tuple = ()  # names of the fields whose change set it off
    changes: tuple = ()  # keys of the changes the rule waits for that set it off


@dataclass(frozen=True)
class Outcome:
    """What an action did to one ticket, in words, and whom it told."""

    text: str
    recipients: tuple = ()
    error: str = ""  # why it could not be done; the ticket is as if it had not been tried


@dataclass(frozen=True)
class Head:
    """What must be known of an active rule to tell whether something concerns it."""

    id: int
    event: str
    company_id: int
    desk_id: int | None = None  # None: every desk of the company
    patterns: tuple = ()  # of a rule about changes; none: any change
    details: tuple = ()  # pairs of what the event must say of itself, such as ("percent", 75)
    is_last: bool = False
    basis: str | None = None  # of a rule about time


def aware(moment: datetime | None) -> datetime | None:
    """Say of a moment in UTC that it is."""
    return moment.replace(tzinfo=timezone.utc) if moment else None


def naive(moment: datetime | None) -> datetime | None:
    """Return a moment as Odoo keeps it: in UTC, without saying so."""
    return moment.astimezone(timezone.utc).replace(tzinfo=None) if moment else None


def says(details: Collection, wanted: Collection) -> bool:
    """Return whether one of the times something happened was as the rule wants it.

    >>> says([{"percent": 50}, {"percent": 75}], [("percent", 75)]), says([{}], []), says([{}], [("percent", 75)])
    (True, True, False)
    """
    return any(all(detail.get(key) == value for key, value in wanted) for detail in details)


def concerns(head: Head, company_id: int, desk_id: int) -> bool:
    """Return whether a ticket of that company and desk is in the rule's reach.

    >>> concerns(Head(1, "created", 7), 7, 3), concerns(Head(1, "created", 7, 4), 7, 3), concerns(Head(1, "created", 8), 7, 3)
    (True, False, False)
    """
    return head.company_id == company_id and head.desk_id in (None, desk_id)


def verdict(rule_id: int, ticket_id: int, chain: Sequence[int], acted: Collection[tuple[int, int]]) -> str:
    """Return whether a rule acts on a ticket after a chain of rules.

    :param acted: pairs of rule and ticket that were in this chain

    >>> verdict(1, 9, (), ()), verdict(1, 9, (1,), {(1, 9)}), verdict(1, 8, (1,), {(1, 9)}), verdict(9, 9, (1, 2, 3, 4, 5, 6), ())
    ('fire', 'again', 'fire', 'too_deep')
    """
    if (rule_id, ticket_id) in acted:
        return AGAIN
    return TOO_DEEP if len(chain) > MAX_DEPTH else FIRE


def minutes(amount: int, unit: str, day: float = 1440) -> float:
    """Return an amount of time in minutes; ``day`` is how long a day is in hours that count.

    >>> minutes(2, "days"), minutes(2, "days", 450), minutes(3, "hours", 450)
    (2880, 900, 180)
    """
    return amount * (day if unit == "days" else MINUTES[unit])


def around_the_clock(moment: datetime, amount: float) -> datetime:
    """Move a moment by minutes of which every one counts."""
    return moment + timedelta(minutes=amount)


@dataclass(frozen=True)
class Timing:
    """When a rule about time acts: so many minutes after (below zero: before) a moment, again every so many, so often."""

    basis: str = "created"
    minutes: float = 0
    repeat_minutes: float = 0
    repeat_max: int = 0
    shift: Callable = field(default=around_the_clock, compare=False)

    def due(self, basis: datetime | None) -> datetime | None:
        """Return when the rule acts, counted from a moment; None while there is no such moment."""
        return None if basis is None else self.shift(basis, self.minutes)

    def next_due(self, at: datetime, turn: int) -> datetime | None:
        """Return when the rule acts again after it has acted for the ``turn``-th time, None if it does not."""
        if not self.repeat_minutes or turn >= self.repeat_max:
            return None
        return self.shift(at, self.repeat_minutes)


@dataclass(frozen=True)
class Happening:
    """Something recorded of a ticket: what it was, what it changed, and which moments rules count from it moved."""

    at: datetime
    event: str | None
    changes: tuple = ()  # triples (field, old, new)
    moves: tuple = ()  # pairs (basis, moment or None)
    details: tuple = ()  # pairs of what the event says of itself, such as ("percent", 75)


@dataclass(frozen=True)
class Acted:
    """That a rule would have acted on a ticket."""

    at: datetime
    event: str
    fields: tuple = ()
    turn: int = 0
    changes: tuple = field(default=(), compare=False)  # keys of those of the rule's changes it was


def replay(
    head: Head, timing: Timing, story: Sequence[Happening], holds: Callable[[datetime], bool], since: datetime, until: datetime,
    bases: Mapping = (),
) -> list[Acted]:
    """Return what a rule that became active at ``since`` would have done to one ticket up to ``until``.

    :param story: what happened after ``since``, in order
    :param holds: whether the condition was met right after a moment
    :param bases: {basis: moment} as it was at ``since``
    """
    acted = []
    basis = dict(bases).get(head.basis)
    pending, turn, has_acted, repeated_event = None, 0, False, None
    passed = {}  # {moment it was counted from, whose moment has come: whether it was acted on}
    if head.event == "time":
        pending = _still_to_come(timing.due(basis), since)

    def pass_time(end):
        nonlocal pending, turn, has_acted
        while pending is not None and pending <= end:
            moment, pending = pending, None
            if not holds(moment):
                return
            acted.append(Acted(moment, repeated_event or head.event, turn=turn))
            has_acted, turn = True, turn + 1
            pending = timing.next_due(moment, turn - 1)

    for happening in story:
        if happening.at > until:
            break
        pass_time(happening.at)
        if head.event == "time":
            moved = dict(happening.moves)
            is_moved = head.basis in moved and moved[head.basis] != basis
            if is_moved:
                if pending is None or turn:
                    passed[basis] = has_acted
                basis, turn = moved[head.basis], 0
                # One that comes back, as after a pause at night, has had its turn.
                has_acted, is_moved = passed.get(basis, False), basis not in passed
                pending = _still_to_come(timing.due(basis), since) if is_moved else None
                # What turns out to be overdue is acted on when it turns out.
                pending = pending and max(pending, happening.at)
                pass_time(happening.at)
            # A ticket that comes to meet the condition only after the moment is acted on then.
            if (
                not is_moved and pending is None and not has_acted and basis is not None
                and _still_to_come(timing.due(basis), since)
            ):
                pending = happening.at
                pass_time(happening.at)
        elif happening.event == head.event:
            changes = rule_changes.net(happening.changes) if head.event == "updated" else {}
            changed = rule_changes.matching(head.patterns, changes)
            is_meant = bool(changed) if head.event == "updated" else says([dict(happening.details)], head.details)
            if is_meant and holds(happening.at):
                keys = tuple(pattern.key for pattern in rule_changes.met(head.patterns, changes))
                acted.append(Acted(happening.at, head.event, tuple(changed), changes=keys))
                repeated_event, turn = head.event, 1
                pending = timing.next_due(happening.at, 0)
    pass_time(until)
    return acted


def speaker(is_internal: bool, has_author: bool, is_outside: bool, source: str, is_system: bool = False) -> str | None:
    """Return whose word an entry is, "client" or "staff"; None for what the system says by itself.

    >>> speaker(False, True, True, "portal"), speaker(False, False, False, "email"), speaker(True, True, False, "manual")
    ('client', 'client', 'staff')
    >>> speaker(True, False, False, "manual"), speaker(True, True, True, "email"), speaker(False, True, True, "manual", is_system=True)
    (None, None, None)

    An alert is nobody's word, whose account or address it comes by: it answers no client, and a ticket is as idle as before.

    >>> speaker(False, True, False, "alert")
    """
    if is_system or source == FROM_MONITORING:
        return None
    if has_author and not is_outside:
        return "staff"
    # An internal note from outside is what an answering machine sent.
    return "client" if not is_internal and (has_author or source in FROM_OUTSIDE) else None


def brings_alert(kind: str, source: str) -> bool:
    """Return whether an entry is an alert that joins its ticket; with its description, the ticket itself is the alert.

    A resolution says that it is over.

    >>> brings_alert("comment", "alert"), brings_alert("description", "alert"), brings_alert("resolution", "alert")
    (True, False, False)
    """
    return kind == "comment" and source == FROM_MONITORING


def _still_to_come(due: datetime | None, since: datetime) -> datetime | None:
    """Return a moment unless it had passed when the rule became active: a rule never acts on the past."""
    return due if due is not None and due > since else None
