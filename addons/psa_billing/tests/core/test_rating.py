"""Rating by the hour: rounding of time and money, the choice of contract and rate, and what is held back and why."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_billing import after_hours, rating
from psa_cores.psa_billing.terms import Contract, CoverageRule, FlatTerms, Role, RoleRate, Version, WorkType
from rating_stage import (
    CHF,
    CONSULTANT,
    DAY,
    ENGINEER,
    EUR,
    HOUR,
    MINUTE,
    NIGHT,
    ONSITE,
    REMOTE,
    book,
    charge,
    contract,
    fact,
    one,
    rated,
    retainer,
)

YESTERDAY, TOMORROW = DAY - timedelta(days=1), DAY + timedelta(days=1)


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
def test_time_is_raised_to_minimum_and_increment(worked, minimum, increment, expected):
    assert rating.billable_minutes(worked, minimum, increment) == expected
    assert rating.billable_seconds(worked * MINUTE, minimum, increment) == expected * MINUTE


@given(st.integers(1, 100_000), st.integers(0, 240), st.integers(0, 120))
def test_rounding_never_loses_time_and_adds_less_than_one_increment(worked, minimum, increment):
    billed = rating.billable_seconds(worked, minimum, increment)

    assert billed >= max(worked, minimum * MINUTE)
    assert billed - max(worked, minimum * MINUTE) < max(increment * MINUTE, 1)
    if increment:
        assert billed % (increment * MINUTE) == 0


@given(st.integers(0, 10_000_000), st.integers(0, 6))
def test_an_invoice_quantity_is_exactly_the_time(seconds, digits):
    quantity, unit = rating.quantity_of(seconds, digits)

    assert quantity * {"hour": HOUR, "minute": MINUTE, "second": 1}[unit] == seconds
    assert quantity == round(quantity, digits)


@given(
    st.decimals("0", "100000", places=4),
    st.sampled_from([Decimal("0.01"), Decimal("0.05"), Decimal("1"), Decimal("0.001")]),
)
def test_money_is_rounded_to_the_nearest_step(amount, step):
    rounded = rating.round_money(amount, step)

    assert rounded % step == 0
    assert abs(rounded - amount) <= step / 2


def test_rounding_follows_the_currency():
    role = Role(9, (RoleRate(1, CHF.id, Decimal(91)),))

    row = one(fact(role=role, billable_seconds=7 * MINUTE), contract(currency=CHF))

    assert row.amount == Decimal("10.60")  # 10.6166… to the nearest five


@pytest.mark.parametrize(("rounding", "minutes"), [("work_type", 15), ("contract", 6), ("none", 5)])
def test_who_rounds_the_time_is_the_contract_s_choice(rounding, minutes):
    terms = contract(rounding=rounding, minimum_minutes=0, increment_minutes=6)

    row = one(fact(worked_seconds=5 * MINUTE), terms)

    assert row.seconds == minutes * MINUTE
    assert row.derivation["time"]["rule"] == rounding


def test_time_set_by_hand_is_charged_and_told():
    row = one(fact(worked_seconds=40 * MINUTE, billable_seconds=30 * MINUTE), contract())

    assert row.amount == Decimal("40.00")
    assert row.derivation["time"]["by_rule"] == 45 * MINUTE
    assert row.derivation["time"]["set_by_hand"] is True


# ------------------------------------------------------------------ rates


def test_the_most_specific_clause_of_the_contract_counts():
    terms = contract(rates=[(None, ONSITE, 140), (ENGINEER, None, 100), (ENGINEER, ONSITE, 150), (None, None, 70)])

    def found(role, work_type):
        row = one(fact(role=role, work_type=work_type), terms)
        return row.derivation["rate"]["clause"], row.amount

    assert found(ENGINEER, ONSITE) == ("contract_role_work_type", Decimal("150.00"))
    assert found(ENGINEER, REMOTE) == ("contract_role", Decimal("100.00"))
    assert found(CONSULTANT, ONSITE) == ("contract_work_type", Decimal("140.00"))
    assert found(CONSULTANT, REMOTE) == ("contract_any", Decimal("70.00"))


def test_role_rate_is_the_last_resort_and_only_in_the_contract_s_currency():
    assert one(fact(), contract()).amount == Decimal("80.00")

    row = one(fact(), contract(currency=CHF))

    assert (row.state, row.error, row.amount) == ("error", rating.MISSING_RATE, None)
    assert row.derivation["rate"]["clause"] == "role_default_in_other_currency"


def test_the_role_rate_is_the_one_valid_that_day():
    role = Role(
        1,
        (
            RoleRate(1, EUR.id, Decimal(80), date_to=YESTERDAY),
            RoleRate(2, EUR.id, Decimal(90), date_from=DAY, date_to=DAY),
            RoleRate(3, EUR.id, Decimal(95), date_from=DAY + timedelta(days=2)),
        ),
    )

    prices = [one(fact(role=role, date=day), contract()) for day in (YESTERDAY, DAY, TOMORROW)]

    assert [row.amount for row in prices] == [Decimal("80.00"), Decimal("90.00"), None]
    assert prices[2].error == rating.MISSING_RATE
    assert prices[2].derivation["rate"]["clause"] == "role_default_not_valid"


def test_a_client_without_contract_is_charged_the_role_rate_in_company_currency():
    row = one(fact())

    assert (row.contract_id, row.currency_id, row.amount) == (None, EUR.id, Decimal("80.00"))
    assert row.derivation["contract"]["why"] == "no_contract_in_force"


def test_a_rate_of_zero_is_a_price_and_not_an_error():
    row = one(fact(), contract(rates=[(ENGINEER, None, 0)]))

    assert (row.state, row.amount) == ("pending", Decimal(0))
    assert row.derivation["rate"]["hourly_rate"] == "0"


def test_multipliers_multiply_a_base_rate_and_not_a_price_for_the_work_type():
    senior = replace(ENGINEER, multiplier=Decimal(2))
    base = contract(rates=[(ENGINEER, None, 100)])
    final = contract(rates=[(ENGINEER, NIGHT, 130)])

    assert one(fact(work_type=NIGHT), base).amount == Decimal("150.00")
    assert one(fact(work_type=NIGHT, role=senior), base).amount == Decimal("300.00")
    assert one(fact(work_type=NIGHT, role=senior), replace_version(base, multiplier_policy="highest")).amount == Decimal("200.00")
    assert one(fact(work_type=NIGHT, role=senior), final).amount == Decimal("130.00")
    assert one(fact(work_type=NIGHT)).amount == Decimal("120.00")  # the role's own rate is a base rate as well


def replace_version(terms, **values):
    return replace(terms, versions=tuple(replace(version, **values) for version in terms.versions))


def test_a_new_version_does_not_rewrite_the_past():
    old = contract(rates=[(ENGINEER, None, 100)])
    new = replace(old.versions[0], id=9, date_from=DAY, rates=(replace(old.versions[0].rates[0], hourly_rate=Decimal(110)),))
    terms = replace(old, versions=(new, *old.versions))

    before, after = one(fact(date=YESTERDAY), terms), one(fact(), terms)

    assert (before.amount, before.version_id) == (Decimal("100.00"), 1)
    assert (after.amount, after.version_id) == (Decimal("110.00"), 9)


# ------------------------------------------------------------------ what is held back


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"client_id": None}, rating.MISSING_CLIENT),
        ({"contract_id": 99}, rating.CONTRACT_UNUSABLE),
        ({"work_type": None}, rating.MISSING_WORK_TYPE),
        ({"role": None}, rating.MISSING_ROLE),
        ({"role": CONSULTANT}, rating.MISSING_RATE),
        ({"work_type": WorkType(3)}, rating.MISSING_PRODUCT),
        ({"worked_seconds": -1}, rating.NEGATIVE_TIME),
        ({"billable_seconds": -1}, rating.NEGATIVE_TIME),
    ],
)
def test_what_cannot_be_priced_is_an_error_with_a_reason_never_a_zero(change, reason):
    row = one(fact(**change), contract())

    assert (row.part, row.state, row.error, row.amount, row.price_unit) == ("time", "error", reason, None, None)


@pytest.mark.parametrize("change", [{"is_billable": False, "role": None, "work_type": None}, {"billable_seconds": 0}])
def test_time_that_is_not_charged_keeps_what_was_worked(change):
    row = one(fact(**change), contract())

    assert (row.state, row.worked_seconds, row.seconds, row.amount) == ("non_billable", HOUR, 0, 0)


# ------------------------------------------------------------------ contracts


@pytest.mark.parametrize(
    ("dates", "problem"),
    [
        ({"date_start": TOMORROW}, "before_start"),
        ({"date_end": YESTERDAY}, "after_end"),
        ({"is_confirmed": False}, "not_confirmed"),
        ({"client_id": 11}, "not_the_clients"),
        ({"company_id": 2}, "not_the_clients"),
    ],
)
def test_an_entry_named_on_a_contract_that_does_not_hold_that_day_is_held_back_and_says_why(dates, problem):
    row = one(fact(contract_id=1), contract(**dates), contract(2))

    assert (row.error, row.contract_id, row.amount) == (rating.CONTRACT_UNUSABLE, None, None)
    assert row.derivation["contract"] == {
        "id": None, "why": "named_but_unusable", "problem": problem, "candidate_ids": [2],
    }


def test_entry_before_contract_start_is_charged_without_the_contract():
    row = one(fact(date=YESTERDAY), contract(date_start=DAY, rates=[(ENGINEER, None, 100)]))

    assert (row.contract_id, row.amount) == (None, Decimal("80.00"))
    assert row.derivation["contract"]["why"] == "no_contract_in_force"


def test_entry_after_the_contract_ended_falls_under_the_one_that_follows():
    ended = contract(1, date_end=DAY, rates=[(ENGINEER, None, 100)])
    following = contract(2, date_start=TOMORROW, rates=[(ENGINEER, None, 110)])

    last_day, next_day = (one(fact(date=day), ended, following) for day in (DAY, TOMORROW))

    assert (last_day.contract_id, last_day.amount) == (1, Decimal("100.00"))
    assert (next_day.contract_id, next_day.amount) == (2, Decimal("110.00"))


def test_work_across_the_end_of_a_contract_is_cut_at_midnight_and_each_part_has_its_own_terms():
    berlin = ZoneInfo("Europe/Berlin")
    late = datetime(DAY.year, DAY.month, DAY.day, 22, 30, tzinfo=berlin)
    ended = contract(1, date_end=DAY, rates=[(ENGINEER, None, 100)])
    following = contract(2, date_start=TOMORROW, rates=[(ENGINEER, None, 110)])

    parts = after_hours.split(late, late + timedelta(hours=2), None, berlin)
    rows = [
        one(fact(date=part.day, start=part.start, worked_seconds=part.seconds), ended, following) for part in parts
    ]

    assert [(row.contract_id, row.seconds, row.amount) for row in rows] == [
        (1, 90 * MINUTE, Decimal("150.00")), (2, 30 * MINUTE, Decimal("55.00")),
    ]


def test_a_contract_holds_on_its_first_and_its_last_day():
    terms = contract(date_start=DAY, date_end=DAY)

    assert one(fact(), terms).contract_id == 1
    assert one(fact(date=YESTERDAY), terms).contract_id is None
    assert one(fact(date=TOMORROW), terms).contract_id is None


def test_of_two_contracts_matching_the_one_with_the_first_priority_is_taken_then_the_newest_then_the_latest_made():
    old = contract(1)
    newer = contract(2, date_start=DAY - timedelta(days=3))
    twin = contract(3, date_start=DAY - timedelta(days=3))
    urgent = contract(4, priority=5)
    others = (
        contract(5, date_start=DAY - timedelta(days=2), date_end=YESTERDAY),
        contract(6, is_confirmed=False),
        contract(7, client_id=11),
        contract(8, company_id=2),
    )

    def choice(*contracts):
        about = one(fact(), *contracts, *others).derivation["contract"]
        return about["id"], about["why"], about["candidate_ids"]

    assert choice(old) == (1, "only_contract_in_force", [1])
    assert choice(newer, old) == (2, "newest_start_of_several", [1, 2])
    assert choice(twin, old, newer) == (3, "latest_made_of_several", [1, 2, 3])
    assert choice(twin, urgent, old, newer) == (4, "first_priority_of_several", [1, 2, 3, 4])


# ------------------------------------------------------------------ coverage, fixed prices


def rule(rule_id, effect, sequence=10, **values):
    return CoverageRule(rule_id, sequence, effect, **values)


def test_a_coverage_rule_that_includes_work_covers_it_and_says_what_it_is_worth():
    terms = contract(coverage=(rule(3, "included", work_type_ids=frozenset({REMOTE.id})),))

    row = one(fact(), terms)

    assert (row.part, row.state, row.funding) == ("coverage:3", "covered", "coverage")
    assert (row.seconds, row.amount, row.value) == (HOUR, 0, Decimal("80.00"))
    assert one(fact(work_type=ONSITE), terms).part == "rate"


@pytest.mark.parametrize(
    ("criteria", "entry", "matches"),
    [
        ({"role_ids": frozenset({1})}, {}, True),
        ({"role_ids": frozenset({2})}, {}, False),
        ({"site_ids": frozenset({5})}, {"site_id": 5}, True),
        ({"site_ids": frozenset({5})}, {}, False),
        ({"asset_ids": frozenset({5, 6})}, {"asset_ids": frozenset({6, 7})}, True),
        ({"asset_ids": frozenset({5, 6})}, {"asset_ids": frozenset({7})}, False),
        ({"hours": "business"}, {}, True),
        ({"hours": "after_hours"}, {}, False),
        ({"hours": "after_hours"}, {"work_type": NIGHT}, True),
        ({"hours": "business"}, {"work_type": NIGHT}, False),
        ({"hours": "after_hours", "role_ids": frozenset({2})}, {"work_type": NIGHT}, False),
    ],
)
def test_a_coverage_rule_matches_if_all_its_criteria_do(criteria, entry, matches):
    row = one(fact(**entry), contract(coverage=(rule(1, "included", **criteria),)))

    assert (row.funding == "coverage") is matches


def test_the_first_matching_rule_counts():
    terms = contract(coverage=(rule(1, "included", 20), rule(3, "at_rate", 10, hourly_rate=Decimal(99)), rule(2, "excluded", 10)))

    assert one(fact(), terms).derivation["coverage"] == {"rule_id": 2, "effect": "excluded"}


def test_work_at_a_rule_s_rate_costs_that_whatever_it_weighs():
    terms = contract(coverage=(rule(1, "at_rate", hourly_rate=Decimal(99)),), rates=[(ENGINEER, None, 100)])

    assert one(fact(work_type=NIGHT), terms).amount == Decimal("99.00")


def test_a_rule_without_its_rate_is_a_missing_rate():
    row = one(fact(), contract(coverage=(rule(1, "at_rate"),)))

    assert (row.error, row.derivation["rate"]) == (rating.MISSING_RATE, {"clause": "coverage_rule", "result": None, "clause_id": 1,
                                                                         "hourly_rate": None})


def test_a_fixed_price_covers_all_time_but_what_a_rule_excludes():
    terms = contract(
        flat_terms=(FlatTerms(6, "fixed_price", DAY),), coverage=(rule(1, "excluded", work_type_ids=frozenset({ONSITE.id})),)
    )

    assert one(fact(), terms).part == "fixed_price"
    assert one(fact(date=YESTERDAY), terms).part == "rate"
    assert one(fact(work_type=ONSITE), terms).part == "rate"


def test_a_price_by_the_ticket_covers_time_on_tickets_only():
    terms = contract(flat_terms=(FlatTerms(6, "per_ticket", DAY),))

    assert one(fact(ticket_id=4), terms).part == "per_ticket"
    assert one(fact(), terms).part == "rate"


def test_a_price_by_the_ticket_that_is_for_some_tickets_leaves_the_others_to_the_rate():
    terms = contract(flat_terms=(FlatTerms(6, "per_ticket", DAY, ticket_ids=frozenset({4})),))

    assert one(fact(ticket_id=4), terms).part == "per_ticket"
    assert one(fact(ticket_id=5), terms).part == "rate"
    assert one(fact(), terms).part == "rate"
    # Rated together, too, where what is known of one kind of work is remembered.
    rows = rating.rate([fact(source_id=1, ticket_id=4), fact(source_id=2, ticket_id=5)], book(terms))
    assert [row.part for row in rows] == ["per_ticket", "rate"]


def test_a_fixed_price_for_a_project_leaves_all_other_time_to_the_rate():
    terms = contract(flat_terms=(FlatTerms(6, "fixed_price", DAY, project_id=21),))

    assert one(fact(project_id=21), terms).derivation["flat"] == {"terms_id": 6, "kind": "fixed_price", "project_id": 21}
    assert one(fact(project_id=22), terms).part == "rate"
    assert one(fact(ticket_id=4), terms).part == "rate"
    # Rated together, too, where what is known of one kind of work is remembered.
    rows = rating.rate([fact(source_id=number, project_id=project) for number, project in enumerate((21, None, 22, 21))], book(terms))
    assert [row.part for row in rows] == ["fixed_price", "rate", "rate", "fixed_price"]


def test_of_several_fixed_prices_that_for_the_project_pays_for_it():
    terms = contract(flat_terms=(FlatTerms(5, "fixed_price", DAY), FlatTerms(6, "fixed_price", DAY, project_id=21)))

    assert one(fact(project_id=21), terms).derivation["flat"]["terms_id"] == 6
    assert one(fact(project_id=22), terms).derivation["flat"] == {"terms_id": 5, "kind": "fixed_price"}


def test_a_fixed_price_for_a_project_comes_beside_a_price_by_the_ticket():
    terms = contract(flat_terms=(FlatTerms(5, "per_ticket", DAY), FlatTerms(6, "fixed_price", DAY, project_id=21)))

    assert one(fact(ticket_id=4), terms).part == "per_ticket"
    assert one(fact(ticket_id=4, project_id=21), terms).part == "fixed_price"


# ------------------------------------------------------------------ what has a price of its own


def test_a_charge_costs_quantity_times_price():
    row = one(charge(), contract())

    assert (row.part, row.state, row.funding, row.contract_id) == ("charge", "pending", "price", 1)
    assert (row.quantity, row.price_unit, row.amount) == (2, Decimal("12.50"), Decimal("25.00"))
    assert (row.seconds, row.worked_seconds) == (0, 0)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"client_id": None}, rating.MISSING_CLIENT),
        ({"product_id": None}, rating.MISSING_PRODUCT),
        ({"price_unit": None}, rating.MISSING_RATE),
        ({"contract_id": 9}, rating.CONTRACT_UNUSABLE),
        ({"contract_id": 1, "currency": CHF}, rating.CURRENCY_MISMATCH),
    ],
)
def test_a_charge_that_cannot_be_priced_is_held_back(change, reason):
    row = one(charge(**change), contract())

    assert (row.part, row.state, row.error, row.amount) == ("charge", "error", reason, None)


def test_a_charge_in_another_currency_does_not_fall_under_the_contract_by_itself():
    row = one(charge(currency=CHF), contract())

    assert (row.contract_id, row.currency_id, row.amount) == (None, CHF.id, Decimal("25.00"))


def test_a_set_up_fee_may_name_its_contract_before_it_starts():
    row = one(charge(contract_id=1), contract(date_start=TOMORROW))

    assert (row.contract_id, row.amount) == (1, Decimal("25.00"))


def test_a_charge_given_away_stays_visible():
    row = one(charge(is_billable=False), contract())

    assert (row.state, row.amount, row.quantity) == ("non_billable", 0, 2)


def test_a_retainer_pays_charges_as_far_as_it_goes():
    paid_in_part = rated([charge(1), charge(2)], contract(), retainer(3, "35.50"))

    assert paid_in_part == [("retainer:3", 0, "0"), ("charge", 0, "14.50"), ("retainer:3", 0, "0")]
    assert rated([charge(may_draw_retainer=False)], contract(), retainer(3, "35.50")) == [("charge", 0, "25.00")]


def test_a_credit_is_a_negative_charge_and_draws_nothing():
    row = one(charge(quantity=Decimal(-1)), contract(), retainer(3, 100))

    assert (row.part, row.amount, row.draw) == ("charge", Decimal("-12.50"), None)


def test_a_contract_without_versions_falls_back_to_the_role_s_rate():
    row = one(fact(), Contract(1, 10, 1, EUR, date(2026, 1, 1)))

    assert (row.contract_id, row.version_id, row.amount) == (1, None, Decimal("80.00"))


def test_before_its_first_version_a_contract_has_the_terms_of_the_first():
    terms = replace(contract(), versions=(Version(8, TOMORROW), Version(9, TOMORROW + timedelta(days=9))))

    assert one(fact(), terms).version_id == 8
