"""Working hours as they are written down, and where they lie on the line of time. Pure.

The wall clock and its time zone are dealt with here and nowhere else: out come intervals of seconds since 1970 in UTC, laid out
once in chunks of about a year with running totals, so that a question is answered by looking up two places.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone, tzinfo
from functools import cache, lru_cache
from math import floor, inf
from operator import itemgetter
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytz

UTC = timezone.utc

# Chunks of 2**25 seconds: 388 days.
CHUNK_BITS = 25
DAY = 86400
# 30 chunks are some 32 years: more than any promise lasts.
HORIZON = 30
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY = EPOCH.toordinal()
# Later, dates cannot be counted any more.
LAST_CHUNK = floor(datetime(9990, 1, 1, tzinfo=UTC).timestamp()) >> CHUNK_BITS


class NoWorkingTime(ValueError):
    """A calendar never has as much working time as is asked for.

    ``budget`` is what was asked for in seconds, ``found`` what there was, ``since`` where the search began.
    """

    def __init__(self, budget: int, found: int, since: datetime):
        self.budget, self.found, self.since = budget, found, since
        super().__init__(
            f"The calendar has {found // 60} of {budget // 60} minutes of working time after {since:%Y-%m-%d %H:%M} UTC."
        )


class Hours(NamedTuple):
    """Working hours of one weekday, in minutes since midnight on the wall clock; several a day are several of these."""

    weekday: int  # 0 is Monday
    start: int
    end: int  # 1440 is the end of the day
    week: int | None = None  # in calendars of two weeks: 0 or 1, see ``week_of``


@dataclass(frozen=True)
class Schedule:
    """The hours of a week, in a time zone, with the days and times off.

    A holiday is a local date, or a pair of aware datetimes. ``always`` stands for 24 × 7 without holidays.
    """

    weekly: tuple[tuple, ...] = ()
    holidays: tuple = ()
    tz: str = "UTC"
    always: bool = False


@dataclass(frozen=True)
class Calendar:
    """Schedules with the local date or the aware moment each is valid from; the first one also holds before (None: from ever).

    The hours that are valid are those of the last version that has begun.
    """

    versions: tuple[tuple[date | datetime | None, Schedule], ...]
    _chunks: dict = field(default_factory=dict, init=False, repr=False, compare=False)
    _bounds: list = field(default_factory=list, init=False, repr=False, compare=False)


# Every minute counts, everywhere.
ALWAYS = Calendar(((None, Schedule(always=True)),))


def week_of(day: date) -> int:
    """Return which of the two weeks of a calendar of two weeks a day belongs to: 0 or 1, as Odoo counts them."""
    return (day.toordinal() - 1) // 7 % 2


def seconds_of(moment: datetime) -> int:
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone; a clock takes aware datetimes only.")
    return floor(moment.timestamp())


def moment_of(seconds: int) -> datetime:
    return EPOCH + timedelta(seconds=seconds)


def seconds_between(calendar: Calendar, start: int, end: int) -> int:
    first, last = start >> CHUNK_BITS, end >> CHUNK_BITS
    chunk = _chunk(calendar, first)
    before = chunk.until(start)
    if first == last:
        return chunk.until(end) - before
    total = chunk.total - before
    for number in range(first + 1, last):
        total += _chunk(calendar, number).total
    return total + _chunk(calendar, last).until(end)


def seconds_after(calendar: Calendar, start: int, seconds: int) -> int:
    """Return the first moment by which so many working seconds passed since ``start``."""
    if not seconds:
        return start
    first = start >> CHUNK_BITS
    goal = seconds + _chunk(calendar, first).until(start)
    found = -_chunk(calendar, first).until(start)
    number = first
    while True:
        chunk = _chunk(calendar, number)
        if goal <= chunk.total:
            return chunk.when(goal)
        goal -= chunk.total
        found += chunk.total
        number += 1
        # Ended as soon as it is hopeless; a promise of decades in one minute a week is hopeless, too.
        passed = number - first
        if (passed > HORIZON and (not chunk.total or passed > 10 * HORIZON)) or number > LAST_CHUNK:
            raise NoWorkingTime(seconds, found, moment_of(start))


def seconds_before(calendar: Calendar, start: int, seconds: int) -> int:
    """Return the last moment from which on so many working seconds pass until ``start``."""
    number = first = start >> CHUNK_BITS
    available = _chunk(calendar, first).until(start)
    found = 0
    while seconds > found + available:
        found += available
        number -= 1
        available = _chunk(calendar, number).total if number >= 0 else 0
        if number < 0 or (first - number > HORIZON and not available):
            raise NoWorkingTime(seconds, found, moment_of(start))
    return _chunk(calendar, number).when_left(found + available - seconds)


def intervals_between(calendar: Calendar, start: int, end: int) -> list[tuple[int, int]]:
    """Return the working time between two moments as intervals, in order."""
    found: list[tuple[int, int]] = []
    for number in range(start >> CHUNK_BITS, (end >> CHUNK_BITS) + 1):
        chunk = _chunk(calendar, number)
        found.extend(
            (max(chunk.starts[index], start), min(chunk.ends[index], end))
            for index in range(bisect_right(chunk.ends, start), bisect_left(chunk.starts, end))
        )
    return _joined(found)


class _Chunk:
    """The working time of one chunk: when it begins and ends, and how much there was before and up to each end."""

    __slots__ = ("after", "before", "ends", "starts", "total")

    def __init__(self, intervals: Sequence[tuple[int, int]]):
        self.starts = [start for start, _end in intervals]
        self.ends = [end for _start, end in intervals]
        self.before, self.after, total = [], [], 0
        for start, end in intervals:
            self.before.append(total)
            total += end - start
            self.after.append(total)
        self.total = total

    def until(self, moment: int) -> int:
        index = bisect_right(self.starts, moment) - 1
        if index < 0:
            return 0
        end = self.ends[index]
        return self.before[index] + (moment if moment < end else end) - self.starts[index]

    def when(self, goal: int) -> int:
        index = bisect_left(self.after, goal)
        return self.starts[index] + goal - self.before[index]

    def when_left(self, goal: int) -> int:
        """Return the last moment by which no more than ``goal`` passed: the next opening rather than the closing before."""
        index = bisect_right(self.before, goal) - 1
        return self.starts[index] + goal - self.before[index]


def _chunk(calendar: Calendar, number: int) -> _Chunk:
    chunk = calendar._chunks.get(number)
    if chunk is None:
        chunk = calendar._chunks[number] = _Chunk(_lay_out(calendar, number << CHUNK_BITS, (number + 1) << CHUNK_BITS))
    return chunk


def _lay_out(calendar: Calendar, start: int, end: int) -> list[tuple[int, int]]:
    """Return the working time of all versions between two moments, in order and joined where it touches."""
    if not calendar._bounds:
        if not calendar.versions:
            raise ValueError("A calendar needs one schedule at least.")
        calendar._bounds[:] = sorted(
            ((_begin(valid_from, schedule.tz), schedule) for valid_from, schedule in calendar.versions), key=itemgetter(0)
        )
    intervals: list[tuple[int, int]] = []
    bounds = calendar._bounds
    for index, (since, schedule) in enumerate(bounds):
        first = max(start, since) if index else start
        last = end if index + 1 == len(bounds) else min(end, bounds[index + 1][0])
        if first < last:
            intervals.extend(_schedule_between(schedule, first, last))
    return _joined(intervals)


def _schedule_between(schedule: Schedule, start: int, end: int) -> list[tuple[int, int]]:
    if schedule.always:
        return [(start, end)]
    if not schedule.weekly:
        return []
    days_off = {day for day in schedule.holidays if isinstance(day, date) and not isinstance(day, datetime)}
    hours_of = _hours_of_days(schedule.weekly)
    intervals: list[tuple[int, int]] = []
    for first, last, offset in _offsets(schedule.tz, start, end):
        # Between two changes of the offset, the wall clock is UTC and a constant.
        for day in range((first + offset) // DAY, (last + offset - 1) // DAY + 1):
            ordinal = day + EPOCH_DAY
            hours = hours_of[(ordinal - 1) % 7, (ordinal - 1) // 7 % 2]
            if not hours or (days_off and date.fromordinal(ordinal) in days_off):
                continue
            midnight = day * DAY - offset
            for begin, finish in hours:
                opens, closes = max(first, midnight + begin), min(last, midnight + finish)
                if opens < closes:
                    intervals.append((opens, closes))
    times_off = [
        (seconds_of(holiday[0]), seconds_of(holiday[1])) for holiday in schedule.holidays if not isinstance(holiday, date)
    ]
    return _without(_joined(intervals), _joined(times_off)) if times_off else intervals


def _hours_of_days(weekly) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """Return the hours of each weekday of each of two weeks, in seconds since midnight."""
    hours_of: dict[tuple[int, int], list[tuple[int, int]]] = {(day, week): [] for day in range(7) for week in (0, 1)}
    for weekday, start, end, *week in weekly:
        if not 0 <= weekday <= 6 or not 0 <= start <= end <= 1440:
            raise ValueError(f"({weekday}, {start}, {end}) are no hours: a weekday from 0 to 6, minutes from 0 to 1440 expected.")
        for number in (0, 1) if not week or week[0] is None else (week[0],):
            hours_of[weekday, number].append((start * 60, end * 60))
    return {day: _joined(hours) for day, hours in hours_of.items()}


def _joined(intervals: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return intervals in order, those that overlap or touch made one, empty ones left out."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(intervals):
        if start >= end:
            continue
        if joined and start <= joined[-1][1]:
            if end > joined[-1][1]:
                joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _without(intervals: list[tuple[int, int]], taken: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return what is left of intervals; both are in order and do not overlap."""
    left = []
    position = 0
    for start, end in intervals:
        while position < len(taken) and taken[position][1] <= start:
            position += 1
        index, rest = position, start
        while index < len(taken) and taken[index][0] < end:
            if taken[index][0] > rest:
                left.append((rest, taken[index][0]))
            rest = max(rest, taken[index][1])
            index += 1
        if rest < end:
            left.append((rest, end))
    return left


