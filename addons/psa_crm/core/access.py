"""Who may see and change what: the resolution of access rules, shares and defaults.

A *grant* says that somebody has a level of access to something. Grants about one person and one client compete:

1. one that names the person beats one that names a group he is in (a team, a security group, a whole company);
2. then the one that names the client beats the one that names its class, and that beats the one about all clients;
3. among equals refuse beats read, read beats work, work beats full.

Who answers for a client has a personal grant of full access to it. Where no grant says anything, the default of the service
company holds. A *share* is a grant that is lent. It names the client, so it beats what is said of the class or of all clients, and
a refusal of equal rank beats it. It only ever adds: who has more without it keeps that, and of several shares the most
generous counts.

Everything here is plain data. Moments are aware datetimes, intervals contain their start and not their end.
"""
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

# Levels, each containing the ones before it. Work: what is done for the client (tickets, assets, notes), not the client itself.
REFUSE, READ, WORK, FULL = range(4)
# How much of a client a grant is about.
ALL, CLASS, ONE = range(3)
# Parts of a client that can be shared apart from each other. The record of the client itself is in every share.
CLIENT, TICKETS, ASSETS, DOCUMENTS, CONTRACTS, CREDENTIALS = (1 << bit for bit in range(6))
PARTS = (CLIENT, TICKETS, ASSETS, DOCUMENTS, CONTRACTS, CREDENTIALS)
EVERYTHING = sum(PARTS)


@dataclass(frozen=True)
class Grant:
    """One statement about one person: from a rule (for good, about everything) or a share (for a while, about some parts)."""

    level: int
    personal: bool = False
    reach: int = ONE
    scope: int = EVERYTHING
    starts: datetime | None = None
    ends: datetime | None = None
    lent: bool = False
    source: int | None = None

    def holds_at(self, moment):
        """Tell whether the moment is within the interval of the grant.

        >>> Grant(READ).holds_at(datetime.max)
        True
        """
        return (self.starts is None or self.starts <= moment) and (self.ends is None or moment < self.ends)


@dataclass(frozen=True)
class Decision:
    """A level and the grant that gave it; no grant when it is the default."""

    level: int
    grant: Grant | None = None


@dataclass(frozen=True)
class Slice:
    """What holds for some parts during an interval, where that is not the baseline."""

    level: int
    scope: int
    starts: datetime | None = None
    ends: datetime | None = None
    lent: bool = False
    source: int | None = None


def _rank(grant):
    return grant.personal, grant.reach


def _strongest(grants):
    """Return the grant that wins among those that hold, or None."""
    return max(grants, key=lambda grant: (_rank(grant), -grant.level, -(grant.source or 0)), default=None)


def decide(grants, default, moment, part):
    """Return the decision about one part of one client at a moment.

    :param grants: the grants about this person that concern this client
    :param default: the level where no grant says anything

    >>> decide([Grant(REFUSE), Grant(FULL, personal=True, reach=ALL)], READ, datetime.min, TICKETS).level == FULL
    True
    """
    return _decide_holding([grant for grant in grants if grant.scope & part and grant.holds_at(moment)], default)


def _decide_holding(grants, default):
    """Return the decision among grants that all hold."""
    own = _strongest(grant for grant in grants if not grant.lent)
    level = default if own is None else own.level
    lent = max(
        (grant for grant in grants if grant.lent and (own is None or _rank(grant) > _rank(own))),
        key=lambda grant: (grant.level, grant.personal, -(grant.source or 0)), default=None)
    if lent is not None and lent.level > level:
        return Decision(lent.level, lent)
    return Decision(level, own)


def slices(grants, default, baseline):
    """Return the slices of time and parts in which the decision about a client differs from the baseline.

    :param baseline: the level that holds where there is no slice
    """
    bounds = sorted({bound for grant in grants for bound in (grant.starts, grant.ends) if bound is not None})
    found = []
    for starts, ends in zip([None, *bounds], [*bounds, None], strict=True):
        # Nothing changes within the interval, so what holds at its start holds throughout. Before the first bound no moment
        # is named: there only grants without a start hold.
        holding = [
            grant for grant in grants
            if (grant.starts is None or (starts is not None and grant.starts <= starts))
            and (grant.ends is None or starts is None or starts < grant.ends)
        ]
        scopes = defaultdict(int)
        for part in PARTS:
            decision = _decide_holding([grant for grant in holding if grant.scope & part], default)
            if decision.level != baseline:
                grant = decision.grant
                scopes[decision.level, bool(grant and grant.lent), grant.source if grant else None] |= part
        found += [
            Slice(level, scope, starts, ends, lent, source) for (level, lent, source), scope in sorted(scopes.items(), key=repr)
        ]
    return _joined(found)


def _joined(found):
    """Join slices that follow each other without a gap and say the same."""
    joined = []
    open_ends = {}
    for piece in found:
        key = (piece.level, piece.scope, piece.lent, piece.source)
        index = open_ends.get(key)
        if index is not None and joined[index].ends == piece.starts:
            joined[index] = Slice(piece.level, piece.scope, joined[index].starts, piece.ends, piece.lent, piece.source)
        else:
            open_ends[key] = len(joined)
            joined.append(piece)
    return tuple(joined)


def compile_access(default, common, by_class, by_item, class_of, members):
    """Return (baseline decision, ``{item: slices}``) of one person in one company; items without an entry are at the baseline.

    :param default: the level where no grant says anything
    :param common: grants about all clients
    :param by_class: ``{class: grants}``
    :param by_item: ``{client: grants}``
    :param class_of: ``{client: class or None}`` of the clients there are; of those that no grant names it may leave some out
    :param members: ``{class: clients}`` of the classes that a grant names
    """
    baseline = decide(common, default, datetime.min, CLIENT)
    exceptions = {}
    for class_id, grants in by_class.items():
        pieces = slices([*common, *grants], default, baseline.level)
        if pieces:
            exceptions.update(dict.fromkeys(members.get(class_id, ()), pieces))
    for item, grants in by_item.items():
        if item in class_of:
            concerning = [*common, *by_class.get(class_of[item], ()), *grants]
            exceptions[item] = slices(concerning, default, baseline.level)
    return baseline, {item: pieces for item, pieces in exceptions.items() if pieces}
