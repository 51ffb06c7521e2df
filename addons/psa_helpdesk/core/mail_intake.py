"""What kind of mail came in, and what a ticket made of it is called. Pure: headers and text in, plain data out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

NORMAL = "normal"
AUTOMATIC = "automatic"
AUTO_REPLY = "auto_reply"
BOUNCE = "bounce"
LOOP = "loop"

# A mail that passed this many servers goes round in circles; RFC 5321 asks for a limit of at least 100 at each of them.
MAX_HOPS = 60
MAX_NAME_LENGTH = 200
START_OF_BODY_LENGTH = 60

_REPLY_PREFIX = re.compile(
    r"^\s*(?:(?:re|r|aw|antw|antwort|sv|vs|rv|res|ref|fw|fwd|wg|tr|vl|i|enc|doorst)\s*(?:\[\d+\]|\(\d+\)|\^\d+)?\s*[:：]\s*)+",
    re.IGNORECASE,
)
_AUTO_REPLY_SUBJECT = re.compile(
    r"^\s*(?:re:\s*)?(?:auto(?:matic|mated)?[ -]?(?:reply|response|answer)|out[ -]of[ -](?:the[ -])?office|automatische antwort"
    r"|abwesenheits|réponse automatique|reponse automatique|respuesta automática|risposta automatica|automatisch antwoord"
    r"|autosvar|automatiskt svar|resposta automática|automatická odpověď|odpowiedź automatyczna|poissaolo|автоответ|自动回复|自動返信)",
    re.IGNORECASE,
)
_AUTOREPLY_HEADERS = (
    "x-autoreply", "x-autorespond", "x-auto-reply", "x-autoreply-from", "x-mail-autoreply", "x-autoresponder", "x-vacation",
)
_TICKET_MARK = re.compile(r"\[\s*([^\[\]\s]{2,32})\s*\]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")


@dataclass(frozen=True)
class Headers:
    """The facts about a mail that its kind depends on."""

    auto_submitted: str = ""
    precedence: str = ""
    autoreply_marks: tuple[str, ...] = ()
    sender: str = ""
    return_path: str | None = None
    subject: str = ""
    content_type: str = ""
    report_type: str = ""
    failed_recipients: str = ""
    loop_marks: tuple[str, ...] = ()
    is_reply: bool = False
    wants_no_answer: bool = False
    hops: int = 0

    @classmethod
    def of(cls, headers: Mapping[str, str], *, sender: str, subject: str, content_type: str, report_type: str, hops: int):
        """Build the facts from a mail's headers; names are looked up without regard to case."""
        lowered = {str(name).lower(): str(value) for name, value in headers.items()}
        return cls(
            auto_submitted=lowered.get("auto-submitted", ""),
            precedence=lowered.get("precedence", ""),
            autoreply_marks=tuple(
                lowered[name]
                for name in _AUTOREPLY_HEADERS
                if name in lowered
            ),
            sender=sender,
            return_path=lowered.get("return-path"),
            subject=subject,
            content_type=content_type,
            report_type=report_type,
            failed_recipients=lowered.get("x-failed-recipients", ""),
            loop_marks=tuple(part.strip() for part in lowered.get("x-loop", "").split(",") if part.strip()),
            wants_no_answer=lowered.get("x-auto-response-suppress", "").strip().lower() not in ("", "none"),
            is_reply=bool(lowered.get("in-reply-to", "").strip() or lowered.get("references", "").strip()),
            hops=hops,
        )


def is_bounce(mail: Headers) -> bool:
    """Return whether a mail server reports that a mail of ours did not arrive."""
    local_part = mail.sender.partition("@")[0].strip().lower()
    if local_part == "mailer-daemon" or mail.failed_recipients.strip():
        return True
    return mail.content_type.lower() == "multipart/report" and mail.report_type.lower() in ("", "delivery-status")


def classify(mail: Headers, own_addresses: frozenset[str] = frozenset()) -> str:
    """Return what kind of mail this is.

    ``loop`` is mail of our own that came back; ``bounce`` a report of a failed delivery; ``auto_reply`` what a machine
    answered to us and nobody has to work on; ``automatic`` what a machine wrote by itself (a monitor, a
    scanner): it is work, but must not be answered; ``normal`` is the rest.

    >>> classify(Headers(auto_submitted="auto-replied"))
    'auto_reply'
    >>> classify(Headers(auto_submitted="auto-generated", subject="Backup failed"))
    'automatic'
    >>> classify(Headers(sender="support@msp.example"), frozenset({"support@msp.example"}))
    'loop'
    """
    own = {address.lower() for address in own_addresses}
    if mail.sender.lower() in own or any(mark.lower() in own for mark in mail.loop_marks) or mail.hops > MAX_HOPS:
        return LOOP
    if is_bounce(mail):
        return BOUNCE
    submitted = mail.auto_submitted.split(";")[0].split("(")[0].strip().lower()
    precedence = mail.precedence.strip().lower()
    if (
        submitted == "auto-replied"
        or precedence in ("auto_reply", "auto-reply")
        or any(mark.strip().lower() not in ("no", "false", "0") for mark in mail.autoreply_marks)
        or (mail.content_type.lower() == "multipart/report" and mail.report_type.lower() == "disposition-notification")
        or _AUTO_REPLY_SUBJECT.match(mail.subject)
    ):
        return AUTO_REPLY
    by_machine = (
        submitted not in ("", "no")
        or precedence in ("bulk", "junk", "list")
        or (mail.return_path is not None and mail.return_path.strip() == "<>")
    )
    if by_machine:
        # What answers a mail of ours by itself is an auto-reply, however it calls itself; Exchange says auto-generated.
        return AUTO_REPLY if mail.is_reply else AUTOMATIC
    # Other help desks ask so in what their people write, too; then it is a word in a conversation.
    return AUTOMATIC if mail.wants_no_answer and not mail.is_reply else NORMAL


def clean_subject(subject: str) -> str:
    """Return the subject without reply and forward marks, control characters and runs of white space.

    >>> clean_subject("Re: AW: FW[2]:  Printer   jams ")
    'Printer jams'
    """
    text = " ".join(_CONTROL.sub(" ", subject or "").split())
    return " ".join(_REPLY_PREFIX.sub("", text).split())


def marked_numbers(subject: str) -> tuple[str, ...]:
    """Return what may be ticket numbers in a subject: answers keep them when mail programs drop all other traces.

    >>> marked_numbers("AW: [T00042] Printer [urgent]")
    ('T00042', 'urgent')
    """
    return tuple(dict.fromkeys(_TICKET_MARK.findall(subject or "")))


def ticket_name(subject: str, body_text: str, no_subject: str) -> str:
    """Return the name of a ticket made of a mail: its subject, or a placeholder with the start of the body.

    >>> ticket_name("", "The door does not open. Please help.", "(no subject)")
    '(no subject) The door does not open. Please help.'
    """
    name = clean_subject(subject)
    if not name:
        start = _shorten(" ".join(_CONTROL.sub(" ", body_text or "").split()), START_OF_BODY_LENGTH)
        name = f"{no_subject} {start}".strip()
    return _shorten(name, MAX_NAME_LENGTH)


def _shorten(text: str, length: int) -> str:
    """Cut at a word where there is one; never longer than ``length``."""
    if len(text) <= length:
        return text
    cut = text[: length - 1]
    at_word = cut.rsplit(" ", 1)[0]
    return (at_word if len(at_word) > length // 2 else cut).rstrip() + "…"
