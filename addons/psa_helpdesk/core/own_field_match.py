"""Whether what a ticket holds in an own field meets a condition. Pure: no clock, no database.

What is held is a JSON value, None where there is none. The query of the field (``models/own_fields.py``) asks the same of the
database, so that a rule acts on the tickets a search for its condition finds.
"""

import json
import operator
from collections.abc import Iterable

from .own_fields import is_empty

COMPARISONS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def is_one_of(held, wanted: Iterable) -> bool:
    """Tell whether a value is one of those wanted, or a list that has one of them; False is nothing, True is anything.

    Zero is a number, and one is not the same as True.

    >>> is_one_of("n", ["n", "s"]), is_one_of(["a", "b"], ["b"]), is_one_of(0, [False]), is_one_of(None, [False]), is_one_of(7, [True])
    (True, True, False, True, True)
    """
    if is_empty(held):
        return any(map(is_empty, wanted))
    parts = [held, *held] if isinstance(held, list | tuple) else [held]
    return any(one is True or any(_is_same(part, one) for part in parts) for one in wanted)


def compares(held, sign: str, wanted) -> bool:
    """Tell whether a value is smaller or greater than another: a number than a number, a text than a text.

    >>> compares(7, ">", 5), compares(False, "<", 5), compares("2026-05-31", ">=", "2026-05-01"), compares("7", ">", 5)
    (True, False, True, False)
    """
    kind = _kind(wanted)
    return kind is not None and _kind(held) == kind and COMPARISONS[sign](held, wanted)


def text(held) -> str | None:
    """Return what a pattern is looked for in: the words of JSON.

    >>> text("R7"), text(7), text(["a", "ß"]), text(False)
    ('R7', '7', '["a", "ß"]', None)
    """
    if isinstance(held, bool) or held is None:
        return None
    return held if isinstance(held, str) else json.dumps(held, ensure_ascii=False)


def _is_same(held, wanted):
    return isinstance(held, bool) == isinstance(wanted, bool) and held == wanted


def _kind(value):
    if isinstance(value, bool):
        return None
    return "number" if isinstance(value, int | float) else "string" if isinstance(value, str) else None
