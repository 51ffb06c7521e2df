"""Mail addresses and domains: which client does a sender belong to?

Plain functions on strings. Domains are kept in one canonical form: lower case, without the trailing dot of DNS, and
with international labels in their ASCII ("xn--") form, so that two spellings of one domain compare equal.

>>> normalize_address('Zoë <Zoe@Bücher.Example.>')
'zoe@xn--bcher-kva.example'
>>> best_match('mail.eu.harbour.example', ['harbour.example', 'eu.harbour.example'])
'eu.harbour.example'
"""
import re
from collections.abc import Iterable
from email.utils import parseaddr

from .public_mail_domains import PUBLIC_FAMILIES, PUBLIC_MAIL_DOMAINS, REGISTRY_LABELS

MAX_DOMAIN_LENGTH = 253

_LABEL = re.compile(r'[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z')
_LOCAL_PART = re.compile(r'[^\s@<>,;:"()\[\]\\]{1,64}\Z')


class InvalidDomain(ValueError):
    """The text is not the name of a mail domain; ``text`` is what was given."""

    def __init__(self, text: str):
        super().__init__(text)
        self.text = text


def normalize_domain(text: str) -> str:
    """Return the canonical form of a domain; raise :class:`InvalidDomain` for anything else.

    What people paste is understood: surrounding blanks, a leading ``@``, upper case, a trailing dot.
    Addresses and URLs are refused, since guessing which part was meant could bind a client to a wrong domain.

    >>> normalize_domain(' @Harbour-Dental.EXAMPLE ')
    'harbour-dental.example'
    """
    candidate = (text or '').strip().removeprefix('@').removesuffix('.')
    try:
        # IDNA maps letters of other cases and widths to one form; it works label by label.
        ascii_form = candidate.lower().encode('idna').decode('ascii').lower()
    except UnicodeError:
        raise InvalidDomain(text) from None
    labels = ascii_form.split('.')
    if (
        len(ascii_form) > MAX_DOMAIN_LENGTH
        or len(labels) < 2
        or not all(_LABEL.match(label) for label in labels)
        or labels[-1].isdigit()
    ):
        raise InvalidDomain(text)
    return ascii_form


def normalize_address(text: str) -> str | None:
    """Return the canonical form of one mail address, with or without a display name; None if it is none."""
    address = parseaddr(text or '')[1]
    local, at, domain = address.rpartition('@')
    if not at or not _LOCAL_PART.match(local):
        return None
    try:
        return f'{local.lower()}@{normalize_domain(domain)}'
    except InvalidDomain:
        return None


def address_domain(address: str) -> str:
    """Return the domain of an address made by :func:`normalize_address`."""
    return address.rpartition('@')[2]


def address_spellings(address: str) -> frozenset[str]:
    """Return the spellings under which an address may be stored: as ASCII and with its international letters."""
    local, _at, domain = address.rpartition('@')
    try:
        unicode_domain = domain.encode('ascii').decode('idna')
    except UnicodeError:
        unicode_domain = domain
    return frozenset({address, f'{local}@{unicode_domain}'})


def suffixes(domain: str) -> tuple[str, ...]:
    """Return a domain and its parents down to two labels, most specific first.

    >>> suffixes('mail.eu.harbour.example')
    ('mail.eu.harbour.example', 'eu.harbour.example', 'harbour.example')
    """
    labels = domain.split('.')
    return tuple('.'.join(labels[start:]) for start in range(len(labels) - 1))


def is_public_domain(domain: str) -> bool:
    """Tell whether anybody can get an address in this domain, so that it cannot stand for one client.

    True for mail providers (and what is below them) and for registries such as ``co.uk``.
    """
    labels = domain.split('.')
    if len(labels) == 2 and len(labels[1]) == 2 and labels[0] in REGISTRY_LABELS:
        return True
    return any(
        suffix in PUBLIC_MAIL_DOMAINS or _is_family_domain(suffix)
        for suffix in suffixes(domain)
    )


def best_match(domain: str, candidates: Iterable[str]) -> str | None:
    """Return the most specific candidate that is the domain or one of its parents, else None."""
    known = set(candidates)
    return next((suffix for suffix in suffixes(domain) if suffix in known), None)


def _is_family_domain(domain: str) -> bool:
    """Tell whether the domain is a country edition of a provider: yahoo.co.uk, hotmail.fr, gmx.com.tr."""
    name, *endings = domain.split('.')
    if name not in PUBLIC_FAMILIES:
        return False
    if len(endings) == 1:
        return True
    return len(endings) == 2 and endings[0] in REGISTRY_LABELS and len(endings[1]) == 2
