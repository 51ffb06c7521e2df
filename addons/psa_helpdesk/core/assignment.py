"""Who gets a new ticket. Pure: people, skills and turns are numbers; nothing is counted or drawn here."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

ROUND_ROBIN = "round_robin"
LEAST_LOADED = "least_loaded"
SKILL = "skill"
METHODS = (ROUND_ROBIN, LEAST_LOADED, SKILL)

# Why somebody, or nobody, was chosen.
BY_TURN, BY_LOAD, BY_SKILL = "turn", "load", "skill"
NOBODY_THERE, NOBODY_ALLOWED, NOBODY_SKILLED = "nobody_there", "nobody_allowed", "nobody_skilled"


@dataclass(frozen=True)
class Candidate:
    """Somebody who is there to work: what he has open, and how well he knows what (by skill, from 1 up)."""

    user: int
    load: int = 0
    skills: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Choice:
    """Whom the ticket goes to, and why; nobody and why not."""

    user: int | None
    reason: str
    load: int = 0


def choose(
    method: str,
    candidates: Collection[Candidate],
    allowed: Collection[int],
    turn: int = 0,
    wanted: Collection[int] = (),
) -> Choice:
    """Return who gets the ticket.

    :param candidates: who is there: neither archived nor away
    :param allowed: who of them may work on this ticket
    :param turn: for round robin: how many tickets went round before; it counts only tickets that everybody there may have,
        see :func:`takes_turn`
    :param wanted: for skills: those the ticket asks for

    >>> ann, bob = Candidate(1, load=4, skills={7: 3}), Candidate(2, load=2, skills={7: 1})
    >>> [choose("round_robin", [ann, bob], {1, 2}, turn).user for turn in range(4)]
    [1, 2, 1, 2]
    >>> choose("least_loaded", [ann, bob], {1, 2}).user
    2
    >>> choose("skill", [ann, bob], {1, 2}, wanted={7}).user
    1
    """
    if method not in METHODS:
        raise ValueError(f"unknown assignment method {method!r}")
    if not candidates:
        return Choice(None, NOBODY_THERE)
    fit = sorted((one for one in candidates if one.user in allowed), key=lambda one: one.user)
    if not fit:
        return Choice(None, NOBODY_ALLOWED)
    if method == SKILL and wanted:
        fit = [one for one in fit if all(one.skills.get(skill, 0) > 0 for skill in wanted)]
        if not fit:
            return Choice(None, NOBODY_SKILLED)
        chosen = min(fit, key=lambda one: _strain(one, wanted))
        return Choice(chosen.user, BY_SKILL, chosen.load)
    if method == ROUND_ROBIN and takes_turn(candidates, allowed):
        return Choice(fit[turn % len(fit)].user, BY_TURN)
    chosen = min(fit, key=lambda one: (one.load, one.user))
    return Choice(chosen.user, BY_LOAD, chosen.load)


def takes_turn(candidates: Collection[Candidate], allowed: Collection[int]) -> bool:
    """Return whether a ticket goes round: everybody there may have it.

    One that only some may have goes to the least loaded of them instead. If it went round, two kinds of tickets that come in
    alternately could always meet the same person.

    >>> takes_turn([Candidate(1), Candidate(2)], {1})
    False
    """
    return bool(candidates) and all(one.user in allowed for one in candidates)


def _strain(candidate: Candidate, wanted: Collection[int]):
    """Return how much one more ticket would strain somebody: who knows the matter twice as well carries twice as much."""
    level = sum(candidate.skills[skill] for skill in wanted)
    return Fraction(candidate.load + 1, level), -level, candidate.user
