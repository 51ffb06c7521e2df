"""What may stand between double braces in a text, and how it is filled in. Pure: text and values in, text out.

Nothing is evaluated: a placeholder is a name from a fixed list, and what is filled in is not looked at again.
"""

import re
from collections.abc import Collection, Mapping

NAMES = (
    "ticket.number",
    "ticket.subject",
    "ticket.stage",
    "ticket.link",
    "contact.name",
    "contact.first_name",
    "client.name",
    "my.name",
    "my.email",
    "my.phone",
    "desk.name",
    "desk.email",
    "company.name",
    "company.phone",
)

# What a text of a rule may say besides; there ``my.…`` is nobody, for nobody writes it.
RULE_NAMES = (
    *(name for name in NAMES if not name.startswith("my.")),
    "ticket.priority",
    "ticket.severity",
    "ticket.type",
    "ticket.category",
    "ticket.queue",
    "ticket.assignee",
    "ticket.deadline",
    "ticket.opened",
    "rule.name",
    "rule.reason",
)

# What may be filled into what others than the staff read.
CLIENT_NAMES = tuple(name for name in RULE_NAMES if name != "rule.reason")

_PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}")
_BRACES = re.compile(r"\{\{|\}\}")


def faults(text: str, names: Collection[str] = NAMES) -> tuple[str, ...]:
    """Return what between braces cannot be filled in, each once and as it was written; empty if all is well.

    >>> faults("Hello {{ contact.name }}, {{ticket.password}} and {{desk.name")
    ('{{ticket.password}}', '{{')
    """
    wrong = [match.group(0) for match in _PLACEHOLDER.finditer(text or "") if match.group(1).strip() not in names]
    stray = _BRACES.findall(_PLACEHOLDER.sub("", text or ""))
    return tuple(dict.fromkeys([*wrong, *stray]))


def used(text: str) -> frozenset[str]:
    """Return the names of the placeholders in a text.

    >>> sorted(used("{{ ticket.number }} of {{client.name}}"))
    ['client.name', 'ticket.number']
    """
    return frozenset(match.group(1).strip() for match in _PLACEHOLDER.finditer(text or ""))


def fill(text: str, values: Mapping[str, str], names: Collection[str] = NAMES) -> str:
    """Return the text with its placeholders filled in; a value that is missing leaves nothing, an unknown name stays as it is.

    >>> fill("Hello {{contact.name}}, it is {{ ticket.number }}.", {"contact.name": "{{my.name}}", "ticket.number": "T1"})
    'Hello {{my.name}}, it is T1.'
    """
    def value_of(match):
        name = match.group(1).strip()
        return str(values.get(name) or "") if name in names else match.group(0)

    return _PLACEHOLDER.sub(value_of, text or "")


def pick_language(wanted: str | None, texts: Mapping[str, str], otherwise: str) -> str:
    """Return the text in the language, else in another variant of it (Swiss for German German), else the general one.

    >>> pick_language("de_CH", {"de_DE": "Hallo", "fr_FR": "Bonjour"}, "Hello")
    'Hallo'
    """
    if not wanted:
        return otherwise
    if texts.get(wanted):
        return texts[wanted]
    family = wanted.partition("_")[0]
    related = sorted(lang for lang, text in texts.items() if text and lang.partition("_")[0] == family)
    return texts[related[0]] if related else otherwise
