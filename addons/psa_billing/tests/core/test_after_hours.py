"""Cutting work at closing time and midnight, against an oracle that looks at every single minute."""

from datetime import date, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_billing.after_hours import split

UTC = timezone.utc

MINUTE = timedelta(minutes=1)
BERLIN = ZoneInfo("Europe/Berlin")
# Changes at midnight, just after it, of half an hour, a day that is left out, and none at all.
ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "America/Santiago", "America/Sao_Paulo", "America/St_Johns", "America/Havana",
    "Asia/Beirut", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Cairo", "Pacific/Apia",
)


def at(*moment, tz=BERLIN, **values):
    return datetime(*moment, tzinfo=tz, **values)


def office(start, end):
    """Monday to Friday, nine to five in Berlin, as a callable."""
    day = start.astimezone(BERLIN).date()
    while day <= end.astimezone(BERLIN).date():
        if day.weekday() < 5:
            yield at(day.year, day.month, day.day, 9), at(day.year, day.month, day.day, 17)
        day += timedelta(days=1)


def told(parts):
    return [
        (part.start.strftime("%d %H:%M"), part.end.strftime("%d %H:%M"), part.seconds // 60, part.is_after_hours) for part in parts
    ]


def test_work_across_closing_time_is_cut_there():
    parts = split(at(2026, 3, 10, 16, 20), at(2026, 3, 10, 18), office, BERLIN)

    assert told(parts) == [("10 16:20", "10 17:00", 40, False), ("10 17:00", "10 18:00", 60, True)]


def test_work_through_the_night_is_cut_at_midnight_as_well():
    parts = split(at(2026, 3, 10, 22), at(2026, 3, 11, 9, 30), office, BERLIN)

    assert told(parts) == [
        ("10 22:00", "11 00:00", 120, True), ("11 00:00", "11 09:00", 540, True), ("11 09:00", "11 09:30", 30, False),
    ]
    assert [part.day for part in parts] == [date(2026, 3, 10), date(2026, 3, 11), date(2026, 3, 11)]


def test_the_night_the_clocks_change_counts_what_passed():
    spring = split(at(2026, 3, 29, 1), at(2026, 3, 29, 4), office, BERLIN)
    autumn = split(at(2026, 10, 25, 1), at(2026, 10, 25, 4), office, BERLIN)

    assert told(spring) == [("29 01:00", "29 04:00", 120, True)]
    assert told(autumn) == [("25 01:00", "25 04:00", 240, True)]


def test_a_day_that_begins_at_one_o_clock_begins_there():
    santiago = ZoneInfo("America/Santiago")  # midnight of 6 September 2026 is left out
    before, after = split(at(2026, 9, 5, 23, tz=santiago), at(2026, 9, 6, 2, tz=santiago), None, santiago)

    assert told([before, after]) == [("05 23:00", "06 01:00", 60, False), ("06 01:00", "06 02:00", 60, False)]
    assert [before.day, after.day] == [date(2026, 9, 5), date(2026, 9, 6)]


def test_without_business_hours_nothing_is_after_hours_and_with_none_open_everything_is():
    span = at(2026, 3, 10, 10), at(2026, 3, 10, 12)

    assert told(split(*span, None, BERLIN)) == [("10 10:00", "10 12:00", 120, False)]
    assert told(split(*span, (), BERLIN)) == [("10 10:00", "10 12:00", 120, True)]


@pytest.mark.parametrize("minutes", [0, -30])
def test_a_stretch_without_length_has_no_parts(minutes):
    start = at(2026, 3, 10, 10)

    assert split(start, start + minutes * MINUTE, office, BERLIN) == ()


@st.composite
def stretches(draw):
    zone = ZoneInfo(draw(st.sampled_from(ZONES)))
    # Near the changes of the clocks more often than not.
    day = draw(
        st.one_of(
            st.dates(date(2005, 1, 1), date(2027, 12, 31)),
            st.sampled_from([
                date(2026, 3, 29), date(2026, 10, 25), date(2026, 4, 4), date(2026, 9, 5), date(2010, 11, 6), date(2011, 3, 13),
                date(2011, 12, 29), date(2018, 2, 17), date(2018, 11, 3), date(2026, 3, 28),
            ]),
        )
    )
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) + draw(st.integers(-600, 2400)) * MINUTE
    length = draw(st.integers(1, 2000))
    opening = st.tuples(st.integers(-500, 2500), st.integers(-60, 600))
    business = draw(
        st.one_of(
            st.none(),
            st.lists(opening, max_size=4).map(
                lambda spans: [(start + begin * MINUTE, start + (begin + wide) * MINUTE) for begin, wide in spans]
            ),
        )
    )
    return start, start + length * MINUTE, business, zone


@given(stretches())
def test_every_minute_is_in_the_part_its_wall_clock_says(stretch):
    start, end, business, zone = stretch

    parts = split(start, end, business, zone)

    minute, seen = start, []
    while minute < end:
        late = business is not None and not any(opened <= minute < closed for opened, closed in business)
        seen.append((minute.astimezone(zone).date(), late))
        minute += MINUTE
    told_minutes = [(part.day, part.is_after_hours) for part in parts for _minute in range(part.seconds // 60)]
    assert told_minutes == seen
    assert all(part.seconds > 0 and part.start.utcoffset() is not None for part in parts)
    assert (parts[0].start.astimezone(UTC), parts[-1].end.astimezone(UTC)) == (start, end)
    assert all(first.end.astimezone(UTC) == second.start.astimezone(UTC) for first, second in pairwise(parts))
    assert all(
        (first.day, first.is_after_hours) != (second.day, second.is_after_hours)
        for first, second in pairwise(parts)
    )


@given(stretches(), st.integers(1, 1999))
def test_cutting_a_stretch_anywhere_changes_nothing(stretch, minutes):
    start, end, business, zone = stretch
    middle = min(start + minutes * MINUTE, end)

    whole = split(start, end, business, zone)
    halves = split(start, middle, business, zone) + split(middle, end, business, zone)

    for late in (True, False):
        assert sum(part.seconds for part in whole if part.is_after_hours is late) == sum(
            part.seconds for part in halves if part.is_after_hours is late
        )
