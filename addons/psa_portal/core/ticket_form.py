"""What a client may send with the form "new ticket", and what he may do with a ticket."""

from collections.abc import Collection
from dataclasses import dataclass, field

SUBJECT_MAX = 200
DESCRIPTION_MAX = 50_000
FILES_MAX = 20

OPEN_STATES = ("new", "open", "waiting", "on_hold")
DONE_STATES = ("resolved", "closed")


@dataclass(frozen=True)
class Upload:
    """A file as it came with the form."""

    name: str
    size: int


@dataclass(frozen=True)
class CheckedForm:
    """The cleaned values and, by field, the code of what is wrong with it.

    Codes: ``missing``, ``too_long``, ``unknown`` (an option that is not offered), ``mismatch`` (an
    option that does not belong to the other one chosen), ``too_many``, ``too_large``, ``empty_file``.
    """

    subject: str
    description: str
    options: dict[str, int | None] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    own_fields: dict = field(default_factory=dict)

    @property
    def is_valid(self) -> bool:
        """Whether a ticket may be made of it."""
        return not self.errors


def check_form(
    values: dict,
    *,
    offered: dict[str, Collection[int]],
    required: Collection[str] = (),
    parents: dict[int, int] | None = None,
    uploads: Collection[Upload] = (),
    max_bytes: int,
) -> CheckedForm:
    """Check what was posted against what was offered; nothing else is ever taken from it.

    :param values: the posted values, as text
    :param offered: by attribute ("priority", "type" …) the ids of the options on the form
    :param required: the attributes that must be chosen
    :param parents: by id of a subcategory the id of its category
    :param uploads: the files sent along
    :param max_bytes: the most that all files may weigh together

    >>> form = check_form({"subject": " No mail ", "description": "Since 9"}, offered={}, max_bytes=10)
    >>> form.subject, form.is_valid
    ('No mail', True)
    >>> check_form({"subject": "", "description": "x"}, offered={}, max_bytes=10).errors
    {'subject': 'missing'}
    >>> good = {"subject": "No mail", "description": "Since 9"}
    >>> check_form(good, offered={"type": {1}}, required=["type"], max_bytes=10).errors
    {'type': 'missing'}
    """
    errors = {}
    # A subject is one line: line breaks in it would forge headers of the mails made from it.
    subject = " ".join(_text(values.get("subject")).split())
    description = _text(values.get("description")).strip()
    if not subject:
        errors["subject"] = "missing"
    elif len(subject) > SUBJECT_MAX:
        errors["subject"] = "too_long"
    if not description:
        errors["description"] = "missing"
    elif len(description) > DESCRIPTION_MAX:
        errors["description"] = "too_long"

    options = {}
    # Whether a subcategory can be missing is known once the category is.
    for attribute, ids in sorted(offered.items(), key=lambda item: item[0] == "subcategory"):
        posted = _text(values.get(attribute)).strip()
        options[attribute] = None
        if not posted:
            is_possible = attribute != "subcategory" or _has_subcategories(options.get("category"), parents)
            if attribute in required and is_possible:
                errors[attribute] = "missing"
            continue
        option = int(posted) if posted.isascii() and posted.isdigit() and len(posted) < 12 else None
        if option in ids:
            options[attribute] = option
        else:
            errors[attribute] = "unknown"
    subcategory = options.get("subcategory")
    if subcategory and "category" in offered and (parents or {}).get(subcategory) != options["category"]:
        options["subcategory"] = None
        errors["subcategory"] = "mismatch"

    if len(uploads) > FILES_MAX:
        errors["attachments"] = "too_many"
    elif sum(upload.size for upload in uploads) > max_bytes:
        errors["attachments"] = "too_large"
    elif any(not upload.size for upload in uploads):
        errors["attachments"] = "empty_file"
    return CheckedForm(subject, description, options, errors)


def _has_subcategories(category: int | None, parents: dict[int, int] | None) -> bool:
    """Whether there is a subcategory to choose; without a category nobody knows yet."""
    return category is None or category in (parents or {}).values()


def may_close(state: str) -> bool:
    """Whether the client may declare a ticket of this state solved.

    >>> [may_close(state) for state in ("open", "resolved", "closed", "cancelled")]
    [True, True, False, False]
    """
    return state in OPEN_STATES or state == "resolved"


def may_reopen(state: str) -> bool:
    """Whether the client may open a ticket of this state again.

    >>> [may_reopen(state) for state in ("open", "resolved", "closed", "cancelled")]
    [False, True, True, False]
    """
    return state in DONE_STATES


def _text(value) -> str:
    """The posted value as text without characters PostgreSQL cannot store."""
    return value.replace("\x00", "") if isinstance(value, str) else ""
