from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_helpdesk import satisfaction
from psa_cores.psa_helpdesk.satisfaction import Closing

ASKED = Closing("closed", "email", has_client=True, has_address=True)
MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2030, 1, 1))


def test_only_a_known_person_whose_own_request_was_done_is_asked():
    assert satisfaction.is_asked(ASKED)
    for reason in (
        {"state": "cancelled"}, {"state": "resolved"}, {"source": "alert"}, {"has_client": False},
        {"has_address": False}, {"is_merged": True}, {"is_staff": True},
    ):
        assert not satisfaction.is_asked(replace(ASKED, **reason)), reason


@given(MOMENTS, st.integers(-5, 400))
def test_the_mail_never_goes_before_the_closing(closed_at, hours):
    assert satisfaction.due_at(closed_at, hours) >= closed_at


@given(MOMENTS, st.integers(-5, 60), MOMENTS, st.booleans(), st.booleans())
def test_a_link_can_be_answered_once_in_its_time(sent_at, days, now, answered, superseded):
    expires = satisfaction.expires_at(sent_at, days)

    standing = satisfaction.standing(sent_at if answered else None, superseded, expires, now)

    assert (standing == satisfaction.OPEN) == (not answered and not superseded and now <= expires)
    assert (standing == satisfaction.ANSWERED) == answered
    assert expires >= sent_at + timedelta(days=1)


@given(st.text(), st.text())
def test_only_the_token_itself_matches(token, other):
    kept = satisfaction.token_hash(token)

    assert satisfaction.matches(token, kept)
    assert satisfaction.matches(other, kept) == (token == other)
    assert not satisfaction.matches(token, "")
    assert not satisfaction.matches(token, False)
