"""Keeping the ledger: which rows are priced again, and what has to be written. Pure: no database, no clock.

Rows are told apart by their key ``(source model, source id, part)``.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

OPEN_STATES = ("error", "pending", "covered", "non_billable")
FROZEN_STATES = ("approved", "invoiced", "written_off")


@dataclass(frozen=True)
class Plan:
    """What has to be done to make the ledger say what rating says."""

    insert: dict = field(default_factory=dict)  # {key: values}
    update: dict = field(default_factory=dict)  # {key: values that differ}
    delete: frozenset = frozenset()  # keys


def is_frozen(state, settled_on, is_adjusted):
    """Say whether a row keeps its price and what it has drawn.

    >>> is_frozen("approved", None, False), is_frozen("covered", None, False), is_frozen("covered", "2026-03-31", False)
    (True, False, True)
    """
    return state in FROZEN_STATES or bool(settled_on) or bool(is_adjusted)


def plan(existing, wanted):
    """Compare rows with what rating wants, and return what has to be written.

    A row whose part is not wanted any more becomes a new part of the same entry, if there is one: people look at it, and it
    keeps its history.

    :param existing: {key: values} of the rows that may be changed
    :param wanted: {key: values}; what is not named in them stays as it is

    >>> old = {("t", 1, "rate"): {"part": "rate", "amount": 1.0}, ("t", 2, "time"): {"part": "time", "amount": 0.0}}
    >>> new = {("t", 1, "rate"): {"part": "rate", "amount": 1.5}, ("t", 2, "rate"): {"part": "rate", "amount": 3.0}}
    >>> plan(old, new).update
    {('t', 1, 'rate'): {'amount': 1.5}, ('t', 2, 'time'): {'part': 'rate', 'amount': 3.0}}
    """
    gone = sorted(existing.keys() - wanted.keys())
    spare = {}
    for key in gone:
        spare.setdefault(key[:2], []).append(key)
    insert, update = {}, {}
    for key, values in wanted.items():
        old_key = key
        if key not in existing:
            if not spare.get(key[:2]):
                insert[key] = values
                continue
            old_key = spare[key[:2]].pop(0)
        old = existing[old_key]
        changes = {name: value for name, value in values.items() if not is_same(old.get(name), value)}
        if changes:
            update[old_key] = changes
    return Plan(insert, update, frozenset(key for keys in spare.values() for key in keys))


def is_same(old, new):
    """Say whether two values of a column are the same: nothing is nothing, and floats have noise.

    >>> is_same(False, None), is_same(0.1 + 0.2, 0.3), is_same(0, None), is_same(0.0, False)
    (True, True, False, False)
    """
    if _is_number(old) and _is_number(new):
        return abs(old - new) < 1e-6
    if _is_number(old) or _is_number(new):
        return False
    return (old or None) == (new or None)


def pool_key(part):
    """Return what a row draws from, as the part names it.

    >>> pool_key("block:7"), pool_key("included:4:2026-03-01#2")
    ('block:7', 'included:4:2026-03-01')
    """
    return part.partition("#")[0]


def included_of(part):
    """Return the component and the first day of the period whose included hours a row draws, or two times nothing.

    >>> included_of("included:4:2026-03-01"), included_of("rate")
    ((4, datetime.date(2026, 3, 1)), (False, False))
    """
    if not part.startswith("included:"):
        return False, False
    _kind, component_id, day = pool_key(part).split(":")
    return int(component_id), date.fromisoformat(day)


def included_pool_id(component_id, period_from):
    """Return the id of the pool of included hours of one component and period.

    >>> included_pool_id(4, date(2026, 3, 1))
    4739676
    """
    return component_id * 1_000_000 + period_from.toordinal()


def shares(total, weights, rounding):
    """Split an amount by weights, to the step of the currency; the parts add up to the whole.

    >>> shares(Decimal("10"), [1, 1, 1], Decimal("0.01"))
    [Decimal('3.33'), Decimal('3.34'), Decimal('3.33')]
    >>> shares(Decimal("10"), [0], Decimal("0.01"))
    [Decimal('10.00')]
    """
    whole = sum(weights)
    if not whole:
        weights, whole = [1, *([0] * (len(weights) - 1))], 1
    parts, seen, given = [], 0, Decimal(0)
    for weight in weights:
        seen += weight
        until = (total * seen / whole / rounding).quantize(Decimal(1), rounding=ROUND_HALF_UP) * rounding
        parts.append(until - given)
        given = until
    return parts


def _is_number(value):
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)
