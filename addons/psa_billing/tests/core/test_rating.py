"""Laws of the rating core, and the cases a billing clerk would ask about."""

import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_billing import rating
from psa_cores.psa_billing.rating import Contract, Currency, RateClause, Role, TimeFact, WorkType

EUR = Currency(1, Decimal("0.01"))
CHF = Currency(2, Decimal("0.05"))
DAY = date(2026, 3, 10)
REMOTE = WorkType(1, minimum_minutes=15, increment_minutes=15, product_id=7)
ONSITE = WorkType(2, minimum_minutes=60, increment_minutes=30, product_id=8)
ENGINEER = Role(1, Decimal("80"), EUR.id)
CONSULTANT = Role(2)


def fact(**values):
    values.setdefault("worked_minutes", 40)
    values.setdefault("billable_minutes", 45)
    base = TimeFact(
        source_model="account.analytic.line",
        source_id=1,
        company_id=1,
        company_currency=EUR,
        date=DAY,
        worked_minutes=0,
        billable_minutes=0,
        client_id=10,
        work_type=REMOTE,
        role=ENGINEER,
    )
    return replace(base, **values)


def contract(contract_id=1, **values):
    base = Contract(contract_id, 10, 1, EUR, DAY - timedelta(days=30))
    return replace(base, **values)


def one(entry, *contracts):
    (row,) = rating.rate([entry], contracts)
    return row


@pytest.mark.parametrize(
    ("worked", "minimum", "increment", "expected"),
    [
        (0, 15, 15, 0),
        (1, 0, 0, 1),
        (1, 15, 0, 15),
        (15, 15, 15, 15),
        (16, 15, 15, 30),
        (61, 60, 30, 90),
        (20, 15, 6, 24),
        (-5, 15, 15, 0),
    ],
)
def test_minutes_are_raised_to_minimum_and_increment(worked, minimum, increment, expected):
    assert rating.billable_minutes(worked, minimum, increment) == expected


@given(st.integers(1, 10_000), st.integers(0, 240), st.integers(0, 120))
def test_rounding_never_loses_time_and_adds_less_than_one_increment(worked, minimum, increment):
    billed = rating.billable_minutes(worked, minimum, increment)

    assert billed >= max(worked, minimum)
    assert billed - max(worked, minimum) < max(increment, 1)
    if increment > 1:
        assert billed % increment == 0


@given(st.integers(0, 100_000), st.integers(0, 6))
def test_an_invoice_quantity_is_exactly_the_minutes(minutes, digits):
    quantity, unit = rating.quantity_of(minutes, digits)

    assert quantity * (60 if unit == "hour" else 1) == minutes
    assert quantity == round(quantity, digits)


@given(
    st.decimals("0", "100000", places=4),
    st.sampled_from([Decimal("0.01"), Decimal("0.05"), Decimal("1"), Decimal("0.001")]),
)
def test_money_is_rounded_to_the_nearest_step(amount, step):
    rounded = rating.round_money(amount, step)

    assert rounded % step == 0
    assert abs(rounded - amount) <= step / 2


def test_contract_rate_for_role_and_work_type_comes_first():
    terms = contract(
        rates=(
            RateClause(1, ENGINEER.id, Decimal("100")),
            RateClause(2, ENGINEER.id, Decimal("150"), ONSITE.id),
        )
    )

    on_site = one(fact(work_type=ONSITE, billable_minutes=60), terms)
    remote = one(fact(), terms)

    assert (on_site.price_unit, on_site.amount) == (Decimal("150"), Decimal("150.00"))
    assert on_site.derivation["rate"]["clause"] == "contract_role_work_type"
    assert (remote.price_unit, remote.amount) == (Decimal("100"), Decimal("75.00"))
    assert remote.derivation["rate"]["clause"] == "contract_role"


def test_role_rate_is_the_last_resort_and_only_in_the_contract_s_currency():
    assert one(fact(), contract()).amount == Decimal("60.00")

    row = one(fact(), contract(currency=CHF))

    assert (row.state, row.error, row.amount) == ("error", rating.MISSING_RATE, None)
    assert row.derivation["rate"]["clause"] == "role_default_in_other_currency"


def test_a_client_without_contract_is_charged_the_role_rate_in_company_currency():
    row = one(fact())

    assert (row.contract_id, row.currency_id, row.amount) == (None, EUR.id, Decimal("60.00"))
    assert row.derivation["contract"]["why"] == "no_contract_in_force"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"client_id": None}, rating.MISSING_CLIENT),
        ({"contract_id": 99}, rating.CONTRACT_UNUSABLE),
        ({"work_type": None}, rating.MISSING_WORK_TYPE),
        ({"role": None}, rating.MISSING_ROLE),
        ({"role": CONSULTANT}, rating.MISSING_RATE),
        ({"work_type": WorkType(3)}, rating.MISSING_PRODUCT),
        ({"worked_minutes": -1}, rating.NEGATIVE_TIME),
    ],
)
def test_what_cannot_be_priced_is_an_error_with_a_reason_never_a_zero(change, reason):
    row = one(fact(**change), contract())

    assert (row.state, row.error, row.amount, row.price_unit) == ("error", reason, None, None)


def test_a_rate_of_zero_is_a_price_and_not_an_error():
    row = one(fact(), contract(rates=(RateClause(1, ENGINEER.id, Decimal(0)),)))

    assert (row.state, row.amount) == ("pending", Decimal(0))


