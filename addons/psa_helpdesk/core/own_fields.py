"""Own fields of a desk: what a caller writes, merged with what a ticket holds. Pure: no clock, no database.

A desk's definition is a list of dicts as Odoo's Properties keep it (``name``, ``string``, ``type`` …) with four keys of ours:
``required`` (never, create, resolve, close), ``portal`` (hidden, shown, asked), ``indexed`` and ``help``. What a ticket holds
is a dict from name to JSON value; an empty value is ``False``.
"""

import json
import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timezone

from .required import NEVER, required_at

PORTAL_TYPES = ("boolean", "integer", "float", "monetary", "char", "text", "date", "datetime", "selection", "tags")
# Text may be long and separators hold nothing; the index rows of PostgreSQL may not exceed a third of a page.
INDEXED_TYPES = ("boolean", "integer", "float", "monetary", "char", "date", "datetime", "selection", "tags", "many2one", "many2many")
INDEXED_BYTES_MAX = 2000
INTEGER_MAX = 2**31 - 1  # what XML-RPC can carry

UNKNOWN, TYPE, OPTION, RECORD, TOO_LONG, TOO_LARGE = "unknown", "type", "option", "record", "too_long", "too_large"


@dataclass(frozen=True)
class Problem:
    """Why a written value is refused: the field by name and label, a code, and the value at fault as text."""

    name: str
    label: str
    code: str
    detail: str = ""


@dataclass(frozen=True)
class Merged:
    """What the ticket holds afterwards, and what was refused; with problems nothing may be stored."""

    values: dict
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Carried:
    """What a ticket keeps when it moves to another desk, and the fields whose values stay behind."""

    values: dict
    lost: tuple[str, ...] = ()


class _RefusedError(Exception):
    def __init__(self, code, detail=""):
        super().__init__(code)
        self.code = code
        self.detail = str(detail)[:80]


def is_empty(value) -> bool:
    """Tell whether a value is none; zero is a number.

    >>> [is_empty(value) for value in (None, False, "", [], 0, 0.0, "x")]
    [True, True, True, True, False, False, False]
    """
    return value is None or value is False or value == "" or (isinstance(value, list | tuple) and not value)


def label(field: Mapping) -> str:
    """Return what people call a field."""
    return field.get("string") or field["name"]


def written_values(raw) -> dict:
    """Return {name: value} of what a caller writes, in either of Odoo's shapes.

    A list holds definitions with values, as the web client sends it; an entry without value says nothing about the value.

    >>> written_values([{"name": "rack", "type": "char", "value": "R7"}, {"name": "row", "type": "char"}])
    {'rack': 'R7'}
    """
    if isinstance(raw, Mapping):
        return dict(raw)
    return {
        entry["name"]: entry["value"] for entry in raw
        if entry.get("name") and "value" in entry and not entry.get("definition_deleted")
    }


def edits_definition(raw) -> bool:
    """Tell whether what is written also changes the definition, which only the web client's list can do."""
    return not isinstance(raw, Mapping) and any(
        entry.get("definition_changed") or entry.get("definition_deleted") for entry in raw
    )


def merge_definition(current: list[dict], sent: Iterable[Mapping]) -> list[dict]:
    """Return the definition after the edits of a form, which may have been opened before others changed it.

    Only what the form marks as deleted goes; fields it does not know of stay, and so do keys it does not send.

    >>> now = [{"name": "a", "type": "char", "required": "create"}, {"name": "b", "type": "char"}]
    >>> merge_definition(now, [{"name": "a", "type": "char", "string": "A", "definition_changed": True, "value": 1}])
    [{'name': 'a', 'type': 'char', 'required': 'create', 'string': 'A'}, {'name': 'b', 'type': 'char'}]
    """
    by_name = {field["name"]: field for field in current}
    result, seen = [], set()
    for entry in sent:
        seen.add(entry["name"])
        if entry.get("definition_deleted"):
            continue
        keys = {key: value for key, value in entry.items() if key not in ("value", "definition_changed", "definition_deleted")}
        known = by_name.get(entry["name"], {})
        if known.get("type") not in (None, keys.get("type")):
            known = {}
        if entry.get("definition_changed") or not known:
            result.append({**known, **keys})
        else:
            result.append(known)
    return result + [field for field in current if field["name"] not in seen]


def linked_ids(definition: Iterable[Mapping], stored: Mapping, written: Mapping) -> dict[str, set[int]]:
    """Return the records newly linked, as {model: ids}: those whose existence and access has to be looked up."""
    wanted = {}
    for field in definition:
        if field["type"] not in ("many2one", "many2many") or not field.get("comodel") or field["name"] not in written:
            continue
        new, old = _plain(field, written[field["name"]]), stored.get(field["name"])
        ids = {item for item in _listed(new) if _is_id(item)} - {item for item in _listed(old) if _is_id(item)}
        if ids:
            wanted.setdefault(field["comodel"], set()).update(ids)
    return wanted


