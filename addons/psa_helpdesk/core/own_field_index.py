"""Which indexes the chosen own fields need, and which of those in the database are wrong. Pure: no database."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass

PREFIX = "psa_ticket_own_"
METHODS = ("btree", "gin")  # what Odoo asks for is "equal, or a list that contains it": one index for each


@dataclass(frozen=True)
class Plan:
    """What to build, as (index, field, method), and the indexes to drop first."""

    build: tuple[tuple[str, str, str], ...] = ()
    drop: tuple[str, ...] = ()


def index_name(field: str, method: str) -> str:
    """Return the name of the index of an own field: a digest, as people and programs name fields what they like.

    >>> index_name('x"; DROP TABLE psa_ticket; --', "gin")
    'psa_ticket_own_2a6f998d23555249_gin'
    """
    return f"{PREFIX}{hashlib.sha256(field.encode()).hexdigest()[:16]}_{method}"


def plan(fields: Collection[str], existing: Mapping[str, bool]) -> Plan:
    """Return how to get from the indexes there are to those the fields need.

    :param fields: names of the own fields to find by
    :param existing: {index: whether it is valid}; one whose building was cut short is not

    >>> plan([], {"psa_ticket_own_0_gin": True})
    Plan(build=(), drop=('psa_ticket_own_0_gin',))
    """
    wanted = {index_name(field, method): (field, method) for field in fields for method in METHODS}
    return Plan(
        build=tuple((name, *wanted[name]) for name in sorted(wanted) if not existing.get(name)),
        drop=tuple(name for name in sorted(existing) if name not in wanted or not existing[name]),
    )
