"""Which addresses may be called, how calls are signed, when they are tried again."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_helpdesk import webhook

PRIVATE = [
    "127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",  # noqa: S104
    "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00::7", "ff02::1", "::ffff:127.0.0.1",
    "::ffff:169.254.169.254", "2002:7f00:1::", "2002:a00:1::1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "::10.0.0.1", "198.18.0.1",
    "fec0::1", "fec0::1%eth0", "192.0.0.1", "192.0.0.9", "192.0.0.10", "192.0.0.170", "192.88.99.1", "::ffff:192.0.0.9",
]
NETWORKS = [ipaddress.ip_network(text) for text in (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3",
)]


@pytest.mark.parametrize("address", PRIVATE)
def test_no_address_inside_a_network_is_called(address):
    assert not webhook.may_reach(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses_are_called(address):
    assert webhook.may_reach(address)


@given(st.ip_addresses(v=4))
def test_nothing_private_gets_through_however_it_is_written(address):
    private = any(address in network for network in NETWORKS)
    for written in (str(address), f"::ffff:{address}", str(ipaddress.IPv6Address((0x64FF9B << 96) | int(address)))):
        assert not (private and webhook.may_reach(written))


@given(st.ip_addresses(v=4))
def test_what_is_allowed_is_reached_and_its_neighbours_are_not_for_that(address):
    allowed = webhook.networks(str(address))

    assert webhook.may_reach(str(address), allowed)
    neighbour = str(ipaddress.IPv4Address(int(address) ^ 1))
    assert webhook.may_reach(neighbour, allowed) == webhook.may_reach(neighbour)


@pytest.mark.parametrize(("url", "fault"), [
    ("https://hooks.example.com/a?b=c", None), ("http://192.0.2.1:8080", None), ("", webhook.SCHEME), (None, webhook.SCHEME),
    ("javascript:alert(1)", webhook.SCHEME), ("file:///etc/passwd", webhook.SCHEME), ("gopher://example.com", webhook.SCHEME),
    ("https://", webhook.HOST), ("https:///path", webhook.HOST), ("https://user:pass@example.com", webhook.CREDENTIALS),
    ("https://@example.com", webhook.CREDENTIALS), ("https://example.com:99999", webhook.PORT), ("https://example.com:0", webhook.PORT),
    ("https://exa mple.com", webhook.HOST), ("https://example.com/\r\nX: y", webhook.HOST), ("https://[::1", webhook.PORT),
])
def test_addresses_are_checked(url, fault):
    assert webhook.address_fault(url) == fault


@given(st.text(min_size=1), st.binary(), st.integers(0, 2**33))
def test_a_signature_holds_for_this_secret_body_and_time_only(secret, body, moment):
    header = webhook.sign(secret, moment, body)

    assert webhook.is_signed(secret, header, body, moment)
    assert not webhook.is_signed(secret + "x", header, body, moment)
    assert not webhook.is_signed(secret, header, body + b" ", moment)
    assert not webhook.is_signed(secret, header, body, moment + webhook.SIGNATURE_SECONDS + 1)
    assert not webhook.is_signed(secret, header.replace(f"t={moment}", f"t={moment + 1}"), body, moment)


@given(st.text())
def test_no_header_whatever_makes_a_receiver_fail(header):
    assert not webhook.is_signed("secret", header, b"", 0)


def test_waiting_grows_and_ends():
    waits = [webhook.retry_after(attempts) for attempts in range(1, len(webhook.RETRY_AFTER) + 2)]

    assert waits[-1] is None
    assert waits[:-1] == sorted(waits[:-1])