def merge(
    definition: Iterable[Mapping], stored: Mapping, written: Mapping, readable: Mapping[str, Collection[int]] | None = None,
) -> Merged:
    """Return what a ticket holds after ``written`` came on top of ``stored``.

    Names left out keep their value, also those of fields that are archived now. What is written as it is stored already is
    no change and needs no leave: forms send back whatever they were given.

    :param readable: {model: ids} that exist and that the writer may read, at least of what `linked_ids` names

    >>> rack = {"name": "rack", "string": "Rack", "type": "char"}
    >>> merge([rack], {"row": 4}, {"rack": "R7"}).values
    {'row': 4, 'rack': 'R7'}
    >>> merge([rack], {}, {"rack": 7}).problems
    (Problem(name='rack', label='Rack', code='type', detail='7'),)
    """
    fields = {field["name"]: field for field in definition}
    values, problems = dict(stored), []
    for name, raw in written.items():
        field = fields.get(name)
        value = _plain(field, raw) if field else raw
        if name in stored and _same(stored[name], value):
            continue
        if field is None:
            if name in stored or not is_empty(value):
                problems.append(Problem(str(name), str(name), UNKNOWN))
            continue
        try:
            value = check_value(field, value, readable or {}, kept=stored.get(name))
        except _RefusedError as refusal:
            problems.append(Problem(name, label(field), refusal.code, refusal.detail))
            continue
        if raw is None and name not in stored:
            continue  # nothing said: a default may still fill it
        values[name] = value
    return Merged(values, tuple(problems))


def check_value(field: Mapping, value, readable: Mapping[str, Collection[int]] | None = None, kept=None):
    """Return the value as it is stored, or raise what `merge` reports.

    :param readable: {model: ids}; None leaves links unchecked
    :param kept: the value stored so far, whose links need no leave
    """
    kind = field["type"]
    if kind in ("separator", "boolean"):
        if is_empty(value):
            return False
        if value is not True:
            raise _RefusedError(TYPE, value)
        return True
    if is_empty(value):
        return False
    value = _CHECKS[kind](field, value) if kind in _CHECKS else _check_links(field, value, readable, kept)
    if field.get("indexed") and len(json.dumps(value, ensure_ascii=False).encode()) > INDEXED_BYTES_MAX:
        raise _RefusedError(TOO_LONG)
    return value


def default_problem(field: Mapping) -> str:
    """Return the code of what is wrong with a field's default value, or an empty text."""
    try:
        check_value(field, _plain(field, field.get("default")))
    except _RefusedError as refusal:
        return refusal.code
    return ""


def carry(old: Iterable[Mapping], new: Iterable[Mapping], stored: Mapping) -> Carried:
    """Return what of a ticket's values goes along to a desk with another definition.

    A field goes to the one of the same name and type, else to the one with the same label and type; an option to the one
    with the same key or label. Defaults of the new desk fill what is left.

    >>> old = [{"name": "a", "string": "Rack", "type": "char"}, {"name": "b", "string": "Floor", "type": "integer"}]
    >>> carry(old, [{"name": "z", "string": "rack", "type": "char"}], {"a": "R7", "b": 2})
    Carried(values={'z': 'R7'}, lost=('b',))
    """
    new, old = list(new), [field for field in old if not is_empty(stored.get(field["name"]))]
    by_name = {(*_kind(field), field["name"]): field for field in new}
    by_label = {}
    for field in new:
        by_label.setdefault((*_kind(field), label(field).strip().casefold()), field)
    values, lost, left = {}, [], []
    for field in old:
        target = by_name.get((*_kind(field), field["name"]))
        if target is None:
            left.append(field)
        elif not _move(field, target, stored, values):
            lost.append(field["name"])
    for field in left:
        target = by_label.get((*_kind(field), label(field).strip().casefold()))
        if target is None or target["name"] in values or not _move(field, target, stored, values):
            lost.append(field["name"])
    for field in new:
        if field["name"] not in values and not is_empty(_plain(field, field.get("default"))):
            values[field["name"]] = _plain(field, field["default"])
    return Carried(values, tuple(lost))


def still_valid(definition: Iterable[Mapping], values: Mapping, readable: Mapping[str, Collection[int]]) -> dict:
    """Return the values a copy of the ticket may start with: of fields, options and records that (still) are there."""
    result = {}
    for field in definition:
        value = values.get(field["name"])
        if is_empty(value):
            continue
        if field["type"] in ("tags", "many2many") and isinstance(value, list):
            value = [item for item in value if not merge([field], {}, {field["name"]: [item]}, readable).problems]
        merged = merge([field], {}, {field["name"]: value}, readable)
        if not merged.problems:
            result.update(merged.values)
    return result


