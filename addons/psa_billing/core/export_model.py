"""What an accounting export writes, whatever the format: invoices and credit notes as plain data. Pure."""

import io
import unicodedata
import zipfile
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

FORMULA_STARTS = ("=", "+", "-", "@")
CENT = Decimal("0.01")


class ExportError(ValueError):
    """A document cannot be written; ``why`` and ``number`` say what is wrong with which."""

    def __init__(self, why, number, difference=None):
        super().__init__(f"{why}: {number}")
        self.why = why
        self.number = number
        self.difference = difference


@dataclass(frozen=True)
class Line:
    """One line of an invoice, in the invoice's sense: positive is charged. Names are the other program's."""

    description: str
    quantity: Decimal
    price_unit: Decimal
    amount: Decimal
    account: str
    item: str = ""
    tax: str = ""
    tax_amount: Decimal = Decimal(0)
    service_date: date | None = None
    is_taxed: bool = False


@dataclass(frozen=True)
class TaxLine:
    """One tax of a document, in the invoice's sense."""

    name: str
    account: str
    amount: Decimal


@dataclass(frozen=True)
class Document:
    """A posted invoice or credit note. Amounts of both are positive as a rule; ``is_credit`` says which it is."""

    number: str
    is_credit: bool
    customer: str
    date: date
    due_date: date
    currency: str
    receivable: str
    total: Decimal
    lines: tuple[Line, ...]
    taxes: tuple[TaxLine, ...] = ()
    term: str = ""
    reference: str = ""
    memo: str = ""
    email: str = ""
    address: tuple[str, ...] = ()
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""
    customer_id: int = 0
    is_own_name: bool = False  # the customer goes by the name he has here: the mapping has no other
    untaxed: str = ""  # what the other program calls "no tax"

    def check_balance(self):
        """Refuse a document whose lines and taxes are not its total to the cent."""
        parts = sum((line.amount for line in self.lines), Decimal(0)) + sum((tax.amount for tax in self.taxes), Decimal(0))
        if parts != self.total:
            raise ExportError("unbalanced", self.number, self.total - parts)


def one_line(text):
    """Return a text without line breaks, tabs and control characters.

    >>> one_line("Rollers\\tcleared\\r\\nand oiled")
    'Rollers cleared and oiled'
    """
    plain = "".join(" " if unicodedata.category(char) in ("Cc", "Zl", "Zp") else char for char in text or "")
    return " ".join(plain.split())


def starts_a_formula(text):
    """Tell whether a spreadsheet would run a text instead of showing it.

    >>> starts_a_formula("=1+1"), starts_a_formula(" -Sales"), starts_a_formula("Sales - rest")
    (True, True, False)
    """
    return text.lstrip(" '\"\t\r\n").startswith(FORMULA_STARTS)


def harmless(text):
    """Return a free text that no spreadsheet takes for a formula. Names are not for this, see :mod:`.export_limits`.

    A leading sign is kept readable behind an apostrophe, which spreadsheets hide (OWASP, "CSV Injection").

    >>> harmless("=HYPERLINK(1)"), harmless(" @sum"), harmless("plain")
    ("'=HYPERLINK(1)", "' @sum", 'plain')
    """
    return f"'{text}" if starts_a_formula(text) else text


def cut(text, length):
    """Return a text that is at most so long.

    >>> cut("Replaced the rollers", 12), cut("Rollers", 12)
    ('Replaced th…', 'Rollers')
    """
    return text if len(text) <= length else f"{text[: length - 1]}…"


def money(amount):
    """Return an amount with two digits and a point, whatever its size. No amount is rounded here.

    >>> money(Decimal("1234.5")), money(Decimal("-0.10"))
    ('1234.50', '-0.10')
    """
    cents = amount.quantize(CENT)
    if cents != amount:
        raise ExportError("more_than_cents", str(amount))
    # Plus 0: what is nothing has no sign.
    return f"{cents + 0:f}"


def number(value):
    """Return a quantity or price as short as it can be written.

    >>> number(Decimal("1.2500")), number(Decimal("3E+2"))
    ('1.25', '300')
    """
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


DATE_STYLES = {"mdy": "%m/%d/%Y", "dmy": "%d/%m/%Y", "iso": "%Y-%m-%d"}


def dated(day, style):
    """Return a date in a style: month first, day first, or year first.

    >>> dated(date(2026, 3, 9), "mdy"), dated(date(2026, 3, 9), "dmy")
    ('03/09/2026', '09/03/2026')
    """
    return day.strftime(DATE_STYLES[style])


def fitting(line, places):
    """Return quantity and price of a line for a program that has nothing but their product.

    Where the product is not the amount to the cent, or one of them has too many digits, the line is one piece.

    >>> fitting(Line("Support", Decimal("1.5"), Decimal("100"), Decimal("150.00"), "200"), 4)
    (Decimal('1.5'), Decimal('100'))
    >>> fitting(Line("Support", Decimal("3"), Decimal("0.333333"), Decimal("1.00"), "200"), 4)
    (Decimal('1'), Decimal('1.00'))
    """
    digits = max(len(number(value).partition(".")[2]) for value in (line.quantity, line.price_unit))
    if digits > places or (line.quantity * line.price_unit).quantize(CENT) != line.amount:
        return Decimal(1), line.amount
    return line.quantity, line.price_unit


def archive(files):
    """Return a zip file of ``(name, content)``: the same bytes each time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in files:
            zipped.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


def spread(total, amounts):
    """Return amounts that sum to a total: what rounding left over goes to the largest of them.

    >>> spread(Decimal("0.10"), (Decimal("0.03"), Decimal("0.06")))
    (Decimal('0.03'), Decimal('0.07'))
    """
    rest = total - sum(amounts, Decimal(0))
    if not rest or not amounts:
        return tuple(amounts)
    largest = max(range(len(amounts)), key=lambda place: abs(amounts[place]))
    return tuple(amount + rest if place == largest else amount for place, amount in enumerate(amounts))


def in_charset(text, charset):
    """Return a text of which every character is in a character set: accents go before letters do.

    >>> in_charset("Łódź – café", "cp1252")
    'Lódz – café'
    """
    result = []
    for char in text:
        try:
            char.encode(charset)
        except UnicodeEncodeError:
            plain = STROKES.get(char) or unicodedata.normalize("NFKD", char).encode("ascii", "ignore").decode()
            result.append(plain or "?")
        else:
            result.append(char)
    return "".join(result)


# Letters that Unicode does not take apart.
STROKES = {"Ł": "L", "ł": "l", "Đ": "D", "đ": "d", "ı": "i", "Ħ": "H", "ħ": "h"}
