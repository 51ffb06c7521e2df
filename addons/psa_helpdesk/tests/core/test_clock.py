"""The clock against an oracle that looks at the wall clock of every single minute."""

import os
import time
from bisect import bisect_left
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from psa_cores.psa_helpdesk import working_time
from psa_cores.psa_helpdesk.clock import (
    ALWAYS,
    Calendar,
    Interval,
    NoWorkingTime,
    Schedule,
    due,
    elapsed,
    is_open,
    opening,
    remaining,
    shifted,
    week_of,
    worked,
)

UTC = timezone.utc

MINUTE = timedelta(minutes=1)
# Half hours, changes at midnight, Ramadan, a winter time that is set back, zones that moved, two hours at once.
ZONES = (
    "UTC", "Europe/London", "Europe/Dublin", "Europe/Berlin", "Europe/Lisbon", "Europe/Moscow", "Europe/Istanbul", "Africa/Cairo",
    "Africa/Casablanca", "Africa/Johannesburg", "America/New_York", "America/St_Johns", "America/Los_Angeles", "America/Sao_Paulo",
    "America/Santiago", "America/Asuncion", "America/Havana", "America/Caracas", "America/Nuuk", "Asia/Kolkata", "Asia/Kathmandu",
    "Asia/Tehran", "Asia/Beirut", "Asia/Gaza", "Asia/Pyongyang", "Asia/Tokyo", "Australia/Lord_Howe", "Australia/Sydney",
    "Australia/Eucla", "Pacific/Auckland", "Pacific/Chatham", "Pacific/Apia", "Pacific/Norfolk", "Pacific/Kiritimati", "Antarctica/Troll",
)
FIRST, LAST = datetime(2015, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)
OFFICE = tuple((day, start, end) for day in range(5) for start, end in ((480, 720), (780, 1020)))
NIGHTS = tuple((day, start, end) for day in range(7) for start, end in ((0, 390), (1320, 1440)))


# ------------------------------------------------------------------ the oracle


def wall_clock(calendar):
    """Return the function that tells by the wall clock whether a minute of UTC counts."""
    versions = sorted(calendar.versions, key=lambda version: version[0] or date.min)
    # The newest first; what was before all of them follows the first. Hours are looked up by weekday: a calendar has many.
    versions = [
        (valid_from if index else date.min, schedule, ZoneInfo(schedule.tz), [
            [(start, end, *week) for weekday, start, end, *week in schedule.weekly if weekday == day] for day in range(7)
        ])
        for index, (valid_from, schedule) in enumerate(versions)
    ][::-1]

    def is_working(minute):
        for valid_from, schedule, zone, hours in versions:  # noqa: B007
            wall = minute.astimezone(zone)
            if wall.date() >= valid_from:
                break
        if schedule.always:
            return True
        for holiday in schedule.holidays:
            if holiday == wall.date() if isinstance(holiday, date) else holiday[0] <= minute < holiday[1]:
                return False
        shown = wall.hour * 60 + wall.minute
        return any(
            start <= shown < end and (not week or week[0] == week_of(wall.date())) for start, end, *week in hours[wall.weekday()]
        )

    return is_working


def minutes_of(log, calendar, until):
    """Return the minutes that count, one by one."""
    is_working = wall_clock(calendar)
    for start, end, running in log:
        minute, stop = start, min(end or until, until)
        while running and minute < stop:
            if is_working(minute):
                yield minute
            minute += MINUTE


# ------------------------------------------------------------------ what to ask it


def changes(zone, since=FIRST, until=LAST):
    """Return the minutes at which the offset of a zone changes."""
    found, day, offset = [], since, since.astimezone(zone).utcoffset()
    while day < until:
        following = day + timedelta(days=1)
        offset_then = following.astimezone(zone).utcoffset()
        if offset_then != offset:
            minutes = range(1441)
            index = bisect_left(minutes, True, key=lambda number: (day + number * MINUTE).astimezone(zone).utcoffset() != offset)
            found.append(day + index * MINUTE)
        day, offset = following, offset_then
    return found


CHANGES = {name: changes(ZoneInfo(name)) or [datetime(2024, 2, 29, tzinfo=UTC)] for name in ZONES}


