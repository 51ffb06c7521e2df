"""What a supplier quoted for a line of our own quote: its address on the web, until when its price holds, and what is left for us.

Plain functions on text, dates and Decimal amounts.
"""
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from urllib.parse import urlsplit


class InvalidLink(ValueError):
    """The text is no address of a web page; ``text`` is what was given."""

    def __init__(self, text: str):
        super().__init__(text)
        self.text = text


@dataclass(frozen=True)
class Margin:
    """What is left of a line: ``amount``, rounded to the currency, and ``ratio`` of what the customer pays, None if he pays nothing."""

    amount: Decimal
    ratio: Decimal | None


def margin(subtotal: Decimal, cost: Decimal, quantity: Decimal, rounding: Decimal) -> Margin:
    """Return what is left when ``quantity`` pieces that cost us ``cost`` each are sold for ``subtotal`` in all.

    :param rounding: the smallest amount of the currency
    """
    amount = ((subtotal - cost * quantity) / rounding).quantize(Decimal(1), ROUND_HALF_UP) * rounding
    return Margin(amount, (amount / subtotal).quantize(Decimal('0.0001'), ROUND_HALF_UP) if subtotal else None)


def normalize_link(text: str) -> str:
    """Return the address of a web page; raise :class:`InvalidLink` for anything else.

    Only what a browser opens as a page is taken: a link that runs a script or opens a file would do so for a colleague.
    An address without protocol is understood.

    >>> normalize_link(' supplier.example/quotes/Q-17 ')
    'https://supplier.example/quotes/Q-17'
    """
    link = (text or '').strip()
    if any(character.isspace() or ord(character) < 32 or character in '<>"\\' for character in link):
        raise InvalidLink(text)
    try:
        parts = urlsplit(link)
        if not parts.scheme or (':' in link and '//' not in link):
            # A port after the name looks like a protocol: supplier.example:8443/quotes.
            head = link.split('/', 1)[0]
            name, colon, port = head.partition(':')
            if colon and (not port.isdigit() or '.' not in name):
                raise InvalidLink(text)
            link = f'https://{link}'
            parts = urlsplit(link)
        host, _port = parts.hostname, parts.port
    except InvalidLink:
        raise
    except ValueError:
        raise InvalidLink(text) from None
    if parts.scheme.lower() not in ('http', 'https') or not host or '.' not in host.strip('.') or '@' in parts.netloc:
        raise InvalidLink(text)
    return link


def is_expired(valid_until: date | None, today: date) -> bool:
    """Tell whether a price no longer holds. It holds on its last day, and for ever if no day was given.

    >>> is_expired(date(2027, 1, 31), date(2027, 1, 31)), is_expired(date(2027, 1, 31), date(2027, 2, 1))
    (False, True)
    """
    return bool(valid_until) and valid_until < today
