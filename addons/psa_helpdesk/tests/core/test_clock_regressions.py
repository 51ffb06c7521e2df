"""What other service desks got wrong about time, one test each: named after the desk and its report where there is one.

What is about something else than measuring time (which policy is chosen, which event meets a target, who is told) is tested where
that is decided; here is what the clock has to do with it.
"""

import os
import time
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from psa_cores.psa_helpdesk.clock import ALWAYS, Calendar, Interval, Schedule, due, elapsed, is_open, remaining, worked

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)
OFFICE = Schedule(tuple((day, 540, 1020) for day in range(5)), tz="Europe/Berlin")
WITH_LUNCH = Schedule(tuple((day, *hours) for day in range(5) for hours in ((540, 720), (780, 1020))), tz="Europe/Berlin")


def berlin(*moment):
    return datetime(*moment, tzinfo=BERLIN)


def only(schedule):
    return Calendar(((None, schedule),))


def log(*moments):
    """Return the log of a clock that starts at the first moment and is paused and resumed in turn at the next ones."""
    intervals, running = [], True
    for start, end in zip(moments, (*moments[1:], None), strict=True):
        intervals.append(Interval(start, end, running))
        running = not running
    return intervals


# ------------------------------------------------------------------ OCA helpdesk


def test_oca_server_local_now_is_not_compared_with_utc():
    """A deadline in UTC met a “now” of the server's own zone."""
    start, now = berlin(2026, 3, 2, 10), berlin(2026, 3, 2, 11)
    before = os.environ.get("TZ")
    try:
        for tz in ("UTC", "America/Los_Angeles", "Pacific/Auckland"):
            os.environ["TZ"] = tz
            time.tzset()
            assert elapsed(log(start), only(OFFICE), now) == 3600
            assert due(60, log(start), only(OFFICE)) == now
    finally:
        os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
        time.tzset()
    with pytest.raises(ValueError, match="no time zone"):
        elapsed(log(start), only(OFFICE), now.replace(tzinfo=None))


def test_oca_deadline_beyond_the_end_of_the_month():
    """``deadline.day < now.day`` took the 2nd for earlier than the 30th."""
    start = berlin(2026, 1, 30, 16)  # a Friday

    assert due(120, log(start), only(OFFICE)) == berlin(2026, 2, 2, 10)
    assert remaining(120, log(start), only(OFFICE), berlin(2026, 1, 31, 12)) == 3600


def test_oca_344_and_345_waiting_for_the_client_pauses():
    start = berlin(2026, 3, 2, 10)

    waiting = log(start, start + HOUR, start + 3 * HOUR)

    assert due(120, waiting, only(OFFICE)) == start + 4 * HOUR
    assert due(120, [waiting[0], Interval(start + HOUR, None, False)], only(OFFICE)) is None


def test_oca_436_and_glpi_1911_clock_begins_where_its_log_begins():
    """Opening or assignment: whichever is asked for is the first moment of the log, and nothing else is looked at."""
    opened, assigned = berlin(2026, 3, 2, 10), berlin(2026, 3, 2, 14)

    assert due(60, log(opened), only(OFFICE)) == opened + HOUR
    assert due(60, log(assigned), only(OFFICE)) == assigned + HOUR


def test_oca_team_without_calendar_runs_round_the_clock():
    """A team without calendar crashed; who has none counts every minute."""
    saturday = berlin(2026, 3, 7, 23)

    assert due(120, log(saturday), ALWAYS) == saturday + 2 * HOUR


# ------------------------------------------------------------------ Alga


def test_alga_pause_over_a_weekend_does_not_move_the_deadline_by_wall_clock():
    """A pause from Friday to Monday added three days to a deadline in business hours."""
    friday = berlin(2026, 3, 6, 15)
    paused = log(friday, berlin(2026, 3, 6, 16), berlin(2026, 3, 9, 9))

    assert due(240, paused, only(OFFICE)) == berlin(2026, 3, 9, 12)
    # An hour of Friday afternoon was lost to the pause, and that is all it cost.
    assert due(240, log(friday), only(OFFICE)) == berlin(2026, 3, 9, 11)


def test_alga_each_threshold_has_a_moment_of_its_own():
    """A poller announced the highest threshold it found crossed, and none of those below it."""
    start = berlin(2026, 3, 2, 9)

    moments = [due(240 * percent / 100, log(start), only(OFFICE)) for percent in (50, 75, 90, 100)]

    assert moments == [start + timedelta(minutes=minutes) for minutes in (120, 180, 216, 240)]


