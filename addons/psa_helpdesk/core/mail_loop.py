"""Whether two machines are talking to each other on a ticket. Pure: what was said before and when, in; yes or no out."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

# The fourth mail of the same words within an hour is no human being any more.
ECHO_LIMIT = 3
ECHO_WINDOW = timedelta(hours=1)
COMPARED = 2000
# One note about a loop is enough for a while.
NOTE_PAUSE = timedelta(hours=2)

_VARYING = re.compile(r"[\d\W_]+")


def gist(text: str) -> str:
    """Return what stays the same in a text that a machine sends again and again: its words, without numbers and signs.

    >>> gist("Your request #4711 arrived at 10:42.") == gist("Your request #4712 arrived at 10:43!")
    True
    """
    return " ".join(_VARYING.sub(" ", (text or "")[:COMPARED].lower()).split())


def is_echo(text: str, earlier: Iterable[tuple[datetime, str]], now: datetime) -> bool:
    """Return whether a sender has said the same so often of late that it must be a machine.

    >>> noon = datetime(2026, 3, 1, 12)
    >>> before = [(noon - timedelta(minutes=minutes), "Thank you for ticket 1") for minutes in (5, 10, 15)]
    >>> is_echo("Thank you for ticket 2", before, noon), is_echo("Thanks, it works", before, noon)
    (True, False)
    """
    words = gist(text)
    return bool(words) and sum(now - moment < ECHO_WINDOW and gist(said) == words for moment, said in earlier) >= ECHO_LIMIT


def needs_note(last: datetime | None, now: datetime) -> bool:
    """Return whether a loop is to be noted on the ticket: not for each of its mails."""
    return last is None or now - last >= NOTE_PAUSE
