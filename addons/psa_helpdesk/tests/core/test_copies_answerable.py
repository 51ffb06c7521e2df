from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_helpdesk.copies import NOBODY, is_answerable


@given(st.text("abcdefgh-_.", min_size=1), st.sampled_from(sorted(NOBODY)))
def test_people_are_answered_and_robots_are_not(local_part, robot):
    assert is_answerable(f"{local_part}@dental.test") == (local_part not in NOBODY)
    assert not is_answerable(f"{robot.upper()}@dental.test")
    assert not is_answerable(local_part)
