"""Invoices and credit notes for QuickBooks Online and Xero, in the columns their import pages read. Pure.

Both: comma, point as decimal mark, no currency signs, UTF-8 without a mark in front (it would stick to the first heading),
CR LF, one row for each line of a document, rows of a document share its number. Amounts are without tax. Line breaks and
tabs in texts become blanks. A free text that starts like a formula gets an apostrophe; names are written as they are, see
:mod:`.export_limits`, where the limits are, too.

QuickBooks Online: the page reads columns by name, an asterisk marks what is required (Intuit, "Do we need to map field
everytime when import invoices", quickbooks.intuit.com/learn-support/en-ca …/394876); the spelling below is that of its
sample file, as public exporters write it (``*InvoiceNo,*Customer,*InvoiceDate,*DueDate,Terms,Location,Memo,
Item(Product/Service),ItemDescription,ItemQuantity,ItemRate,*ItemAmount,Service Date``, with ``Taxable`` where there is sales
tax and ``ItemTaxCode`` where there is VAT or GST); whatever is called otherwise is chosen on the page. It asks how dates are
written, and whether amounts are without tax. Credit notes have a page and so a file of their own ("How to import credit
notes", quickbooks.intuit.com/learn-support/en-us …/332855), with positive amounts.

Xero: the headings are those of its ``SalesInvoiceTemplate.csv`` and must not be changed (guide for the template,
online.flippingbook.com/view/399081/31). Credit notes go with negative unit amounts in the same file: "Xero will
automatically recognise credits as they are imported as negative values" (workbenchdoc.atlassian.net, "Sales Import").
``TaxAmount`` overrides what Xero would compute, so that the total is the invoice's. Dates are written as the region of the
organisation writes them (spreadsheetbroccoli.com, "How to Import Invoice to Xero").
"""

import csv
import io
from decimal import Decimal

from . import export_limits
from .export_model import ExportError, cut, dated, fitting, harmless, money, number, one_line

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
TEXT_LENGTH = 4000
# Digits behind the point.
QBO_PLACES = 5
XERO_PLACES = 4


def write_qbo(documents, style):
    """Return ``{"invoices", "invoices-2", "credit-notes" …: bytes}`` for QuickBooks Online; what is empty is left out.

    :param style: how dates are written, see :func:`.export_model.dated`
    """
    files = {}
    for name, is_credit, columns in (("invoices", False, QBO_COLUMNS), ("credit-notes", True, QBO_CREDIT_COLUMNS)):
        own = [document for document in documents if document.is_credit == is_credit]
        files.update(_files("qbo", name, own, columns, lambda document: _qbo_rows(document, style)))
    return files


def write_xero(documents, style):
    """Return ``{"invoices" or "invoices-2" …: bytes}`` for Xero."""
    return _files("xero", "invoices", documents, XERO_COLUMNS, lambda document: _xero_rows(document, style))


def _files(file_format, name, documents, columns, rows_of):
    groups = export_limits.split(documents, *export_limits.FILE_LIMITS[file_format])
    return {
        name if part == 1 else f"{name}-{part}": _file(columns, [row for document in group for row in rows_of(document)])
        for part, group in enumerate(groups, 1)
    }


def _qbo_rows(document, style):
    document.check_balance()
    export_limits.check_names(document)
    check_tax_of_lines(document)
    head = "*CreditNote" if document.is_credit else "*Invoice"
    for line in document.lines:
        quantity, price = fitting(line, QBO_PLACES)
        yield {
            f"{head}No": document.number.strip(),
            "*Customer": document.customer.strip(),
            f"{head}Date": dated(document.date, style),
            "*DueDate": dated(document.due_date, style),
            "Terms": document.term,
            "Memo": _text(document.memo or document.reference),
            "Item(Product/Service)": line.item,
            "ItemDescription": _text(line.description),
            "ItemQuantity": number(quantity),
            "ItemRate": number(price),
            "*ItemAmount": money(line.amount),
            "Taxable": "Y" if line.is_taxed else "N",
            "ItemTaxCode": line.tax,
            "ItemTaxAmount": money(line.tax_amount),
            "Currency": document.currency,
            "Service Date": dated(line.service_date or document.date, style),
        }


def _xero_rows(document, style):
    document.check_balance()
    export_limits.check_names(document)
    check_tax_of_lines(document)
    sign = -1 if document.is_credit else 1
    address = (*map(_text, document.address[:4]), "", "", "", "")
    for line in document.lines:
        quantity, price = fitting(line, XERO_PLACES)
        yield {
            "*ContactName": document.customer.strip(),
            "EmailAddress": _text(document.email),
            **{f"POAddressLine{place}": address[place - 1] for place in range(1, 5)},
            "POCity": _text(document.city),
            "PORegion": _text(document.region),
            "POPostalCode": _text(document.postal_code),
            "POCountry": _text(document.country),
            "*InvoiceNumber": document.number.strip(),
            "Reference": _text(document.reference),
            "*InvoiceDate": dated(document.date, style),
            "*DueDate": dated(document.due_date, style),
            "Total": money(sign * document.total),
            "InventoryItemCode": line.item,
            "*Description": _text(line.description) or ".",
            "*Quantity": number(quantity),
            "*UnitAmount": number(sign * price),
            "*AccountCode": line.account,
            "*TaxType": line.tax,
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
    return cut(harmless(one_line(text)), TEXT_LENGTH)


def _file(columns, rows):
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, restval="", extrasaction="ignore", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue().encode()