def test_alga_several_hours_a_day():
    """One interval per weekday was all there was."""
    shifts = Schedule(tuple((day, *hours) for day in range(7) for hours in ((360, 600), (720, 840), (1080, 1320))), tz="Europe/Berlin")

    assert due(600, log(berlin(2026, 3, 2, 6)), only(shifts)) == berlin(2026, 3, 2, 22)


def test_alga_ticket_that_begins_paused_or_is_closed_at_once():
    start = berlin(2026, 3, 2, 10)
    born_waiting = [Interval(start, start + HOUR, False), Interval(start + HOUR, None, True)]
    closed_at_once = [Interval(start, start, True), Interval(start, None, False)]

    assert due(60, born_waiting, only(OFFICE)) == start + 2 * HOUR
    assert due(60, born_waiting[:1], only(OFFICE)) is None
    assert (elapsed(closed_at_once, only(OFFICE), start + 9 * HOUR), due(60, closed_at_once, only(OFFICE))) == (0, None)


# ------------------------------------------------------------------ Frappe


def test_frappe_1554_and_1675_hold_keeps_what_is_left():
    start = berlin(2026, 3, 2, 9)
    held = log(start, start + 3 * HOUR, berlin(2026, 3, 4, 9))

    assert remaining(240, held, only(OFFICE), berlin(2026, 3, 3, 12)) == 3600
    assert due(240, held, only(OFFICE)) == berlin(2026, 3, 4, 10)


def test_frappe_1542_response_and_resolution_are_clocks_of_their_own():
    """A reply ended both; here a log that ends says nothing about another log."""
    start = berlin(2026, 3, 2, 9)
    response = [Interval(start, start + HOUR, True)]
    resolution = log(start)

    assert elapsed(response, only(OFFICE), start + 3 * HOUR) == 3600
    assert elapsed(resolution, only(OFFICE), start + 3 * HOUR) == 3 * 3600
    assert due(240, resolution, only(OFFICE)) == start + 4 * HOUR


def test_frappe_2449_hold_over_holidays_adds_nothing():
    eve, after = berlin(2026, 12, 23, 16), berlin(2026, 12, 28, 9)
    holidays = Schedule(OFFICE.weekly, (date(2026, 12, 24), date(2026, 12, 25)), "Europe/Berlin")

    held = log(eve, berlin(2026, 12, 23, 17), after)

    assert due(120, held, only(holidays)) == after + HOUR
    assert due(120, log(eve), only(holidays)) == after + HOUR


def test_frappe_3776_zone_of_the_viewer_and_resolving_while_paused():
    start = berlin(2026, 3, 2, 9)
    resolved_while_paused = [Interval(start, start + HOUR, True), Interval(start + HOUR, start + 2 * HOUR, False)]

    for tz in ("Asia/Kolkata", "America/New_York"):
        viewer = start.astimezone(ZoneInfo(tz))
        assert due(60, log(viewer), only(OFFICE)) == start + HOUR
    assert elapsed(resolved_while_paused, only(OFFICE), start + 90 * HOUR) == 3600


def test_frappe_2212_lunch_is_no_working_time():
    start = berlin(2026, 3, 2, 11, 30)

    assert due(60, log(start), only(WITH_LUNCH)) == berlin(2026, 3, 2, 13, 30)
    assert not is_open(berlin(2026, 3, 2, 12, 30), only(WITH_LUNCH))


def test_frappe_paused_in_time_is_not_failed():
    """“Failed” was tested before “paused”: after the former deadline, a paused clock counted as failed."""
    start = berlin(2026, 3, 2, 9)
    paused = [Interval(start, start + HOUR, True), Interval(start + HOUR, None, False)]
    long_after = start + 1000 * HOUR

    assert due(120, paused, only(OFFICE)) is None
    assert remaining(120, paused, only(OFFICE), long_after) == 3600
    missed_before = [Interval(start, start + 3 * HOUR, True), Interval(start + 3 * HOUR, None, False)]
    assert due(120, missed_before, only(OFFICE)) == start + 2 * HOUR, "a miss stays one"


# ------------------------------------------------------------------ Zammad


def test_zammad_5177_next_update_does_not_touch_first_response():
    """Each clock is measured by its own log; the one that is due first is the least of their moments."""
    start = berlin(2026, 3, 2, 9)
    response, update = log(start), log(start + 5 * HOUR)

    assert min(due(480, response, only(OFFICE)), due(60, update, only(OFFICE))) == start + 6 * HOUR
    assert due(480, response, only(OFFICE)) == start + 8 * HOUR


