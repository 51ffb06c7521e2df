"""Which stage a ticket may move to next, and who may move it. Pure: stages are numbers, people are roles."""

from collections.abc import Collection
from dataclasses import dataclass

TECHNICIAN = "technician"
DESK_ADMIN = "desk_admin"
CLIENT_EMPLOYEE = "client_employee"
CLIENT_ADMIN = "client_admin"
ACTORS = (TECHNICIAN, DESK_ADMIN, CLIENT_EMPLOYEE, CLIENT_ADMIN)

# Whom a word in the configuration lets: who administers may do what the others may.
STAFF = {"technician": (TECHNICIAN, DESK_ADMIN), "desk_admin": (DESK_ADMIN,), "nobody": ()}
CLIENT = {"employee": (CLIENT_EMPLOYEE, CLIENT_ADMIN), "administrator": (CLIENT_ADMIN,), "nobody": ()}


@dataclass(frozen=True)
class Transition:
    """A move that is allowed; without origin it is allowed from everywhere."""

    origin: int | None
    target: int
    staff: str = "technician"
    client: str = "nobody"

    def lets(self, actor: str) -> bool:
        """Return whether a person in this role may do it."""
        return actor in STAFF[self.staff] or actor in CLIENT[self.client]


def targets(transitions: Collection[Transition], actor: str, origin: int) -> frozenset[int] | None:
    """Return where a person may move a ticket from ``origin``; None stands for everywhere: there are no transitions.

    A ticket may always stay where it is.

    >>> targets((), TECHNICIAN, 1) is None
    True
    >>> rules = [Transition(1, 2), Transition(None, 3, "desk_admin")]
    >>> sorted(targets(rules, TECHNICIAN, 1)), sorted(targets(rules, DESK_ADMIN, 1))
    ([1, 2], [1, 2, 3])
    """
    if actor not in ACTORS:
        raise ValueError(f"unknown role {actor!r}")
    if not transitions:
        return None
    return frozenset({origin}).union(
        rule.target for rule in transitions if rule.origin in (None, origin) and rule.lets(actor)
    )


def may_move(transitions: Collection[Transition], actor: str, origin: int, target: int) -> bool:
    """Return whether the person may move a ticket from one stage to the other.

    >>> may_move([Transition(1, 2, "nobody", "administrator")], CLIENT_ADMIN, 1, 2)
    True
    """
    reachable = targets(transitions, actor, origin)
    return reachable is None or target in reachable


def who_else(transitions: Collection[Transition], origin: int, target: int) -> tuple[str, ...]:
    """Return the roles that may do a move, in the order of :data:`ACTORS`: for the sentence that refuses it to another.

    >>> who_else([Transition(1, 2, "desk_admin")], 1, 2)
    ('desk_admin',)
    """
    return tuple(actor for actor in ACTORS if may_move(transitions, actor, origin, target))
