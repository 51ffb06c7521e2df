"""Laws of required fields: nothing is resolved or closed with a gap, and no change takes away what was there."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_helpdesk import required
from psa_cores.psa_helpdesk.lifecycle import DONE_STATES, OPEN_STATES, STATES
from psa_cores.psa_helpdesk.required import MOMENTS, NEVER, blocking, moment_of, required_at

FIELDS = ("type", "category", "severity", "module")
since = st.dictionaries(st.sampled_from(FIELDS), st.sampled_from((NEVER, *MOMENTS)))
filled = st.sets(st.sampled_from(FIELDS))
states = st.sampled_from(STATES)


def missing(since, filled, state):
    """Return what a ticket lacks, the slow obvious way."""
    order = {"create": 0, "resolve": 1, "close": 2}
    now = {"resolved": 1, "closed": 2, "cancelled": -1}.get(state, 0)
    return [field for field in since if since[field] != NEVER and order[since[field]] <= now and field not in filled]


def check(since, filled_before, filled_after, state_before, state_after, **kwargs):
    """Return what forbids that change."""
    return blocking(
        missing(since, filled_before, state_before), missing(since, filled_after, state_after),
        from_moment=moment_of(state_before), to_moment=moment_of(state_after), **kwargs,
    )


def test_the_examples_in_the_code_hold():
    assert doctest.testmod(required).failed == 0


def test_an_unknown_state_is_an_error():
    with pytest.raises(ValueError, match="unknown ticket state"):
        moment_of("asleep")


@given(since, filled, states)
def test_what_is_required_agrees_with_the_oracle(since, filled, state):
    lacking = [field for field in required_at(since, moment_of(state)) if field not in filled]

    assert lacking == missing(since, filled, state)


@given(since)
def test_requirements_only_grow_until_the_ticket_is_closed(since):
    create, resolve, close = (set(required_at(since, moment)) for moment in MOMENTS)

    assert create <= resolve <= close


@given(since, filled, filled, st.sampled_from(OPEN_STATES), st.sampled_from(("resolved", "closed")), st.booleans())
def test_nothing_is_finished_with_a_gap(since, before, after, state, done, has_moved):
    assert check(since, before, after, state, done, has_moved=has_moved) == missing(since, after, done)


@given(since, filled, filled, states)
def test_in_its_state_a_ticket_loses_nothing_it_needs(since, before, after, state):
    refused = check(since, before, after, state, state)

    assert set(refused) == set(missing(since, after, state)) - set(missing(since, before, state))


@given(since, filled, states)
def test_a_change_of_something_else_is_never_refused(since, filled, state):
    assert not check(since, filled, filled, state, state)


@given(since, filled, st.sampled_from(DONE_STATES), st.sampled_from(OPEN_STATES))
def test_an_answer_takes_a_ticket_up_again_whatever_is_missing(since, filled, done, state):
    assert not check(since, filled, filled, done, state)


@given(since, filled, filled, states)
def test_whatever_is_missing_a_ticket_can_be_cancelled(since, before, after, state):
    assert not check(since, before, after, state, "cancelled")


@given(since, filled, st.sampled_from(OPEN_STATES))
def test_a_complete_ticket_moves_only_where_it_is_complete(since, filled, state):
    lacking = missing(since, filled, state)

    assert blocking([], lacking, from_moment="create", to_moment="create", has_moved=True) == lacking
    assert blocking(["other"], lacking, from_moment="create", to_moment="create", has_moved=True) == []
