"""Reading the table of effective access: what one person may do now, as lists that are short by construction."""
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from .access import EVERYTHING, REFUSE


@dataclass(frozen=True)
class Row:
    """One row of the table: a baseline when it names no item, else an exception from it."""

    kind: str
    company: int
    item: int | None
    level: int
    scope: int = EVERYTHING
    starts: datetime | None = None
    ends: datetime | None = None
    lent: bool = False

    def holds_at(self, moment):
        return (self.starts is None or self.starts <= moment) and (self.ends is None or moment < self.ends)


@dataclass(frozen=True)
class Listing:
    """Which items of a company are allowed: the listed ones only, or all but the listed ones."""

    inverted: bool
    items: frozenset
    literal: str  # the items as a PostgreSQL array

    @classmethod
    def of(cls, inverted, items):
        return cls(inverted, frozenset(items), '{' + ','.join(map(str, sorted(items))) + '}')

    def __contains__(self, item):
        return (item in self.items) != self.inverted

    @property
    def is_everything(self):
        return self.inverted and not self.items


class Effective:
    """The effective access of one person. Dates are looked at when it is asked, so nothing outlives its interval."""

    def __init__(self, rows):
        self.baselines = {(row.kind, row.company): row.level for row in rows if row.item is None}
        self.rows = tuple(row for row in rows if row.item is not None)
        self._bounds = sorted({bound for row in self.rows for bound in (row.starts, row.ends) if bound is not None})
        # (start, end, answers) of the stretch of time asked about last; replaced at once, since threads share it.
        self._stretch = (None, None, None)

    @property
    def companies(self):
        """The companies the person is a member of; in others he has only what is lent to him."""
        return frozenset(company for kind, company in self.baselines if kind == 'client')

    def _answers(self, moment):
        """Return the answers known for the stretch of time around a moment, dropping those of another stretch."""
        starts, ends, answers = self._stretch
        if answers is None or (starts is not None and moment < starts) or (ends is not None and moment >= ends):
            before = [bound for bound in self._bounds if bound <= moment]
            after = [bound for bound in self._bounds if bound > moment]
            answers = {'exceptions': self._exceptions(moment)}
            self._stretch = (before[-1] if before else None, after[0] if after else None, answers)
        return answers

    def _exceptions(self, moment):
        found = defaultdict(lambda: defaultdict(list))
        for row in self.rows:
            if row.holds_at(moment):
                found[row.kind, row.company][row.item].append(row)
        return found

    def level(self, kind, company, item, part, moment):
        """Return the level for one item of a company."""
        for row in self._answers(moment)['exceptions'].get((kind, company), {}).get(item, ()):
            if row.scope & part:
                return row.level
        return self.baselines.get((kind, company), REFUSE)

    def has_exceptions(self, kind, company, moment):
        """Tell whether items of a company differ; where none does, the level is the same whatever the item is.

        >>> Effective([Row('desk', 1, None, 3)]).has_exceptions('desk', 1, datetime.max)
        False
        """
        return bool(self._answers(moment)['exceptions'].get((kind, company)))

    def lent_level(self, item, part, moment, apart_from=()):
        """Return the level for a client by what is lent, by companies other than the given ones."""
        return max((
            row.level
            for (kind, company), items in self._answers(moment)['exceptions'].items()
            if kind == 'client' and company not in apart_from
            for row in items.get(item, ()) if row.lent and row.scope & part
        ), default=REFUSE)

    def listing(self, kind, company, part, level, moment):
        """Return the listing of the items of a company with at least this level."""
        answers = self._answers(moment)
        key = (kind, company, part, level)
        if key not in answers:
            inverted = self.baselines.get((kind, company), REFUSE) >= level
            odd = [
                item for item in answers['exceptions'].get((kind, company), {})
                if (self.level(kind, company, item, part, moment) >= level) != inverted
            ]
            answers[key] = Listing.of(inverted, odd)
        return answers[key]

    def lent(self, part, level, moment, apart_from=()):
        """Return the listing of the clients lent with at least this level by companies other than the given ones."""
        answers = self._answers(moment)
        key = ('lent', part, level, frozenset(apart_from))
        if key not in answers:
            items = {
                item
                for (kind, company), rows in answers['exceptions'].items() if kind == 'client' and company not in apart_from
                for item in rows if self.lent_level(item, part, moment, apart_from) >= level
            }
            answers[key] = Listing.of(False, items)
        return answers[key]

    def lenders(self, part, level, moment):
        """Return the companies that lend something with at least this level."""
        return frozenset(
            company
            for (kind, company), items in self._answers(moment)['exceptions'].items() if kind == 'client'
            if any(row.lent and row.scope & part and row.level >= level for rows in items.values() for row in rows)
        )
