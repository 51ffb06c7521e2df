from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_helpdesk import clock
from psa_cores.psa_helpdesk.sla import (
    CANCELLED,
    MET,
    MISSED,
    PAUSED,
    RESOLUTION,
    RESPONSE,
    RUNNING,
    UPDATE,
    Candidate,
    Stretch,
    Terms,
    choose,
    due_moves,
    explain,
    foremost,
    in_order,
    parse_percents,
    stand,
    updates_owed,
)

UTC = timezone.utc

PRECEDENCE = ("contract", "client", "class", "desk", "priority")
IDS = st.frozensets(st.integers(1, 3), min_size=1, max_size=2)
CANDIDATES = st.lists(
    st.dictionaries(st.sampled_from(PRECEDENCE), IDS, max_size=5).map(lambda criteria: tuple(criteria.items())), max_size=8
).map(lambda rows: [Candidate(number, criteria, (number,)) for number, criteria in enumerate(rows)])
FACTS = st.dictionaries(st.sampled_from(PRECEDENCE), st.frozensets(st.integers(1, 3), max_size=2))
OFFICE = clock.Calendar(((None, clock.Schedule(tuple((day, 540, 1020) for day in range(5)), tz="Europe/Berlin")),))
MONDAY = datetime(2026, 3, 2, 8, tzinfo=UTC)  # 9:00 in Berlin
HOUR = timedelta(hours=1)


def oracle_applies(candidate, facts):
    return all(any(item in wanted for item in facts.get(name, ())) for name, wanted in candidate.criteria)


def oracle_beats(one, other):
    """Compare two candidates one criterion after the other."""
    for name in PRECEDENCE:
        has_one = name in dict(one.criteria)
        has_other = name in dict(other.criteria)
        if has_one != has_other:
            return has_one
    return one.order < other.order


@given(CANDIDATES, FACTS)
def test_the_most_specific_that_applies_wins(candidates, facts):
    chosen = choose(in_order(candidates, PRECEDENCE), facts)

    applying = [candidate for candidate in candidates if oracle_applies(candidate, facts)]
    if not applying:
        assert chosen is None
        return
    assert chosen in applying
    assert all(chosen == other or oracle_beats(chosen, other) for other in applying)


@given(CANDIDATES, FACTS)
def test_the_order_of_entry_does_not_matter(candidates, facts):
    assert choose(in_order(candidates, PRECEDENCE), facts) == choose(in_order(candidates[::-1], PRECEDENCE), facts)


@given(CANDIDATES, FACTS)
def test_the_explanation_tells_what_was_chosen_and_why_not_the_others(candidates, facts):
    ordered = in_order(candidates, PRECEDENCE)
    verdicts = explain(ordered, facts)

    assert [verdict.candidate for verdict in verdicts] == ordered
    assert [verdict.candidate for verdict in verdicts if verdict.chosen] == [item for item in [choose(ordered, facts)] if item]
    for verdict in verdicts:
        assert (not verdict.unmet) == oracle_applies(verdict.candidate, facts)


def test_thresholds_are_read_as_people_write_them():
    assert parse_percents("75,90") == parse_percents(" 90 % ;75% 75") == (75, 90)
    assert parse_percents("50 100 110") == (50, 110)  # the breach itself needs no threshold
    assert parse_percents("") == parse_percents(None) == ()
    for wrong in ("half", "0", "-5", "5000"):
        with pytest.raises(ValueError, match=r"^(half|0|-5|5000)$"):
            parse_percents(wrong)


def terms(hours=8, kind=RESOLUTION, **values):
    return Terms(kind, int(hours * 3600), values.pop("percents", (75,)), values.pop("pausing", frozenset({"waiting", "on_hold"})))


def states(*changes):
    """Return the stretches of a ticket that changed its state at these moments: (state, hours since Monday morning)."""
    moments = [MONDAY + hours * HOUR for _state, hours in changes] + [None]
    return [Stretch(state, moments[index], moments[index + 1]) for index, (state, _hours) in enumerate(changes)]


def test_a_new_ticket_is_due_when_the_budget_is_used():
    standing = stand(terms(), states(("new", 0)), MONDAY, OFFICE, MONDAY)

    assert (standing.state, standing.due_at, standing.next_percent) == (RUNNING, MONDAY + 8 * HOUR, 75)
    assert standing.next_at == standing.warn_at == MONDAY + 6 * HOUR


def test_waiting_pauses_the_resolution_but_never_the_first_answer():
    log = states(("new", 0), ("waiting", 1))

    resolution = stand(terms(), log, MONDAY, OFFICE, MONDAY + 5 * HOUR)
    response = stand(terms(2, RESPONSE), log, MONDAY, OFFICE, MONDAY + HOUR)

    assert (resolution.state, resolution.due_at, resolution.next_at, resolution.elapsed) == (PAUSED, None, None, 3600)
    assert (response.state, response.due_at) == (RUNNING, MONDAY + 2 * HOUR)


