"""Asking clients how satisfied they are: whom, when, and how long the link of the mail is good. Pure: no clock, no database."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

HAPPY, NEUTRAL, UNHAPPY = 5, 3, 1
GRADES = (HAPPY, NEUTRAL, UNHAPPY)
COMMENT_MAX = 2000
OPEN, ANSWERED, EXPIRED, SUPERSEDED = "open", "answered", "expired", "superseded"


@dataclass(frozen=True)
class Closing:
    """What is known of a ticket that was closed."""

    state: str
    source: str
    has_client: bool
    has_address: bool
    is_merged: bool = False
    is_staff: bool = False


def is_asked(closing: Closing) -> bool:
    """Return whether the contact of a closed ticket is asked: a known person whose own request was done.

    Nobody is asked about what was cancelled, merged or raised by a monitor, and no unknown sender is.

    >>> is_asked(Closing("closed", "email", True, True)), is_asked(Closing("cancelled", "email", True, True))
    (True, False)
    """
    return (
        closing.state == "closed"
        and closing.source != "alert"
        and closing.has_client
        and closing.has_address
        and not closing.is_merged
        and not closing.is_staff
    )


def due_at(closed_at: datetime, delay_hours: int) -> datetime:
    """Return when the mail is to go out."""
    return closed_at + timedelta(hours=max(0, delay_hours))


def expires_at(sent_at: datetime, days: int) -> datetime:
    """Return until when the link of the mail can be used; a desk that says zero means one day."""
    return sent_at + timedelta(days=max(1, days))


def standing(answered_at, superseded, expires, now) -> str:
    """Return what can be done with a link: it is answered once, and not after its time or once a newer mail went out.

    >>> moment = datetime(2026, 3, 2)
    >>> standing(None, False, moment, moment), standing(None, False, moment, moment + timedelta(seconds=1))
    ('open', 'expired')
    """
    if answered_at:
        return ANSWERED
    if superseded:
        return SUPERSEDED
    return OPEN if now <= expires else EXPIRED


def is_low(grade: int) -> bool:
    """Return whether somebody should look after the client.

    >>> [is_low(grade) for grade in GRADES]
    [False, False, True]
    """
    return grade <= UNHAPPY


def token_hash(token: str) -> str:
    """Return what is kept of a token: nobody who reads the database can answer in a client's name."""
    return hashlib.sha256(token.encode()).hexdigest()


def matches(token: str, kept: str) -> bool:
    """Return whether this is the token, in the same time whatever it is."""
    return hmac.compare_digest(token_hash(token), kept or "")
