from datetime import date, timedelta
from decimal import Decimal
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_crm.quota import MONTHS, first_overlap, measure, next_period, period_of

DAYS = st.dates(date(2000, 1, 1), date(2100, 12, 31))
AMOUNTS = st.decimals('-9999999', '9999999', places=2)
TARGETS = st.decimals('0.01', '9999999', places=2)


@st.composite
def periods(draw):
    start = draw(st.dates(date(2027, 1, 1), date(2027, 3, 1)))
    return start, start + timedelta(days=draw(st.integers(0, 20)))


@given(TARGETS, AMOUNTS)
def test_gap_and_actual_make_the_target(target, actual):
    result = measure(target, actual)

    assert result.gap + actual == target
    assert abs(result.ratio - actual / target) <= Decimal('0.00005')
    assert (result.gap > 0) == (actual < target)


@pytest.mark.parametrize('target', ['0', '-1'])
def test_no_target_has_no_attainment(target):
    with pytest.raises(ValueError, match="no target"):
        measure(Decimal(target), Decimal(1))


@given(st.sampled_from(sorted(MONTHS)), DAYS, st.integers(1, 12))
def test_a_period_holds_its_day_and_nothing_of_its_neighbours(kind, day, first_month):
    start, end = period_of(kind, day, first_month)

    # The obvious way: walk from the day to both borders.
    borders = {(first_month - 1 + step) % 12 + 1 for step in range(0, 12, MONTHS[kind])}
    walk = day
    while not (walk.day == 1 and walk.month in borders):
        walk -= timedelta(days=1)
    assert walk == start
    walk = day + timedelta(days=1)
    while not (walk.day == 1 and walk.month in borders):
        walk += timedelta(days=1)
    assert walk - timedelta(days=1) == end


@given(st.sampled_from(sorted(MONTHS)), DAYS, st.integers(1, 12))
def test_the_next_period_is_the_one_of_the_next_day(kind, day, first_month):
    start, end = period_of(kind, day, first_month)

    assert next_period(start, end) == period_of(kind, end + timedelta(days=1), first_month)


@given(periods())
def test_a_free_period_is_followed_without_a_hole(period):
    start, end = next_period(*period)

    assert start == period[1] + timedelta(days=1)
    assert end >= start


@given(st.lists(periods(), max_size=5))
def test_periods_overlap_when_they_share_a_day(given_periods):
    def days(period):
        return {period[0] + timedelta(days=offset) for offset in range((period[1] - period[0]).days + 1)}

    shared = {
        pair for pair in combinations(range(len(given_periods)), 2)
        if days(given_periods[pair[0]]) & days(given_periods[pair[1]])}

    found = first_overlap(given_periods)

    assert found in shared if shared else found is None
