from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_billing.history import time_changes, time_text

TIMES = st.dictionaries(
    st.integers(1, 4), st.tuples(st.integers(1, 3), st.sampled_from(["a", "b"])), max_size=4
)


@given(TIMES, TIMES)
def test_replaying_the_changes_gives_what_is_there(before, after):
    def texts(times):
        by_ticket = {}
        for ticket, text in times.values():
            by_ticket.setdefault(ticket, []).append(text)
        return {ticket: sorted(found) for ticket, found in by_ticket.items()}

    state = {ticket: list(found) for ticket, found in texts(before).items()}
    for ticket, old, new in time_changes(before, after):
        if old:
            state[ticket].remove(old)
        if new:
            state.setdefault(ticket, []).append(new)

    assert {ticket: sorted(found) for ticket, found in state.items() if found} == texts(after)


@given(TIMES)
def test_nothing_happened_is_no_row(times):
    assert time_changes(times, dict(times)) == []


def test_what_is_charged_is_said_only_where_it_differs():
    assert time_text("today", "Tina", 0.75, 45, ("",)) == "today · Tina · 0:45"
    assert time_text("today", "Tina", 0.75, 60, ("",)) == "today · Tina · 0:45 (1:00)"
