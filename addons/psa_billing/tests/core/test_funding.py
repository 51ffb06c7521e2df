"""Who pays for time: included hours, blocks, overage and retainers, and how an entry is split between them."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from psa_cores.psa_billing import rating
from psa_cores.psa_billing.terms import BlockTerms, CoverageRule, WorkType
from rating_stage import CHF, DAY, ENGINEER, HOUR, MINUTE, NIGHT, REMOTE, block, book, contract, fact, included, one, rated, retainer, told

UTC = timezone.utc

HOURLY = [(ENGINEER, None, 100)]
MARCH = "included:4:2026-03-01"


def week(number):
    return DAY + timedelta(days=7 * number)


def test_included_hours_pay_first_then_blocks_then_the_rate():
    rows = rated([fact(worked_seconds=4 * HOUR)], contract(rates=HOURLY), block(7, 2), included(1))

    assert rows == [(MARCH, 60, "0"), ("block:7", 120, "0"), ("rate", 60, "100.00")]


def test_blocks_pay_by_expiry_then_without_end_then_by_purchase_then_by_id():
    pools = [
        block(1, 0.5, purchased_on=week(-1)),
        block(2, 0.5, purchased_on=week(-2)),
        block(3, 0.5, purchased_on=week(-2)),
        block(4, 0.5, until=week(3)),
        block(5, 0.5, until=week(1)),
    ]

    rows = rated([fact(worked_seconds=3 * HOUR)], contract(rates=HOURLY), *pools)

    assert [part for part, _minutes, _amount in rows] == ["block:5", "block:4", "block:2", "block:3", "block:1", "rate"]


def test_a_block_pays_from_its_first_to_its_last_day():
    pool = block(7, 9, until=DAY, date_from=DAY)
    days = [DAY - timedelta(days=1), DAY, DAY + timedelta(days=1)]

    rows = rated([fact(number, date=day) for number, day in enumerate(days, 1)], contract(rates=HOURLY), pool)

    assert [part for part, _minutes, _amount in rows] == ["rate", "block:7", "rate"]


def test_the_hours_of_one_period_do_not_pay_for_another():
    april = included(1, date_from=DAY.replace(month=4, day=1), date_to=DAY.replace(month=4, day=30))

    rows = rated([fact(worked_seconds=2 * HOUR)], contract(rates=HOURLY), included(1), april)

    assert rows == [(MARCH, 60, "0"), ("rate", 60, "100.00")]


def test_pools_of_another_contract_do_not_pay():
    assert rated([fact()], contract(rates=HOURLY), block(7, 9, contract_id=2)) == [("rate", 60, "100.00")]


def test_work_draws_in_the_order_it_was_done_not_in_which_it_arrived():
    def at(hour):
        return datetime(DAY.year, DAY.month, DAY.day, hour, tzinfo=UTC)

    facts = [
        fact(1, start=at(14)), fact(2, start=at(9)), fact(3), fact(4, date=DAY - timedelta(days=1), start=at(9) - timedelta(days=1)),
    ]

    rows = rated(facts, contract(rates=HOURLY), block(7, 2.5))

    assert rows == [
        ("rate", 60, "100.00"), ("block:7", 30, "0"), ("rate", 30, "50.00"), ("block:7", 60, "0"), ("block:7", 60, "0"),
    ]


def test_worked_time_is_shared_in_proportion_and_the_last_part_gets_the_remainder():
    entry = fact(worked_seconds=3500)  # charged as an hour

    rows = rating.rate([entry], book(contract(rates=HOURLY), block(7, 1 / 3), block(8, 1 / 3)))

    assert [(row.part, row.seconds, row.worked_seconds) for row in rows] == [
        ("block:7", 1200, 1166), ("block:8", 1200, 1167), ("rate", 1200, 1167),
    ]


# ------------------------------------------------------------------ beyond the prepaid hours


def test_the_overage_rate_counts_once_the_hours_are_used_up():
    terms = contract(rates=HOURLY, blocks={"overage_rate": Decimal(130)})

    assert rated([fact(worked_seconds=2 * HOUR)], terms, block(7, 1)) == [("block:7", 60, "0"), ("overage", 60, "130.00")]
    assert rated([fact()], terms) == [("overage", 60, "130.00")]


@pytest.mark.parametrize(("is_multiplied", "amount"), [(False, "130.00"), (True, "195.00")])
def test_multipliers_count_for_overage_only_if_the_contract_says_so(is_multiplied, amount):
    terms = contract(blocks={"overage_rate": Decimal(130)}, is_overage_multiplied=is_multiplied)

    assert rated([fact(work_type=NIGHT)], terms) == [("overage", 60, amount)]


def test_without_an_overage_rate_the_hourly_rate_counts():
    assert rated([fact()], contract(rates=HOURLY, blocks={})) == [("rate", 60, "100.00")]


def test_what_was_agreed_for_the_block_counts_before_what_included_hours_say():
    early, late = DAY - timedelta(days=30), DAY - timedelta(days=1)
    for_block = BlockTerms(5, early, overage_rate=Decimal(150))
    for_included = BlockTerms(6, late, overage_rate=Decimal(120), kind="included")
    terms = contract(rates=HOURLY, block_terms=(for_block, for_included))
    work = fact(worked_seconds=3 * HOUR)

    for order in (terms.block_terms, terms.block_terms[::-1]):
        rows = rated([work], replace(terms, block_terms=order), included(1), block(7, 1))
        assert rows == [(MARCH, 60, "0"), ("block:7", 60, "0"), ("overage", 60, "150.00")]
    # Without an overage rate of the block the hourly rate counts, not that of the included hours.
    plain = replace(terms, block_terms=(BlockTerms(5, early), for_included))
    assert rated([fact()], plain) == [("rate", 60, "100.00")]


@pytest.mark.parametrize(
    ("blocks", "outcome"),
    [
        ({"is_hard_stop": True}, [("block:7", 60, "0"), ("time", 60, "blocks_exhausted")]),
        ({"may_go_negative": True}, [("block:7", 120, "0")]),
    ],
)
def test_included_hours_added_later_neither_lift_the_stop_of_a_block_nor_its_credit(blocks, outcome):
    terms = contract(rates=HOURLY, blocks=blocks)
    terms = replace(terms, block_terms=(*terms.block_terms, BlockTerms(9, DAY, kind="included")))

    assert rated([fact(worked_seconds=2 * HOUR)], terms, block(7, 1)) == outcome


def test_only_what_is_in_force_that_day_says_what_hours_beyond_cost():
    over = BlockTerms(5, DAY - timedelta(days=30), DAY - timedelta(days=1), overage_rate=Decimal(150))
    terms = contract(rates=HOURLY, block_terms=(over, BlockTerms(6, DAY - timedelta(days=30), overage_rate=Decimal(120), kind="included")))

    assert rated([fact()], terms) == [("overage", 60, "120.00")]
    assert rated([fact(date=DAY - timedelta(days=1))], terms) == [("overage", 60, "150.00")]


def test_a_hard_stop_holds_the_rest_back():
    terms = contract(rates=HOURLY, blocks={"is_hard_stop": True, "overage_rate": Decimal(130)})

    rows = rating.rate([fact(worked_seconds=2 * HOUR)], book(terms, block(7, 1)))

    assert told(rows) == [("block:7", 60, "0"), ("time", 60, "blocks_exhausted")]
    assert rows[1].derivation["block_terms"] == {"terms_id": 5, "is_hard_stop": True}


def test_the_last_block_goes_on_below_zero_where_the_contract_lets_it():
    terms = contract(blocks={"may_go_negative": True, "is_hard_stop": True})
    before = book(terms, block(7, 1, until=week(1)), block(8, 1))

    rows = rating.rate([fact(worked_seconds=3 * HOUR)], before)

    assert told(rows) == [("block:7", 60, "0"), ("block:8", 120, "0")]
    assert rating.balances(before, rows)["block:8"].left == -HOUR
    assert rows[1].derivation["draw"]["may_go_negative"] is True


def test_without_any_block_there_is_none_to_go_below_zero():
    assert rated([fact()], contract(rates=HOURLY, blocks={"may_go_negative": True})) == [("rate", 60, "100.00")]


def test_hours_without_a_rate_for_the_rest_are_held_back():
    rows = rated([fact(role=replace(ENGINEER, rates=()), worked_seconds=2 * HOUR)], contract(), block(7, 1))

    assert rows == [("block:7", 60, "0"), ("time", 60, rating.MISSING_RATE)]


# ------------------------------------------------------------------ weight and worth


def test_heavy_work_draws_more_and_a_block_reaches_less_far():
    rows = rating.rate([fact(work_type=NIGHT, worked_seconds=2 * HOUR)], book(contract(rates=HOURLY), block(7, 1.5)))

    assert told(rows) == [("block:7", 60, "0"), ("rate", 60, "150.00")]
    assert rows[0].draw.amount == 90 * MINUTE
    assert rows[0].derivation["multiplier"]["result"] == "1.5"


def test_what_is_left_by_a_second_of_rounding_is_left_for_lighter_work():
    heavy = WorkType(9, product_id=7, multiplier=Decimal("1.5"))
    plain = replace(REMOTE, minimum_minutes=0, increment_minutes=0)
    pool = replace(block(7, 0), size=100)

    rows = rated(
        [fact(1, work_type=heavy, worked_seconds=90), fact(2, work_type=plain, worked_seconds=60)], contract(rates=HOURLY), pool
    )

    assert rows == [("block:7", 66 / 60, "0"), ("rate", 24 / 60, "1.00"), ("block:7", 1 / 60, "0"), ("rate", 59 / 60, "1.64")]


def test_work_that_weighs_nothing_is_covered_by_a_block_that_is_used_up():
    gift = WorkType(9, product_id=7, multiplier=Decimal(0))

    assert rated([fact(work_type=gift)], contract(rates=HOURLY), block(7, 0)) == [("block:7", 60, "0")]


def test_drawn_hours_are_worth_what_they_were_sold_for():
    row = one(fact(work_type=NIGHT), contract(rates=HOURLY), block(7, 9, hour_value=Decimal(70)))

    assert (row.amount, row.value) == (0, Decimal("105.00"))
    assert row.derivation["value"] == {"by": "hour_value", "hourly_rate": "70", "rounding": "0.01", "result": "105.00"}


def test_a_block_sold_in_another_currency_pays_hours_and_is_worth_the_rate():
    row = one(fact(), contract(rates=HOURLY), block(7, 9, hour_value=Decimal(70), currency_id=CHF.id))

    assert (row.part, row.value, row.derivation["value"]["by"]) == ("block:7", Decimal("100.00"), "rate")


def test_covered_work_without_any_rate_is_covered_all_the_same():
    row = one(fact(role=replace(ENGINEER, rates=())), contract(), included(9))

    assert (row.state, row.amount, row.value) == ("covered", 0, None)


@pytest.mark.parametrize("effect", ["excluded", "at_rate"])
def test_what_a_coverage_rule_keeps_from_the_hours_is_charged(effect):
    terms = contract(rates=HOURLY, coverage=(CoverageRule(1, 1, effect, hourly_rate=Decimal(100)),), blocks={"overage_rate": Decimal(9)})

    assert rated([fact()], terms, block(7, 9), included(9)) == [("rate", 60, "100.00")]


# ------------------------------------------------------------------ retainers


def test_a_retainer_pays_what_was_priced_to_the_cent():
    rows = rating.rate([fact(worked_seconds=2 * HOUR)], book(contract(rates=HOURLY), block(7, 1), retainer(8, "33.33"), retainer(9, "40")))

    assert told(rows) == [("block:7", 60, "0"), ("retainer:8", 1199 / 60, "0"), ("retainer:9", 24, "0"), ("rate", 961 / 60, "26.67")]
    assert sum(row.value for row in rows) == Decimal("200.00")


def test_a_retainer_that_pays_all_leaves_no_row_to_charge():
    assert rated([fact()], contract(rates=HOURLY), retainer(8, 100)) == [("retainer:8", 60, "0")]


def test_a_retainer_takes_no_fraction_of_a_currency_s_step():
    entry = fact(role=replace(ENGINEER, rates=(replace(ENGINEER.rates[0], currency_id=CHF.id),)))

    rows = rated([entry], contract(currency=CHF), retainer(8, "12.34", currency_id=CHF.id))

    assert rows == [("retainer:8", 553 / 60, "0"), ("rate", 3047 / 60, "67.70")]


def test_a_retainer_in_another_currency_holds_the_row_back_until_somebody_decides():
    rows = rating.rate([fact()], book(contract(rates=HOURLY), retainer(8, 100, currency_id=CHF.id)))

    assert told(rows) == [("time", 60, rating.CURRENCY_MISMATCH)]
    assert rows[0].derivation["retainers_in_other_currency"] == ["retainer:8"]


def test_a_used_up_retainer_in_another_currency_is_in_nobody_s_way():
    pool = retainer(8, 100, used=Decimal(100), currency_id=CHF.id)

    assert rated([fact()], contract(rates=HOURLY), pool) == [("rate", 60, "100.00")]


# ------------------------------------------------------------------ balances


def test_what_settled_work_drew_is_gone():
    assert rated([fact()], contract(rates=HOURLY), block(7, 1, used=45 * MINUTE)) == [("block:7", 15, "0"), ("rate", 45, "75.00")]


def test_two_pools_of_one_name_are_refused_because_both_would_be_drawn():
    with pytest.raises(ValueError, match="block:7"):
        rating.rate([], book(block(7, 1), block(7, 2)))
