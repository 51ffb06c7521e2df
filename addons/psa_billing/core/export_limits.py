"""What another accounting program does not take, found before a file is written. Pure.

Names are how the other program finds its records, so they are written as they are or not at all: one that a spreadsheet
would run as a formula, or that is too long, is a problem with a remedy (another name over there, and that one in the
mapping), never a name changed on the way. Free text is cut and disarmed instead, see :func:`.export_model.harmless`.

QuickBooks Desktop: customers have 41 characters, accounts and items 31 on each level, levels are parted by colons, numbers
of documents have 11 (Intuit, "Character limitations for fields in QuickBooks", quickbooks.intuit.com/learn-support …/201937;
the colon: "IIF reference: customers", support.quickbooks.intuit.com … /IIF/iif_reference_customer.html). A semicolon ends a
transaction, a longer text makes it fail, and an invoice has one tax or group of taxes as a whole (github.com,
NewPath-Consulting/quickbooks-for-wildapricot, iif-specification-and-notes.md).

QuickBooks Online: names have 100 characters and no tab, line break, colon or quotation mark, and are unique (Intuit, "Which
contacts fields are imported?", plugin-qbo.intuit.com … /help_admin_import_contacts_which_fields.htm); numbers of documents
have 21 (support.zed-systems.com/kb/a197); a file has at most 100 invoices and 1,000 rows, and no negative amounts
(parsli.co/import-invoices-into-quickbooks-online, after Intuit's "Import multiple invoices at once").

Xero: 500 documents a file (Xero's own guide for its template, online.flippingbook.com/view/399081/31); a contact is found
by its exact name.
"""

import unicodedata
from dataclasses import dataclass

from .export_model import ExportError, starts_a_formula

# The longest name on each level, by kind of name.
LENGTHS = {
    "iif": {"customer": 41, "account": 31, "item": 31, "tax": 31, "untaxed": 31, "term": 31},
    "qbo": {"customer": 100, "item": 100},
    "xero": {"customer": 255},
}
FORBIDDEN = {"iif": '";', "qbo": '"', "xero": ""}
# Where a colon parts a name from the one above it.
LEVELS = {"iif", "qbo"}
NUMBER_LENGTHS = {"iif": 11, "qbo": 21, "xero": 255}
# Documents and rows a file, the heading being a row.
FILE_LIMITS = {"qbo": (100, 1000), "xero": (500, None)}


@dataclass(frozen=True)
class Problem:
    """What is in the way of a document: ``why`` in one word, and what of it."""

    place: int  # of the document in the batch
    why: str
    subject: str = ""
    limit: int = 0


def name_problem(file_format, kind, name, is_own=False):
    """Return ``(why, limit)`` if a name cannot be written, else None.

    :param is_own: the name is ours; one from the mapping may name a record below another one

    >>> name_problem("qbo", "customer", "Harbour: Dental", is_own=True), name_problem("qbo", "customer", "Harbour:Dental")
    (('character', 0), None)
    >>> name_problem("xero", "customer", "=HYPERLINK(1)")
    ('formula', 0)
    """
    if starts_a_formula(name):
        return "formula", 0
    if any(char in FORBIDDEN[file_format] or unicodedata.category(char) in ("Cc", "Zl", "Zp") for char in name):
        return "character", 0
    levels = [name]
    if file_format in LEVELS:
        if is_own and ":" in name:
            return "character", 0
        levels = name.split(":")
    limit = LENGTHS[file_format].get(kind)
    if limit and any(len(level) > limit for level in levels):
        return "long", limit
    return None


def find_problems(file_format, documents, known=None):
    """Return what is in the way of documents, as :class:`Problem`, in their order.

    :param known: ``{name in small letters: ids of the customers that went by it before}``
    """
    problems = []
    for place, document in enumerate(documents):
        problems += [Problem(place, why, subject, limit) for why, subject, limit in _of_one(file_format, document)]
    problems += _of_same_names(documents, known or {})
    if file_format == "iif":
        problems += _of_same_numbers(documents)
    return sorted(problems, key=lambda problem: problem.place)


def check_names(document):
    """Refuse a document with a name that would be a formula, whoever calls a writer."""
    for _kind, name in _names_of(document):
        if starts_a_formula(name):
            raise ExportError("name_formula", document.number)
    if starts_a_formula(document.number):
        raise ExportError("number_formula", document.number)


def _names_of(document):
    """Return the names of a document that are written as they are, by kind, each once."""
    lines, taxes = document.lines, document.taxes
    return dict.fromkeys(
        (
            ("customer", document.customer),
            ("account", document.receivable),
            ("term", document.term),
            ("untaxed", document.untaxed),
            *(("account", line.account) for line in (*lines, *taxes)),
            *(("item", line.item) for line in lines),
            *(("tax", line.tax) for line in lines),
            *(("tax", tax.name) for tax in taxes),
        )
    )


def _of_one(file_format, document):
    for kind, name in _names_of(document):
        if found := name_problem(file_format, kind, name, kind == "customer" and document.is_own_name):
            yield f"name_{found[0]}", name, found[1]
    if starts_a_formula(document.number):
        yield "number_formula", document.number, 0
    if file_format == "qbo":
        limit = FILE_LIMITS["qbo"][1] - 1
        if len(document.lines) > limit:
            yield "rows", "", limit
        if negative := next((line for line in document.lines if line.amount < 0), None):
            yield "negative", negative.description, 0
    number = short_number(document.number) if file_format == "iif" else document.number
    if len(number) > NUMBER_LENGTHS[file_format]:
        yield "number_long", document.number, NUMBER_LENGTHS[file_format]
    if file_format == "iif" and len({tax.name for tax in document.taxes}) > 1:
        yield "taxes", "", 0


def _of_same_names(documents, known):
    """Two customers of one name would become one over there, unless the mapping says they are."""
    customers = {name: set(ids) for name, ids in known.items()}
    for document in documents:
        customers.setdefault(document.customer.casefold(), set()).add(document.customer_id)
    for place, document in enumerate(documents):
        if document.is_own_name and len(customers[document.customer.casefold()]) > 1:
            yield Problem(place, "name_twice", document.customer)


def _of_same_numbers(documents):
    seen = {}
    for place, document in enumerate(documents):
        key = document.is_credit, short_number(document.number)
        if seen.setdefault(key, document.number) != document.number:
            yield Problem(place, "number_twice", seen[key])


def short_number(number):
    """Return a document's number as QuickBooks Desktop takes it: what stands in front goes first.

    >>> short_number("INV/2026/00001"), short_number("INV/2026/03/0001"), short_number("S-1001")
    ('2026/00001', '2026030001', 'S-1001')
    """
    parts = number.split("/")
    for start in range(len(parts)):
        for candidate in ("/".join(parts[start:]), "".join(parts[start:])):
            if len(candidate) <= NUMBER_LENGTHS["iif"]:
                return candidate
    return number


def split(documents, most_documents, most_rows=None):
    """Return the documents in groups that fit in a file each, in their order.

    >>> split("abcde", 2)
    [['a', 'b'], ['c', 'd'], ['e']]
    """
    groups, rows = [], 0
    for document in documents:
        size = len(document.lines) if most_rows else 0
        if not groups or len(groups[-1]) == most_documents or (most_rows and rows + size > most_rows - 1):
            groups.append([])
            rows = 0
        groups[-1].append(document)
        rows += size
    return groups
