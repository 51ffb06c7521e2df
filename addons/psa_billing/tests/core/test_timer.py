"""A timer counts the seconds somebody worked, come what may."""

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_billing import after_hours, timer
from psa_cores.psa_billing.timer import Timer

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=timezone.utc)


def test_pause_keeps_what_was_worked_and_a_restart_adds_to_it():
    running = timer.start(Timer(), NINE)
    paused = timer.pause(running, NINE + timedelta(minutes=10))
    again = timer.start(paused, NINE + timedelta(hours=3))

    assert timer.elapsed_seconds(paused, NINE + timedelta(hours=2)) == 600
    assert timer.elapsed_seconds(again, NINE + timedelta(hours=3, seconds=5)) == 605


def test_starting_a_running_timer_does_not_reset_it():
    running = timer.start(Timer(), NINE)

    assert timer.start(running, NINE + timedelta(hours=1)) == running


def test_the_night_the_clocks_change_is_counted_in_real_hours():
    berlin = ZoneInfo("Europe/Berlin")
    evening = datetime(2026, 3, 28, 23, 0, tzinfo=berlin)
    morning = datetime(2026, 3, 29, 5, 0, tzinfo=berlin)

    # Six hours on the wall, five in the night the clocks go forward.
    started = timer.start(Timer(), evening.astimezone(timezone.utc))

    assert timer.elapsed_seconds(started, morning.astimezone(timezone.utc)) == 5 * 3600


def test_a_server_clock_set_back_takes_no_time_away():
    started = timer.start(Timer(120), NINE)

    assert timer.elapsed_seconds(started, NINE - timedelta(minutes=5)) == 120


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 10_000)), max_size=20))
def test_any_number_of_runs_adds_up(runs):
    clock, state = NINE, Timer()
    for work, rest in runs:
        state = timer.start(state, clock)
        clock += timedelta(seconds=work)
        state = timer.pause(state, clock)
        clock += timedelta(seconds=rest)

    assert timer.elapsed_seconds(state, clock) == sum(work for work, _rest in runs)
    assert not state.is_running


@given(st.integers(0, 10**7))
def test_a_begun_minute_counts_and_no_more(seconds):
    minutes = timer.minutes_worked(seconds)

    assert minutes * 60 >= seconds > (minutes - 1) * 60


def test_minutes_read_as_hours():
    assert [timer.format_minutes(m) for m in (5, 60, 605, -75)] == [
        "0:05 h",
        "1:00 h",
        "10:05 h",
        "-1:15 h",
    ]


def test_runs_of_a_timer_become_an_entry_for_each_day_and_kind_of_hours():
    evening = datetime(2026, 3, 10, 16, 30, tzinfo=timezone.utc)

    def at(hours, minutes=0):
        return evening + timedelta(hours=hours, minutes=minutes)

    def cut(start, end):
        office = [(datetime(2026, 3, day, 8, tzinfo=timezone.utc), datetime(2026, 3, day, 17, tzinfo=timezone.utc)) for day in (10, 11)]
        return after_hours.split(start, end, office, timezone.utc)

    found = timer.stretches([(at(0), at(1)), (at(2), at(2, 30)), (at(7), at(8))], cut)

    assert [(part.day.day, part.is_after_hours, part.minutes, part.start) for part in found] == [
        (10, False, 30, at(0)), (10, True, 90, None), (11, True, 30, at(7, 30)),
    ]  # fmt: skip


@given(st.lists(st.tuples(st.integers(0, 172800), st.integers(-100, 50000)), max_size=6))
def test_no_run_is_lost_or_counted_twice(runs):
    moments = [(NINE + timedelta(seconds=start), NINE + timedelta(seconds=start + length)) for start, length in runs]

    found = timer.stretches(moments, lambda start, end: after_hours.split(start, end, None, ZoneInfo("Europe/Berlin")))

    assert sum(part.minutes for part in found) == -(-sum(max(length, 0) for _start, length in runs) // 60)
