from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_helpdesk import rule_changes, rules
from psa_cores.psa_helpdesk.rule_changes import ANY, EMPTY, FILLED, IS, Pattern, Side
from psa_cores.psa_helpdesk.rules import FIRE, MAX_DEPTH, Acted, Happening, Head, Timing

FIELDS = st.sampled_from(["stage", "queue", "user"])
VALUES = st.sampled_from([None, False, "", 1, 2, 3])
CHANGES = st.lists(st.tuples(FIELDS, VALUES, VALUES), max_size=8).map(tuple)
SIDES = st.builds(Side, st.sampled_from([ANY, EMPTY, FILLED, IS]), st.sampled_from([1, 2, 3]))
PATTERNS = st.lists(st.builds(Pattern, FIELDS, SIDES, SIDES), max_size=4)
START = datetime(2026, 3, 2, 8, tzinfo=timezone.utc)


def at(minute):
    return START + timedelta(minutes=minute)


# Reach


@given(st.integers(1, 3), st.integers(1, 3), st.none() | st.integers(1, 3), st.integers(1, 3))
def test_a_rule_never_reaches_beyond_its_company_and_desk(rule_company, company, rule_desk, desk):
    reached = rules.concerns(Head(1, "created", rule_company, rule_desk), company, desk)
    assert reached == (rule_company == company and (rule_desk is None or rule_desk == desk))


# Chains


@given(st.dictionaries(st.integers(1, 12), st.sets(st.integers(1, 12)), max_size=12), st.integers(1, 12))
def test_every_chain_ends(sets_off, first):
    """Whatever rules set off whichever others, and in circles: on one ticket each acts once in a chain, and no chain is longer."""
    longest = 0
    todo = [((), frozenset(), first)]
    steps = 0
    while todo:
        chain, acted, rule = todo.pop()
        steps += 1
        if rules.verdict(rule, 7, chain, acted) != FIRE:
            continue
        assert rule not in chain
        chain, acted = (*chain, rule), acted | {(rule, 7)}
        longest = max(longest, len(chain))
        if steps > 20000:
            break
        todo += [(chain, acted, other) for other in sets_off.get(rule, ())]
    assert longest <= MAX_DEPTH + 1


def test_a_straight_chain_reaches_the_bound_and_no_further():
    chain, acted = (), frozenset()
    for rule in range(1, 20):
        if rules.verdict(rule, 7, chain, acted) != FIRE:
            break
        chain, acted = (*chain, rule), acted | {(rule, 7)}
    assert chain == tuple(range(1, MAX_DEPTH + 2))
    assert rules.verdict(rule, 7, chain, acted) == rules.TOO_DEEP
    assert rules.verdict(3, 7, chain, acted) == rules.AGAIN
    assert rules.verdict(1, 8, (1,), {(1, 7)}) == FIRE, "on another ticket it may"


# Moments


@given(st.integers(0, 5000), st.sampled_from(sorted(rules.MINUTES)), st.integers(60, 1440))
def test_amounts_of_time(amount, unit, day):
    length = {"minutes": 1, "hours": 60, "days": day}[unit]
    assert rules.minutes(amount, unit, day) == amount * length


@given(st.integers(-600, 600), st.integers(0, 100))
def test_before_and_after_a_moment(minutes, basis):
    assert Timing(minutes=minutes).due(at(basis)) == at(basis + minutes)
    assert Timing(minutes=minutes).due(None) is None


@given(st.integers(0, 30), st.integers(0, 5), st.integers(0, 10))
def test_repetitions_end(every, most, turn):
    due = Timing(repeat_minutes=every, repeat_max=most).next_due(START, turn)
    assert due == (at(every) if every and turn < most else None)


# Replay equals live


