"""Billing periods: cycles, shares of them by days, prices that change within, renewals, indexation and roll-over.

Pure functions. A period is ``[start, end)``: its end is the first day that is not in it any more. Terms of contracts, as people
write them, name their last day; ``after()`` turns one into the other. Money is ``Decimal`` and rounded half up, once for a
period: what its slices are charged adds up to the rounded whole, to the cent.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

ONE_DAY = timedelta(days=1)
CYCLE_MONTHS = {"monthly": 1, "quarterly": 3, "yearly": 12}
# The far end of what is open-ended; a day later would not be a date.
FOREVER = date(9999, 12, 31)


@dataclass(frozen=True)
class Cycle:
    """How time is cut into periods: every ``months``, from an anchor or, without one, as the calendar does."""

    months: int
    anchor: date | None = None


@dataclass(frozen=True)
class Period:
    """Days from ``start`` to before ``end``."""

    start: date
    end: date

    @property
    def days(self):
        """The number of days; never negative.

        >>> Period(date(2026, 3, 1), date(2026, 3, 1)).days
        0
        """
        return max(0, (self.end - self.start).days)

    @property
    def last_day(self):
        """The last day in it."""
        return self.end - ONE_DAY


@dataclass(frozen=True)
class Step:
    """Quantity and price of something from a day on."""

    date_from: date
    quantity: Decimal
    price_unit: Decimal


@dataclass(frozen=True)
class Slice:
    """The part of a period in which quantity and price stay; ``amount`` is what it costs."""

    start: date
    end: date
    quantity: Decimal
    price_unit: Decimal
    days: int
    period_days: int
    amount: Decimal

    @property
    def is_whole(self):
        """Say whether the slice is the whole period."""
        return self.days == self.period_days


def after(last_day):
    """Return the day after a last day; an open end stays open.

    >>> after(date(2026, 12, 31)), after(None)
    (datetime.date(2027, 1, 1), None)
    """
    return None if last_day is None else last_day + ONE_DAY


def add_months(day, months):
    """Return the same day of the month so many months later, or the last day of a shorter month.

    >>> add_months(date(2026, 1, 31), 1), add_months(date(2026, 1, 31), 2)
    (datetime.date(2026, 2, 28), datetime.date(2026, 3, 31))
    """
    years, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(years, month + 1, min(day.day, monthrange(years, month + 1)[1]))


def cycle_of(cycle, day):
    """Return the period of the cycle that a day lies in.

    Starts are counted from the anchor, never from the start before: the 31st stays the 31st after a February.

    >>> cycle_of(Cycle(3), date(2026, 5, 20))
    Period(start=datetime.date(2026, 4, 1), end=datetime.date(2026, 7, 1))
    >>> cycle_of(Cycle(1, date(2026, 1, 31)), date(2026, 3, 15))
    Period(start=datetime.date(2026, 2, 28), end=datetime.date(2026, 3, 31))
    """
    anchor = cycle.anchor or date(day.year, 1, 1)
    passed = (day.year - anchor.year) * 12 + day.month - anchor.month
    number = passed // cycle.months
    if add_months(anchor, number * cycle.months) > day:
        number -= 1
    return Period(add_months(anchor, number * cycle.months), add_months(anchor, (number + 1) * cycle.months))


def cycles(cycle, start, end):
    """Yield the periods that have days in ``[start, end)``, in order, uncut; none if that is empty."""
    if start >= end:
        return
    period = cycle_of(cycle, start)
    while period.start < end:
        yield period
        period = cycle_of(cycle, period.end)


def clip(period, start=None, end=None):
    """Return the part of a period that is within ``[start, end)``, None if there is none.

    >>> clip(Period(date(2026, 3, 1), date(2026, 4, 1)), date(2026, 4, 1)) is None
    True
    """
    first = period.start if start is None else max(period.start, start)
    last = period.end if end is None else min(period.end, end)
    return Period(first, last) if first < last else None


def step_on(steps, day):
    """Return the step in force on a day, None before the first. Of two from one day the later in the list counts."""
    found = None
    for step in steps:
        if step.date_from <= day and (found is None or step.date_from >= found.date_from):
            found = step
    return found


def resting(steps, rests):
    """Return the steps with a quantity of none in some ranges of days, and what was agreed after each.

    :param rests: ``(first day, day after the last or None)``, which do not overlap

    >>> step = Step(date(2026, 1, 1), Decimal(5), Decimal(30))
    >>> [(str(s.date_from), s.quantity) for s in resting([step], [(date(2026, 3, 10), date(2026, 4, 1))])]
    [('2026-01-01', Decimal('5')), ('2026-03-10', Decimal('0')), ('2026-04-01', Decimal('5'))]
    """
    for first, end in rests:
        before, after_rest = step_on(steps, first), None if end is None else step_on(steps, end)
        kept = [step for step in steps if step.date_from < first or (end is not None and step.date_from >= end)]
        if before:
            kept.append(Step(first, Decimal(0), before.price_unit))
        if after_rest and after_rest.date_from < end:
            kept.append(Step(end, after_rest.quantity, after_rest.price_unit))
        steps = sorted(kept, key=lambda step: step.date_from)
    return list(steps)


def round_to(amount, rounding):
    """Return an amount (Decimal or Fraction) as a multiple of ``rounding``, half away from zero.

    >>> round_to(Fraction(1, 3), Decimal("0.01")), round_to(Decimal("-0.005"), Decimal("0.01"))
    (Decimal('0.33'), Decimal('-0.01'))
    """
    ratio = Fraction(amount) / Fraction(rounding)
    whole = abs(ratio.numerator) * 2 // ratio.denominator
    whole = (whole + 1) // 2
    return (-whole if ratio < 0 else whole) * rounding


def slices(steps, period, active, rounding, is_prorated=True):
    """Cut a period at every change of quantity or price, and say what each part costs.

    :param steps: quantities and prices by date; before the first nothing is charged
    :param period: the whole period, whose price is ``quantity × price``
    :param active: the part of it that is charged (see ``clip``); None for none
    :param is_prorated: if not, the whole period is charged as on the first day that is charged
    """
    if active is None or not active.days:
        return ()
    if not is_prorated:
        step = step_on(steps, active.start) or step_on(steps, active.last_day)
        if step is None:
            return ()
        amount = round_to(step.quantity * step.price_unit, rounding)
        return (
            Slice(active.start, active.end, step.quantity, step.price_unit, period.days, period.days, amount),
        )
    cuts = sorted({active.start, *(s.date_from for s in steps if active.start < s.date_from < active.end)})
    parts = []
    for start, end in zip(cuts, [*cuts[1:], active.end], strict=True):
        step = step_on(steps, start)
        if step is None:
            continue
        last = parts[-1] if parts else None
        if last and last[1] == start and last[2:] == (step.quantity, step.price_unit):
            parts[-1] = (last[0], end, *last[2:])
        else:
            parts.append((start, end, step.quantity, step.price_unit))
    found, exact, charged = [], Fraction(0), Decimal(0)
    for start, end, quantity, price in parts:
        days = (end - start).days
        exact += Fraction(quantity) * Fraction(price) * days / period.days
        amount = round_to(exact, rounding) - charged
        charged += amount
        found.append(Slice(start, end, quantity, price, days, period.days, amount))
    return tuple(found)


def quantity_over(steps, period, active, is_prorated=True):
    """Return how much of something (hours, say) a period has, by days.

    >>> march = Period(date(2026, 3, 1), date(2026, 4, 1))
    >>> quantity_over([Step(date(2026, 1, 1), Decimal(10), Decimal(0))], march, march)
    Fraction(10, 1)
    """
    parts = slices(steps, period, active, Decimal("0.01"), is_prorated)
    return sum((Fraction(part.quantity) * part.days / part.period_days for part in parts), Fraction(0))


def due_day(active, timing):
    """Return the day a period falls due: its first charged day, or in arrears its last."""
    return active.start if timing == "advance" else active.last_day


def true_up(expected, charged, policy):
    """Return what is still to be charged for a period that was charged before; negative for a credit.

    >>> true_up(Decimal(120), Decimal(100), "up"), true_up(Decimal(80), Decimal(100), "up")
    (Decimal('20'), Decimal('0'))
    """
    difference = expected - charged
    if policy == "none" or (policy == "up" and difference < 0):
        return Decimal(0)
    return difference


def renewed_end(date_end, months, anchors=()):
    """Return the last day of the next term of so many months.

    Terms are counted from the first of ``anchors`` (days on which a term began) that the end of the present one follows from,
    as cycles are from theirs: after a shorter month the day of the month is the old one again. Else from the end itself.

    >>> renewed_end(date(2027, 2, 28), 12), renewed_end(date(2026, 1, 30), 1)
    (datetime.date(2028, 2, 29), datetime.date(2026, 2, 27))
    >>> renewed_end(date(2026, 2, 27), 1), renewed_end(date(2026, 2, 27), 1, [date(2026, 1, 31)])
    (datetime.date(2026, 3, 27), datetime.date(2026, 3, 30))
    """
    start = date_end + ONE_DAY
    for anchor in anchors:
        if follows_from(anchor, start):
            return add_months(anchor, _months_between(anchor, start) + months) - ONE_DAY
    return add_months(start, months) - ONE_DAY


def follows_from(anchor, day):
    """Say whether a day is some whole months after another.

    >>> follows_from(date(2026, 1, 31), date(2026, 2, 28)), follows_from(date(2026, 1, 31), date(2026, 3, 28))
    (True, False)
    """
    return add_months(anchor, _months_between(anchor, day)) == day


def _months_between(anchor, day):
    return (day.year - anchor.year) * 12 + day.month - anchor.month


def valid_until(date_from, months):
    """Return the last day of something valid for so many months from a day; None for ever.

    >>> valid_until(date(2026, 1, 1), 12), valid_until(date(2026, 1, 1), 0)
    (datetime.date(2026, 12, 31), None)
    """
    return add_months(date_from, months) - ONE_DAY if months else None


def indexed(price, percent, rounding):
    """Return a price that has risen by so many per cent.

    >>> indexed(Decimal("100"), Decimal("2.5"), Decimal("0.01"))
    Decimal('102.50')
    """
    return round_to(Fraction(price) * (100 + Fraction(percent)) / 100, rounding)


def rolled_over(size, drawn, percent):
    """Return what goes over of hours (in seconds) that were not used. ``size`` is what was bought for the period, without
    what had come over itself: nothing is carried over twice.

    >>> rolled_over(36000, 10800, Decimal(50)), rolled_over(36000, 40000, Decimal(100))
    (12600, 0)
    """
    return int(Fraction(max(0, size - drawn)) * Fraction(percent) / 100)


def thresholds(text):
    """Return the per cents in a text such as ``"50, 80, 100"``, rising, each once.

    :raise ValueError: with the word that is no number between 0 and 100
    """
    found = set()
    for part in (text or "").replace("%", " ").replace(";", ",").split(","):
        word = part.strip()
        if not word:
            continue
        if not word.isdecimal() or not 0 < int(word) <= 100:
            raise ValueError(word)
        found.add(int(word))
    return tuple(sorted(found))


def reached(size, drawn, levels):
    """Return the highest level (in per cent) that is used up, None if none is.

    >>> reached(100, 85, (50, 80, 100)), reached(0, 0, (50,))
    (80, None)
    """
    if size <= 0:
        return None
    return max((level for level in levels if Fraction(drawn) * 100 >= Fraction(size) * level), default=None)