# Made once: to make a strategy anew for each draw takes longer than to draw from it.
SPANS = st.tuples(st.integers(0, 1440), st.integers(0, 1440)).map(sorted)
WEEKLY = st.one_of(
    st.sampled_from([OFFICE, NIGHTS, tuple((day, 0, 1440) for day in range(7))]),
    st.lists(st.tuples(st.integers(0, 6), SPANS).map(lambda row: (row[0], *row[1])), max_size=12).map(tuple),
    st.lists(
        st.tuples(st.integers(0, 6), SPANS, st.sampled_from([0, 1])).map(lambda row: (row[0], *row[1], row[2])), max_size=12
    ).map(tuple),
)
# Days, or minutes from and so many minutes long, after a moment.
HOLIDAYS = st.lists(st.one_of(st.integers(-1, 5), st.tuples(st.integers(0, 10080), st.integers(0, 2000))), max_size=3)
ONE_IN_TWENTY, ZONE = st.integers(0, 19), st.sampled_from(ZONES)


@st.composite
def schedules(draw, tz=None, holidays_from=None):
    if draw(ONE_IN_TWENTY) == 0:
        return Schedule(always=True, tz=tz or "UTC")
    weekly, holidays = draw(WEEKLY), []
    if holidays_from:
        holidays = [
            (holidays_from + timedelta(days=off)).date() if isinstance(off, int)
            else (holidays_from + off[0] * MINUTE, holidays_from + (off[0] + off[1]) * MINUTE)
            for off in draw(HOLIDAYS)
        ]
    return Schedule(weekly, tuple(holidays), tz or draw(ZONE))