def missing(definition: Iterable[Mapping], values: Mapping, moment: str | None) -> list[str]:
    """Return the labels of fields that are required at a moment and have no value, in the desk's order.

    >>> missing([{"name": "a", "string": "Rack", "type": "char", "required": "create"}], {"a": ""}, "resolve")
    ['Rack']
    """
    fields = {field["name"]: field for field in definition if field["type"] != "separator"}
    since = {name: field.get("required") or NEVER for name, field in fields.items()}
    return [label(fields[name]) for name in required_at(since, moment) if is_empty(values.get(name))]


def _check_text(field, value):
    if not isinstance(value, str):
        raise _RefusedError(TYPE, value)
    # PostgreSQL stores neither NUL nor halves of surrogate pairs.
    return value.replace("\x00", "").encode("utf-8", "ignore").decode() or False


def _check_integer(field, value):
    if isinstance(value, bool) or not isinstance(value, int | float) or (isinstance(value, float) and not value.is_integer()):
        raise _RefusedError(TYPE, value)
    if abs(value) > INTEGER_MAX:
        raise _RefusedError(TOO_LARGE, value)
    return int(value)


def _check_float(field, value):
    if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
        raise _RefusedError(TYPE, value)
    return value


def _check_date(field, value):
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    try:
        return datetime.strptime(value, "%Y-%m-%d").date().isoformat()
    except (TypeError, ValueError):
        raise _RefusedError(TYPE, value) from None


def _check_datetime(field, value):
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise _RefusedError(TYPE, value) from None
    if moment.tzinfo:
        try:
            moment = moment.astimezone(timezone.utc)
        except OverflowError:
            raise _RefusedError(TYPE, value) from None
    return moment.strftime("%Y-%m-%d %H:%M:%S").rjust(19, "0")


def _check_selection(field, value):
    if not isinstance(value, str):
        raise _RefusedError(TYPE, value)
    if value not in _options(field):
        raise _RefusedError(OPTION, value)
    return value


def _check_tags(field, value):
    if not isinstance(value, list | tuple):
        raise _RefusedError(TYPE, value)
    options = _options(field)
    for item in value:
        if not isinstance(item, str) or item not in options:
            raise _RefusedError(OPTION, item)
    return list(dict.fromkeys(value))


_CHECKS = {
    "char": _check_text, "text": _check_text, "html": _check_text, "integer": _check_integer, "float": _check_float,
    "monetary": _check_float, "date": _check_date, "datetime": _check_datetime, "selection": _check_selection, "tags": _check_tags,
}


def _check_links(field, value, readable, kept):
    if field["type"] not in ("many2one", "many2many") or (field["type"] == "many2many") != isinstance(value, list):
        raise _RefusedError(TYPE, value)
    ids = _listed(value)
    if not all(_is_id(item) for item in ids):
        raise _RefusedError(TYPE, value)
    if readable is not None:
        allowed = {*readable.get(field.get("comodel"), ()), *(item for item in _listed(kept) if _is_id(item))}
        for item in ids:
            if item not in allowed:
                raise _RefusedError(RECORD, item)
    return list(dict.fromkeys(ids)) if field["type"] == "many2many" else value


def _plain(field, value):
    """Return a value without the names the web client sends along with links; tuples as lists, as JSON knows them."""
    if field["type"] == "many2one" and isinstance(value, list | tuple) and len(value) == 2 and _is_id(value[0]) and not _is_id(value[1]):
        return value[0]
    if field["type"] == "many2many" and isinstance(value, list | tuple):
        return [
            item[0] if isinstance(item, list | tuple) and len(item) == 2 and _is_id(item[0]) and not _is_id(item[1]) else item
            for item in value
        ]
    return list(value) if isinstance(value, tuple) else value


def _same(one, other):
    """Compare as JSON does: True is not 1, while 1 is 1.0."""
    if isinstance(one, bool) or isinstance(other, bool) or one is None or other is None:
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return one == other


def _kind(field):
    return field["type"], field.get("comodel") or "" if field["type"] in ("many2one", "many2many") else ""


def _move(field, target, stored, values):
    """Put the value of a field into another of its kind; False when none of it has a place there."""
    value = stored[field["name"]]
    if field["type"] in ("selection", "tags"):
        there = _options(target)
        by_label = {name.strip().casefold(): key for key, name in there.items()}
        names = _options(field)

        def translated(key):
            return key if key in there else by_label.get(names.get(key, "").strip().casefold())

        keys = [key for key in map(translated, _listed(value)) if key]
        if not keys:
            return False
        value = keys if field["type"] == "tags" else keys[0]
    values[target["name"]] = value
    return True


def _options(field) -> dict:
    return {option[0]: option[1] for option in field.get(field["type"]) or ()}


def _listed(value) -> list:
    return [] if is_empty(value) else list(value) if isinstance(value, list | tuple) else [value]


def _is_id(value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= INTEGER_MAX


def _is_finite(value) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False
