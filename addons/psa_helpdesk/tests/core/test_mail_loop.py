from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_helpdesk import mail_loop

NOON = datetime(2026, 3, 1, 12)
TEXTS = st.sampled_from(["Thank you for #1", "thank YOU for #22!", "It works", "", "...", "Danke"])
EARLIER = st.lists(st.tuples(st.integers(0, 120).map(lambda minutes: NOON - timedelta(minutes=minutes)), TEXTS), max_size=8)


@given(TEXTS, EARLIER)
def test_echo_is_what_counting_one_by_one_finds(text, earlier):
    def words(said):
        return "".join(char if char.isalpha() else " " for char in said.lower()).split()

    same = 0
    for moment, said in earlier:
        if (NOON - moment).total_seconds() < 3600 and words(said) == words(text):
            same += 1

    assert mail_loop.is_echo(text, earlier, NOON) == (same >= 3 and bool(words(text)))


def test_one_note_is_enough_for_a_while():
    assert mail_loop.needs_note(None, NOON)
    assert not mail_loop.needs_note(NOON - timedelta(minutes=119), NOON)
    assert mail_loop.needs_note(NOON - timedelta(hours=2), NOON)