@cache
def _zone(tz: str) -> tzinfo:
    try:
        return ZoneInfo(tz)
    except (ZoneInfoNotFoundError, ValueError):
        # Former names of zones are in a package of their own with some distributions; pytz has them all.
        try:
            return pytz.timezone(tz)
        except pytz.UnknownTimeZoneError:
            raise ValueError(f"There is no time zone “{tz}”.") from None


def local_of(moment: datetime, tz: str) -> datetime:
    """Return what the wall clock of a zone shows at a moment, without the zone."""
    return moment.astimezone(_zone(tz)).replace(tzinfo=None)


def _offset(zone: tzinfo, moment: int) -> int:
    return int(moment_of(moment).astimezone(zone).utcoffset().total_seconds())


@lru_cache(maxsize=512)
def _offsets(tz: str, start: int, end: int) -> tuple[tuple[int, int, int], ...]:
    """Return the stretches between two moments in which a zone has one offset from UTC: start, end, offset in seconds."""
    zone = _zone(tz)
    stretches = []
    since, offset = start, _offset(zone, start)
    moment = start
    while moment < end:
        following = min(moment + DAY, end)
        if _offset(zone, following) != offset:
            low, high = moment, following  # the offset is the old one at low and the new one at high
            while high - low > 1:
                middle = (low + high) // 2
                if _offset(zone, middle) == offset:
                    low = middle
                else:
                    high = middle
            stretches.append((since, high, offset))
            since, offset = high, _offset(zone, high)
        moment = following
    if since < end:
        stretches.append((since, end, offset))
    return tuple(stretches)


def _begin(valid_from: date | datetime | None, tz: str) -> float:
    if valid_from is None:
        return -inf
    return seconds_of(valid_from) if isinstance(valid_from, datetime) else _midnight(valid_from, tz)


def _midnight(day: date, tz: str) -> int:
    """Return when a day begins in a zone; where the wall clock leaves midnight out, the moment after it."""
    local = (day.toordinal() - EPOCH_DAY) * DAY
    stretches = _offsets(tz, local - 2 * DAY, local + 2 * DAY)
    return next(max(first, local - offset) for first, last, offset in stretches if local - offset < last)
