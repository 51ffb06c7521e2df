"""Public sign-up: what may be typed, where a request comes from, and which requests get a mail.

Plain functions. Which requests are answered is decided one after the other in the order of their arrival, by one job,
so that the answer does not depend on how many web workers took them.

>>> canonical_address('Ada.Lovelace+psa@googlemail.com')
'adalovelace@gmail.com'
>>> network_of('2001:db8:1:2:3:4:5:6')
'2001:db8:1:2::/64'
"""
import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from .mail_domain import address_domain, normalize_address

NAME_MAX = 80
EMAIL_MAX = 254

# A second request for one address within this time is the same person pressing twice.
COOL_DOWN = timedelta(minutes=10)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

# Whoever types an address into a name wants our mail to carry it to somebody.
_ADVERTISING = re.compile(
    r'://|www\.|@|[\x00-\x1f\x7f<>]|\b[a-z0-9-]+\.(?:com|net|org|info|biz|ru|cn|top|xyz|io|link|site|online|shop|me)\b',
    re.IGNORECASE)
# One address and nothing else: no name before it, no second one after it.
_BARE_ADDRESS = re.compile(r'[^\s,;<>()"\x00-\x1f\x7f]+\Z')
_GMAIL = frozenset({'gmail.com', 'googlemail.com'})


@dataclass(frozen=True)
class Request:
    """One request for an account: who asked for whom, and when."""

    id: int
    at: datetime
    network: str
    address: str
    is_trapped: bool = False


@dataclass(frozen=True)
class Limits:
    """How many requests are answered: per network and hour, per address and day, and of all per hour."""

    per_network: int
    per_address: int
    overall: int


def check_form(name: str, company: str, email: str, has_country: bool) -> dict[str, str]:
    """Return what is wrong with a filled-in form: field to one of 'missing', 'long', 'advertising', 'address'.

    >>> check_form('Ada', 'Ada IT', 'ada@', True)
    {'email': 'address'}
    """
    problems = {}
    for field, text in (('name', name), ('company_name', company)):
        if not text.strip():
            problems[field] = 'missing'
        elif len(text) > NAME_MAX:
            problems[field] = 'long'
        elif _ADVERTISING.search(text):
            problems[field] = 'advertising'
    if not email.strip():
        problems['email'] = 'missing'
    elif len(email) > EMAIL_MAX:
        problems['email'] = 'long'
    elif normalize_address(email) is None or not _BARE_ADDRESS.match(email.strip()):
        problems['email'] = 'address'
    if not has_country:
        problems['country_id'] = 'missing'
    return problems


def canonical_address(text: str) -> str | None:
    """Return the one mailbox behind an address: without what follows a plus, and for Gmail without dots; None for none.

    Two addresses with the same canonical form are the same person's. It is for comparing only, never for sending.
    """
    address = normalize_address(text)
    if address is None:
        return None
    local, _at, domain = address.rpartition('@')
    local = local.partition('+')[0] or local
    if domain in _GMAIL:
        domain = 'gmail.com'
        local = local.replace('.', '') or local
    return f'{local}@{domain}'


def canonical_domain(text: str) -> str | None:
    """Return the domain of the mailbox behind an address, None when it is none."""
    address = canonical_address(text)
    return address_domain(address) if address else None


def network_of(address: str) -> str:
    """Return the network that one customer of a provider has: an IPv4 address, or the first 64 bits of an IPv6 one."""
    try:
        ip = ipaddress.ip_address((address or '').strip().partition('%')[0])
    except ValueError:
        return ''
    if ip.version == 6 and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    if ip.version == 4:
        return str(ip)
    return str(ipaddress.ip_network((ip, 64), strict=False))


def decide(pending: Iterable[Request], answered: Iterable[Request], limits: Limits) -> dict[int, str | None]:
    """Tell for each pending request why it gets no mail, or None when it gets one.

    ``answered`` are the requests of the last day that got a mail. Refused requests count for nothing: else a stranger
    could lock an address out by asking for it again and again.

    :return: request id to 'trap', 'repeated', 'address_limit', 'network_limit', 'overall_limit' or None
    """
    counted = sorted(answered, key=_order)
    verdicts = {}
    for request in sorted(pending, key=_order):
        verdict = _refusal(request, counted, limits)
        verdicts[request.id] = verdict
        if verdict is None:
            counted.append(request)
    return verdicts


def _order(request):
    return (request.at, request.id)


def _refusal(request, counted, limits):
    """Why a request gets no mail after these others got one."""
    if request.is_trapped:
        return 'trap'
    same_address = [other.at for other in counted if other.address == request.address]
    if any(abs(request.at - at) < COOL_DOWN for at in same_address):
        return 'repeated'
    if _count(same_address, request.at, DAY) >= limits.per_address:
        return 'address_limit'
    same_network = (other.at for other in counted if other.network == request.network)
    if _count(same_network, request.at, HOUR) >= limits.per_network:
        return 'network_limit'
    if _count((other.at for other in counted), request.at, HOUR) >= limits.overall:
        return 'overall_limit'
    return None


def _count(moments, now, window):
    return sum(1 for at in moments if now - window < at <= now)
