"""What a client's administrator may send about one of his people, and what he may do with them."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field

ROLES = ("none", "employee", "approver", "administrator")
LIMITS = {"name": 120, "email": 254, "phone": 40, "function": 120}

# One address, with a domain: what is stricter than this, the mail server says.
_ADDRESS = re.compile(r"[^\s@,;<>\"()]+@[^\s@,;<>\"()]+\.[^\s@,;<>\"().]+")


@dataclass(frozen=True)
class CheckedPerson:
    """The cleaned values and, by field, the code of what is wrong with it.

    Codes: ``missing``, ``too_long``, ``invalid`` (no mail address), ``needed`` (a role needs an address), ``unknown`` (a
    role or site that is not offered).
    """

    name: str
    email: str
    phone: str
    function: str
    role: str
    site: int | None = None
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def is_valid(self) -> bool:
        """Whether it may be stored."""
        return not self.errors


def check_person(values: dict, *, sites: Collection[int] = ()) -> CheckedPerson:
    """Check what was posted about a person; nothing but these fields is ever taken from it.

    :param values: the posted values, as text
    :param sites: ids of the client's sites

    >>> check_person({"name": " Zoe  Marsh ", "email": "zoe@harbour.example", "role": "employee"}).name
    'Zoe Marsh'
    >>> check_person({"name": "", "role": "owner", "email": "nowhere"}).errors
    {'name': 'missing', 'email': 'invalid', 'role': 'unknown'}
    """
    texts = {name: " ".join(_text(values.get(name)).split()) for name in LIMITS}
    errors = {name: "too_long" for name, limit in LIMITS.items() if len(texts[name]) > limit}
    if not texts["name"]:
        errors["name"] = "missing"
    role = _text(values.get("role")) or "none"
    if texts["email"] and not _ADDRESS.fullmatch(texts["email"]):
        errors.setdefault("email", "invalid")
    elif not texts["email"] and role != "none":
        errors["email"] = "needed"
    if role not in ROLES:
        errors["role"] = "unknown"
    posted, site = _text(values.get("site")).strip(), None
    if posted:
        site = int(posted) if posted.isascii() and posted.isdigit() and len(posted) < 12 else None
        if site not in sites:
            errors["site"], site = "unknown", None
    return CheckedPerson(**texts, role=role, site=site, errors=errors)


def leaves_no_administrator(role_before: str, role_after: str, other_administrators: int) -> bool:
    """Return whether a change takes the last administrator from the client.

    >>> leaves_no_administrator("administrator", "employee", 0), leaves_no_administrator("administrator", "none", 1)
    (True, False)
    """
    return role_before == "administrator" and role_after != "administrator" and not other_administrators


def _text(value) -> str:
    """The posted value as text without characters PostgreSQL cannot store."""
    return value.replace("\x00", "") if isinstance(value, str) else ""
