"""Which changes of a ticket a rule waits for: of a field, from and to certain values. Pure: no clock, no database.

What is compared is what the column of the field keeps: the id of a record, a text, a moment; of a list of records their ids. The engine
and the trial on history ask the same functions.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

ANY, EMPTY, FILLED, IS = "any", "empty", "filled", "is"
CONTAINS, LACKS = "contains", "lacks"  # texts, whether in small letters or capitals
BEFORE, AFTER = "before", "after"  # moments, of a certain one
EARLIER, LATER = "earlier", "later"  # moments, of what it was
ADDED, REMOVED = "added", "removed"  # lists: one certain record, or any

BASIC = (ANY, EMPTY, FILLED)
EXACT = (*BASIC, IS)
TEXTS = (*EXACT, CONTAINS, LACKS)
MOMENTS = (*EXACT, BEFORE, AFTER)
# What may be asked of a value by the type of its field: before the change, and after it. Of other types, only whether there is one.
KINDS = {
    **dict.fromkeys(("many2one", "selection", "boolean", "integer", "float", "monetary"), (EXACT, EXACT)),
    **dict.fromkeys(("char", "text", "html"), (TEXTS, TEXTS)),
    **dict.fromkeys(("date", "datetime"), (MOMENTS, (*MOMENTS, EARLIER, LATER))),
    **dict.fromkeys(("many2many", "tags"), (BASIC, (*BASIC, ADDED, REMOVED))),
}
# These are asked of both values at once, and these of a value the rule has to name.
COMPARED = frozenset((EARLIER, LATER, ADDED, REMOVED))
NAMED = frozenset((IS, CONTAINS, LACKS, BEFORE, AFTER))


@dataclass(frozen=True)
class Side:
    """What a value must be before or after a change."""

    kind: str = ANY
    value: object = None

    def accepts(self, value, other=None) -> bool:
        """Return whether a value is one; ``other`` is that on the other side of the change.

        >>> Side(IS, 3).accepts(3), Side(EMPTY).accepts(False), Side(FILLED).accepts(0), Side().accepts(None)
        (True, True, True, True)
        >>> Side(CONTAINS, "urgent").accepts("URGENT: mail is down"), Side(LATER).accepts(7, 5), Side(ADDED, 2).accepts((1, 2), (1,))
        (True, True, True)
        """
        is_empty = plain(value) is None
        if self.kind in BASIC:
            return self.kind == ANY or is_empty == (self.kind == EMPTY)
        if self.kind == IS:
            return _words(plain(value)) == _words(plain(self.value))
        if self.kind in (CONTAINS, LACKS):
            return self._accepts_text(value)
        if self.kind in (ADDED, REMOVED):
            after, before = (_items(value), _items(other)) if self.kind == ADDED else (_items(other), _items(value))
            if after is None or before is None:
                return False
            return bool(after - before) if plain(self.value) is None else self.value in after - before
        is_smaller = self.kind in (BEFORE, EARLIER)
        bound = other if self.kind in COMPARED else self.value
        return _follows(bound, value) if is_smaller else _follows(value, bound)

    def _accepts_text(self, value):
        if plain(value) is None:
            return self.kind == LACKS
        if not isinstance(value, str) or not isinstance(self.value, str):
            return False
        return (self.value.casefold() in value.casefold()) == (self.kind == CONTAINS)


@dataclass(frozen=True)
class Pattern:
    """A change a rule waits for: of a field, from and to certain values."""

    field: str
    old: Side = Side()
    new: Side = Side()
    key: object = field(default=None, compare=False)  # tells it from others

    def accepts(self, old, new) -> bool:
        """Return whether a change of the field is one.

        >>> Pattern("stage", Side(IS, 1), Side(FILLED)).accepts(1, 2), Pattern("due", new=Side(EARLIER)).accepts(None, 2)
        (True, False)
        """
        return self.old.accepts(old, new) and self.new.accepts(new, old)

    def hangs_on(self, old_known: bool, new_known: bool) -> bool:
        """Return whether the answer hangs on a value of which it is only known that there is one.

        >>> Pattern("due", new=Side(LATER)).hangs_on(False, True), Pattern("due", new=Side(AFTER, 5)).hangs_on(False, True)
        (True, False)
        """
        both = self.new.kind in COMPARED or self.old.kind in COMPARED
        return any(
            not known and (both or side.kind not in BASIC) for side, known in ((self.old, old_known), (self.new, new_known))
        )


def offered(kind: str | None, is_new: bool) -> tuple[str, ...]:
    """Return what may be asked of the values of a type of fields, before a change or after it.

    >>> offered("datetime", True)[-2:], offered("datetime", False)[-2:], offered("binary", True)
    (('earlier', 'later'), ('before', 'after'), ('any', 'empty', 'filled'))
    """
    return KINDS.get(kind, (BASIC, BASIC))[is_new]


def plain(value):
    """Return a value, None for all that is nothing.

    >>> plain(""), plain([]), plain(False), plain(0)
    (None, None, None, 0)
    """
    return None if value is None or value is False or value == "" or value in ([], ()) else value


def net(changes: Iterable[tuple]) -> dict:
    """Return {field: (first old, last new)} of changes (field, old, new) one after another, without what came back.

    >>> net([("stage", 1, 2), ("queue", 5, 6), ("stage", 2, 3), ("queue", 6, 5)])
    {'stage': (1, 3)}
    """
    result = {}
    for name, old, new in changes:
        first = result[name][0] if name in result else old
        result[name] = (first, new)
    return {name: (old, new) for name, (old, new) in result.items() if plain(old) != plain(new)}


def met(patterns: Sequence[Pattern], changes: Mapping) -> list[Pattern]:
    """Return the changes a rule waits for that happened, in their order.

    >>> [pattern.key for pattern in met([Pattern("a", key=7), Pattern("b", key=8), Pattern("a", new=Side(IS, 5), key=9)], {"a": (1, 2)})]
    [7]
    """
    return [pattern for pattern in patterns if pattern.field in changes and pattern.accepts(*changes[pattern.field])]


def matching(patterns: Sequence[Pattern], changes: Mapping) -> list[str]:
    """Return the fields whose change a rule waits for, in the order of the patterns; without patterns it waits for any.

    >>> matching([Pattern("stage", new=Side(IS, 3))], {"stage": (1, 3), "queue": (5, 6)})
    ['stage']
    """
    return list(dict.fromkeys(pattern.field for pattern in met(patterns, changes))) if patterns else list(changes)


def _words(value):
    return value.strip() if isinstance(value, str) else value


def _items(value) -> set | None:
    """Return what is in a list, None if it is none."""
    if plain(value) is None:
        return set()
    return set(value) if isinstance(value, list | tuple) else None


def _follows(later, earlier) -> bool:
    """Return whether a moment comes after another; what is none, or kept otherwise, comes after none and before none."""
    if not later or not earlier or type(later) is not type(earlier) or not isinstance(later, str | date):
        return False
    return later > earlier
