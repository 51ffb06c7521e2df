from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_helpdesk.escalation import Step, due, next_after

LADDERS = st.lists(
    st.builds(Step, st.integers(1, 4), st.integers(0, 48), st.integers(1, 99)), max_size=8, unique_by=lambda step: step.key
)


@given(LADDERS, st.lists(st.integers(0, 60), max_size=12))
def test_everybody_is_told_once_and_not_before_his_time(ladder, looks):
    told = {}
    for hours in sorted(looks):
        for step in due(ladder, hours, told):
            assert step.key not in told
            told[step.key] = hours
    for step in ladder:
        looked = [hours for hours in sorted(looks) if hours >= step.after_hours]
        assert told.get(step.key) == (looked[0] if looked else None)


@given(LADDERS, st.integers(0, 60))
def test_nothing_falls_due_before_the_next_time(ladder, hours):
    following = next_after(ladder, hours)
    known = {step.key for step in due(ladder, hours)}
    for later in range(hours, 61):
        news = due(ladder, later, known)
        assert bool(news) == (following is not None and later >= following)


@given(LADDERS, st.integers(0, 60))
def test_lower_levels_come_first(ladder, hours):
    levels = [step.level for step in due(ladder, hours)]
    assert levels == sorted(levels)
