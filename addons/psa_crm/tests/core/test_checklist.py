"""Laws of checklists: what is open is never lost, and everything has somebody."""

import doctest

from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_crm import checklist
from psa_cores.psa_crm.checklist import DONE, OPEN, ROLE_ORDER, SKIPPED, choose_assignee, choose_dispatcher, is_over, progress

STATES = st.lists(st.sampled_from([OPEN, DONE, SKIPPED]), max_size=30)
PEOPLE = st.dictionaries(st.sampled_from(ROLE_ORDER), st.sampled_from(['', 'Olivia', 'Theo', 'Dana']))


def test_the_examples_in_the_code_hold():
    assert doctest.testmod(checklist).failed == 0


@given(STATES)
def test_a_hundred_percent_means_that_nothing_is_open(states):
    assert (progress(states) == 100) == is_over(states)
    assert 0 <= progress(states) <= 100


@given(STATES)
def test_skipped_items_do_not_count_while_something_does(states):
    counted = [state for state in states if state != SKIPPED]

    if counted:
        assert progress(states) == progress(counted)


@given(st.sampled_from(ROLE_ORDER), PEOPLE)
def test_whoever_has_the_role_does_it_and_somebody_always_does(role, people):
    chosen = choose_assignee(role, people)

    if people.get(role):
        assert chosen == people[role]
    assert bool(chosen) == any(people.values())


@given(st.lists(st.tuples(st.integers(1, 50), st.booleans()), max_size=10))
def test_an_administrator_dispatches_only_where_nobody_else_does(candidates):
    chosen = choose_dispatcher(candidates)

    pure = [number for number, is_administrator in candidates if not is_administrator]
    every = [number for number, _is_administrator in candidates]
    assert chosen == (min(pure) if pure else min(every, default=None))
