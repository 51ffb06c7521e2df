import pytest
from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_helpdesk.transitions import ACTORS, CLIENT, STAFF, Transition, may_move, targets, who_else

STAGES = range(5)
TRANSITIONS = st.lists(
    st.builds(
        Transition,
        st.none() | st.sampled_from(STAGES),
        st.sampled_from(STAGES),
        st.sampled_from(sorted(STAFF)),
        st.sampled_from(sorted(CLIENT)),
    ),
    max_size=12,
)


def oracle(transitions, actor, origin, target):
    """Spell the rule out, one sentence at a time."""
    if len(transitions) == 0:
        return True
    if origin == target:
        return True
    for rule in transitions:
        if rule.target != target:
            continue
        if rule.origin is not None and rule.origin != origin:
            continue
        if rule.staff == "technician" and actor in ("technician", "desk_admin"):
            return True
        if rule.staff == "desk_admin" and actor == "desk_admin":
            return True
        if rule.client == "employee" and actor in ("client_employee", "client_admin"):
            return True
        if rule.client == "administrator" and actor == "client_admin":
            return True
    return False


@given(TRANSITIONS, st.sampled_from(ACTORS), st.sampled_from(STAGES), st.sampled_from(STAGES))
def test_a_move_is_allowed_when_a_row_says_so(transitions, actor, origin, target):
    assert may_move(transitions, actor, origin, target) == oracle(transitions, actor, origin, target)


@given(TRANSITIONS, st.sampled_from(ACTORS), st.sampled_from(STAGES))
def test_what_is_offered_is_what_is_accepted(transitions, actor, origin):
    offered = targets(transitions, actor, origin)
    accepted = {target for target in STAGES if may_move(transitions, actor, origin, target)}
    assert accepted == (set(STAGES) if offered is None else offered)


@given(TRANSITIONS, st.sampled_from(STAGES))
def test_who_administers_may_do_what_the_others_may(transitions, origin):
    for lower, higher in (("technician", "desk_admin"), ("client_employee", "client_admin")):
        small, large = targets(transitions, lower, origin), targets(transitions, higher, origin)
        assert large is None or small <= large


@given(TRANSITIONS.filter(bool), TRANSITIONS, st.sampled_from(ACTORS), st.sampled_from(STAGES))
def test_another_row_never_takes_a_move_away(transitions, more, actor, origin):
    assert targets(transitions, actor, origin) <= targets(transitions + more, actor, origin)


@given(TRANSITIONS, st.sampled_from(STAGES), st.sampled_from(STAGES))
def test_the_refusal_names_exactly_those_who_may(transitions, origin, target):
    assert set(who_else(transitions, origin, target)) == {
        actor for actor in ACTORS if oracle(transitions, actor, origin, target)
    }


def test_an_unknown_role_is_a_mistake():
    with pytest.raises(ValueError, match="unknown role"):
        targets((), "visitor", 1)
