import doctest
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_billing import periods
from psa_cores.psa_billing.periods import Cycle, Period, Step

CENT = Decimal("0.01")
DAY = timedelta(days=1)
DAYS = st.dates(date(2023, 1, 1), date(2030, 12, 31))
CYCLES = st.builds(Cycle, st.sampled_from([1, 3, 12]), st.none() | DAYS)
STEPS = st.lists(
    st.builds(
        Step,
        DAYS,
        st.decimals(0, 500, places=2),
        st.decimals(0, 2000, places=2),
    ),
    max_size=5,
    unique_by=lambda step: step.date_from,
)


def test_examples_in_the_documentation():
    assert doctest.testmod(periods).failed == 0


# Cycles


@given(CYCLES, DAYS)
def test_every_day_lies_in_its_period_and_each_period_follows_the_other(cycle, day):
    period = periods.cycle_of(cycle, day)

    assert period.start <= day < period.end
    assert periods.cycle_of(cycle, period.start) == period
    assert periods.cycle_of(cycle, period.end - DAY) == period
    assert periods.cycle_of(cycle, period.end).start == period.end


@given(st.sampled_from([1, 3, 12]), DAYS)
def test_calendar_periods_are_those_of_the_calendar(months, day):
    period = periods.cycle_of(Cycle(months), day)

    # The slow way: back to the last first of a month that begins such a period.
    start = day
    while start.day != 1 or (start.month - 1) % months:
        start -= DAY
    assert period.start == start


@given(st.sampled_from([1, 3, 12]), DAYS, st.integers(0, 60))
def test_anniversaries_keep_the_day_of_the_month(months, anchor, number):
    start = periods.add_months(anchor, months * number)

    period = periods.cycle_of(Cycle(months, anchor), start)

    assert period.start == start
    assert period.start.day == anchor.day or (period.start + DAY).day == 1


@given(CYCLES, DAYS, st.integers(-10, 900))
def test_the_periods_of_a_range_cover_it_without_gaps(cycle, start, length):
    end = start + timedelta(days=length)

    found = list(periods.cycles(cycle, start, end))

    if length <= 0:
        assert not found
    else:
        assert found[0].start <= start
        assert found[-1].end >= end > found[-1].start
        assert all(one.end == other.start for one, other in pairwise(found))


def test_a_period_of_no_length_costs_nothing():
    march = Period(date(2026, 3, 1), date(2026, 4, 1))
    steps = [Step(date(2026, 1, 1), Decimal(1), Decimal(100))]

    assert periods.clip(march, date(2026, 3, 15), date(2026, 3, 15)) is None
    assert periods.clip(march, date(2026, 5, 1), date(2026, 4, 1)) is None
    assert periods.slices(steps, march, None, CENT) == ()
    assert periods.slices(steps, march, Period(march.end, march.end), CENT) == ()


# Prices by days


@given(CYCLES, DAYS, st.integers(0, 400), st.integers(0, 400), STEPS)
def test_a_period_costs_what_its_days_cost(cycle, day, skip, length, steps):
    period = periods.cycle_of(cycle, day)
    active = periods.clip(period, period.start + skip * DAY, period.start + (skip + length) * DAY)

    found = periods.slices(steps, period, active, CENT)

    # The slow way: day by day.
    exact = Fraction(0)
    current = active.start if active else period.end
    while active and current < active.end:
        before = [step for step in steps if step.date_from <= current]
        if before:
            step = max(before, key=lambda step: step.date_from)
            exact += Fraction(step.quantity) * Fraction(step.price_unit) / period.days
        current += DAY
    total = sum((part.amount for part in found), Decimal(0))
    assert total == periods.round_to(exact, CENT)
    assert abs(Fraction(total) - exact) <= Fraction(1, 200)
    assert all(one.end <= other.start for one, other in pairwise(found))
    assert sum(part.days for part in found) <= (active.days if active else 0)


@given(CYCLES, DAYS, STEPS)
def test_the_order_of_the_steps_does_not_matter(cycle, day, steps):
    period = periods.cycle_of(cycle, day)

    assert periods.slices(steps, period, period, CENT) == periods.slices(steps[::-1], period, period, CENT)


@given(CYCLES, DAYS, st.decimals(0, 500, places=2), st.decimals(0, 2000, places=2))
def test_a_whole_period_costs_quantity_times_price(cycle, day, quantity, price):
    period = periods.cycle_of(cycle, day)
    steps = [Step(period.start, quantity, price)]

    (part,) = periods.slices(steps, period, period, CENT)

    assert part.is_whole
    assert part.amount == periods.round_to(quantity * price, CENT)
    assert periods.quantity_over(steps, period, period) == quantity


def test_a_change_in_the_middle_is_charged_by_days():
    june = Period(date(2026, 6, 1), date(2026, 7, 1))
    steps = [Step(date(2026, 1, 1), Decimal(10), Decimal(30)), Step(date(2026, 6, 16), Decimal(12), Decimal(30))]

    found = periods.slices(steps, june, june, CENT)

    assert [(part.days, part.quantity, part.amount) for part in found] == [
        (15, 10, Decimal("150.00")),
        (15, 12, Decimal("180.00")),
    ]


