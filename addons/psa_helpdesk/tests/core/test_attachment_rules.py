import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from psa_cores.psa_helpdesk.attachment_rules import (
    DEFAULT_BLOCKED,
    EXECUTABLE,
    TOO_LARGE,
    Limits,
    extension,
    pack,
    parse_types,
    refusal,
    unpack,
)

LIMITS = Limits(max_bytes=1000, blocked=parse_types(DEFAULT_BLOCKED))


@pytest.mark.parametrize(("name", "head", "verdict"), [
    ("report.pdf", b"%PDF-1.7", None),
    ("setup.exe", b"MZ\x90\x00\x03\x00", EXECUTABLE),
    ("holiday.jpg", b"MZ\x90\x00\x03\x00", EXECUTABLE),
    ("MZ notes.txt", b"MZ is the name of the man who made it", None),
    ("Invoice.pdf.exe", b"", EXECUTABLE),
    ("setup.exe.", b"x", EXECUTABLE),
    ("setup.exe ", b"x", EXECUTABLE),
    ("run.bat:notes.txt", b"x", EXECUTABLE),
    ("SETUP.EXE", b"x", EXECUTABLE),
    ("cod\u202egnp.exe", b"x", EXECUTABLE),
    ("C:\\temp\\setup.exe", b"x", EXECUTABLE),
    ("script", b"#!/bin/sh\nrm", EXECUTABLE),
    ("tool", b"\x7fELF\x02", EXECUTABLE),
    ("tool", b"\xcf\xfa\xed\xfe\x07", EXECUTABLE),
    ("shortcut.txt", b"L\x00\x00\x00\x01\x14\x02\x00\x00", EXECUTABLE),
    ("exe", b"x", None),
    ("", b"", None),
])
def test_verdicts(name, head, verdict):
    assert refusal(name, 10, head, LIMITS) == verdict


def test_the_limit_itself_is_allowed():
    assert refusal("a.txt", 1000, b"x", LIMITS) is None
    assert refusal("a.txt", 1001, b"x", LIMITS) == TOO_LARGE


def test_a_company_may_take_everything():
    assert refusal("setup.exe", 10, b"MZ\x90\x00", Limits(1000, parse_types(""))) is None


@given(st.binary(max_size=4000) | st.binary(max_size=40).map(lambda part: part * 100))
@example(b"a" * 10_000)
def test_what_is_packed_comes_back_and_is_smaller(content):
    packed = pack(content)

    if packed is not None:
        assert unpack(packed) == content
        assert len(packed) <= len(content) * 0.9
        assert pack(content) == packed


@given(st.text(max_size=40))
def test_every_name_has_an_extension_or_none(name):
    found = extension(name)

    assert found == found.lower()
    assert "." not in found
    assert "/" not in found
