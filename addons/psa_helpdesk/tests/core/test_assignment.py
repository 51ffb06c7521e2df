from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_helpdesk.assignment import (
    BY_LOAD,
    BY_SKILL,
    BY_TURN,
    METHODS,
    NOBODY_ALLOWED,
    NOBODY_SKILLED,
    NOBODY_THERE,
    Candidate,
    choose,
    takes_turn,
)

SKILLS = range(4)
PEOPLE = st.lists(
    st.builds(
        Candidate,
        st.integers(1, 30),
        st.integers(0, 50),
        st.dictionaries(st.sampled_from(SKILLS), st.integers(1, 3)),
    ),
    max_size=8,
    unique_by=lambda one: one.user,
)
WANTED = st.sets(st.sampled_from(SKILLS), max_size=3)


@given(PEOPLE.filter(bool), st.integers(0, 1000), st.integers(1, 200))
def test_turns_differ_by_at_most_one_in_any_run(people, first, length):
    everybody = {one.user for one in people}
    counts = Counter(choose("round_robin", people, everybody, turn).user for turn in range(first, first + length))

    tickets = [counts[user] for user in everybody]
    assert max(tickets) - min(tickets) <= 1


@given(st.lists(st.integers(1, 30), min_size=1, max_size=8, unique=True), st.lists(st.booleans(), max_size=100))
def test_tickets_that_only_some_may_have_do_not_disturb_the_turns(users, run):
    """True: a ticket for all; False: one that only the first may have, which draws no turn."""
    people = [Candidate(user) for user in users]
    turn, counts = 0, Counter()
    for for_all in run:
        allowed = set(users) if for_all else {min(users)}
        choice = choose("round_robin", people, allowed, turn)
        if takes_turn(people, allowed):
            counts[choice.user] += 1
            turn += 1
        else:
            assert choice.user == min(users)
    tickets = [counts[user] for user in users]
    assert max(tickets) - min(tickets) <= 1


@given(PEOPLE, st.sets(st.integers(1, 30)))
def test_least_loaded_picks_a_minimum(people, allowed):
    choice = choose("least_loaded", people, allowed)

    loads = [one.load for one in people if one.user in allowed]
    if loads:
        assert choice.user in {one.user for one in people if one.user in allowed and one.load == min(loads)}
        assert (choice.reason, choice.load) == (BY_LOAD, min(loads))
    else:
        assert choice.user is None


@given(PEOPLE, st.sets(st.integers(1, 30)), WANTED.filter(bool))
def test_who_is_chosen_by_skill_has_all_that_is_wanted_and_nobody_would_be_strained_less(people, allowed, wanted):
    choice = choose("skill", people, allowed, wanted=wanted)

    strain = {}
    for one in people:
        if one.user in allowed and wanted <= one.skills.keys():
            strain[one.user] = (one.load + 1) / sum(one.skills[skill] for skill in wanted)
    if strain:
        assert choice.reason == BY_SKILL
        assert strain[choice.user] <= min(strain.values()) + 1e-9
    else:
        assert choice.user is None


@given(PEOPLE, st.sets(st.integers(1, 30)))
def test_a_ticket_that_wants_no_skill_goes_to_the_least_loaded(people, allowed):
    assert choose("skill", people, allowed) == choose("least_loaded", people, allowed)


@given(st.sampled_from(METHODS), PEOPLE, st.sets(st.integers(1, 30)), st.integers(0, 99), WANTED)
def test_nobody_gets_what_he_may_not_have_and_the_reason_fits(method, people, allowed, turn, wanted):
    choice = choose(method, people, allowed, turn, wanted)

    there = {one.user for one in people}
    if choice.user is None:
        expected = NOBODY_THERE if not there else NOBODY_ALLOWED if not there & allowed else NOBODY_SKILLED
        assert choice.reason == expected
    else:
        assert choice.user in there & allowed
        assert choice.reason in (BY_TURN, BY_LOAD, BY_SKILL)


@given(st.sampled_from(METHODS), PEOPLE, st.integers(0, 99), WANTED, st.randoms())
def test_the_order_in_which_people_are_named_does_not_matter(method, people, turn, wanted, random):
    allowed = {one.user for one in people}
    shuffled = people[:]
    random.shuffle(shuffled)
    assert choose(method, people, allowed, turn, wanted) == choose(method, shuffled, allowed, turn, wanted)


def test_an_expert_carries_more_but_not_everything():
    people = {1: 3, 2: 1}
    loads = Counter()
    for _ticket in range(40):
        choice = choose("skill", [Candidate(user, loads[user], {7: level}) for user, level in people.items()], people, wanted={7})
        loads[choice.user] += 1
    assert loads == {1: 30, 2: 10}


def test_an_unknown_method_is_a_mistake():
    with pytest.raises(ValueError, match="unknown assignment method"):
        choose("lottery", [], ())
