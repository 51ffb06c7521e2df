"""Calls to other systems: what may be called, how a call is signed, when it is tried again. Pure: no socket, no clock."""

import hashlib
import hmac
import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

# Seconds after the first, second … failed attempt. When all are used up, the call is set aside for somebody to look at.
RETRY_AFTER = (60, 300, 900, 3600, 4 * 3600, 12 * 3600, 24 * 3600)
SIGNATURE_SECONDS = 300

SCHEME, HOST, CREDENTIALS, PORT = "scheme", "host", "credentials", "port"

# Addresses that carry an IPv4 address inside: what they lead to is what counts.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_COMPATIBLE = ipaddress.ip_network("::/96")
# Of protocols between the networks of a provider, and what is left of an old way into IPv6: no server of anybody's is there.
_NOBODYS = tuple(ipaddress.ip_network(text) for text in ("192.0.0.0/24", "192.88.99.0/24"))


def address_fault(url: str) -> str | None:
    """Return what is wrong with an address as a code, None if it may be kept.

    >>> address_fault("https://hooks.example.com/psa"), address_fault("ftp://example.com"), address_fault("https://")
    (None, 'scheme', 'host')
    """
    if any(character.isspace() or ord(character) < 32 for character in url or ""):
        return HOST
    try:
        parts = urlsplit(url or "")
        port = parts.port
    except ValueError:
        return PORT
    if parts.scheme not in ("http", "https"):
        return SCHEME
    if not parts.hostname:
        return HOST
    if parts.username is not None or parts.password is not None:
        return CREDENTIALS
    if port == 0:
        return PORT
    return None


def networks(text: str | None) -> tuple:
    """Return the networks an administrator of the server listed; raise ValueError for what is none.

    >>> [str(network) for network in networks("10.1.0.0/16, 192.168.7.9")]
    ['10.1.0.0/16', '192.168.7.9/32']
    """
    return tuple(ipaddress.ip_network(part.strip()) for part in (text or "").split(",") if part.strip())


def may_reach(address: str, allowed: Iterable = ()) -> bool:
    """Return whether a call may go to an IP address: to the public Internet, or to what is allowed by name.

    >>> may_reach("93.184.216.34"), may_reach("127.0.0.1"), may_reach("169.254.169.254"), may_reach("::ffff:10.0.0.1")
    (True, False, False, False)
    >>> may_reach("10.1.2.3", networks("10.1.0.0/16"))
    True
    """
    ip = _inner(ipaddress.ip_address(address.partition("%")[0]))
    if any(ip in network for network in allowed if network.version == ip.version):
        return True
    if ip.is_site_local if ip.version == 6 else any(ip in network for network in _NOBODYS):
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


def _inner(ip):
    """Return the IPv4 address an IPv6 address stands for, else the address itself."""
    if ip.version == 4:
        return ip
    if ip.ipv4_mapped:
        return ip.ipv4_mapped
    if ip.sixtofour:
        return ip.sixtofour
    if ip.teredo:
        return ip.teredo[1]
    if ip in _NAT64 or (ip in _COMPATIBLE and int(ip) > 1):
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """Return the signature header of a call: who has the secret can tell that it is ours, whole and of now.

    >>> sign("s3cret", 1700000000, b"{}")[:15]
    't=1700000000,v1'
    """
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


def is_signed(secret: str, header: str, body: bytes, now: int) -> bool:
    """Return whether a header is the signature of a body made at most a few minutes ago; what a receiver does.

    >>> is_signed("s3cret", sign("s3cret", 1700000000, b"{}"), b"{}", 1700000060)
    True
    """
    parts = dict(part.split("=", 1) for part in header.split(",") if "=" in part)
    if not parts.get("t", "").isdecimal() or abs(now - int(parts["t"])) > SIGNATURE_SECONDS:
        return False
    return hmac.compare_digest(sign(secret, int(parts["t"]), body).encode(), header.encode())


def retry_after(attempts: int) -> int | None:
    """Return how many seconds to wait after so many failed attempts, None when it is not tried again.

    >>> retry_after(1), retry_after(8)
    (60, None)
    """
    return RETRY_AFTER[attempts - 1] if attempts <= len(RETRY_AFTER) else None


def is_delivered(status: int) -> bool:
    """Return whether the other side took the call."""
    return 200 <= status < 300


def is_final(status: int) -> bool:
    """Return whether the other side says that asking again is of no use: it is gone, or never understands this body.

    >>> is_final(410), is_final(500), is_final(429), is_final(404)
    (True, False, False, False)
    """
    return status in (405, 410, 413, 414, 415, 501)
