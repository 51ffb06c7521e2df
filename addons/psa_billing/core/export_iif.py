"""Invoices and credit notes for QuickBooks Desktop, as an IIF file. Pure: plain data in, bytes out.

Format, from Intuit's reference for transactions in import files (in-product help "IIF reference: transactions",
support.quickbooks.intuit.com … /IIF/iif_reference_transactions.html): tab-separated; headers ``!TRNS``, ``!SPL``,
``!ENDTRNS``; one ``TRNS`` row for the receivable account, one ``SPL`` row for each distribution line, then ``ENDTRNS``.
``TRNSTYPE``, ``ACCNT`` and ``AMOUNT`` are required; debits are positive, credits negative, and a transaction sums to 0.
``TRNSTYPE`` is ``INVOICE`` or ``CREDIT MEMO``. Dates are month/day/year; the year is written in full. ``QNTY`` of a sale is
negative. There is one tax row, with ``AUTOSTAX`` in ``EXTRA``: its amount stands, QuickBooks computes none. Where sales tax
is switched on, it has to be there, of 0.00, for an invoice without tax as well; and a semicolon ends a transaction (both from
github.com, NewPath-Consulting/quickbooks-for-wildapricot, iif-specification-and-notes.md).
QuickBooks Desktop reads the Windows character set and ends rows with CR LF. Its number has 11 characters, so ours is
shortened, see :func:`.export_limits.short_number`, and stands in full in the memo.
"""

from decimal import Decimal

from .export_limits import check_names, short_number
from .export_model import cut, dated, harmless, in_charset, money, number, one_line

CHARSET = "cp1252"
END = "\r\n"
# The account QuickBooks itself makes when sales tax is switched on.
TAX_ACCOUNT = "Sales Tax Payable"
ADDRESS_LENGTH = 41
MEMO_LENGTH = 4095
REFERENCE_LENGTH = 25

TRNS_COLUMNS = (
    "TRNSID", "TRNSTYPE", "DATE", "ACCNT", "NAME", "CLASS", "AMOUNT", "DOCNUM", "MEMO", "CLEAR", "TOPRINT",
    "NAMEISTAXABLE", "ADDR1", "ADDR2", "ADDR3", "ADDR4", "ADDR5", "DUEDATE", "TERMS", "PONUM",
)  # fmt: skip
SPL_COLUMNS = (
    "SPLID", "TRNSTYPE", "DATE", "ACCNT", "NAME", "CLASS", "AMOUNT", "DOCNUM", "MEMO", "CLEAR", "QNTY", "PRICE",
    "INVITEM", "TAXABLE", "EXTRA",
)  # fmt: skip


def write(documents):
    """Return the IIF file of these documents, or raise :class:`ExportError` if one does not balance."""
    rows = [("!TRNS", *TRNS_COLUMNS), ("!SPL", *SPL_COLUMNS), ("!ENDTRNS",)]
    for document in documents:
        document.check_balance()
        check_names(document)
        rows.extend(_transaction(document))
    return in_charset(END.join("\t".join(row) for row in rows) + END, CHARSET).encode(CHARSET)


def _transaction(document):
    sign = -1 if document.is_credit else 1
    kind = "CREDIT MEMO" if document.is_credit else "INVOICE"
    day, docnum = dated(document.date, "mdy"), short_number(document.number)
    taxable = any(tax.amount for tax in document.taxes)
    address = [document.customer, *document.address, " ".join(filter(None, (document.city, document.region, document.postal_code)))]
    address = [_text(line, ADDRESS_LENGTH) for line in address if line][:5]
    yield _row(
        "TRNS", TRNS_COLUMNS,
        TRNSTYPE=kind, DATE=day, ACCNT=document.receivable, NAME=document.customer, AMOUNT=money(sign * document.total),
        DOCNUM=docnum, MEMO=_text(" ".join(filter(None, (document.number, document.memo)))), CLEAR="N", TOPRINT="N",
        NAMEISTAXABLE="Y" if taxable else "N",
        **{f"ADDR{place}": line for place, line in enumerate(address, 1)},
        DUEDATE=dated(document.due_date, "mdy"), TERMS=document.term, PONUM=_text(document.reference, REFERENCE_LENGTH),
    )  # fmt: skip
    for line in document.lines:
        yield _row(
            "SPL", SPL_COLUMNS,
            TRNSTYPE=kind, DATE=day, ACCNT=line.account, AMOUNT=money(-sign * line.amount),
            DOCNUM=docnum, MEMO=_text(line.description), CLEAR="N", QNTY=number(-sign * line.quantity),
            PRICE=number(line.price_unit), INVITEM=line.item, TAXABLE="Y" if line.is_taxed else "N",
        )  # fmt: skip
    for name, account, amount in _tax_rows(document):
        yield _row(
            "SPL", SPL_COLUMNS,
            TRNSTYPE=kind, DATE=day, ACCNT=account, AMOUNT=money(-sign * amount), DOCNUM=docnum, MEMO=_text(name),
            CLEAR="N", INVITEM=name, TAXABLE="N", EXTRA="AUTOSTAX",
        )  # fmt: skip
    yield ("ENDTRNS",)


def _tax_rows(document):
    """Return ``(name, account, amount)`` of each tax: the parts of a group are one tax."""
    rows = {}
    for tax in document.taxes:
        _name, account, amount = rows.get(tax.name, (tax.name, tax.account, Decimal(0)))
        rows[tax.name] = (tax.name, account, amount + tax.amount)
    if not rows and document.untaxed:
        return [(document.untaxed, TAX_ACCOUNT, Decimal(0))]
    return list(rows.values())


def _row(keyword, columns, **cells):
    # Names go as they are; whatever they hold, a cell neither ends before its tab nor begins another row.
    return (keyword, *(one_line(cells.get(column, "")).replace('"', "'") for column in columns))


def _text(text, length=MEMO_LENGTH):
    # A quote would start a quoted cell that swallows the tabs behind it.
    return cut(harmless(one_line(text).replace('"', "'").replace(";", ",")), length)
