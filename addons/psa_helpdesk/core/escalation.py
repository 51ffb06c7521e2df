"""Who is to be told about a ticket that stays undone. Pure: hours in, steps out."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Step:
    """Somebody to be told after so many hours, at this level of the ladder."""

    level: int
    after_hours: float
    key: int  # the row it was made of


def due(steps: Iterable[Step], hours: float, told: Iterable[int] = ()) -> tuple[Step, ...]:
    """Return the steps that are due after ``hours`` and were not told before, lowest level first.

    >>> ladder = [Step(2, 8, 20), Step(1, 2, 10)]
    >>> [step.key for step in due(ladder, 3)], [step.key for step in due(ladder, 9, told=[10])]
    ([10], [20])
    """
    known = frozenset(told)
    return tuple(sorted(step for step in steps if step.after_hours <= hours and step.key not in known))


def next_after(steps: Iterable[Step], hours: float) -> float | None:
    """Return after how many hours the next step falls due; None if all are past.

    >>> next_after([Step(1, 2, 10), Step(2, 8, 20)], 2)
    8
    """
    return min((step.after_hours for step in steps if step.after_hours > hours), default=None)
