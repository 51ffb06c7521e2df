"""Invitations by link: what a token is, and what a link is still good for.

>>> token = new_token()
>>> matches(token, digest(token)), matches(token + 'x', digest(token)), matches(token, None)
(True, False, False)
"""
import hashlib
import hmac
import secrets
from datetime import datetime

PENDING = 'pending'
ACCEPTED = 'accepted'
DECLINED = 'declined'
EXPIRED = 'expired'
CANCELLED = 'cancelled'
ENDED = 'ended'

_TOKEN_BYTES = 32
_MAX_TOKEN_LENGTH = 128


def new_token() -> str:
    """Return a fresh token of 256 random bits, fit for a link."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def digest(token: str) -> str:
    """Return what is kept of a token: nobody who reads it can make the link from it."""
    return hashlib.sha256(token.encode('utf-8', 'surrogateescape')).hexdigest()


def matches(token: str, kept: str | None) -> bool:
    """Tell whether the token is the one this was kept of, in a time that does not depend on where they differ."""
    return bool(kept) and len(token) <= _MAX_TOKEN_LENGTH and hmac.compare_digest(digest(token), kept)


def standing(state: str, expires_at: datetime | None, now: datetime) -> str:
    """Return what an invitation is at the moment ``now``: a pending one past its time has expired, whether noted or not.

    >>> from datetime import timezone
    >>> noon = datetime(2026, 3, 10, 12, tzinfo=timezone.utc)
    >>> standing('pending', noon, noon), standing('accepted', noon, noon)
    ('expired', 'accepted')
    """
    if state == PENDING and (expires_at is None or expires_at <= now):
        return EXPIRED
    return state