class Live:
    """The engine in small, as slow and plain as can be: a clock that ticks each minute, timers in a list, one ticket."""

    def __init__(self, head, timing, holds, since, bases):
        self.head, self.timing, self.holds, self.since = head, timing, holds, since
        self.basis = bases.get(head.basis)
        self.timers, self.log = [], []
        self.passed, self.acted = set(), set()  # the moments counted from that have had their turn
        if head.event == "time":
            self.schedule(since)

    def schedule(self, now):
        self.timers = []
        self.fired = False
        due = self.timing.due(self.basis)
        if due is not None and due > self.since:
            self.timers.append((max(due, now), 0, "time"))

    def act(self, now, event, changed=(), turn=0):
        if not self.holds(now):
            return
        self.log.append(Acted(now, event, tuple(changed), turn))
        self.fired = True
        self.acted.add(self.basis)
        due = self.timing.next_due(now, turn)
        if turn or event != "time":
            self.timers = []
        if due is not None:
            self.timers.append((due, turn + 1, event))

    def sweep(self, now):
        while due := sorted(timer for timer in self.timers if timer[0] <= now):
            self.timers.remove(due[0])
            self.passed.add(self.basis)
            self.act(due[0][0], due[0][2], turn=due[0][1])

    def happen(self, happening):
        if self.head.event != "time":
            changed = rule_changes.matching(self.head.patterns, rule_changes.net(happening.changes)) if happening.event == "updated" else ()
            if happening.event == self.head.event and (changed or happening.event != "updated"):
                self.act(happening.at, happening.event, changed)
            return
        moves = dict(happening.moves)
        if self.head.basis in moves and moves[self.head.basis] != self.basis:
            self.basis = moves[self.head.basis]
            if self.basis not in self.passed:
                self.schedule(happening.at)
                self.sweep(happening.at)
                return
            self.timers, self.fired = [], self.basis in self.acted
        due = self.timing.due(self.basis)
        if due is not None and self.since < due <= happening.at and not self.fired:
            self.act(happening.at, "time")


@st.composite
def stories(draw):
    """Return (rule, timing, what happened, when its condition held)."""
    event = draw(st.sampled_from(["time", "updated", "entry_client"]))
    head = Head(1, event, 1, basis="activity" if event == "time" else None, patterns=tuple(draw(PATTERNS)) if event == "updated" else ())
    timing = Timing(
        basis="activity", minutes=draw(st.integers(-3, 12)), repeat_minutes=draw(st.sampled_from([0, 1, 4])),
        repeat_max=draw(st.integers(0, 3)),
    )
    minutes = draw(st.lists(st.integers(1, 59), unique=True, max_size=7).map(sorted))
    happenings = []
    for minute in minutes:
        moment = at(minute) + timedelta(seconds=30)  # moments of rules fall on whole minutes or, counted from these, on half ones
        kind = draw(st.sampled_from(["updated", "entry_client", None]))
        changes = draw(CHANGES) if kind == "updated" else ()
        basis = draw(st.sampled_from([None, at(4), moment, moment + timedelta(minutes=5), moment - timedelta(minutes=9)]))
        moves = draw(st.sampled_from([(), (("activity", basis),)]))
        happenings.append(Happening(moment, kind, changes, moves))
    held = draw(st.lists(st.booleans(), min_size=62, max_size=62))
    return head, timing, happenings, held, draw(st.sampled_from([{}, {"activity": at(0)}, {"activity": at(-20)}, {"activity": at(4)}]))


@given(stories())
def test_the_replay_does_what_the_engine_would_have_done(story):
    head, timing, happenings, held, bases = story

    def holds(moment):
        return held[max(0, min(61, int((moment - START).total_seconds() // 60)))]

    live = Live(head, timing, holds, START, bases)
    for half in range(1, 121):
        now = START + timedelta(seconds=30 * half)
        live.sweep(now)
        for happening in happenings:
            if happening.at == now:
                live.happen(happening)
    live.sweep(at(60))

    assert rules.replay(head, timing, happenings, holds, START, at(60), bases) == live.log


@given(stories())
def test_nothing_of_the_past_is_acted_on(story):
    head, timing, happenings, __, bases = story
    acted = rules.replay(head, timing, happenings, lambda moment: True, START, at(60), bases)
    assert all(START < done.at <= at(60) for done in acted)


@given(stories())
def test_a_moment_is_acted_on_once(story):
    head, timing, happenings, held, bases = story

    def holds(moment):
        return held[int((moment - START).total_seconds() // 60) % 62]

    acted = rules.replay(head, timing, happenings, holds, START, at(60), bases)
    assert len(acted) == len(set(acted))


@pytest.mark.parametrize(("entry", "who"), [
    ((False, True, True, "portal"), "client"),
    ((False, False, False, "email"), "client"),
    ((False, False, False, "manual"), None),
    ((True, True, True, "email"), None),
    ((True, True, False, "manual"), "staff"),
])
def test_whose_word_it_is(entry, who):
    assert rules.speaker(*entry) == who
