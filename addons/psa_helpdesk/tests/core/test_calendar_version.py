from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_helpdesk.calendar_version import days_off, dump, load, schedule_of, summary
from psa_cores.psa_helpdesk.clock import Calendar, Schedule, worked

UTC = timezone.utc

ROWS = st.lists(st.tuples(
    st.integers(0, 6), st.floats(0, 24), st.floats(0, 24), st.sampled_from([None, 0, 1]),
), max_size=10)
MOMENTS = st.datetimes(datetime(2015, 1, 1), datetime(2035, 1, 1)).map(lambda moment: moment.replace(microsecond=0, tzinfo=UTC))
TIMES_OFF = st.lists(st.tuples(MOMENTS, st.integers(0, 10**6)).map(lambda off: (off[0], off[0] + timedelta(seconds=off[1]))), max_size=5)


@given(ROWS, TIMES_OFF, st.sampled_from(["UTC", "Asia/Kathmandu", "America/New_York"]))
def test_what_is_kept_is_what_was(rows, times_off, tz):
    schedule = schedule_of(rows, times_off, tz)

    assert load(dump(schedule)) == schedule
    assert load(dump(schedule), "Asia/Tokyo") == Schedule(schedule.weekly, schedule.holidays, "Asia/Tokyo")


@given(ROWS, TIMES_OFF, st.randoms())
def test_order_of_the_rows_does_not_matter(rows, times_off, random):
    shuffled, off = list(rows), list(times_off)
    random.shuffle(shuffled)
    random.shuffle(off)

    assert schedule_of(shuffled, off, "UTC") == schedule_of(rows, times_off, "UTC")


@pytest.mark.parametrize(("start", "end", "expected"), [
    ((2026, 12, 23, 23), (2026, 12, 24, 22, 59, 59), (date(2026, 12, 24),)),
    ((2026, 12, 23, 23), (2026, 12, 26, 23), (date(2026, 12, 24), date(2026, 12, 25), date(2026, 12, 26))),
    ((2026, 10, 24, 22), (2026, 10, 25, 23), (date(2026, 10, 25),)),  # a day of 25 hours
    ((2026, 12, 24, 11), (2026, 12, 24, 12), ((datetime(2026, 12, 24, 11, tzinfo=UTC), datetime(2026, 12, 24, 12, tzinfo=UTC)),)),
    ((2026, 12, 24, 11), (2026, 12, 24, 11), ()),
], ids=["as Odoo enters a day", "three days", "day of the change", "an hour", "nothing"])
def test_whole_days_are_days_in_every_zone(start, end, expected):
    assert days_off(datetime(*start, tzinfo=UTC), datetime(*end, tzinfo=UTC), "Europe/Berlin") == expected


def test_last_second_of_a_holiday_is_no_working_time():
    rows = [(day, 0.0, 24.0, None) for day in range(7)]
    start = datetime(2026, 12, 24, tzinfo=UTC)
    schedule = schedule_of(rows, [(start, datetime(2026, 12, 24, 23, 59, 59, tzinfo=UTC))], "UTC")

    assert worked(start, start + timedelta(days=1), Calendar(((None, schedule),))) == 0


def test_summary_puts_days_together_that_are_alike():
    schedule = schedule_of([
        *((day, start, end, None) for day in range(4) for start, end in ((8, 12), (13, 17))), (4, 8, 12.5, None), (5, 10, 10, None)
    ], [], "UTC")

    assert summary(schedule) == [
        (None, (0, 1, 2, 3), (("08:00", "12:00"), ("13:00", "17:00"))), (None, (4,), (("08:00", "12:30"),)),
    ]
