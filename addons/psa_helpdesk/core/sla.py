"""Which service level a ticket gets, and how its clocks stand. Pure: plain data in, plain data out.

Selection: a candidate applies if each of its criteria is met; of those that apply, the most specific one wins. What is more
specific is told by one list of criteria, the weightiest first: a policy that names the client beats every policy that names
only a class of clients, however many other criteria that one has.

Clocks: what was promised (``Terms``) and the log of the ticket's states say all. Nothing is shifted when a clock pauses: the
log simply has a stretch in which it did not run, so the budget that was left is left.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from typing import NamedTuple

from . import clock
from .lifecycle import DONE_STATES, OPEN_STATES

RESPONSE, RESOLUTION, UPDATE = KINDS = ("first_response", "resolution", "next_update")
RUNNING, PAUSED, MET, MISSED, CANCELLED = "running", "paused", "met", "missed", "cancelled"
BREACH = 100
MAX_PERCENT = 1000


# ------------------------------------------------------------------ selection


@dataclass(frozen=True)
class Candidate:
    """One row of targets of a policy, or a policy that promises nothing.

    ``criteria`` holds what is asked for: (name of the criterion, the ids of which one must apply). ``order`` settles ties.
    """

    key: object
    criteria: tuple[tuple[str, frozenset], ...] = ()
    order: tuple = ()


class Verdict(NamedTuple):
    """What became of a candidate: which criteria were not met, and whether it was the one chosen."""

    candidate: Candidate
    unmet: tuple[str, ...]
    chosen: bool


def unmet(candidate: Candidate, facts: Mapping[str, Collection]) -> tuple[str, ...]:
    """Return the names of the criteria of a candidate the facts do not meet.

    >>> unmet(Candidate(1, (("client", frozenset({7})), ("priority", frozenset({1, 2})))), {"client": {7}, "priority": {3}})
    ('priority',)
    """
    return tuple(name for name, wanted in candidate.criteria if wanted.isdisjoint(facts.get(name, ())))


def rank(candidate: Candidate, precedence: Sequence[str]) -> int:
    """Return how specific a candidate is; each criterion outweighs all that come after it.

    >>> rank(Candidate(1, (("a", frozenset({1})),)), "abc") > rank(Candidate(2, (("b", frozenset({1})), ("c", frozenset({1})))), "abc")
    True
    """
    weights = {name: 1 << position for position, name in enumerate(reversed(precedence))}
    return sum(weights[name] for name, _wanted in candidate.criteria)


def in_order(candidates: Iterable[Candidate], precedence: Sequence[str]) -> list[Candidate]:
    """Return candidates in the order in which they are asked; the first that applies wins."""
    return sorted(candidates, key=lambda candidate: (-rank(candidate, precedence), candidate.order))


def choose(ordered: Iterable[Candidate], facts: Mapping[str, Collection]) -> Candidate | None:
    """Return the first of candidates in order that applies."""
    return next((candidate for candidate in ordered if not unmet(candidate, facts)), None)


def explain(ordered: Iterable[Candidate], facts: Mapping[str, Collection]) -> list[Verdict]:
    """Return a verdict for each candidate, in the order in which they are asked."""
    chosen = None
    verdicts = []
    for candidate in ordered:
        missing = unmet(candidate, facts)
        wins = chosen is None and not missing
        chosen = candidate if wins else chosen
        verdicts.append(Verdict(candidate, missing, wins))
    return verdicts


def parse_percents(text: str | None) -> tuple[int, ...]:
    """Return warning thresholds in order, each once; raise ValueError with the part that is none.

    >>> parse_percents("90, 50 %; 75")
    (50, 75, 90)
    """
    percents = set()
    for part in re.split(r"[\s,;%]+", text or ""):
        if not part:
            continue
        if not part.isdecimal() or not 0 < int(part) <= MAX_PERCENT:
            raise ValueError(part)
        percents.add(int(part))
    return tuple(sorted(percents - {BREACH}))


# ------------------------------------------------------------------ clocks


class Stretch(NamedTuple):
    """A stretch of the log of a ticket's states; the last one has no end."""

    state: str
    start: datetime
    end: datetime | None


