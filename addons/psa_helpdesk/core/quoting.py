"""What is new in an answer, and what it only quotes of the mails before. Pure: text or HTML in, text or HTML out.

Mail clients agree on nothing: Gmail, Apple Mail and Thunderbird put what they quote into a block and a line "On … wrote:" before
it, Outlook repeats the header of the mail, phones write "Original Message", plain text has ">" before each line. So a body is
looked at as lines, whatever it is made of, and what is quoted at its end is cut off. What is quoted further up stays: somebody
answered below it, and the answer makes no sense without. So does a mail that quotes only: it was forwarded.
"""

import itertools
import re
from copy import deepcopy
from dataclasses import dataclass

from lxml import etree, html

LOOK_BACK = 4  # lines that an attribution may be broken into
LOOK_AHEAD = 9  # lines in which the header of an earlier mail is found
MAX_ATTRIBUTION = 400
HEADER_DEPTH = 4  # elements around the first word of a header

_WROTE = re.compile(
    r"\b(?:wrote|writes|schrieb(?:en)?|schreibt|a écrit|escribi[oó]|ha scritto|schreef|escreveu|napisał\(?a?\)?|pisze"
    r"|napsal\(?a?\)?|skrev|kirjoitti|написал\(?а?\)?|пишет|yazdı|írta|a scris)\b",
    re.IGNORECASE,
)
_DELIMITER = re.compile(
    r"^\W{0,4}-{2,}\s*(?:original message|ursprüngliche nachricht|originalnachricht|message d['’]origine|mensaje original"
    r"|messaggio originale|oorspronkelijk bericht|mensagem original|originalmeddelelse|ursprungligt meddelande|opprinnelig melding"
    r"|alkuperäinen viesti|wiadomość oryginalna|původní zpráva|исходное сообщение)\s*-{2,}$",
    re.IGNORECASE,
)
_FORWARDED = re.compile(
    r"^\W*(?:begin forwarded message|forwarded message|weitergeleitete nachricht|anfang der weitergeleiteten|message transféré"
    r"|début du message réexpédié|mensaje reenviado|messaggio inoltrato|doorgestuurd bericht)",
    re.IGNORECASE,
)
_FROM = re.compile(r"^\W{0,3}(?:from|von|de|da|van|od|från|fra|från|lähettäjä|от)\s?\W{0,2}:", re.IGNORECASE)
_HEADERS = (
    _FROM,
    re.compile(
        r"^\W{0,3}(?:sent|date|gesendet|datum|envoyé|enviado|enviada em|fecha|inviato|data|verzonden|wysłano|skickat|sendt|dato"
        r"|lähetetty|odesláno|отправлено|дата)\s?(?: (?:am|le|el|il|op))?\s?\W{0,2}:",
        re.IGNORECASE,
    ),
    re.compile(r"^\W{0,3}(?:to|an|à|para|a|aan|do|till|til|vastaanottaja|komu|кому)\s?\W{0,2}:", re.IGNORECASE),
    re.compile(
        r"^\W{0,3}(?:subject|betreff|objet|asunto|assunto|oggetto|onderwerp|temat|ämne|emne|aihe|předmět|тема)\s?\W{0,2}:", re.IGNORECASE
    ),
)
_RULE = re.compile(r"^[\s_]*_{5,}[\s_]*$")
# Without one of these nothing is quoted; most of what people write here has none, and is not even parsed.
_HINT = re.compile(r"quote|original|divrplyfwd|reference-message|(?:^|[>\n])\s*(?:>|&gt;)|-{2,}|:[^:]*:[^:]*:", re.IGNORECASE)

_BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "body", "center", "dd", "div", "dl", "dt", "fieldset", "figure", "footer", "form", "h1",
    "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table", "tbody", "td", "tfoot", "th",
    "thead", "tr", "ul",
))
_HIDDEN = frozenset(("style", "script", "head", "title"))
_PICTURES = frozenset(("img", "video", "audio", "object", "iframe", "svg"))
_QUOTE_CLASS = re.compile(
    r"(?:^|[\s_-])(?:gmail_quote|gmail_quote_container|yahoo_quoted|protonmail_quote|zmail_extra|tutanota_quote|o_psa_quote)(?:$|\s)"
)
_QUOTE_IDS = frozenset(("mail-editor-reference-message-container", "yahoo_quoted"))
_HEADER_ID = "divRplyFwdMsg"  # Outlook on the web: the header of the mail it answers
_PICTURE = "\ufffc"


@dataclass(frozen=True)
class Parts:
    """A body in two parts that make up the whole."""

    new: str
    quote: str = ""


