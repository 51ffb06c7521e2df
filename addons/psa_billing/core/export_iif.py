"""Invoices and credit notes for QuickBooks Desktop, as an IIF file. Pure: plain data in, bytes out.

Format, from Intuit's reference for transactions in import files (in-product help "IIF reference: transactions",
support.quickbooks.intuit.com … /IIF/iif_reference_transactions.html): tab-separated; headers ``!TRNS``, ``!SPL``,
``!ENDTRNS``; one ``TRNS`` row for the receivable account, one ``SPL`` row for each distribution line, then ``ENDTRNS``.
``TRNSTYPE``, ``ACCNT`` and ``AMOUNT`` are required; debits are positive, credits negative, and a transaction sums to 0.
``TRNSTYPE`` is ``INVOICE`` or ``CREDIT MEMO``. Dates are month/day/year. ``QNTY`` of a sale is negative. The tax row
has ``AUTOSTAX`` in ``EXTRA``, which keeps QuickBooks from computing another one.
QuickBooks Desktop reads the Windows character set and ends rows with CR LF.
"""

from .export_model import dated, harmless, in_charset, money, number, one_line

CHARSET = "cp1252"
END = "\r\n"

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
        rows.extend(_transaction(document))
    return in_charset(END.join("\t".join(row) for row in rows) + END, CHARSET).encode(CHARSET)


def _transaction(document):
    sign = -1 if document.is_credit else 1
    kind = "CREDIT MEMO" if document.is_credit else "INVOICE"
    day, customer = dated(document.date, "mdy"), _text(document.customer)
    taxable = any(tax.amount for tax in document.taxes)
    address = [document.customer, *document.address, " ".join(filter(None, (document.city, document.region, document.postal_code)))]
    address = [_text(line) for line in address if line][:5]
    yield _row(
        "TRNS", TRNS_COLUMNS,
        TRNSTYPE=kind, DATE=day, ACCNT=_text(document.receivable), NAME=customer, AMOUNT=money(sign * document.total),
        DOCNUM=_text(document.number), MEMO=_text(document.memo), CLEAR="N", TOPRINT="N",
        NAMEISTAXABLE="Y" if taxable else "N",
        **{f"ADDR{place}": line for place, line in enumerate(address, 1)},
        DUEDATE=dated(document.due_date, "mdy"), TERMS=_text(document.term), PONUM=_text(document.reference),
    )  # fmt: skip
    for line in document.lines:
        yield _row(
            "SPL", SPL_COLUMNS,
            TRNSTYPE=kind, DATE=day, ACCNT=_text(line.account), AMOUNT=money(-sign * line.amount),
            DOCNUM=_text(document.number), MEMO=_text(line.description), CLEAR="N", QNTY=number(-sign * line.quantity),
            PRICE=number(line.price_unit), INVITEM=_text(line.item), TAXABLE="Y" if line.tax else "N",
        )  # fmt: skip
    for tax in document.taxes:
        yield _row(
            "SPL", SPL_COLUMNS,
            TRNSTYPE=kind, DATE=day, ACCNT=_text(tax.account), AMOUNT=money(-sign * tax.amount),
            DOCNUM=_text(document.number), MEMO=_text(tax.name), CLEAR="N", INVITEM=_text(tax.name), TAXABLE="N",
            EXTRA="AUTOSTAX",
        )  # fmt: skip
    yield ("ENDTRNS",)


def _row(keyword, columns, **cells):
    return (keyword, *(cells.get(column, "") for column in columns))


def _text(text):
    # A quote would start a quoted cell that swallows the tabs behind it.
    return harmless(one_line(text).replace('"', "'"))