@dataclass(frozen=True)
class Terms:
    """What was promised: so many seconds for a kind of thing, warnings at these percentages, paused in these states."""

    kind: str
    budget: int
    percents: tuple[int, ...] = ()
    pausing: frozenset = frozenset()


@dataclass(frozen=True)
class Standing:
    """How a clock stands: see :func:`stand`."""

    state: str
    elapsed: int
    due_at: datetime | None
    warn_at: datetime | None
    ended_at: datetime | None
    missed_at: datetime | None
    next_percent: int | None
    next_at: datetime | None

    @property
    def is_open(self):
        """Tell whether what was promised is still to be done."""
        return self.ended_at is None


def condition(terms: Terms, state: str) -> str:
    """Return what a clock does while its ticket is in a state: running, paused, met (it stands, all is done) or cancelled.

    A first answer is owed to who waits, whatever the ticket waits for: that clock never pauses.

    >>> condition(Terms("first_response", 60, pausing=frozenset({"waiting"})), "waiting")
    'running'
    >>> condition(Terms("resolution", 60, pausing=frozenset({"waiting"})), "waiting")
    'paused'
    """
    if state == "cancelled":
        return CANCELLED
    if state in DONE_STATES:
        return MET
    if state not in OPEN_STATES:
        raise ValueError(f"unknown ticket state {state!r}")
    return PAUSED if terms.kind != RESPONSE and state in terms.pausing else RUNNING


def log_of(terms: Terms, stretches: Iterable[Stretch], since: datetime, until: datetime | None = None) -> list[clock.Interval]:
    """Return the log of a clock from the log of its ticket's states, between two moments."""
    log = []
    for state, start, end in stretches:
        begin = max(start, since)
        finish = until if end is None else end if until is None else min(end, until)
        if finish is None or begin < finish:
            log.append(clock.Interval(begin, finish, condition(terms, state) == RUNNING))
    return log


def moment_of(percent: int, terms: Terms, used: int, since: datetime, log, calendar) -> datetime | None:
    """Return when so much of the budget is used; None as long as the clock is paused before that."""
    wanted = terms.budget * percent / 100
    if wanted < used or wanted == used == 0:
        return since
    return clock.due((wanted - used) / 60, log, calendar)


def stand(
    terms: Terms,
    stretches: Sequence[Stretch],
    since: datetime,
    calendar: clock.Calendar,
    now: datetime,
    *,
    used: int = 0,
    passed: int = 0,
    answered_at: datetime | None = None,
    missed_at: datetime | None = None,
    missed_due: datetime | None = None,
    is_closed_by_client: bool = False,
) -> Standing:
    """Return how a clock stands at ``now``.

    :param stretches: the ticket's states, in order, the present one last and without end
    :param since: from when on the log counts; ``used`` seconds were used before, under other terms or hours
    :param passed: the highest percentage that was announced
    :param answered_at: when what was promised was done; a resolution ends with the ticket's state instead
    :param missed_at: when a miss was recorded, with ``missed_due``, when it had been due: a miss stays
    :param is_closed_by_client: whether the client closed the ticket himself. What he was to be told is owed no longer then, but
        nobody kept a promise, either; the resolution is there all the same
    """
    ended_at, outcome = _end(terms, stretches, answered_at)
    log = log_of(terms, stretches, since, ended_at)
    # What was done in time still says by when it was due: when it would have been, had the clock run on.
    due_log = [*log[:-1], log[-1]._replace(end=None)] if log and ended_at is not None else log
    due_at = missed_due if missed_at else moment_of(BREACH, terms, used, since, due_log, calendar)
    is_late = due_at is not None and (ended_at > due_at if ended_at else now >= due_at)
    if is_late and missed_at is None and outcome != CANCELLED:
        missed_at = max(due_at, since)
    if missed_at is not None:
        state = MISSED
    elif ended_at is not None:
        is_dropped = is_closed_by_client and answered_at is None and terms.kind != RESOLUTION
        state = CANCELLED if is_dropped else outcome
    else:
        state = condition(terms, stretches[-1].state)
    first = terms.percents[0] if terms.percents else None
    warn_at = next_at = next_percent = None
    if ended_at is None:
        if first is not None and first < BREACH:
            warn_at = moment_of(first, terms, used, since, log, calendar)
        next_percent = next((percent for percent in sorted({*terms.percents, BREACH}) if percent > passed), None)
        if next_percent is not None:
            next_at = moment_of(next_percent, terms, used, since, log, calendar)
    return Standing(
        state=state,
        elapsed=used + clock.elapsed(log, calendar, max(since, ended_at or now)),
        due_at=due_at,
        warn_at=warn_at,
        ended_at=ended_at,
        missed_at=missed_at,
        next_percent=next_percent,
        next_at=next_at,
    )


