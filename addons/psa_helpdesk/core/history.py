"""What changed between two states of a ticket's own fields, in words. Pure: no clock, no database.

Own fields are Odoo Properties: a dictionary of values per ticket and a list of definitions per desk. Names of records are looked up
by the caller: :func:`references` says which, :func:`diff_properties` takes them as ``{(model, id): name}``.
"""

import html
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

BOOLEAN = ("No", "Yes")


@dataclass(frozen=True)
class PropertyChange:
    """One own field that changed: its name, what the desk calls it, and both values as text."""

    name: str
    label: str
    old: str
    new: str


def references(values, definitions):
    """Return the set of (model, id) that the values of own fields refer to.

    >>> references({"a": 3}, [{"name": "a", "type": "many2one", "comodel": "res.partner"}])
    {('res.partner', 3)}
    """
    found = set()
    for definition in definitions:
        if definition.get("type") not in ("many2one", "many2many"):
            continue
        value = (values or {}).get(definition["name"])
        ids = value if isinstance(value, (list, tuple)) else [value]
        found |= {(definition.get("comodel"), item) for item in ids if isinstance(item, int) and item}
    return found


def property_text(value, definition, names, boolean=BOOLEAN, formats=None):
    """Return the value of an own field as a reader sees it; empty if there is none.

    :param formats: {type: function} for what reads otherwise in the reader's language and time zone

    >>> property_text("b", {"type": "selection", "selection": [["a", "Red"], ["b", "Blue"]]}, {})
    'Blue'
    >>> property_text(False, {"type": "integer"}, {}), property_text(0, {"type": "integer"}, {})
    ('', '0')
    """
    kind = definition.get("type")
    if kind == "boolean":
        return boolean[1] if value else ""
    if value is False or (not value and not isinstance(value, (int, float))):
        return ""
    if kind == "selection":
        return _option_text(value, definition.get("selection"))
    if kind == "tags":
        return ", ".join(_option_text(item, definition.get("tags")) for item in _listed(value))
    if kind in ("many2one", "many2many"):
        model = definition.get("comodel")
        return ", ".join(names.get((model, item)) or str(item) for item in _listed(value))
    if kind in (formats or {}):
        return formats[kind](value)
    if kind == "html":
        return _plain_text(value)
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    return str(value)


def diff_properties(old, new, old_definitions, new_definitions, names, boolean=BOOLEAN, formats=None):
    """Return the :class:`PropertyChange` of each own field whose text changed, in the order of the desk's fields.

    Where the ticket moved to another desk, each side is read with the definitions of its own desk, and a value that reads the same
    under the same label is no change. A value whose field no desk defines any more is shown as it was stored.

    >>> size = {"name": "s", "string": "Size", "type": "integer"}
    >>> diff_properties({"s": 1}, {"s": 2}, [size], [size], {})
    [PropertyChange(name='s', label='Size', old='1', new='2')]
    """
    old, new = old or {}, new or {}
    before = {definition["name"]: definition for definition in old_definitions}
    after = {definition["name"]: definition for definition in new_definitions}
    changes = []
    for name in dict.fromkeys([*after, *before, *new, *old]):
        definition = after.get(name) or before.get(name) or {}
        if definition.get("type") == "separator":
            continue
        was = property_text(old.get(name), before.get(name) or definition, names, boolean, formats)
        becomes = property_text(new.get(name), after.get(name) or definition, names, boolean, formats)
        if was != becomes:
            if definition.get("type") == "boolean":
                was, becomes = was or boolean[0], becomes or boolean[0]
            changes.append(PropertyChange(name, definition.get("string") or name, was, becomes))
    came = {(change.label.casefold(), change.new) for change in changes if not change.old and change.name not in before}
    went = {(change.label.casefold(), change.old) for change in changes if not change.new and change.name not in after}
    stayed = came & went
    return [change for change in changes if (change.label.casefold(), change.old or change.new) not in stayed]


def diff_lists(old, new):
    """Return (added, removed) of two collections, each in the order it was given.

    >>> diff_lists([1, 2], [2, 3])
    ([3], [1])
    """
    before, after = set(old), set(new)
    return [item for item in new if item not in before], [item for item in old if item not in after]


def joined_parts(text):
    """Return all texts that joined by commas may have made this one: names may have commas themselves.

    >>> sorted(joined_parts("a, b"))
    ['a', 'a, b', 'b']
    """
    pieces = text.split(", ")
    return {
        ", ".join(pieces[start:end]) for start in range(len(pieces)) for end in range(start + 1, min(len(pieces), start + 4) + 1)
    }


def read_joined(text, known):
    """Return what the names joined in a text stand for, or None where that cannot be told for certain.

    :param known: {name: whatever is called so}

    >>> read_joined("a, b, c", {"a": {1}, "b, c": {2}}), read_joined("a, z", {"a": {1}}), read_joined("a", {"a": {1, 2}})
    ([1, 2], None, None)
    >>> read_joined("a, b", {"a": {1}, "b": {2}, "a, b": {3}})
    """
    pieces = text.split(", ")
    # For each number of pieces from the end, the ways to read them; more than one is as good as none.
    ways = {len(pieces): [[]]}
    for start in range(len(pieces) - 1, -1, -1):
        ways[start] = [
            [item, *rest]
            for end in range(start + 1, len(pieces) + 1)
            for item in known.get(", ".join(pieces[start:end]), ())
            for rest in ways[end]
        ][:2]
    return ways[0][0] if len(ways[0]) == 1 else None


def read_moment(text: str, formats: Iterable[str]) -> datetime | None:
    """Return in UTC the moment a text tells with its time zone, or None where that cannot be told for certain.

    >>> read_moment("05/31/2026 10:00:00 (Europe/Brussels)", ["%m/%d/%Y %H:%M:%S"])
    datetime.datetime(2026, 5, 31, 8, 0)
    >>> read_moment("01/02/2026 10:00 (UTC)", ["%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M"])
    """
    told, __, zone = text.removesuffix(")").rpartition(" (")
    found = set()
    for wanted in formats:
        with suppress(ValueError, KeyError, OSError):
            moment = datetime.strptime(told, wanted).replace(tzinfo=ZoneInfo(zone))
            # The hour that comes twice in autumn may be either.
            found |= {moment.replace(fold=fold).astimezone(timezone.utc).replace(tzinfo=None) for fold in (0, 1)}
    return found.pop() if len(found) == 1 else None


def _listed(value):
    return value if isinstance(value, (list, tuple)) else [value]


def _plain_text(value):
    text = re.sub(r"<[^>]+>", "", re.sub(r"<(br|/p|/div|/li|/h\d)\b[^>]*>", "\n", str(value)))
    return html.unescape(re.sub(r"\n\s*\n", "\n", text)).strip()


def _option_text(value, options):
    return next((option[1] for option in options or [] if option[0] == value), str(value))
