"""Whether a price by the ticket pays for a ticket, so that its time is not charged by the hour. Pure.

What is never charged pays for nothing: a ticket that was cancelled, that goes on as another one, that was closed when the
price was 0 or when nothing was agreed. Its time is rated then as if there were no price by the ticket, and is to be seen in the
review. A ticket that is still open is paid for as long as it can come to be charged.

A ticket falls under one contract, so that it is not charged by the ticket under one and by the hour under another.
"""

from dataclasses import dataclass
from datetime import date

from .pricing import choose_contract

ENDED = ("closed", "cancelled")


@dataclass(frozen=True)
class TicketLife:
    """What became of a ticket."""

    state: str
    closed_on: date | None = None
    is_merged: bool = False
    is_charged: bool = False  # under the component already, whatever became of it since
    is_of_another: bool = False  # falls under another contract, which charges its price or its time


def contract_of(fact, contracts, named=()):
    """Return the contract a ticket falls under, None if there is none.

    The one that all its billable entries name; if some name none, or what they name is not in force that day, the one that
    work of that day falls under.

    :param fact: work on the ticket on the day it was closed, as a ``TimeFact`` that names no contract
    :param named: the ids of the contracts that its billable entries name, with None if some name none
    """
    choice = None
    if named and None not in named:
        choice = choose_contract(fact, [contract for contract in contracts if contract.id in named]).contract
    return choice or choose_contract(fact, contracts).contract


def pays_for(ticket, steps, first, end, today):
    """Tell whether a price by the ticket pays for a ticket.

    :param steps: quantities and prices by date, as :class:`.periods.Step`, sorted
    :param first: first day of the component
    :param end: the day after its last day, None if it is open-ended
    """
    if ticket.is_charged:
        return True
    if ticket.is_of_another or ticket.is_merged or ticket.state == "cancelled":
        return False
    if ticket.state == "closed":
        return is_priced(steps, first, end, ticket.closed_on, ticket.closed_on)
    return is_priced(steps, first, end, today, None)


def is_priced(steps, first, end, start, last):
    """Tell whether there is a day from ``start`` to ``last`` (None: for good) on which a ticket would be charged."""
    for place, step in enumerate(steps):
        if not step.quantity * step.price_unit:
            continue
        following = steps[place + 1].date_from if place + 1 < len(steps) else None
        since = max(step.date_from, first, start)
        if all(since < until for until in (following, end) if until is not None) and (last is None or since <= last):
            return True
    return False
