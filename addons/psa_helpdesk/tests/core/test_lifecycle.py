from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_helpdesk.lifecycle import (
    DONE_STATES,
    OPEN_STATES,
    STATES,
    Lifecycle,
    advance,
    is_overdue,
    state_after_client_message,
)

START = datetime(2026, 3, 2, 8, 0, tzinfo=timezone.utc)
# Steps may go back in time: clocks of several machines differ.
WALKS = st.lists(st.tuples(st.sampled_from(STATES), st.integers(-3600, 86400 * 30)), max_size=30)


def walk(steps):
    """Yield the lifecycle before and after each step, with its moment."""
    life, now = Lifecycle(), START
    for state, seconds in steps:
        now += timedelta(seconds=seconds)
        after = advance(life, state, now)
        yield life, after, now
        life = after


@given(WALKS)
def test_dates_exist_exactly_when_the_state_says_so(steps):
    for _before, life, _now in walk(steps):
        assert (life.resolved_at is not None) == (life.state in ("resolved", "closed"))
        assert (life.closed_at is not None) == (life.state in ("closed", "cancelled"))


@given(WALKS)
def test_a_ticket_is_opened_once_and_for_good(steps):
    opened = None
    for _before, life, now in walk(steps):
        if opened is None and life.state != "new":
            opened = now
        assert life.opened_at == opened


@given(WALKS)
def test_dates_are_in_order(steps):
    for _before, life, _now in walk(steps):
        moments = [moment for moment in (life.opened_at, life.resolved_at, life.closed_at) if moment]
        assert moments == sorted(moments)


@given(WALKS)
def test_staying_in_a_state_changes_nothing(steps):
    for _before, life, now in walk(steps):
        assert advance(life, life.state, now + timedelta(days=1)) == life


@given(WALKS, st.sampled_from(OPEN_STATES))
def test_reopening_forgets_how_it_ended(steps, state):
    life = Lifecycle()
    for _before, after, _now in walk(steps):
        life = after
    reopened = advance(advance(life, "closed", START), state, START)
    assert (reopened.resolved_at, reopened.closed_at) == (None, None)


def test_closing_a_resolved_ticket_keeps_when_it_was_resolved():
    resolved = advance(Lifecycle(), "resolved", START)

    closed = advance(resolved, "closed", START + timedelta(days=3))

    assert closed.resolved_at == START
    assert closed.closed_at == START + timedelta(days=3)


def test_cancelling_a_resolved_ticket_leaves_nothing_resolved():
    cancelled = advance(advance(Lifecycle(), "resolved", START), "cancelled", START + timedelta(hours=1))

    assert cancelled.resolved_at is None
    assert cancelled.closed_at == START + timedelta(hours=1)


def test_an_unknown_state_is_refused():
    with pytest.raises(ValueError, match="sleeping"):
        advance(Lifecycle(), "sleeping", START)
    with pytest.raises(ValueError, match="sleeping"):
        state_after_client_message("sleeping")


@pytest.mark.parametrize(("before", "after"), [
    ("new", "new"),
    ("open", "open"),
    ("waiting", "open"),
    ("on_hold", "open"),
    ("resolved", "open"),
    ("closed", "open"),
    ("cancelled", "open"),
])
def test_what_the_client_writes_opens_whatever_waited(before, after):
    assert state_after_client_message(before) == after


@given(st.sampled_from(STATES), st.integers(-10, 10))
def test_only_unfinished_tickets_are_overdue(state, minutes):
    deadline = START + timedelta(minutes=minutes)

    assert is_overdue(state, deadline, START) == (state not in DONE_STATES and minutes < 0)
    assert not is_overdue(state, None, START)
