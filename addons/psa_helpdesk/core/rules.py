"""Which rules a change of a ticket sets off, when a moment comes, and when a chain of rules ends: no clock, no database."""
from dataclasses import dataclass
from datetime import datetime

# How deep rules may set each other off: a person's change is depth 0, what a rule changes is 1.
MAX_DEPTH = 5


@dataclass(frozen=True)
class Firing:
    """Why a rule acts on tickets now."""

    rule_id: int
    event: str
    reason: str  # the condition that was met, in words
    at: datetime  # aware
    depth: int = 0
    chain: tuple = ()  # ids of the rules that led here, the first one first
    late: bool = False  # the moment had passed long before, for example while the server was down


@dataclass(frozen=True)
class Outcome:
    """What an action did to one ticket, in words, and whom it told."""

    text: str
    recipients: tuple = ()
    error: str = ""  # why it could not be done; the ticket is as if it had not been tried