@dataclass
class Line:
    """A line as a reader sees it."""

    text: str
    is_quoted: bool = False
    is_header: bool = False  # the mail client says that an earlier mail begins here
    start: tuple = ()  # (node, is in its tail, position in the text)


def split_text(text: str) -> Parts:
    """Return what is new and what is quoted of a plain text.

    >>> split_text("Works now.\\n\\nOn 3 Mar 2026, Ann wrote:\\n> Try again\\n")
    Parts(new='Works now.\\n\\n', quote='On 3 Mar 2026, Ann wrote:\\n> Try again\\n')
    """
    raw = (text or "").splitlines(keepends=True)
    cut = find_cut([Line(line, line.lstrip().startswith(">")) for line in raw])
    return Parts("".join(raw[:cut]), "".join(raw[cut:]))


def split_html(body: str) -> Parts:
    """Return what is new and what is quoted of an HTML body; where nothing is quoted the body comes back as it was.

    >>> split_html("<p>Thanks!</p><blockquote type='cite'><p>Try again</p></blockquote>")
    Parts(new='<p>Thanks!</p>', quote='<blockquote type="cite"><p>Try again</p></blockquote>')
    """
    body = body or ""
    if not _HINT.search(body):
        return Parts(body)
    try:
        root = html.fragment_fromstring(body, create_parent="div", parser=html.HTMLParser(encoding=None, remove_comments=True))
    except (etree.ParserError, ValueError):
        return Parts(body)
    lines = html_lines(root)
    cut = find_cut(lines)
    if cut >= len(lines):
        return Parts(body)
    mark = _mark(lines[cut].start)
    return Parts(_inner(_before(root, mark)), _inner(_after(root, mark)))


def find_cut(lines) -> int:
    """Return the number of the first line of what is quoted at the end; the number of lines if nothing is.

    >>> find_cut([Line("Yes"), Line(""), Line("> Is it?", True)])
    2
    """
    has_new, cut, is_cut = False, len(lines), False
    for number, line in enumerate(lines):
        if has_new and not line.is_quoted and (_DELIMITER.match(line.text.strip()) or _starts_header(lines, number)):
            cut, is_cut = number, True
            break
        has_new = has_new or not (line.is_quoted or _is_blank(line))
    while True:
        start, quotes = cut, False
        while start and (lines[start - 1].is_quoted or _is_blank(lines[start - 1])):
            start -= 1
            quotes = quotes or lines[start].is_quoted
        if not quotes:
            break
        cut, is_cut = start - _attribution(lines, start), True
    while is_cut and cut and _RULE.match(lines[cut - 1].text):
        cut -= 1
    if not is_cut or all(line.is_quoted or _is_blank(line) for line in lines[:cut]):
        return len(lines)
    while cut < len(lines) and not lines[cut].text.strip():
        cut += 1
    return cut


def _is_blank(line):
    return not line.text.strip("\u200b\u200c\ufeff \t\r\n\xa0") or bool(_RULE.match(line.text))


def _starts_header(lines, number):
    """Return whether the header of an earlier mail starts in this line."""
    if lines[number].is_header:
        return True
    if not _FROM.match(lines[number].text.strip()):
        return False
    above = [line for line in lines[max(0, number - 3):number] if not _is_blank(line)][-1:]
    if above and _FORWARDED.match(above[0].text.strip()):
        return False  # somebody passes a mail on: that is what he has to say
    ahead = [line.text.strip() for line in lines[number:number + LOOK_AHEAD]]
    return sum(any(header.match(text) for text in ahead) for header in _HEADERS) >= 3


def _attribution(lines, end):
    """Return how many lines before ``end`` say who wrote what is quoted from there."""
    for count in range(1, min(LOOK_BACK, end) + 1):
        line = lines[end - count]
        if line.is_quoted or _is_blank(line):
            return 0
        text = " ".join(each.text.strip() for each in lines[end - count:end])
        if len(text) > MAX_ATTRIBUTION or not text.endswith(":"):
            return 0
        # It begins with a name or a date: a line that only ends in "wrote:" goes on above.
        if _WROTE.search(text) and re.search(r"\d|@", text) and not (count < LOOK_BACK and _goes_on(lines, end - count)):
            return count
    return 0


def _goes_on(lines, number):
    """Return whether an attribution began in the line before: "On Monday, 2 March 2026 at 10:00," and the name below."""
    if not number:
        return False
    line = lines[number - 1]
    return not line.is_quoted and bool(re.match(
        r"^(?:On|Am|Le|El|Il|Op|Em|W dniu|Den|Dne)\b.*\d", line.text.strip()
    )) and not line.text.strip().endswith((".", "!", "?", ":"))