def test_zammad_3140_what_was_answered_is_not_due_any_more():
    start = berlin(2026, 3, 2, 9)

    assert due(120, [Interval(start, start + HOUR, True)], only(OFFICE)) is None


def test_zammad_2082_and_glpi_17186_deadline_does_not_drift():
    """A stored deadline that is moved again and again goes its own ways; one that is computed from the log cannot."""
    start = berlin(2026, 3, 6, 15)
    moments = [start + minutes * timedelta(minutes=7) for minutes in range(200)]
    calendar = only(WITH_LUNCH)
    first = due(3000, log(*moments, moments[-1] + HOUR), calendar)

    for count in range(len(moments)):
        due(3000, log(*moments[:count + 1]), calendar)

    assert due(3000, log(*moments, moments[-1] + HOUR), calendar) == first


def test_zammad_1322_web_note_restarts_a_clock_like_any_other_event():
    """Where an event comes from is not in the log: running again is running again."""
    start = berlin(2026, 3, 2, 9)

    assert due(120, log(start, start + HOUR, start + 2 * HOUR), only(OFFICE)) == start + 3 * HOUR


def test_zammad_4432_nobody_is_woken_at_midnight():
    """Escalation mails went out at 00:00: a deadline fell to the start of a day that had not opened."""
    calendar = only(Schedule(WITH_LUNCH.weekly, (date(2026, 3, 9),), "Europe/Berlin"))
    for minutes in range(1, 2000, 13):
        moment = due(minutes, log(berlin(2026, 3, 6, 9)), calendar)
        assert is_open(moment - timedelta(seconds=1), calendar)
        assert moment.astimezone(BERLIN).hour in range(9, 18)


# ------------------------------------------------------------------ GLPI


def test_glpi_6902_and_15605_other_target_keeps_the_time_spent_waiting():
    start = berlin(2026, 3, 2, 9)
    waited = log(start, start + HOUR, start + 3 * HOUR)

    assert due(120, waited, only(OFFICE)) == start + 4 * HOUR
    assert due(240, waited, only(OFFICE)) == start + 6 * HOUR
    assert elapsed(waited, only(OFFICE), start + 5 * HOUR) == 3 * 3600


def test_glpi_10594_and_9082_pending_over_weekends():
    friday = berlin(2026, 3, 6, 16, 30)
    pending = log(friday, berlin(2026, 3, 6, 16, 45), berlin(2026, 3, 8, 12))  # resumed on a Sunday

    assert due(60, pending, only(OFFICE)) == berlin(2026, 3, 9, 9, 45)
    assert elapsed(pending, only(OFFICE), berlin(2026, 3, 9, 9)) == 900


def test_glpi_15357_and_22678_levels_before_and_after_the_deadline_follow_the_calendar():
    start = berlin(2026, 3, 6, 9)

    assert due(480 * 0.5, log(start), only(OFFICE)) == berlin(2026, 3, 6, 13)
    assert due(480 * 1.25, log(start), only(OFFICE)) == berlin(2026, 3, 9, 11)


# ------------------------------------------------------------------ our own


def test_freeitsm_history_does_not_change_with_the_calendar():
    """Elapsed time read from a log changed for the past when the hours were changed; versions keep it."""
    start, change = berlin(2026, 3, 2, 9), date(2026, 3, 4)
    longer = Schedule(tuple((day, 0, 1440) for day in range(7)), tz="Europe/Berlin")
    versions = Calendar(((None, OFFICE), (change, longer)))

    assert elapsed(log(start), versions, berlin(2026, 3, 4)) == elapsed(log(start), only(OFFICE), berlin(2026, 3, 4)) == 16 * 3600
    assert worked(berlin(2026, 3, 4), berlin(2026, 3, 5), versions) == 24 * 3600


def test_clock_of_the_server_set_back_counts_nothing_twice():
    start = berlin(2026, 3, 2, 10)
    stepped_back = [Interval(start, start + HOUR, True), Interval(start + HOUR / 2, start + 2 * HOUR, True)]
    ends_before_it_began = [Interval(start, start - HOUR, True), Interval(start - HOUR, None, True)]

    assert elapsed(stepped_back, only(OFFICE), start + 5 * HOUR) == 2 * 3600
    assert due(120, stepped_back, only(OFFICE)) == start + 2 * HOUR
    assert elapsed(ends_before_it_began, only(OFFICE), start + HOUR) == 3600
