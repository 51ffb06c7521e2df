"""Weeks, overlaps and shares against slow and obvious ways to tell them."""

from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_billing import timesheet

NINE = datetime(2026, 3, 9, 9)
MINUTE = timedelta(minutes=1)


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)))
def test_a_week_begins_on_the_monday_at_or_before_the_day(day):
    first = timesheet.monday(day)

    assert first.weekday() == 0
    assert day in timesheet.days_of(first)


@given(st.lists(st.tuples(st.integers(0, 600), st.integers(0, 120)), max_size=12))
def test_entries_overlap_if_they_share_more_than_a_minute(stretches):
    entries = [
        (key, NINE + start * MINUTE, NINE + (start + length) * MINUTE) for key, (start, length) in enumerate(stretches)
    ]
    expected = {}
    for key, start, end in entries:
        for other, since, until in entries:
            if key != other and min(end, until) - max(start, since) > MINUTE:
                expected.setdefault(key, set()).add(other)

    assert timesheet.overlapping(entries) == expected


@given(st.integers(0, 3000), st.lists(st.integers(0, 1440), min_size=1, max_size=6))
def test_shares_add_up_and_are_fair_to_the_minute(total, weights):
    shares = timesheet.share(total, weights)

    assert sum(shares) == total
    if sum(weights):
        assert all(abs(part - total * weight / sum(weights)) < 1 for part, weight in zip(shares, weights, strict=True))


@given(st.lists(st.integers(0, 100000), min_size=1, max_size=8))
def test_begun_minutes_of_stretches_are_those_of_the_whole(stretches):
    minutes = timesheet.begun_minutes(stretches)

    assert sum(minutes) == -(-sum(stretches) // 60)
    assert all(abs(part - stretch / 60) <= 1 for part, stretch in zip(minutes, stretches, strict=True))