def test_time_that_is_not_billable_keeps_its_minutes_and_charges_none():
    row = one(fact(is_billable=False, role=None, work_type=None), contract())

    assert (row.state, row.worked_minutes, row.minutes, row.amount) == ("non_billable", 40, 0, 0)


def test_of_several_contracts_the_one_that_started_last_is_taken_and_explained():
    old = contract(1)
    newer = contract(2, date_start=DAY - timedelta(days=3))
    twin = contract(3, date_start=DAY - timedelta(days=3))
    ended = contract(4, date_start=DAY - timedelta(days=2), date_end=DAY - timedelta(days=1))
    draft = contract(5, date_start=DAY, is_confirmed=False)
    stranger = contract(6, date_start=DAY, client_id=11)
    sister_company = contract(7, date_start=DAY, company_id=2)

    row = one(fact(), twin, draft, old, ended, newer, stranger, sister_company)

    assert row.contract_id == 3
    assert row.derivation["contract"] == {
        "id": 3,
        "why": "newest_start_of_several",
        "candidate_ids": [1, 2, 3],
    }


def test_a_contract_holds_on_its_first_and_its_last_day():
    terms = contract(date_start=DAY, date_end=DAY)

    assert one(fact(), terms).contract_id == 1
    assert one(fact(date=DAY - timedelta(days=1)), terms).contract_id is None
    assert one(fact(date=DAY + timedelta(days=1)), terms).contract_id is None


def test_minutes_changed_by_hand_are_charged_and_told():
    row = one(fact(billable_minutes=30), contract())

    assert row.amount == Decimal("40.00")
    assert row.derivation["minutes"]["by_rule"] == 45
    assert row.derivation["minutes"]["set_by_hand"] is True


def test_rounding_follows_the_currency():
    role = Role(9, Decimal("91"), CHF.id)

    row = one(fact(role=role, billable_minutes=7, worked_minutes=7), contract(currency=CHF))

    assert row.amount == Decimal("10.60")  # 10.6166… to the nearest five


work_types = st.one_of(
    st.none(),
    st.builds(
        WorkType, st.integers(1, 3), st.integers(0, 60), st.integers(0, 60), st.sampled_from([None, 7])
    ),
)
roles = st.one_of(
    st.none(),
    st.builds(
        Role,
        st.integers(1, 3),
        st.one_of(st.none(), st.decimals("0", "500", places=2)),
        st.sampled_from([1, 2]),
    ),
)
days = st.dates(date(2026, 1, 1), date(2026, 2, 28))
contracts_of_clients = st.lists(
    st.builds(
        Contract,
        st.integers(1, 50),
        st.integers(10, 12),
        st.integers(1, 2),
        st.sampled_from([EUR, CHF]),
        days,
        st.one_of(st.none(), days),
        st.booleans(),
        st.lists(
            st.builds(
                RateClause,
                st.integers(1, 99),
                st.integers(1, 3),
                st.decimals("0", "500", places=2),
                st.one_of(st.none(), st.integers(1, 3)),
            ),
            max_size=4,
            unique_by=lambda clause: clause.id,
        ).map(tuple),
    ),
    max_size=6,
    unique_by=lambda contract: contract.id,
)
fact_lists = st.lists(
    st.builds(
        TimeFact,
        st.just("account.analytic.line"),
        st.integers(1, 1000),
        st.integers(1, 2),
        st.just(EUR),
        days,
        st.integers(-10, 2000),
        st.integers(0, 2000),
        st.booleans(),
        st.one_of(st.none(), st.integers(10, 12)),
        st.one_of(st.none(), st.integers(1, 50)),
        work_types,
        roles,
    ),
    max_size=12,
    unique_by=lambda fact: fact.source_id,
)


@given(fact_lists, contracts_of_clients)
def test_no_minute_is_lost_or_made(facts, contracts):
    rows = rating.rate(facts, contracts)

    for entry in facts:
        own = [row for row in rows if row.source_id == entry.source_id]
        assert sum(row.worked_minutes for row in own) == entry.worked_minutes
        charged = sum(row.minutes for row in own)
        assert charged == (entry.billable_minutes if entry.is_billable and entry.worked_minutes >= 0 else 0)


@given(fact_lists, contracts_of_clients, st.randoms(use_true_random=False))
def test_order_does_not_matter_and_rating_again_changes_nothing(facts, contracts, dice: random.Random):
    rows = rating.rate(facts, contracts)
    shuffled_facts, shuffled_contracts = facts[:], contracts[:]
    dice.shuffle(shuffled_facts)
    dice.shuffle(shuffled_contracts)

    assert rating.rate(shuffled_facts, shuffled_contracts) == rows
    assert rating.rate(facts, contracts) == rows


@given(fact_lists, contracts_of_clients)
def test_every_row_has_a_price_or_a_reason(facts, contracts):
    for row in rating.rate(facts, contracts):
        assert row.part
        if row.state == "error":
            assert row.error in rating.REASONS
            assert row.amount is None
        else:
            assert row.error is None
            assert row.amount is not None
            assert row.amount >= 0


@given(fact_lists, contracts_of_clients)
def test_the_derivation_is_enough_to_compute_the_amount_again(facts, contracts):
    for row in rating.rate(facts, contracts):
        if row.state != "pending":
            continue
        why = row.derivation
        again = rating.round_money(
            Decimal(why["rate"]["hourly_rate"]) * why["minutes"]["used"] / 60,
            Decimal(why["amount"]["rounding"]),
        )
        assert again == row.amount == Decimal(why["amount"]["result"])
