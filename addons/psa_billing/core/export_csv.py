"""Invoices and credit notes for QuickBooks Online and Xero, in the columns their import pages read. Pure.

QuickBooks Online (Intuit, "Import invoices in batches" and "How to import credit notes", quickbooks.intuit.com/learn-support):
one row for each line, rows of one document share its number; the columns below are recognised by name. Invoices and credit
notes are imported on two pages, so they are two files. Numbers have no currency sign; the page asks how dates are written,
and whether amounts are without tax: they are.

Xero (Xero Central, "Import sales invoices", template ``SalesInvoiceTemplate.csv``): one row for each line, an asterisk marks
what is required, headings must not be changed, at most 500 documents a file. Rows of one document share its number. Credit
notes go with negative unit amounts in the same file: a document with a negative total becomes a credit note. Amounts are
without tax ("Tax Exclusive"); ``TaxAmount`` overrides what Xero would compute, so that the total is the invoice's. Dates are
written as the region of the organisation in Xero writes them.
"""

import csv
import io
from decimal import Decimal

from .export_model import CENT, ExportError, dated, harmless, money, number, one_line

QBO_COLUMNS = (
    "*InvoiceNo", "*Customer", "*InvoiceDate", "*DueDate", "Terms", "Memo", "Item(Product/Service)", "ItemDescription",
    "ItemQuantity", "ItemRate", "*ItemAmount", "Taxable", "ItemTaxCode", "ItemTaxAmount", "Currency", "Service Date",
)  # fmt: skip
QBO_CREDIT_COLUMNS = (
    "*CreditNoteNo", "*Customer", "*CreditNoteDate", "Memo", "Item(Product/Service)", "ItemDescription", "ItemQuantity",
    "ItemRate", "*ItemAmount", "Taxable", "ItemTaxCode", "ItemTaxAmount", "Currency", "Service Date",
)  # fmt: skip
XERO_COLUMNS = (
    "*ContactName", "EmailAddress", "POAddressLine1", "POAddressLine2", "POAddressLine3", "POAddressLine4", "POCity",
    "PORegion", "POPostalCode", "POCountry", "*InvoiceNumber", "Reference", "*InvoiceDate", "*DueDate", "Total",
    "InventoryItemCode", "*Description", "*Quantity", "*UnitAmount", "Discount", "*AccountCode", "*TaxType", "TaxAmount",
    "TrackingName1", "TrackingOption1", "TrackingName2", "TrackingOption2", "Currency", "BrandingTheme",
)  # fmt: skip
XERO_LIMIT = 500
XERO_DESCRIPTION_LENGTH = 4000


def write_qbo(documents, style):
    """Return ``{"invoices" or "credit-notes": bytes}`` for QuickBooks Online; what is empty is left out.

    :param style: how dates are written, see :func:`.export_model.dated`
    """
    files = {}
    for name, is_credit, columns in (("invoices", False, QBO_COLUMNS), ("credit-notes", True, QBO_CREDIT_COLUMNS)):
        rows = [row for document in documents if document.is_credit == is_credit for row in _qbo_rows(document, style)]
        if rows:
            files[name] = _file(columns, rows)
    return files


def write_xero(documents, style):
    """Return ``{"invoices" or "invoices-2" …: bytes}`` for Xero, at most 500 documents a file."""
    files = {}
    for start in range(0, len(documents), XERO_LIMIT):
        rows = [row for document in documents[start : start + XERO_LIMIT] for row in _xero_rows(document, style)]
        part = start // XERO_LIMIT + 1
        files["invoices" if part == 1 else f"invoices-{part}"] = _file(XERO_COLUMNS, rows)
    return files


def _qbo_rows(document, style):
    document.check_balance()
    check_tax_of_lines(document)
    head = "*CreditNote" if document.is_credit else "*Invoice"
    for line in document.lines:
        yield {
            f"{head}No": _text(document.number),
            "*Customer": _text(document.customer),
            f"{head}Date": dated(document.date, style),
            "*DueDate": dated(document.due_date, style),
            "Terms": _text(document.term),
            "Memo": _text(document.memo or document.reference),
            "Item(Product/Service)": _text(line.item),
            "ItemDescription": _text(line.description),
            "ItemQuantity": number(line.quantity),
            "ItemRate": number(line.price_unit),
            "*ItemAmount": money(line.amount),
            "Taxable": "Y" if line.tax else "N",
            "ItemTaxCode": _text(line.tax),
            "ItemTaxAmount": money(line.tax_amount),
            "Currency": document.currency,
            "Service Date": dated(line.service_date or document.date, style),
        }


def _xero_rows(document, style):
    document.check_balance()
    check_tax_of_lines(document)
    sign = -1 if document.is_credit else 1
    address = (*map(_text, document.address[:4]), "", "", "", "")
    for line in document.lines:
        # Xero has quantity × unit amount only: where these are not the amount to the cent, the line is one piece.
        quantity, price = line.quantity, line.price_unit
        if (quantity * price).quantize(CENT) != line.amount or len(number(price).partition(".")[2]) > 4:
            quantity, price = Decimal(1), line.amount
        yield {
            "*ContactName": _text(document.customer),
            "EmailAddress": _text(document.email),
            **{f"POAddressLine{place}": address[place - 1] for place in range(1, 5)},
            "POCity": _text(document.city),
            "PORegion": _text(document.region),
            "POPostalCode": _text(document.postal_code),
            "POCountry": _text(document.country),
            "*InvoiceNumber": _text(document.number),
            "Reference": _text(document.reference),
            "*InvoiceDate": dated(document.date, style),
            "*DueDate": dated(document.due_date, style),
            "Total": money(sign * document.total),
            "InventoryItemCode": _text(line.item),
            "*Description": _text(line.description)[:XERO_DESCRIPTION_LENGTH] or ".",
            "*Quantity": number(quantity),
            "*UnitAmount": number(sign * price),
            "*AccountCode": _text(line.account),
            "*TaxType": _text(line.tax),
            "TaxAmount": money(sign * line.tax_amount),
            "Currency": document.currency,
        }


def check_tax_of_lines(document):
    """Refuse a document whose taxes by line are not its taxes: the formats above know taxes by line only."""
    by_line = sum((line.tax_amount for line in document.lines), Decimal(0))
    whole = sum((tax.amount for tax in document.taxes), Decimal(0))
    if by_line != whole:
        raise ExportError("tax_of_lines", document.number, whole - by_line)


def _text(text):
    return harmless(one_line(text))


def _file(columns, rows):
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, restval="", extrasaction="ignore", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue().encode()
