from datetime import datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_crm import invitation

NOON = datetime(2026, 3, 10, 12, tzinfo=timezone.utc)
states = st.sampled_from(['pending', 'accepted', 'declined', 'expired', 'cancelled', 'ended'])


@given(st.text(max_size=200), st.text(max_size=200))
def test_a_token_matches_what_was_kept_of_it_and_nothing_else(one, other):
    kept = invitation.digest(one)

    assert invitation.matches(one, kept) == (len(one) <= 128)
    assert invitation.matches(other, kept) == (one == other and len(one) <= 128)
    assert not invitation.matches(one, None)


def test_tokens_are_long_and_never_the_same():
    tokens = {invitation.new_token() for _ in range(1000)}

    assert len(tokens) == 1000
    assert min(map(len, tokens)) >= 43


@given(states, st.none() | st.integers(-10_000, 10_000))
def test_only_a_pending_invitation_expires_and_it_does_so_to_the_second(state, seconds):
    expires = None if seconds is None else NOON + timedelta(seconds=seconds)

    standing = invitation.standing(state, expires, NOON)

    if state != 'pending':
        assert standing == state
    else:
        assert standing == ('pending' if seconds is not None and seconds > 0 else 'expired')
