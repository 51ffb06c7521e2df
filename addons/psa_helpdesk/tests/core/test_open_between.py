"""The intervals of working time are the same time that the clock counts."""

from datetime import datetime, timedelta, timezone
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_helpdesk.clock import ALWAYS, Calendar, Schedule, is_open, open_between, worked

UTC = timezone.utc

OFFICE = tuple((day, start, end) for day in range(5) for start, end in ((480, 720), (780, 1020)))
NIGHTS = tuple((day, start, end) for day in range(7) for start, end in ((0, 390), (1320, 1440)))
SECOND = timedelta(seconds=1)
moments = st.datetimes(datetime(2019, 1, 1), datetime(2030, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC, microsecond=0))
calendars = st.builds(
    lambda weekly, zone: Calendar(((None, Schedule(weekly, tz=zone)),)),
    st.sampled_from((OFFICE, NIGHTS, ())),
    st.sampled_from(("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")),
)


@given(calendars, moments, st.integers(0, 40 * 86400))
def test_they_add_up_to_the_time_worked(calendar, start, seconds):
    end = start + timedelta(seconds=seconds)

    found = open_between(start, end, calendar)

    assert sum((until - since) // SECOND for since, until in found) == worked(start, end, calendar)
    assert all(start <= since < until <= end for since, until in found)
    assert all(before[1] < after[0] for before, after in pairwise(found))
    assert all(is_open(since, calendar) and is_open(until - SECOND, calendar) for since, until in found)


def test_every_minute_counts_without_a_calendar_also_where_chunks_meet():
    start, end = datetime(2020, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC)

    assert open_between(start, end, ALWAYS) == [(start, end)]
