"""The same work under other terms: under the same ones it comes out as the books have it."""

import random
from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_billing import periods, rating, terms, what_if
from psa_cores.psa_billing.what_if import Offer, differing, fees_of, figures_of, over_period, pools_of, replay, with_offers
from rating_histories import history, price_corrections
from rating_stage import DAY, ENGINEER, HOUR, REMOTE, contract, fact

CENT = Decimal("0.01")
MONTHLY = periods.Cycle(1)
MARCH = (date(2026, 3, 1), date(2026, 3, 31))


@given(st.builds(random.Random, st.integers(0, 2**32)))
def test_the_same_contract_gives_the_books_to_the_cent(dice):
    facts, book = history(dice)
    facts += price_corrections(dice, facts, 1000)
    rows = rating.rate(facts, book)
    by_key = {(one.source_model, one.source_id): one for one in facts}

    for one in book.contracts:
        books = [row for row in rows if row.contract_id == one.id]
        keys = {(row.source_model, row.source_id) for row in books}
        again = replay(
            [by_key[key] for key in keys], one, [pool for pool in book.pools if pool.contract_id == one.id]
        )

        assert differing(books, again) == ()
        months = {key: what_if.month_of(by_key[key].date) for key in keys}
        assert figures_of(books, months) == figures_of(again, months)


def test_one_cent_or_second_of_draw_is_told_apart():
    books = rating.rate([fact(1), fact(2)], terms.Book((contract(),)))
    changed = [replace(books[0], amount=books[0].amount + CENT), books[1]]

    assert differing(books, changed) == (("account.analytic.line", 1),)
    assert differing(books, books[1:]) == (("account.analytic.line", 1),)


def test_a_block_pays_for_what_was_charged_by_the_hour():
    start, end = MARCH
    present = contract(rates=[(ENGINEER, None, Decimal(100))])
    offers = [Offer(5, "block", Decimal(2), Decimal(90))]
    facts = [fact(number, worked_seconds=HOUR) for number in (1, 2, 3)]
    offered = with_offers(over_period(present, start, end), offers, start)

    rows = replay(facts, offered, pools_of(offers, offered, MONTHLY, start, end))

    months = {(row.source_model, row.source_id): what_if.month_of(DAY) for row in rows}
    (figures,) = figures_of(rows, months).values()
    assert (figures.revenue, figures.drawn_seconds, figures.covered) == (100, 2 * HOUR, 180)
    assert fees_of(offers, MONTHLY, start, end, CENT) == {start: Decimal(180)}


def test_hours_over_the_included_ones_cost_the_overage_rate():
    start, end = MARCH
    offers = [Offer(5, "included_hours", Decimal(1), Decimal(50), overage_rate=Decimal(120))]
    offered = with_offers(over_period(contract(rates=[(ENGINEER, None, Decimal(100))]), start, end), offers, start)

    rows = replay([fact(1), fact(2)], offered, pools_of(offers, offered, MONTHLY, start, end))

    figures = what_if.total(figures_of(rows, {("account.analytic.line", number): start for number in (1, 2)}).values())
    assert (figures.overage, figures.revenue, figures.drawn_seconds) == (120, 120, HOUR)


def test_a_fixed_price_that_covers_time_leaves_its_price_alone():
    start, end = MARCH
    offers = [Offer(5, "fixed_price", Decimal(1), Decimal(500), is_time_covered=True)]
    offered = with_offers(over_period(contract(rates=[(ENGINEER, None, Decimal(100))]), start, end), offers, start)

    rows = replay([fact(1)], offered, ())

    assert [(row.state, row.amount, row.value) for row in rows] == [("covered", 0, 100)]
    assert sum(fees_of(offers, MONTHLY, start, end, CENT).values()) == 500


def test_a_fixed_price_for_a_project_leaves_other_time_to_be_charged():
    start, end = MARCH
    offers = [Offer(5, "fixed_price", Decimal(1), Decimal(500), is_time_covered=True, project_id=21)]
    offered = with_offers(over_period(contract(rates=[(ENGINEER, None, Decimal(100))]), start, end), offers, start)

    rows = replay([fact(1, project_id=21), fact(2)], offered, ())

    assert [(row.state, row.amount) for row in rows] == [("covered", 0), ("pending", 100)]


def test_a_proposal_that_starts_later_is_put_over_the_period():
    late = replace(contract(), date_start=date(2027, 1, 1), is_confirmed=False)

    put = over_period(late, *MARCH)

    assert put.covers(MARCH[0])
    assert put.covers(MARCH[1])


def test_what_was_written_off_brings_nothing_under_any_terms():
    rows = rating.rate([fact(1)], terms.Book((contract(rates=[(ENGINEER, REMOTE, Decimal(100))]),)))
    key = ("account.analytic.line", 1)

    assert figures_of(rows, {key: DAY})[DAY].revenue == 100
    assert figures_of(rows, {key: DAY}, {key})[DAY].revenue == 0


@given(
    st.dates(date(2025, 1, 1), date(2026, 6, 30)), st.integers(0, 400),
    st.decimals(min_value=0, max_value=1000, places=2), st.integers(1, 20), st.sampled_from([1, 3, 12]),
)  # fmt: skip
def test_a_service_over_whole_cycles_costs_a_price_for_each(start, days, price, quantity, months):
    cycle = periods.Cycle(months, start.replace(day=1))
    first = start.replace(day=1)
    last = periods.add_months(first, months * (1 + days // 100)) - periods.ONE_DAY
    offer = Offer(1, "recurring", Decimal(quantity), price)

    fees = fees_of([offer], cycle, first, last, CENT)

    assert sum(fees.values()) == price * quantity * (1 + days // 100)


def test_tickets_are_charged_in_their_month():
    offer = Offer(1, "per_ticket", Decimal(1), Decimal(25))

    assert fees_of([offer], MONTHLY, *MARCH, CENT, {MARCH[0]: 3}) == {MARCH[0]: 75}
