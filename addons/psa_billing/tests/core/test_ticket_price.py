from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_billing import periods, ticket_price
from rating_stage import DAY, contract, fact

FIRST = date(2026, 1, 1)
LAST_LOOKED_AT = 60

days = st.integers(0, 40).map(lambda number: FIRST + timedelta(days=number))
steps = st.lists(st.tuples(days, st.integers(0, 2), st.sampled_from((0, 0, 40))), max_size=4, unique_by=lambda step: step[0]).map(
    lambda found: [periods.Step(day, Decimal(quantity), Decimal(price)) for day, quantity, price in sorted(found)]
)
lives = st.builds(
    ticket_price.TicketLife,
    state=st.sampled_from(("open", "resolved", "closed", "cancelled")),
    closed_on=days,
    is_merged=st.booleans(),
    is_charged=st.booleans(),
    is_of_another=st.booleans(),
)


def charged_if_closed(steps, first, end, day):
    """Return whether billing would charge a ticket closed on a day: the slow, obvious way."""
    step = periods.step_on(steps, day)
    return first <= day and (end is None or day < end) and step is not None and bool(step.quantity * step.price_unit)


@given(lives, steps, days, st.none() | days, days)
def test_a_ticket_is_paid_for_exactly_if_it_is_or_can_be_charged(ticket, steps, first, end, today):
    if ticket.is_charged:
        expected = True
    elif ticket.is_of_another or ticket.is_merged or ticket.state == "cancelled":
        expected = False
    elif ticket.state == "closed":
        expected = charged_if_closed(steps, first, end, ticket.closed_on)
    else:
        expected = any(
            charged_if_closed(steps, first, end, today + timedelta(days=number)) for number in range(LAST_LOOKED_AT)
        )

    assert ticket_price.pays_for(ticket, steps, first, end, today) is expected


@pytest.mark.parametrize(
    ("ticket", "expected"),
    [
        (ticket_price.TicketLife("open"), True),
        (ticket_price.TicketLife("closed", date(2026, 1, 10)), False),
        (ticket_price.TicketLife("closed", date(2026, 2, 10)), True),
        (ticket_price.TicketLife("cancelled"), False),
        (ticket_price.TicketLife("closed", date(2026, 2, 10), is_merged=True), False),
        (ticket_price.TicketLife("cancelled", is_charged=True), True),
        (ticket_price.TicketLife("open", is_of_another=True), False),
        (ticket_price.TicketLife("closed", date(2026, 2, 10), is_of_another=True), False),
    ],
)
def test_free_in_january_and_40_from_february(ticket, expected):
    prices = [periods.Step(FIRST, Decimal(1), Decimal(0)), periods.Step(date(2026, 2, 1), Decimal(1), Decimal(40))]

    assert ticket_price.pays_for(ticket, prices, FIRST, None, date(2026, 1, 15)) is expected


# ------------------------------------------------------------------ which contract a ticket falls under


def test_a_ticket_falls_under_the_contract_that_work_of_that_day_falls_under():
    hourly, managed = contract(1, priority=1), contract(2, priority=10)

    assert ticket_price.contract_of(fact(), [hourly, managed]) == hourly
    assert ticket_price.contract_of(fact(date=DAY - timedelta(days=90)), [hourly, managed]) is None


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ({2}, 2),
        ({1, 2}, 1),
        ({2, 3}, 2),
        # Some entry names none: it is charged by what it falls under, and so is the ticket.
        ({2, None}, 1),
        ({None}, 1),
        # What is named is over, or never was the client's.
        ({3}, 1),
        ({99}, 1),
    ],
)
def test_what_all_entries_name_comes_first(named, expected):
    contracts = [contract(1, priority=1), contract(2, priority=10), contract(3, date_end=DAY - timedelta(days=1))]

    for order in (contracts, contracts[::-1]):
        assert ticket_price.contract_of(fact(), order, named).id == expected
