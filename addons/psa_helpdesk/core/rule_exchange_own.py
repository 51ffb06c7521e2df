"""Own fields in a file of rules. Every database gives them and their options other technical names: a file says what people call
them, so that each is found by its label. Pure.

A rule that asks about own fields has under ``own_fields`` a list of ``[technical name, label, type, [[option, label], …]]``.
"""

from collections.abc import Mapping

PREFIX = "properties."
MAX_OPTIONS = 1000


def are_own_fields(value) -> bool:
    """Return whether a value describes own fields.

    >>> are_own_fields([["rack", "Rack", "char", []], ["site", "Site", "selection", [["n", "North"]]]]), are_own_fields([["rack"]])
    (True, False)
    """
    return isinstance(value, list) and all(
        isinstance(entry, list) and len(entry) == 4 and all(isinstance(part, str) for part in entry[:3])
        and isinstance(entry[3], list) and len(entry[3]) <= MAX_OPTIONS
        and all(isinstance(option, list) and len(option) == 2 and all(isinstance(part, str) for part in option) for option in entry[3])
        for entry in value
    )


def used(rule: Mapping) -> tuple[str, ...]:
    """Return the technical names of the own fields a rule asks about, each once.

    >>> used({"domain": [["properties.rack", "=", "R7"]], "changes": [{"field_name": "properties", "own_field": "site"}]})
    ('rack', 'site')
    """
    found = [name for item in rule.get("domain") or () if (name := _name(item))]
    found += [change["own_field"] for change in rule.get("changes") or () if change.get("own_field")]
    return tuple(dict.fromkeys(found))


def renamed(rule: Mapping, names: Mapping, options: Mapping) -> dict:
    """Return a rule with other names for own fields: {name: other name}, and for their options: {name: {option: other option}}.

    >>> renamed({"domain": [["properties.x", "in", ["a", "b"]]], "own_fields": []}, {"x": "rack"}, {"x": {"a": "7"}})
    {'domain': [['properties.rack', 'in', ['7', 'b']]]}
    """
    def of_condition(item):
        name = _name(item)
        if name is None:
            return item
        _field, operator, value = item
        known = options.get(name, {})
        value = [_exchanged(part, known) for part in value] if isinstance(value, list) else _exchanged(value, known)
        return [f"{PREFIX}{names.get(name, name)}", operator, value]

    result = {name: value for name, value in rule.items() if name != "own_fields"}
    if result.get("domain"):
        result["domain"] = [of_condition(item) for item in result["domain"]]
    if result.get("changes"):
        result["changes"] = [
            {**change, "own_field": names.get(change["own_field"], change["own_field"])} if change.get("own_field") else change
            for change in result["changes"]
        ]
    return result


def _name(item):
    is_own = isinstance(item, list | tuple) and len(item) == 3 and isinstance(item[0], str) and item[0].startswith(PREFIX)
    return item[0].removeprefix(PREFIX) if is_own else None


def _exchanged(value, known):
    return known.get(value, value) if isinstance(value, str) else value
