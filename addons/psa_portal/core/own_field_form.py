"""What a client fills in for a desk's own fields, as text of a form, and what is stored of it. Pure: no clock, no database."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timezone, tzinfo

PREFIX = "own_"
CHAR_MAX = 500
TEXT_MAX = 10_000
INTEGER_MAX = 2**31 - 1


@dataclass(frozen=True)
class CheckedOwnFields:
    """The values by name, and by posted name the code of what is wrong with it.

    Codes: ``own_missing``, ``own_number``, ``own_whole``, ``own_date``, ``own_too_long``, ``own_unknown``.
    """

    values: dict = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


class _WrongError(Exception):
    pass


def check_own_fields(asked: Iterable[Mapping], posted: Mapping[str, Sequence[str]], tz: tzinfo = timezone.utc) -> CheckedOwnFields:
    """Read what was posted for the fields that were asked; nothing else is ever taken from it.

    :param asked: the definitions of the fields on the form
    :param posted: all texts posted under a name; that of a field is its own with ``own_`` before it
    :param tz: the client's time zone, in which he entered times

    >>> seats = {"name": "seats", "type": "integer", "required": "create"}
    >>> check_own_fields([seats], {"own_seats": [" 12 "]}).values
    {'seats': 12}
    >>> check_own_fields([seats], {}).errors
    {'own_seats': 'own_missing'}
    """
    values, errors = {}, {}
    for definition in asked:
        name = PREFIX + definition["name"]
        texts = [text for text in map(_text, posted.get(name, ())) if text]
        try:
            value = _READERS[definition["type"]](definition, texts, tz) if texts else False
        except _WrongError as wrong:
            errors[name] = f"{PREFIX}{wrong}"
            continue
        if value is False and definition.get("required") == "create":
            errors[name] = f"{PREFIX}missing"
        elif value is not False:
            values[definition["name"]] = value
    return CheckedOwnFields(values, errors)


def _read_boolean(definition, texts, tz):
    return texts[0] in ("1", "on", "true")


def _read_integer(definition, texts, tz):
    if not re.fullmatch(r"[+-]?[0-9]{1,12}", texts[0]) or abs(int(texts[0])) > INTEGER_MAX:
        raise _WrongError("whole")
    return int(texts[0])


def _read_float(definition, texts, tz):
    text = texts[0].replace(",", ".")
    if not re.fullmatch(r"[+-]?([0-9]{1,15}(\.[0-9]{0,12})?|\.[0-9]{1,12})", text):
        raise _WrongError("number")
    return float(text)


def _read_char(definition, texts, tz):
    text = " ".join(texts[0].split())
    if len(text) > CHAR_MAX:
        raise _WrongError("too_long")
    return text


def _read_text(definition, texts, tz):
    if len(texts[0]) > TEXT_MAX:
        raise _WrongError("too_long")
    return texts[0]


def _read_date(definition, texts, tz):
    try:
        return date.fromisoformat(texts[0]).isoformat()
    except ValueError:
        raise _WrongError("date") from None


def _read_datetime(definition, texts, tz):
    try:
        moment = datetime.fromisoformat(texts[0]).replace(tzinfo=tz).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        raise _WrongError("date") from None
    return moment.strftime("%Y-%m-%d %H:%M:%S").rjust(19, "0")


def _read_selection(definition, texts, tz):
    if texts[0] not in [option[0] for option in definition.get("selection") or ()]:
        raise _WrongError("unknown")
    return texts[0]


def _read_tags(definition, texts, tz):
    if not {*texts} <= {tag[0] for tag in definition.get("tags") or ()}:
        raise _WrongError("unknown")
    return list(dict.fromkeys(texts))


_READERS = {
    "boolean": _read_boolean, "integer": _read_integer, "float": _read_float, "monetary": _read_float, "char": _read_char,
    "text": _read_text, "date": _read_date, "datetime": _read_datetime, "selection": _read_selection, "tags": _read_tags,
}


def _text(value) -> str:
    """The posted value as text that PostgreSQL can store."""
    if not isinstance(value, str):
        return ""
    return value.replace("\x00", "").encode("utf-8", "ignore").decode().strip()
