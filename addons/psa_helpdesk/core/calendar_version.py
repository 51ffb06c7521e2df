"""How working hours are kept: as plain data that stays readable when calendars change. Pure: rows in, a schedule out and back."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from .working_time import Hours, Schedule, local_of, moment_of, seconds_of

DAY_END = 1440


def minutes_of(hour: float) -> int:
    """Return the minutes since midnight of an hour as people enter it; what is a second short of midnight is midnight.

    >>> minutes_of(8.25), minutes_of(23.999), minutes_of(24.0)
    (495, 1440, 1440)
    """
    return max(0, min(DAY_END, round(hour * 60)))


def days_off(start: datetime, end: datetime, tz: str) -> tuple:
    """Return a time off as holidays of a schedule: whole local days as dates, so that they are days off in each zone.

    The end of a day is entered as a second before midnight.
    """
    if end.second == 59:
        end += timedelta(seconds=1)
    first, last = local_of(start, tz), local_of(end, tz)
    if first.time() == last.time() == datetime.min.time() and first < last:
        return tuple(first.date() + timedelta(days=number) for number in range((last.date() - first.date()).days))
    return ((start, end),) if start < end else ()


def schedule_of(weekly: Iterable[tuple], times_off: Iterable[tuple[datetime, datetime]], tz: str) -> Schedule:
    """Return the schedule of a calendar's rows, in an order that does not depend on theirs.

    :param weekly: (weekday, hour from, hour to, which of two weeks or None), hours as floats
    """
    hours = {
        Hours(weekday, minutes_of(start), minutes_of(end), week) if week is not None
        else Hours(weekday, minutes_of(start), minutes_of(end))
        for weekday, start, end, week in weekly if minutes_of(start) < minutes_of(end)
    }
    holidays = {holiday for start, end in times_off for holiday in days_off(start, end, tz)}
    return Schedule(tuple(sorted(hours, key=_hours_key)), tuple(sorted(holidays, key=_holiday_key)), tz)


def dump(schedule: Schedule) -> dict[str, Any]:
    """Return a schedule as JSON can keep it."""
    return {
        "tz": schedule.tz,
        "weekly": [[weekday, start, end] if week is None else [weekday, start, end, week] for weekday, start, end, week in schedule.weekly],
        "holidays": [
            holiday.isoformat() if isinstance(holiday, date) else [seconds_of(moment) for moment in holiday]
            for holiday in schedule.holidays
        ],
    }


def load(data: dict[str, Any], tz: str | None = None) -> Schedule:
    """Return the schedule that was kept, in another time zone if one is given."""
    return Schedule(
        tuple(Hours(*row) for row in data["weekly"]),
        tuple(
            date.fromisoformat(holiday) if isinstance(holiday, str) else tuple(moment_of(second) for second in holiday)
            for holiday in data["holidays"]
        ),
        tz or data["tz"],
    )


def with_days_off(schedule: Schedule, added: Iterable, removed: Iterable = ()) -> Schedule:
    """Return a schedule with some holidays more and some less, in their order.

    >>> with_days_off(Schedule((), (date(2027, 5, 1),)), [date(2027, 1, 1)], [date(2027, 5, 1)]).holidays
    (datetime.date(2027, 1, 1),)
    """
    holidays = (set(schedule.holidays) - set(removed)) | set(added)
    return replace(schedule, holidays=tuple(sorted(holidays, key=_holiday_key)))


def summary(schedule: Schedule) -> list[tuple[int | None, tuple[int, ...], tuple[tuple[str, str], ...]]]:
    """Return the hours of a week for people: which week, weekdays that are alike, hours as text.

    >>> summary(Schedule((Hours(0, 480, 720), Hours(1, 480, 720), Hours(4, 480, 600))))
    [(None, (0, 1), (('08:00', '12:00'),)), (None, (4,), (('08:00', '10:00'),))]
    """
    days: dict[tuple, list] = {}
    for weekday, start, end, week in schedule.weekly:
        days.setdefault((-1 if week is None else week, weekday), []).append((_clock(start), _clock(end)))
    alike: dict[tuple, list] = {}
    for (week, weekday), hours in sorted(days.items()):
        alike.setdefault((week, tuple(hours)), []).append(weekday)
    return [(None if week == -1 else week, tuple(weekdays), hours) for (week, hours), weekdays in alike.items()]


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _hours_key(hours: Hours) -> tuple:
    return (-1 if hours.week is None else hours.week, *hours[:3])


def _holiday_key(holiday) -> tuple:
    return (holiday.isoformat(), "") if isinstance(holiday, date) else (holiday[0].isoformat(), holiday[1].isoformat())