def html_lines(root):
    """Return the lines of an HTML tree in the order of reading, each with the place where it starts."""
    lines, current = [], None

    def add(node, in_tail, text, quoted, is_pre):
        nonlocal current
        in_header = not in_tail and any(
            each.get("id") == _HEADER_ID for each in (node, *itertools.islice(node.iterancestors(), HEADER_DEPTH))
        )
        position = 0
        for piece in text.split("\n") if is_pre else [text]:
            if position:
                current = None
            if piece and (current or piece.strip()):
                if current is None:
                    current = Line("", quoted, in_header, (node, in_tail, position))
                    lines.append(current)
                current.text += piece if is_pre else re.sub(r"\s+", " ", piece)
            position += len(piece) + 1

    # (node, quoted, is_pre, entering): without recursion, however deep somebody nests his mail
    todo = [(root, False, False, True)]
    while todo:
        node, quoted, is_pre, entering = todo.pop()
        if not entering:
            if node.tag in _BLOCKS:
                current = None
            if node is not root and node.tail:
                add(node, True, node.tail, quoted, is_pre)
            continue
        inside = quoted or _is_quote(node)
        is_text = is_pre or node.tag == "pre"
        if node.tag in _BLOCKS or node.tag == "br" or inside != quoted:
            current = None
        todo.append((node, quoted, is_pre, False))
        if node.tag in _HIDDEN or not isinstance(node.tag, str):
            continue
        if (node.tag in _PICTURES and node.get("width") not in ("0", "1")) or node.tag == "hr":
            if current is None:
                current = Line("", inside, False, (node, None, 0))
                lines.append(current)
            current.text += _PICTURE if node.tag in _PICTURES else "_____"
        if node.text:
            add(node, False, node.text, inside, is_text)
        todo.extend((child, inside, is_text, True) for child in reversed(node))
    for line in lines:
        line.is_quoted = line.is_quoted or line.text.lstrip().startswith(">")
    return lines


def _is_quote(node):
    """Return whether an element holds what a mail client quotes."""
    if not isinstance(node.tag, str):
        return False
    classes = node.get("class") or ""
    found = (
        (node.tag == "blockquote" and (node.get("type") == "cite" or node.get("cite")))
        or (classes and (_QUOTE_CLASS.search(classes) or "moz-cite-prefix" in classes))
        or node.get("id") in _QUOTE_IDS
    )
    return bool(found) and not _FORWARDED.match("".join(node.itertext())[:200].strip())


def _mark(start):
    """Put an empty element where a line starts, as early as nothing but markup is between, and return it."""
    node, in_tail, position = start
    mark = etree.Element("psa-cut")
    if in_tail is None:
        parent = node.getparent()
        parent.insert(parent.index(node), mark)
    elif in_tail:
        parent = node.getparent()
        text = node.tail
        node.tail = text[:position]
        parent.insert(parent.index(node) + 1, mark)
        mark.tail = text[position:]
    else:
        text = node.text
        node.text = text[:position]
        node.insert(0, mark)
        mark.tail = text[position:]
    # A quote that begins with its block is cut off with the block.
    while not (mark.getparent().text or "").strip() and mark.getparent().index(mark) == 0 and mark.getparent().getparent() is not None:
        element = mark.getparent()
        tail, mark.tail = mark.tail, None
        element.remove(mark)
        element.text = (element.text or "") + (tail or "")
        parent = element.getparent()
        parent.insert(parent.index(element), mark)
    return mark


def _path(root, mark):
    """Return the positions that lead from the root to the mark."""
    path = []
    while mark is not root:
        parent = mark.getparent()
        path.append(parent.index(mark))
        mark = parent
    return path[::-1]


def _before(root, mark):
    """Return a copy of the tree up to the mark."""
    path, copy = _path(root, mark), deepcopy(root)
    node = copy
    for depth, index in enumerate(path):
        for child in node[index + 1:]:
            node.remove(child)
        child = node[index]
        child.tail = None
        if depth == len(path) - 1:
            node.remove(child)
        node = child
    return copy


def _after(root, mark):
    """Return a copy of the tree from the mark on."""
    path, copy = _path(root, mark), deepcopy(root)
    node = copy
    for depth, index in enumerate(path):
        node.text = None
        for child in node[:index]:
            node.remove(child)
        node = node[0]
        if depth == len(path) - 1:
            parent = node.getparent()
            parent.text = node.tail
            parent.remove(node)
    return copy


def _inner(root):
    """Return what is inside the root as HTML."""
    parts = [_escape(root.text or "")]
    parts.extend(etree.tostring(child, encoding="unicode", method="html") for child in root)
    return "".join(parts)


def _escape(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