def due_moves(
    terms: Terms, stretches: Sequence[Stretch], since: datetime, calendar: clock.Calendar, *, used: int = 0,
    answered_at: datetime | None = None,
) -> list[tuple[datetime, datetime | None]]:
    """Return what was known from when on of the moment something is due: None while the clock is paused, and once it is done.

    What is overdue stays due then, paused or not, until it is done. Parameters as of :func:`stand`.
    """
    moves, due_at, missed_due = [], None, None
    for index, (state, start, end) in enumerate(stretches):
        begin = max(start, since)
        if (end is not None and end <= begin) or (answered_at is not None and answered_at <= begin):
            continue
        if due_at is not None and due_at <= begin:
            missed_due = due_at
        does = condition(terms, state)
        due_at = None
        if does in (RUNNING, PAUSED):
            due_at = missed_due
        if does == RUNNING and missed_due is None:
            log = log_of(terms, [*stretches[:index], Stretch(state, start, None)], since)
            due_at = moment_of(BREACH, terms, used, since, log, calendar)
        if not moves or moves[-1][1] != due_at:
            moves.append((begin, due_at))
    if answered_at is not None and moves and moves[-1][1] is not None:
        moves.append((answered_at, None))
    return moves


def updates_owed(
    stretches: Sequence[Stretch], answers: Iterable[datetime], begins_at_once: bool
) -> list[tuple[datetime, datetime | None]]:
    """Return from when each update was owed and when it was given: an answer while the ticket is open gives one and owes the next.

    :param begins_at_once: whether the first is owed from the beginning; else from the first answer on
    """
    moments = [
        answer for answer in answers
        if any(start <= answer and (end is None or answer < end) and state in OPEN_STATES for state, start, end in stretches)
    ]
    starts = [stretches[0].start, *moments] if begins_at_once else moments
    return list(zip_longest(starts, starts[1:]))


def _end(terms: Terms, stretches: Sequence[Stretch], answered_at: datetime | None):
    """Return when a clock ended and how; (None, None) while it goes on."""
    if answered_at is not None:
        return answered_at, MET
    present = condition(terms, stretches[-1].state)
    if present not in (MET, CANCELLED):
        return None, None
    # Closing a resolved ticket changes nothing: it was done when it was resolved.
    done_at = stretches[-1].start
    for stretch in reversed(stretches):
        if condition(terms, stretch.state) != present:
            break
        done_at = stretch.start
    return done_at, present


# ------------------------------------------------------------------ what a ticket shows of its clocks

SHOWN_FIRST = {MISSED: 0, RUNNING: 1, PAUSED: 2}


def foremost(standings: Sequence[tuple[str, Standing]]) -> int | None:
    """Return the index of the clock that presses most: what is late, then what is due first, then what is paused.

    With everything done, it is the one that was missed, else the last one.
    """
    open_ones = [
        (SHOWN_FIRST[standing.state], standing.due_at is None, standing.due_at and standing.due_at.timestamp(), index)
        for index, (_kind, standing) in enumerate(standings) if standing.is_open
    ]
    if open_ones:
        return min(open_ones, key=lambda item: (item[0], item[1], item[2] or 0, item[3]))[3]
    done = [index for index, (_kind, standing) in enumerate(standings) if standing.state in (MET, MISSED)]
    return next((index for index in done if standings[index][1].state == MISSED), done[-1] if done else None)
