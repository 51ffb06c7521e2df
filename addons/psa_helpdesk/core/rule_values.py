"""Values a rule has as text: what it writes into an own field, what a file says of a moment. Pure."""

from collections.abc import Mapping
from datetime import date, datetime

TYPES = ("char", "text", "html", "boolean", "integer", "float", "monetary", "date", "datetime", "selection", "tags")

MOMENT_FORMAT = "%Y-%m-%d %H:%M:%S"
_YES = frozenset(("1", "yes", "true", "on", "x", "✓"))
_NO = frozenset(("0", "no", "false", "off", ""))


def typed(kind: str, text: str, options: Mapping[str, str] | None = None):
    """Return the value a text stands for in a field of a kind; raise ValueError for what is none. Nothing empties the field.

    >>> typed("integer", " 7 "), typed("boolean", "Yes"), typed("tags", "red, Blue", {"k1": "Red", "k2": "Blue"}), typed("float", "")
    (7, True, ['k1', 'k2'], False)

    :param options: of a choice or of tags, their labels by technical name
    """
    text = (text or "").strip()
    if kind == "boolean":
        if text.casefold() in _YES:
            return True
        if text.casefold() in _NO:
            return False
        raise ValueError(text)
    if not text:
        return False
    if kind == "integer":
        return int(text)
    if kind in ("float", "monetary"):
        return float(text)
    if kind == "date":
        return date.fromisoformat(text).isoformat()
    if kind == "datetime":
        return datetime.fromisoformat(text).replace(tzinfo=None).isoformat(" ", "seconds")
    if kind == "selection":
        return _option(text, options or {})
    if kind == "tags":
        return [_option(part.strip(), options or {}) for part in text.split(",") if part.strip()]
    if kind in ("char", "text", "html"):
        return text
    raise ValueError(kind)


def is_moment(value) -> bool:
    """Return whether a value is a moment in UTC as it is written in files.

    >>> is_moment("2026-05-31 08:00:00"), is_moment("2026-02-30 08:00:00"), is_moment("tomorrow"), is_moment(None)
    (True, False, False, False)
    """
    try:
        return isinstance(value, str) and datetime.strptime(value, MOMENT_FORMAT).strftime(MOMENT_FORMAT) == value
    except ValueError:
        return False


def _option(text, options):
    if text in options:
        return text
    found = [key for key, label in options.items() if str(label).strip().casefold() == text.casefold()]
    if len(found) != 1:
        raise ValueError(text)
    return found[0]
