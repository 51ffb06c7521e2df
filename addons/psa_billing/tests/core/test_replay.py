"""What if: work rated again under the same terms is the same to the cent, and under others what it would have been."""

import random
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_billing import rating, replay
from psa_cores.psa_billing.terms import Book
from rating_histories import freeze, history
from rating_stage import DAY, ENGINEER, HOUR, block, book, contract, fact, included

HOURLY = [(ENGINEER, None, 100)]


@given(st.builds(random.Random, st.integers(0, 2**32)))
def test_replayed_under_the_same_terms_the_books_come_out_to_the_cent(dice):
    facts, before = history(dice)
    rows = rating.rate(facts, before)
    settled = [row for row in rows if row.source_id % 2]

    again = rating.rate(facts, replay.reopened(freeze(before, settled), settled))

    assert again == rows
    assert replay.differences(rows, again) == []
    assert replay.totals(rows) == replay.totals(again)


@given(st.builds(random.Random, st.integers(0, 2**32)))
def test_totals_lose_nothing(dice):
    facts, before = history(dice)
    rows = rating.rate(facts, before)

    totals = replay.totals(rows, {(one.source_model, one.source_id): Decimal(one.source_id) for one in facts}).values()

    assert sum(total.worked_seconds for total in totals) == sum(row.worked_seconds for row in rows)
    assert sum(total.seconds for total in totals) == sum(sum(total.seconds_by_funding.values()) for total in totals)
    assert sum(total.charged for total in totals) == sum(row.amount or 0 for row in rows)
    assert sum(total.cost for total in totals) == sum(one.source_id for one in facts)


def test_what_prepaid_hours_would_have_changed():
    facts = [fact(1, worked_seconds=3 * HOUR), fact(2, worked_seconds=HOUR, contract_id=1)]
    today = book(contract(rates=HOURLY))
    rows = rating.rate(facts, today)
    costs = {(one.source_model, one.source_id): Decimal(50) for one in facts}

    prepaid = contract(2, rates=HOURLY, blocks={"overage_rate": Decimal(90)})
    other = rating.rate(
        replay.unnamed(facts), replay.under(today, prepaid, [block(7, 2, contract_id=2, hour_value=Decimal(80))])
    )

    (before,), (after,) = (replay.totals(each, costs).values() for each in (rows, other))
    assert (before.charged, before.covered, before.margin) == (Decimal("400.00"), 0, Decimal("300.00"))
    assert (after.charged, after.covered, after.margin) == (Decimal("180.00"), Decimal("160.00"), Decimal("240.00"))
    assert after.drawn == {"block:7": 2 * HOUR}
    assert {row.contract_id for row in other} == {2}


def test_other_clients_keep_their_terms():
    neighbour = contract(9, client_id=11)

    replaced = replay.under(book(contract(1), contract(2), neighbour, block(7, 1), block(8, 1, contract_id=9)), contract(3), [included(1)])

    assert {held.id for held in replaced.contracts} == {3, 9}
    assert {pool.kind for pool in replaced.pools} == {"block", "included"}


def test_an_entry_that_comes_out_differently_is_named():
    rows = rating.rate([fact()], book(contract(rates=HOURLY)))
    dearer = rating.rate([fact()], book(contract(rates=[(ENGINEER, None, 110)])))

    assert [(one.source_id, one.what, one.before, one.after) for one in replay.differences(rows, dearer)] == [
        (1, "amount", 100, 110), (1, "value", 100, 110),
    ]
    assert [one.what for one in replay.differences(rows, ())] == ["amount", "seconds rate", "value", "worked_seconds"]


def test_how_an_entry_is_cut_into_rows_is_no_difference():
    (row,) = rating.rate([fact(date=DAY - timedelta(days=1))], Book())
    half = {name: getattr(row, name) / 2 for name in ("seconds", "worked_seconds", "amount", "value")}
    halves = [replace(row, part=part, **half) for part in ("rate", "rest")]

    assert replay.differences([row], halves) == []
