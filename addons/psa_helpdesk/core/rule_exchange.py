"""Rules as a file that another database reads: JSON or XML, checked word by word before anything is made of it.

A document is ``{"format": "psa-rules", "version": 1, "rules": [rule, …]}``. A rule maps names of fields to values and holds what
belongs to it under ``changes`` and ``actions``. What points to another record does so by a reference,
``{"model": …, "name": …}``, for numbers mean nothing elsewhere. Pure: text in, plain data out; nothing is evaluated, looked up or fetched.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree

from .rule_exchange_own import are_own_fields
from .rule_values import is_moment

FORMAT = "psa-rules"
VERSION = 1
MAX_BYTES = 2_000_000
MAX_RULES = 500
MAX_PARTS = 100
MAX_TEXT = 100_000
# What belongs to a rule: name of the list and of what is in it.
PARTS = {"changes": "change", "actions": "action"}
DOMAIN_OPERATORS = frozenset((
    "=", "!=", "<", "<=", ">", ">=", "in", "not in", "like", "not like", "ilike", "not ilike", "=like", "=ilike", "not =like",
    "not =ilike", "child_of", "parent_of", "any", "not any", "=?",
))

# Kinds of fields in a schema; a field that is none of these is a tuple of the values it may have.
TEXT, INTEGER, NUMBER, BOOLEAN, REFERENCE, REFERENCES, DOMAIN = "text", "integer", "number", "boolean", "reference", "references", "domain"
OWN_FIELDS, MOMENT = "own_fields", "moment"

REFERENCE_KEYS = frozenset({"model", "name", "xmlid", "detail"})


class ExchangeError(Exception):
    """The text is no file of rules at all; ``code`` says why."""

    def __init__(self, code, detail=""):
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class Problem:
    """Something in a document that cannot be taken over."""

    place: str
    code: str
    detail: str = ""


def dump_json(document: Mapping) -> str:
    """Return a document as JSON, ready to be read by people and compared by tools."""
    return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=False) + "\n"


def load_json(text: bytes | str) -> dict:
    """Return the document in a JSON text.

    >>> load_json('{"format": "psa-rules", "version": 1, "rules": []}')["rules"]
    []
    """
    def refuse_constant(name):
        raise ExchangeError("json", name)

    def unique(pairs):
        result = dict(pairs)
        if len(result) != len(pairs):
            raise ExchangeError("json", "duplicate name")
        return result

    raw = _decoded(text)
    try:
        document = json.loads(raw, parse_constant=refuse_constant, object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        raise ExchangeError("json", str(error)[:200]) from error
    return _enveloped(document)


def _decoded(text):
    raw = text.encode() if isinstance(text, str) else bytes(text)
    if len(raw) > MAX_BYTES:
        raise ExchangeError("size", str(MAX_BYTES))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ExchangeError("encoding") from error


def _enveloped(document):
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ExchangeError("format")
    if document.get("version") != VERSION or isinstance(document.get("version"), bool):
        raise ExchangeError("version", str(document.get("version")))
    if not isinstance(document.get("rules"), list):
        raise ExchangeError("format")
    if len(document["rules"]) > MAX_RULES:
        raise ExchangeError("many", str(MAX_RULES))
    return document


# XML


def dump_xml(document: Mapping) -> str:
    """Return a document as XML."""
    root = etree.Element(FORMAT, version=str(document["version"]))
    for rule in document["rules"]:
        _write_record(etree.SubElement(root, "rule"), rule)
    return etree.tostring(root, pretty_print=True, xml_declaration=True, encoding="UTF-8").decode()


def _write_record(node, record):
    for name, value in record.items():
        if name in PARTS:
            parts = etree.SubElement(node, name)
            for part in value:
                _write_record(etree.SubElement(parts, PARTS[name]), part)
        elif name == "translations":
            for field, texts in value.items():
                for lang, text in texts.items():
                    translation = etree.SubElement(node, "translation", field=field, lang=lang)
                    translation.text = text
        else:
            _write_value(etree.SubElement(node, "field", name=name), value)


def _write_value(node, value):
    if isinstance(value, dict):
        etree.SubElement(node, "ref", **value)
    elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        for item in value:
            etree.SubElement(node, "ref", **item)
    elif isinstance(value, str):
        node.text = value
    else:
        node.set("type", "json")
        node.text = json.dumps(value, ensure_ascii=False)


def load_xml(text: bytes | str) -> dict:
    """Return the document in an XML text. Document types and entities are refused, comments are passed over."""
    raw = text.encode() if isinstance(text, str) else bytes(text)
    if len(raw) > MAX_BYTES:
        raise ExchangeError("size", str(MAX_BYTES))
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False, remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ExchangeError("xml", str(error)[:200]) from error
    if root.getroottree().docinfo.doctype:
        raise ExchangeError("doctype")
    if root.tag != FORMAT:
        raise ExchangeError("format")
    version = root.get("version", "")
    rules = [_read_record(node, f"rule {number}") for number, node in enumerate(_children(root, {"rule"}, "rules"), start=1)]
    return _enveloped({"format": FORMAT, "version": int(version) if version.isdecimal() else version, "rules": rules})


def _children(node, allowed, place):
    for child in node:
        if child.tag not in allowed:
            raise ExchangeError("element", f"{place}: {child.tag}")
        yield child


def _read_record(node, place):
    record = {}
    for child in _children(node, {"field", "translation", *PARTS}, place):
        if child.tag in PARTS:
            record[child.tag] = [
                _read_record(part, f"{place}, {part.tag} {number}")
                for number, part in enumerate(_children(child, {PARTS[child.tag]}, place), start=1)
            ]
            continue
        if child.tag == "translation":
            texts = record.setdefault("translations", {}).setdefault(child.get("field", ""), {})
            texts[child.get("lang", "")] = child.text or ""
            continue
        name = child.get("name", "")
        if name in record:
            raise ExchangeError("xml", f"{place}: {name}")
        record[name] = _read_value(child, f"{place}: {name}")
    return record


def _read_value(node, place):
    refs = [dict(ref.attrib) for ref in _children(node, {"ref"}, place)]
    if refs:
        return refs
    if node.get("type") == "json":
        try:
            return json.loads(node.text or "null")
        except (ValueError, RecursionError) as error:
            raise ExchangeError("xml", place) from error
    return node.text or ""


# What is inside


def normalise(document: Mapping, schema: Mapping) -> dict:
    """Return the document with single references that XML cannot tell from lists of one made single."""
    def of(record, kind):
        fields = schema[kind]
        result = {}
        for name, value in record.items():
            is_single = fields.get(name) == REFERENCE and isinstance(value, list) and len(value) == 1
            result[name] = value[0] if is_single else value
        for name, part_kind in PARTS.items():
            if isinstance(record.get(name), list):
                result[name] = [of(part, part_kind) if isinstance(part, dict) else part for part in record[name]]
        return result

    return {**document, "rules": [of(rule, "rule") if isinstance(rule, dict) else rule for rule in document["rules"]]}


def check(document: Mapping, schema: Mapping) -> tuple[Problem, ...]:
    """Return what in a document does not fit the schema: ``{"rule": {field: kind}, "action": …, "change": …}``.

    >>> [(problem.place, problem.code) for problem in check({"rules": [{"name": 7, "colour": "x"}]}, {"rule": {"name": TEXT}})]
    [('7: name', 'value'), ('7: colour', 'field')]
    """
    problems = []
    for number, rule in enumerate(document["rules"], start=1):
        if not isinstance(rule, dict):
            problems.append(Problem(str(number), "record"))
            continue
        place = str(rule.get("name") or number)[:80]
        _check_record(rule, schema["rule"], place, problems)
        for name, kind in PARTS.items():
            parts = rule.get(name, [])
            if not isinstance(parts, list) or len(parts) > MAX_PARTS:
                problems.append(Problem(place, "parts", name))
                continue
            for position, part in enumerate(parts, start=1):
                if isinstance(part, dict):
                    _check_record(part, schema[kind], f"{place}, {kind} {position}", problems, nested=True)
                else:
                    problems.append(Problem(f"{place}, {kind} {position}", "record"))
    return tuple(problems)


def _check_record(record, fields, place, problems, nested=False):
    for name, value in record.items():
        where = f"{place}: {name}"
        if name in PARTS and not nested:
            continue
        if name == "translations":
            if not _are_translations(value, fields):
                problems.append(Problem(where, "value"))
        elif name not in fields:
            problems.append(Problem(where, "field", str(name)[:80]))
        elif value is not None and not _fits(value, fields[name]):
            problems.append(Problem(where, "value", str(value)[:80]))


def _are_translations(value, fields):
    return isinstance(value, dict) and all(
        fields.get(name) == TEXT and isinstance(texts, dict) and all(_is_text(lang) and _is_text(text) for lang, text in texts.items())
        for name, texts in value.items()
    )


def _fits(value, kind):
    if isinstance(kind, tuple):
        return isinstance(value, str) and value in kind
    return _CHECKS[kind](value)


def _is_text(value):
    return isinstance(value, str) and len(value) <= MAX_TEXT and "\x00" not in value


def _is_integer(value):
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**31


def _is_number(value):
    return _is_integer(value) or (isinstance(value, float) and abs(value) < 1e15)


def is_reference(value) -> bool:
    """Return whether a value points to a record by its name."""
    return (
        isinstance(value, dict) and value.keys() <= REFERENCE_KEYS and {"model", "name"} <= value.keys()
        and all(_is_text(part) for part in value.values())
    )


def _are_references(value):
    return isinstance(value, list) and all(is_reference(item) for item in value)


def is_domain(value) -> bool:
    """Return whether a value is a condition of fields, known operators and plain values, of any depth that is read.

    >>> is_domain(["|", ["state", "=", "new"], ["queue_id", "in", [{"model": "psa.queue", "name": "Dispatch"}]]])
    True
    >>> is_domain([["state", "=", "new", "extra"]]), is_domain(["&"]), is_domain([["__class__", "=", 1]])
    (False, False, False)
    """
    return _is_domain(value, 0)


def _is_domain(value, depth):
    if not isinstance(value, list) or depth > 5:
        return False
    wanted = 0
    for item in reversed(value):
        if item == "!":
            if wanted < 1:
                return False
        elif item in ("&", "|"):
            if wanted < 2:
                return False
            wanted -= 1
        elif _is_condition(item, depth):
            wanted += 1
        else:
            return False
    return True


def _is_condition(item, depth):
    if not isinstance(item, list) or len(item) != 3:
        return False
    field, operator, value = item
    if isinstance(field, int) and not isinstance(field, bool):
        return field in (0, 1) and operator == "=" and _is_integer(value) and value == 1
    if not isinstance(field, str) or not isinstance(operator, str) or operator not in DOMAIN_OPERATORS:
        return False
    if not field.isascii() or any(not part or part[0] == "_" or not f"a{part}".isidentifier() for part in field.split(".")):
        return False  # own fields have names like 4f1c9b20, too
    if operator in ("any", "not any"):
        return _is_domain(value, depth + 1)
    return _is_plain(value) or (isinstance(value, list) and all(_is_plain(part) for part in value))


def _is_plain(value):
    return value is None or isinstance(value, bool) or _is_text(value) or _is_number(value) or is_reference(value)


_CHECKS = {
    TEXT: _is_text,
    INTEGER: _is_integer,
    NUMBER: _is_number,
    BOOLEAN: lambda value: isinstance(value, bool),
    REFERENCE: is_reference,
    REFERENCES: _are_references,
    DOMAIN: is_domain,
    OWN_FIELDS: are_own_fields,
    MOMENT: is_moment,
}


def references(document: Mapping) -> tuple:
    """Return every reference in a checked document, each once, in the order in which they come."""
    found = {}

    def walk(value):
        if is_reference(value):
            found.setdefault(reference_key(value), value)
        elif isinstance(value, dict):
            for part in value.values():
                walk(part)
        elif isinstance(value, list):
            for part in value:
                walk(part)

    walk(document["rules"])
    return tuple(found.values())


def reference_key(reference: Mapping) -> tuple:
    """Return what makes two references the same."""
    return reference["model"], reference["name"], reference.get("xmlid", ""), reference.get("detail", "")


def map_domain(domain: list, replace) -> list:
    """Return a condition whose values ``replace(field, value)`` has exchanged, nested ones too."""
    result = []
    for item in domain:
        if isinstance(item, (list, tuple)) and len(item) == 3 and isinstance(item[0], str):
            field, operator, value = item
            if operator in ("any", "not any"):
                value = map_domain(value, lambda inner, part, field=field: replace(f"{field}.{inner}", part))
            else:
                value = replace(field, value)
            result.append([field, operator, value])
        else:
            result.append(list(item) if isinstance(item, tuple) else item)
    return result
