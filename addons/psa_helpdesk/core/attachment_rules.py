"""Which files a ticket takes, and how they are kept. Pure: bytes in, bytes or a verdict out."""

import gzip
import re
from dataclasses import dataclass

TOO_LARGE = "too_large"
EXECUTABLE = "executable"
HEAD_SIZE = 64  # bytes from the beginning of a file that tell what it is

MIN_TO_PACK = 256  # below, nothing is saved on disk
WORTH_PACKING = 0.9  # at most this part of the size is left
PACKED_SUFFIX = "-gz"

# What is run by opening it: programs, scripts of Windows, shortcuts and what installs something.
DEFAULT_BLOCKED = (
    "ade adp app appx appxbundle bat cab chm cmd com cpl diagcab dll dmg elf exe gadget hlp hta inf ins iso isp jar jnlp js jse lnk lua "
    "msc msi msix msp mst pif pl ps1 ps1xml psc1 psd1 psm1 py reg scf scr sct sh sys url vb vbe vbs vhd vhdx vxd ws wsc wsf wsh xll"
)

_PROGRAMS = {b"MZ": "exe", b"\x7fELF": "elf", b"#!": "sh", b"L\x00\x00\x00\x01\x14\x02\x00": "lnk"}
_MACH_O = (b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe")


@dataclass(frozen=True)
class Limits:
    """What a desk takes."""

    max_bytes: int
    blocked: frozenset[str]


def parse_types(text: str) -> frozenset[str]:
    """Return the extensions of a list as people write it.

    >>> sorted(parse_types(".EXE, bat;*.cmd\\nvbs"))
    ['bat', 'cmd', 'exe', 'vbs']
    """
    return frozenset(word.lstrip("*.").lower() for word in re.split(r"[\s,;]+", text or "") if word.strip("*."))


def extension(name: str) -> str:
    """Return the extension that Windows goes by: it forgets trailing dots and spaces, and what hides behind a colon.

    >>> extension("Invoice.pdf.EXE . "), extension("notes"), extension("run.bat:x.txt")
    ('exe', '', 'bat')
    """
    name = re.sub(r"[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\x00-\x1f]", "", name or "")
    name = name.replace("\\", "/").rsplit("/", 1)[-1].split(":", 1)[0].rstrip(". \u00a0")
    return name.rsplit(".", 1)[1].strip().lower() if "." in name else ""


def content_type(head: bytes) -> str:
    """Return the extension that a program's first bytes stand for, whatever it is called; empty for what is no program.

    >>> content_type(b"MZ\\x90\\x00\\x03"), content_type(b"%PDF-1.7")
    ('exe', '')
    """
    head = bytes(head[:HEAD_SIZE])
    for magic, kind in _PROGRAMS.items():
        if head.startswith(magic) and not (kind == "exe" and _is_text(head)):
            return kind
    if head[:4] in _MACH_O:
        return "app"
    return ""


def _is_text(head):
    return len(head) > 4 and all(byte in b"\t\r\n" or byte >= 32 for byte in head)


def refusal(name: str, size: int, head: bytes, limits: Limits) -> str | None:
    """Return why a file is not taken, or None if it is.

    >>> limits = Limits(max_bytes=10, blocked=frozenset({"exe"}))
    >>> refusal("a.txt", 11, b"hello", limits), refusal("a.txt", 9, b"MZ\\x90\\x00", limits), refusal("a.txt", 9, b"hi", limits)
    ('too_large', 'executable', None)
    """
    if extension(name) in limits.blocked or content_type(head) in limits.blocked:
        return EXECUTABLE
    return TOO_LARGE if size > limits.max_bytes else None


def pack(content: bytes) -> bytes | None:
    """Return the content compressed, or None if that does not save a tenth of it."""
    if len(content) < MIN_TO_PACK:
        return None
    # Pictures, films and archives do not get smaller; a sample says so without packing them all.
    if len(content) > 1_000_000 and len(gzip.compress(content[:200_000], 1)) > 195_000:
        return None
    packed = gzip.compress(content, 6, mtime=0)
    return packed if len(packed) <= len(content) * WORTH_PACKING else None


def unpack(packed: bytes) -> bytes:
    """Return what was packed; the format's own checksum finds what is damaged."""
    return gzip.decompress(packed)