def test_a_pause_over_the_weekend_does_not_give_the_weekend_away():
    friday = 4 * 24
    log = states(("open", friday), ("waiting", friday + 7), ("open", friday + 72))  # 16:00, again on Monday 9:00

    standing = stand(terms(2), log, MONDAY + friday * HOUR, OFFICE, MONDAY + (friday + 72) * HOUR)

    # Seven of two hours … were used before the pause: it had been missed then.
    assert standing.state == MISSED
    standing = stand(terms(8), log, MONDAY + friday * HOUR, OFFICE, MONDAY + (friday + 72) * HOUR)
    assert standing.due_at == MONDAY + (friday + 73) * HOUR


def test_late_on_saturday_is_late_though_no_working_time_passed():
    friday = MONDAY + 4 * 24 * HOUR
    log = [Stretch("new", friday, friday + 30 * HOUR), Stretch("resolved", friday + 30 * HOUR, None)]

    standing = stand(terms(8), log, friday, OFFICE, friday + 30 * HOUR)

    assert (standing.state, standing.due_at, standing.elapsed) == (MISSED, friday + 8 * HOUR, 8 * 3600)


def test_what_waits_with_its_budget_used_up_to_the_second_is_late():
    log = states(("open", 0), ("waiting", 8))

    assert stand(terms(8), log, MONDAY, OFFICE, MONDAY + 9 * HOUR).state == MISSED


def test_resolving_in_time_is_met_and_closing_later_does_not_change_that():
    log = states(("new", 0), ("resolved", 2), ("closed", 100))

    standing = stand(terms(), log, MONDAY, OFFICE, MONDAY + 200 * HOUR)

    assert (standing.state, standing.ended_at, standing.elapsed) == (MET, MONDAY + 2 * HOUR, 7200)
    assert standing.next_at is None


def test_a_reopened_ticket_goes_on_with_what_is_left():
    log = states(("new", 0), ("resolved", 2), ("open", 24))

    standing = stand(terms(), log, MONDAY, OFFICE, MONDAY + 25 * HOUR)

    assert (standing.state, standing.due_at, standing.elapsed) == (RUNNING, MONDAY + 30 * HOUR, 3 * 3600)


def test_a_recorded_miss_stays_when_the_ticket_is_done_paused_or_cancelled():
    for state in ("resolved", "waiting", "cancelled", "open"):
        standing = stand(
            terms(), states(("new", 0), (state, 30)), MONDAY, OFFICE, MONDAY + 40 * HOUR,
            passed=100, missed_at=MONDAY + 8 * HOUR, missed_due=MONDAY + 8 * HOUR,
        )
        assert (standing.state, standing.missed_at, standing.due_at) == (MISSED, MONDAY + 8 * HOUR, MONDAY + 8 * HOUR)


def test_a_cancelled_ticket_promises_nothing():
    standing = stand(terms(1), states(("new", 0), ("cancelled", 1)), MONDAY, OFFICE, MONDAY + 40 * HOUR)

    assert standing.state == CANCELLED


def test_what_the_client_closes_himself_is_neither_kept_nor_missed():
    log = states(("new", 0), ("closed", 1))

    def outcome(kind, hours, **known):
        return stand(terms(hours, kind), log, MONDAY, OFFICE, MONDAY + 3 * HOUR, is_closed_by_client=True, **known).state

    assert outcome(RESPONSE, 2) == outcome(UPDATE, 2) == CANCELLED
    assert outcome(RESOLUTION, 2) == outcome(RESPONSE, 2, answered_at=MONDAY + HOUR) == MET
    assert outcome(RESPONSE, 0.5) == MISSED


def test_each_answer_to_an_open_ticket_owes_the_next():
    log = states(("new", 0), ("resolved", 1), ("open", 3))
    first, between, last = (MONDAY + hours * HOUR for hours in (0.5, 2, 4))

    assert updates_owed(log, [], begins_at_once=True) == [(MONDAY, None)]
    assert updates_owed(log, [], begins_at_once=False) == []
    assert updates_owed(log, [first, between, last], begins_at_once=False) == [(first, last), (last, None)]


def test_time_used_before_counts_under_new_terms():
    since = MONDAY + 3 * HOUR

    standing = stand(terms(4), states(("new", 0)), since, OFFICE, since, used=3 * 3600)

    assert (standing.due_at, standing.elapsed) == (MONDAY + 4 * HOUR, 3 * 3600)


def test_shorter_terms_can_be_missed_at_once_even_while_waiting():
    since = MONDAY + 3 * HOUR

    standing = stand(terms(2), states(("new", 0), ("waiting", 2.5)), since, OFFICE, since, used=3 * 3600)

    assert (standing.state, standing.missed_at, standing.next_at) == (MISSED, since, since)


def test_every_threshold_is_passed_in_turn_none_is_left_out():
    passed, told = 0, []
    late = MONDAY + 50 * HOUR
    while True:
        standing = stand(terms(percents=(50, 90, 110)), states(("new", 0)), MONDAY, OFFICE, late, passed=passed)
        if standing.next_percent is None:
            break
        told.append(standing.next_percent)
        passed = standing.next_percent

    assert told == [50, 90, 100, 110]