def test_without_days_the_first_day_counts_for_the_whole_period():
    june = Period(date(2026, 6, 1), date(2026, 7, 1))
    steps = [Step(date(2026, 1, 1), Decimal(10), Decimal(30)), Step(date(2026, 6, 16), Decimal(12), Decimal(30))]
    from_the_tenth = periods.clip(june, date(2026, 6, 10))

    (part,) = periods.slices(steps, june, from_the_tenth, CENT, is_prorated=False)

    assert (part.amount, part.is_whole) == (300, True)
    assert periods.slices(steps[1:], june, june, CENT, is_prorated=False)[0].amount == 360


@given(DAYS, STEPS, DAYS, st.integers(1, 200), st.booleans())
def test_nothing_is_charged_for_days_of_rest_and_all_others_as_agreed(day, steps, first, length, is_open):
    period = periods.cycle_of(Cycle(12), day)
    end = None if is_open else first + length * DAY

    rested = periods.resting(steps, [(first, end)])

    current = period.start
    while current < period.end:
        found, agreed = periods.step_on(rested, current), periods.step_on(steps, current)
        if first <= current and (end is None or current < end):
            assert found is None or found.quantity == 0
        else:
            assert (found and (found.quantity, found.price_unit)) == (agreed and (agreed.quantity, agreed.price_unit))
        current += DAY


@given(st.decimals(-1000, 1000, places=2), st.decimals(-1000, 1000, places=2), st.sampled_from(["none", "up", "both"]))
def test_a_true_up_made_twice_is_nothing_more(expected, charged, policy):
    difference = periods.true_up(expected, charged, policy)

    assert periods.true_up(expected, charged + difference, policy) == 0
    assert policy != "both" or charged + difference == expected
    assert policy != "up" or difference >= 0


# Terms, indexation, hours that go over


@given(DAYS, st.sampled_from([1, 3, 6, 12, 24, 36]))
def test_terms_follow_each_other(day, months):
    end = periods.renewed_end(day, months)

    assert end > day
    assert end + DAY == periods.add_months(day + DAY, months)
    assert periods.valid_until(day + DAY, months) == end


@given(DAYS, st.lists(st.sampled_from([1, 2, 3, 6, 12]), min_size=1, max_size=30), st.lists(DAYS, max_size=2))
def test_however_often_it_is_renewed_a_term_loses_no_day(start, terms, others):
    """Counted from where it began, whatever the months between: the slow way is to add all months at once."""
    end = periods.add_months(start, 1) - DAY
    passed = 1

    for months in terms:
        before, end = end, periods.renewed_end(end, months, [start, *others])
        passed += months
        assert end == periods.add_months(start, passed) - DAY
        assert (end - before).days >= 28 * months


@given(DAYS, DAYS, st.integers(1, 36))
def test_a_term_that_follows_from_no_other_is_counted_from_its_end(end, anchor, months):
    found = periods.renewed_end(end, months, [anchor])

    # The slow way: whole months from the anchor, one after the other, until the day is reached or passed.
    reached = [number for number in range(-120, 121) if periods.add_months(anchor, number) == end + DAY]
    expected = periods.add_months(anchor, reached[0] + months) if reached else periods.add_months(end + DAY, months)
    assert found == expected - DAY
    assert periods.follows_from(anchor, end + DAY) == bool(reached)


@given(st.fractions(-1000, 1000), st.sampled_from([Decimal("0.01"), Decimal("0.05"), Decimal(1)]))
def test_rounding_goes_to_the_nearest_step_and_away_from_zero_in_the_middle(value, rounding):
    rounded = Fraction(periods.round_to(value, rounding))

    assert (rounded / Fraction(rounding)).denominator == 1
    assert abs(rounded - value) * 2 <= Fraction(rounding)
    if abs(rounded - value) * 2 == Fraction(rounding):
        assert abs(rounded) > abs(value)
    assert periods.round_to(-value, rounding) == -periods.round_to(value, rounding)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.decimals(0, 100, places=1))
def test_never_more_goes_over_than_was_left(size, drawn, percent):
    over = periods.rolled_over(size, drawn, percent)

    assert 0 <= over <= max(0, size - drawn)
    assert periods.rolled_over(size, drawn + 60, percent) <= over


@pytest.mark.parametrize(
    ("text", "levels"),
    [("50, 80, 100", (50, 80, 100)), ("100;20%", (20, 100)), ("", ()), (None, ()), ("80,80", (80,))],
)
def test_thresholds_are_read_as_people_write_them(text, levels):
    assert periods.thresholds(text) == levels


@pytest.mark.parametrize("text", ["half", "0", "120", "-5", "12.5"])
def test_thresholds_that_make_no_sense_are_named(text):
    with pytest.raises(ValueError, match=text):
        periods.thresholds(text)


def test_the_highest_level_reached_counts():
    assert periods.reached(3600, 3600, (50, 80, 100)) == 100
    assert periods.reached(3600, 2000, (50, 80, 100)) == 50
    assert periods.reached(3600, 0, (50,)) is None
