"""What an entry of a ticket says, as plain text to search in and to show in lists. Pure: no database."""

import html
import re

_INVISIBLE = re.compile(r"<(script|style|head|title)\b.*?</\1\s*>|<!--.*?-->", re.IGNORECASE | re.DOTALL)
_BREAK = re.compile(r"<(?:br|/p|/div|/li|/tr|/h[1-6]|/pre|/blockquote|hr|/table)\b[^>]*>", re.IGNORECASE)
_CELL = re.compile(r"</t[dh]\b[^>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_SPACES = re.compile(r"[^\S\n]+")
_LINES = re.compile(r" ?\n[ \n]*")


def plain_text(body: str) -> str:
    """Return the text of an HTML body: one line for each of its paragraphs, single spaces, no markup.

    >>> plain_text("<p>The printer&nbsp;jams.</p><p>Since <b>Monday</b></p>")
    'The printer jams.\\nSince Monday'
    """
    text = _INVISIBLE.sub(" ", body or "")
    text = _CELL.sub(" ", _BREAK.sub("\n", text.replace("\r", "").replace("\n", " ")))
    text = html.unescape(_TAG.sub("", text)).replace("\x00", "")
    return _LINES.sub("\n", _SPACES.sub(" ", text)).strip()


def is_empty(body: str) -> bool:
    """Return whether a body shows nothing: neither text nor picture.

    >>> is_empty("<p><br></p>"), is_empty('<p><img src="/web/image/1"></p>')
    (True, False)
    """
    return not plain_text(body) and not re.search(r"<(?:img|video|audio|iframe|hr)\b", body or "", re.IGNORECASE)