ANY_MINUTE = st.integers(0, (LAST - FIRST) // MINUTE).map(lambda minute: FIRST + minute * MINUTE)
STARTS = {tz: st.one_of(st.sampled_from(moments), ANY_MINUTE) for tz, moments in CHANGES.items()}
BEFORE, AFTER, RUNNING = st.integers(0, 2880), st.integers(0, 4000), st.booleans()
VERSIONS, LENGTHS = st.lists(st.integers(-1, 4), max_size=2, unique=True), st.lists(st.integers(0, 2000), max_size=3)


@st.composite
def cases(draw):
    """Return a log of few days, as often as not about a change of the clocks, with a calendar."""
    tz = draw(ZONE)
    start = draw(STARTS[tz]) - draw(BEFORE) * MINUTE
    versions = [(None, draw(schedules(tz, start)))]
    versions.extend((start.date() + timedelta(days=days), draw(schedules(tz, start))) for days in draw(VERSIONS))
    log, running = [], draw(RUNNING)
    for length in draw(LENGTHS):
        log.append(Interval(start, start + length * MINUTE, running))
        start, running = start + length * MINUTE, not running
    log.append(Interval(start, None, running))
    return log, Calendar(tuple(versions)), start + draw(AFTER) * MINUTE


@given(cases())
def test_clock_agrees_with_the_wall_clock_of_each_minute(case):
    log, calendar, now = case
    counted = list(minutes_of(log, calendar, now))

    assert elapsed(log, calendar, now) == 60 * len(counted)
    for budget in {1, len(counted) // 2, len(counted)} - {0}:
        if budget <= len(counted):
            assert due(budget, log, calendar) == counted[budget - 1] + MINUTE


@pytest.mark.parametrize("tz", ZONES)
def test_every_change_of_the_clocks_is_counted_as_it_was(tz):
    """A zone's gaps and folds from 2015 to 2035, a day before until a day after; some of them by default."""
    calendars = [Calendar(((None, Schedule(weekly, (), tz)),)) for weekly in (OFFICE, NIGHTS, tuple((day, 60, 200) for day in range(7)))]
    moments = CHANGES[tz] if os.environ.get("PSA_THOROUGH") else CHANGES[tz][::9]
    for moment in moments:
        start, end = moment - timedelta(days=1), moment + timedelta(days=1)
        for calendar in calendars:
            log = [Interval(start, None, True)]
            counted = list(minutes_of(log, calendar, end))
            assert elapsed(log, calendar, end) == 60 * len(counted), moment
            if counted:
                assert due(len(counted), log, calendar) == counted[-1] + MINUTE, moment


# ------------------------------------------------------------------ laws


@given(cases(), st.lists(st.integers(0, 4000), max_size=5))
def test_asking_often_changes_nothing(case, questions):
    log, calendar, now = case
    first = elapsed(log, calendar, now), due_or_error(100, log, calendar)

    for minutes in questions:
        elapsed(log, calendar, now - minutes * MINUTE)
        due_or_error(minutes, log, calendar)

    assert (elapsed(log, calendar, now), due_or_error(100, log, calendar)) == first
    # A process that was started again knows nothing of the questions before.
    assert (elapsed(log, Calendar(calendar.versions), now), due_or_error(100, log, Calendar(calendar.versions))) == first


@given(cases(), st.sampled_from(ZONES), st.integers(-14 * 60, 14 * 60))
def test_the_zone_of_who_asks_changes_nothing(case, tz, minutes):
    log, calendar, now = case
    for zone in (ZoneInfo(tz), timezone(minutes * MINUTE)):
        seen = [Interval(start.astimezone(zone), end and end.astimezone(zone), running) for start, end, running in log]
        assert elapsed(seen, calendar, now.astimezone(zone)) == elapsed(log, calendar, now)
        assert due_or_error(60, seen, calendar) == due_or_error(60, log, calendar)


@given(cases())
def test_the_zone_of_the_server_changes_nothing(case):
    log, calendar, now = case
    before = os.environ.get("TZ"), elapsed(log, calendar, now)
    try:
        os.environ["TZ"] = "Pacific/Chatham"
        time.tzset()
        assert elapsed(log, Calendar(calendar.versions), now) == before[1]
    finally:
        os.environ.pop("TZ") if before[0] is None else os.environ.update(TZ=before[0])
        time.tzset()


@given(cases(), st.integers(1, 5000), st.integers(0, 5000))
def test_pause_keeps_what_is_left_of_the_budget(case, budget, length):
    __, calendar, now = case
    start = now - timedelta(days=2)
    if elapsed([Interval(start, None, True)], calendar, now) >= 60 * budget:
        return

    paused = [Interval(start, now, True), Interval(now, None, False)]
    resumed = [*paused[:1], Interval(now, now + length * MINUTE, False), Interval(now + length * MINUTE, None, True)]
    left = remaining(budget, paused, calendar, now)

    assert due(budget, paused, calendar) is None
    assert remaining(budget, paused, calendar, now + timedelta(days=400)) == left
    assert remaining(budget, resumed, calendar, now + length * MINUTE) == left
    ends = due_or_error(budget, resumed, calendar)
    if ends is not NoWorkingTime:
        assert worked(now + length * MINUTE, ends, calendar) == left


@given(cases(), st.integers(0, 20000))
def test_due_is_the_first_moment_the_budget_is_used_up(case, budget):
    log, calendar, __ = case
    log = [*log[:-1], log[-1]._replace(running=True)]
    ends = due_or_error(budget, log, calendar)
    assume(ends is not NoWorkingTime)

    assert elapsed(log, calendar, ends) == 60 * budget
    if budget:
        assert elapsed(log, calendar, ends - timedelta(seconds=1)) == 60 * budget - 1
        assert is_open(ends - timedelta(seconds=1), calendar), "nobody is due while everything is closed"


@given(cases(), st.integers(0, 3000), st.integers(0, 3000))
def test_time_adds_up_and_never_runs_backwards(case, first, second):
    __, calendar, start = case
    middle, end = start + first * MINUTE, start + (first + second) * MINUTE

    assert worked(start, end, calendar) == worked(start, middle, calendar) + worked(middle, end, calendar)
    assert 0 <= worked(start, middle, calendar) <= 60 * first
    assert worked(end, start, calendar) == -worked(start, end, calendar)


@given(cases(), st.integers(1, 5000))
def test_going_forth_and_back_leads_to_working_time_again(case, minutes):
    __, calendar, start = case
    try:
        later, earlier = shifted(start, minutes, calendar), shifted(start, -minutes, calendar)
    except NoWorkingTime:
        return

    assert worked(start, later, calendar) == worked(earlier, start, calendar) == 60 * minutes
    assert is_open(later - timedelta(seconds=1), calendar)
    assert is_open(earlier, calendar)
    assert shifted(later, -minutes, calendar) == opening(start, calendar)


@given(st.integers(0, 10**8), st.integers(0, 10**8))
def test_round_the_clock_is_plain_subtraction(start, length):
    begin = FIRST + timedelta(seconds=start)
    log = [Interval(begin, None, True)]

    assert elapsed(log, ALWAYS, begin + timedelta(seconds=length)) == length
    assert due(length / 60, log, ALWAYS) == begin + timedelta(seconds=length)


def due_or_error(budget, log, calendar):
    try:
        return due(budget, log, calendar)
    except NoWorkingTime:
        return NoWorkingTime


# ------------------------------------------------------------------ long spans, leap days, nothing at all


def office(tz="Europe/Berlin", **values):
    return Calendar(((None, Schedule(OFFICE, tz=tz, **values)),))


def test_budget_of_years_is_the_sum_of_its_days():
    start = datetime(2019, 12, 31, 7, tzinfo=UTC)
    calendar = office()

    end = due(3 * 365 * 480, [Interval(start, None, True)], calendar)

    assert end.year == 2024
    days = sum(
        (start.date() + timedelta(days=number)).weekday() < 5 for number in range((end.date() - start.date()).days + 1)
    )
    assert days == 3 * 365
    assert elapsed([Interval(start, None, True)], calendar, end) == 3 * 365 * 480 * 60


@pytest.mark.parametrize("year", [2016, 2020, 2024, 2028, 2032])
def test_leap_day_is_a_day_like_others(year):
    calendar = Calendar(((None, Schedule(tuple((day, 540, 600) for day in range(7)), tz="Asia/Kolkata")),))
    start, end = datetime(year, 2, 28, tzinfo=UTC), datetime(year, 3, 2, tzinfo=UTC)

    assert worked(start, end, calendar) == 3 * 3600
    assert due(180, [Interval(start, None, True)], calendar).date() == date(year, 3, 1)
    holiday = Calendar(((None, Schedule(calendar.versions[0][1].weekly, (date(year, 2, 29),), "Asia/Kolkata")),))
    assert worked(start, end, holiday) == 2 * 3600


@pytest.mark.parametrize("schedule", [
    Schedule(),
    Schedule(((0, 540, 540),)),
    Schedule(OFFICE, ((datetime(1960, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)),)),
], ids=["no hours", "hours of no length", "closed for long"])
def test_calendar_without_working_time_says_so_at_once(schedule):
    log = [Interval(datetime(2026, 1, 5, tzinfo=UTC), None, True)]
    calendar = Calendar(((None, schedule),))

    with pytest.raises(NoWorkingTime, match=r"0 of 60 minutes.*2026-01-05 00:00") as error:
        due(60, log, calendar)

    assert len(calendar._chunks) <= working_time.HORIZON + 1, "no more is laid out than is looked through"
    assert (error.value.budget, error.value.found) == (3600, 0)
    assert elapsed(log, calendar, datetime(2026, 2, 5, tzinfo=UTC)) == 0
    with pytest.raises(NoWorkingTime):
        shifted(log[0].start, -60, calendar)


def test_calendar_that_ends_tells_how_much_there_was():
    calendar = Calendar(((None, Schedule(OFFICE)), (date(2026, 1, 6), Schedule())))

    with pytest.raises(NoWorkingTime) as error:
        due(481, [Interval(datetime(2026, 1, 5, tzinfo=UTC), None, True)], calendar)

    assert error.value.found == 480 * 60


def test_budget_nobody_lives_to_see_is_refused():
    one_minute_a_week = Calendar(((None, Schedule(((0, 0, 1),))),))

    with pytest.raises(NoWorkingTime):
        due(10**6, [Interval(FIRST, None, True)], one_minute_a_week)


@pytest.mark.parametrize(("wrong", "message"), [
    (lambda: elapsed([], ALWAYS, datetime(2026, 1, 1)), "no time zone"),
    (lambda: due(-1, [], ALWAYS), "less than nothing"),
    (lambda: worked(FIRST, LAST, Calendar(())), "one schedule"),
    (lambda: worked(FIRST, LAST, Calendar(((None, Schedule(((7, 0, 60),))),))), "are no hours"),
    (lambda: worked(FIRST, LAST, office("Europe/Atlantis")), "no time zone “Europe/Atlantis”"),
], ids=["naive", "negative", "no version", "eighth day", "no such zone"])
def test_nonsense_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()


def test_what_is_laid_out_once_is_only_looked_up(monkeypatch):
    """How many evaluations a second come of it, `./psa bench --clock` measures."""
    calendar, start = office(), datetime(2026, 3, 1, tzinfo=UTC)
    log = [Interval(start, start + timedelta(days=9), True), Interval(start + timedelta(days=9), start + timedelta(days=12), False),
           Interval(start + timedelta(days=12), None, True)]
    now = start + timedelta(days=30)
    first = elapsed(log, calendar, now), due(30 * 480, log, calendar)

    monkeypatch.setattr(working_time, "_lay_out", lambda *args: pytest.fail("laid out once more"))

    assert (elapsed(log, calendar, now), due(30 * 480, log, calendar)) == first