MOVES = st.lists(
    st.tuples(st.sampled_from(["new", "open", "waiting", "on_hold", "resolved"]), st.integers(1, 60)), min_size=1, max_size=6
)


@given(MOVES, st.integers(1, 20), st.integers(0, 5))
def test_what_stands_later_agrees_with_what_was_due(moves, budget, later):
    """Whoever looks when: as long as nothing happens, the due date stays and a miss begins exactly there."""
    hours, log = 0, []
    for state, length in moves:
        log.append((state, hours))
        hours += length
    stretches = states(*log)
    last = stretches[-1].start

    at_once = stand(terms(budget), stretches, MONDAY, OFFICE, last)
    afterwards = stand(terms(budget), stretches, MONDAY, OFFICE, last + later * HOUR)

    assert afterwards.due_at == at_once.due_at
    if at_once.is_open and at_once.due_at:
        assert (afterwards.state == MISSED) == (last + later * HOUR >= at_once.due_at)
    else:
        assert afterwards.state == at_once.state


@given(MOVES, st.integers(1, 20), st.integers(0, 100))
def test_counting_in_two_parts_is_counting_at_once(moves, budget, cut):
    hours, log = 0, []
    for state, length in moves:
        log.append((state, hours))
        hours += length
    stretches = states(*log)
    now = MONDAY + (hours + 100) * HOUR
    middle = min(MONDAY + cut * HOUR, stretches[-1].start)

    whole = stand(terms(budget), stretches, MONDAY, OFFICE, now)
    first = clock.elapsed(
        [clock.Interval(item.start, item.end, item.state in ("new", "open")) for item in stretches], OFFICE, middle
    )
    parts = stand(terms(budget), stretches, middle, OFFICE, now, used=first)

    assert parts.elapsed == whole.elapsed
    if first < budget * 3600:
        assert parts.state == whole.state
        # What is judged from the moment on in which it was over has nothing left to be due.
        was_over = {item.state for item in stretches if item.end is None or item.end > middle} == {"resolved"}
        assert parts.due_at == (None if was_over else whole.due_at)


def test_the_ticket_shows_what_presses_most():
    def clock_of(state, due=None, is_open=True):
        return (RESOLUTION, stand_like(state, due, is_open))

    assert foremost([]) is None
    assert foremost([clock_of(RUNNING, 5), clock_of(RUNNING, 2)]) == 1
    assert foremost([clock_of(RUNNING, 5), clock_of(PAUSED), clock_of(MISSED, 1)]) == 2
    assert foremost([clock_of(MET, 1, False), clock_of(PAUSED)]) == 1
    assert foremost([clock_of(MET, 1, False), clock_of(MISSED, 1, False)]) == 1
    assert foremost([clock_of(CANCELLED, 1, False)]) is None


def stand_like(state, due, is_open):
    standing = stand(terms(), states(("new", 0)), MONDAY, OFFICE, MONDAY)
    due_at = MONDAY + due * HOUR if due is not None else None
    return type(standing)(state, 0, due_at, None, None if is_open else MONDAY, None, None, None)


@given(st.lists(st.tuples(st.integers(1, 300), st.sampled_from(["open", "waiting", "on_hold", "resolved", "cancelled"])), max_size=8),
       st.integers(1, 40), st.integers(0, 20), st.none() | st.integers(1, 900))
def test_what_was_known_of_a_due_moment_is_what_was_reckoned_then(moves, budget, used, answer):
    """The oracle asks at each of a row of moments how the clock stands, and knows nothing of what came after."""
    promised = terms(budget / 10, pausing=frozenset({"waiting"}), kind=UPDATE if answer else RESOLUTION)
    log, moment = [], MONDAY
    state = "open"
    for minutes, to in moves:
        if to == state:
            continue
        log.append(Stretch(state, moment, moment + timedelta(minutes=minutes)))
        moment, state = log[-1].end, to
    log.append(Stretch(state, moment, None))
    answered_at = MONDAY + timedelta(minutes=answer) if answer else None

    known = due_moves(promised, log, MONDAY, OFFICE, used=used * 60, answered_at=answered_at)

    missed_at = missed_due = None
    for step in range(0, 2600, 7):
        now = MONDAY + timedelta(minutes=step, seconds=1)
        so_far = [stretch for stretch in log if stretch.start <= now]
        so_far[-1] = so_far[-1]._replace(end=None)
        standing = stand(
            promised, so_far, MONDAY, OFFICE, now, used=used * 60, answered_at=answered_at if answered_at and answered_at <= now else None,
            missed_at=missed_at, missed_due=missed_due,
        )
        if standing.missed_at and missed_at is None and standing.state == MISSED:
            missed_at, missed_due = standing.missed_at, standing.due_at
        told = [due_at for since, due_at in known if since <= now]
        assert told[-1] == (standing.due_at if standing.is_open else None), step
