import csv
import io
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_billing import export_csv, export_iif, export_limits, export_model

# Names and texts as people and attackers type them.
texts = st.text(
    st.one_of(st.characters(exclude_categories=("Cs",)), st.sampled_from("\t\r\n\"',;=+-@łŁéß€½—")), max_size=40
)
# Names as another program has them: whatever people type, but no formula, and nothing that ends a cell.
names = st.text(
    st.one_of(st.characters(codec="cp1252", exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs")), st.sampled_from("',=+-@éß€½—& ")),
    max_size=31,
).map(lambda text: " ".join(text.replace(";", "").replace('"', "").split())).filter(
    lambda text: not export_model.starts_a_formula(text)
)
cents = st.decimals("-5000", "5000", places=2)
quantities = st.decimals("0.001", "500", places=3)
days = st.dates(date(2000, 1, 1), date(2099, 12, 31))


@st.composite
def documents(draw):
    lines = tuple(
        export_model.Line(
            description=draw(texts),
            quantity=draw(quantities),
            price_unit=draw(st.decimals("-100", "100", places=4)),
            amount=draw(cents),
            account=draw(names),
            item=draw(names),
            tax=draw(names),
            tax_amount=draw(cents),
        )
        for __ in range(draw(st.integers(1, 4)))
    )
    tax = sum((line.tax_amount for line in lines), Decimal(0))
    taxes = (export_model.TaxLine(draw(names), draw(names), tax),) if tax else ()
    return export_model.Document(
        number=draw(st.text("INV/0123456789", min_size=1, max_size=12)),
        is_credit=draw(st.booleans()),
        customer=draw(names),
        date=draw(days),
        due_date=draw(days),
        currency="USD",
        receivable=draw(names),
        total=sum((line.amount for line in lines), Decimal(0)) + tax,
        lines=lines,
        taxes=taxes,
        reference=draw(texts),
        memo=draw(texts),
        address=(draw(texts),),
        term=draw(names),
    )


batches = st.lists(documents(), min_size=1, max_size=4)


def read_iif(content):
    """Return the transactions of an IIF file as QuickBooks reads them: lists of {column: cell}."""
    columns, transactions = {}, []
    for row in content.decode("cp1252").split("\r\n")[:-1]:
        keyword, *cells = row.split("\t")
        if keyword.startswith("!"):
            columns[keyword[1:]] = cells
        elif keyword == "ENDTRNS":
            assert not cells
        else:
            assert len(cells) == len(columns[keyword])
            cells = dict(zip(columns[keyword], cells, strict=True), keyword=keyword)
            if keyword == "TRNS":
                transactions.append([cells])
            else:
                transactions[-1].append(cells)
    return transactions


@given(batches)
def test_each_iif_transaction_sums_to_zero_to_the_cent(batch):
    transactions = read_iif(export_iif.write(batch))

    assert len(transactions) == len(batch)
    for document, rows in zip(batch, transactions, strict=True):
        amounts = [Decimal(row["AMOUNT"]) for row in rows]
        assert sum(amounts) == 0
        assert amounts[0] == (-document.total if document.is_credit else document.total)
        assert {row["TRNSTYPE"] for row in rows} == {"CREDIT MEMO" if document.is_credit else "INVOICE"}
        assert len(rows) == 1 + len(document.lines) + len(document.taxes)
        assert [row["keyword"] for row in rows] == ["TRNS", *["SPL"] * (len(rows) - 1)]
        assert rows[0]["NAME"] == document.customer
        assert [row["ACCNT"] for row in rows[1 : len(document.lines) + 1]] == [line.account for line in document.lines]


@given(batches)
def test_no_cell_of_an_iif_file_breaks_out_of_its_place_or_is_a_formula(batch):
    for rows in read_iif(export_iif.write(batch)):
        for row in rows:
            for column, cell in row.items():
                assert '"' not in cell
                if column not in ("AMOUNT", "QNTY", "PRICE"):
                    assert not cell.lstrip(" '").startswith(("=", "+", "-", "@")) or cell.startswith("'")


@given(batches)
def test_quickbooks_online_reads_back_what_the_documents_say(batch):
    files = export_csv.write_qbo(batch, "mdy")

    read = {name: list(csv.DictReader(io.StringIO(content.decode()))) for name, content in files.items()}
    for name, is_credit in (("invoices", False), ("credit-notes", True)):
        lines = [(document, line) for document in batch if document.is_credit == is_credit for line in document.lines]
        rows = read.get(name, [])
        assert len(rows) == len(lines)
        for row, (document, line) in zip(rows, lines, strict=True):
            kind = "CreditNote" if is_credit else "Invoice"
            assert row[f"*{kind}No"] == document.number
            assert row["*Customer"] == document.customer
            assert row["Item(Product/Service)"] == line.item
            assert row["ItemTaxCode"] == line.tax
            assert row[f"*{kind}Date"] == document.date.strftime("%m/%d/%Y")
            assert Decimal(row["*ItemAmount"]) == line.amount
            assert Decimal(row["ItemTaxAmount"]) == line.tax_amount
            # It refuses a row whose amount is not quantity times rate.
            product = Decimal(row["ItemQuantity"]) * Decimal(row["ItemRate"])
            assert product.quantize(export_model.CENT) == line.amount
            assert "\n" not in row["ItemDescription"]
            assert None not in row


@given(batches)
def test_xero_reads_back_the_same_totals(batch):
    rows = [
        row
        for content in export_csv.write_xero(batch, "dmy").values()
        for row in csv.DictReader(io.StringIO(content.decode()))
    ]

    assert len(rows) == sum(len(document.lines) for document in batch)
    position = 0
    for document in batch:
        own = rows[position : position + len(document.lines)]
        position += len(document.lines)
        sign = -1 if document.is_credit else 1
        net = sum(
            (Decimal(row["*Quantity"]) * Decimal(row["*UnitAmount"])).quantize(export_model.CENT) for row in own
        )
        tax = sum(Decimal(row["TaxAmount"]) for row in own)
        assert sign * (net + tax) == document.total
        for row in own:
            assert row["*InvoiceDate"] == document.date.strftime("%d/%m/%Y")
            assert Decimal(row["Total"]) == sign * document.total
            assert row["*Description"]
            assert row["*ContactName"] == document.customer
            assert len(row["*UnitAmount"].partition(".")[2]) <= 4
            assert len(row["*Quantity"].partition(".")[2]) <= 4


@given(batches)
def test_the_three_files_agree_on_what_is_charged(batch):
    iif = sum(Decimal(row[0]["AMOUNT"]) for row in read_iif(export_iif.write(batch)))
    qbo = sum(
        (Decimal(row["*ItemAmount"]) + Decimal(row["ItemTaxAmount"])) * (-1 if name == "credit-notes" else 1)
        for name, content in export_csv.write_qbo(batch, "iso").items()
        for row in csv.DictReader(io.StringIO(content.decode()))
    )

    assert iif == qbo


@given(documents(), cents.filter(bool))
def test_a_document_that_does_not_add_up_is_refused(document, off):
    broken = export_model.Document(**{**vars(document), "total": document.total + off})

    for write in (
        export_iif.write,
        lambda batch: export_csv.write_qbo(batch, "mdy"),
        lambda batch: export_csv.write_xero(batch, "mdy"),
    ):
        with pytest.raises(export_model.ExportError) as caught:
            write([broken])
        assert caught.value.number == document.number
        assert caught.value.difference == off


@given(texts)
def test_every_text_fits_in_the_windows_character_set(text):
    assert export_model.in_charset(text, "cp1252").encode("cp1252") is not None


@given(texts)
def test_text_is_kept_as_far_as_it_can_be(text):
    plain = export_model.harmless(export_model.one_line(text))

    assert plain.removeprefix("'").split() == export_model.one_line(text).removeprefix("'").split()


@pytest.mark.parametrize("nasty", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1+1", " =1", "\r\n=cmd|' /C calc'!A0", "'=1"])
def test_formulas_are_disarmed(nasty):
    assert export_model.harmless(export_model.one_line(nasty)).startswith("'")


@given(st.lists(cents, max_size=6), cents)
def test_taxes_spread_over_lines_are_the_tax(amounts, total):
    spread = export_model.spread(total, amounts)

    assert len(spread) == len(amounts)
    if amounts:
        assert sum(spread) == total


def test_xero_takes_500_documents_a_file():
    one = export_model.Document(
        number="INV/1", is_credit=False, customer="C", date=date(2026, 1, 1), due_date=date(2026, 1, 1), currency="USD",
        receivable="R", total=Decimal(1), lines=(export_model.Line("x", Decimal(1), Decimal(1), Decimal(1), "200"),),
    )  # fmt: skip

    assert sorted(export_csv.write_xero([one] * 1001, "iso")) == ["invoices", "invoices-2", "invoices-3"]


def plain(number="INV/1", lines=1, amount=Decimal(1), **values):
    line = export_model.Line("x", Decimal(1), amount, amount, "200")
    return export_model.Document(
        **{
            "number": number, "is_credit": False, "customer": "Harbour", "date": date(2026, 1, 1), "due_date": date(2026, 1, 1),
            "currency": "USD", "receivable": "R", "total": amount * lines, "lines": (line,) * lines, **values,
        }
    )  # fmt: skip


@given(batches, st.integers(1, 3), st.integers(5, 9))
def test_files_are_split_between_documents_and_nothing_is_lost(batch, most_documents, most_rows):
    groups = export_limits.split(batch, most_documents, most_rows)

    assert [document for group in groups for document in group] == batch
    for group in groups:
        assert 1 <= len(group) <= most_documents
        assert 1 + sum(len(document.lines) for document in group) <= most_rows


def test_quickbooks_online_takes_100_invoices_and_1000_rows_a_file():
    assert sorted(export_csv.write_qbo([plain()] * 201, "iso")) == ["invoices", "invoices-2", "invoices-3"]
    files = export_csv.write_qbo([plain(lines=500), plain(lines=499), plain(lines=2)], "iso")
    assert [len(content.splitlines()) for content in files.values()] == [1000, 3]


def test_the_headings_are_those_of_the_templates():
    xero = export_csv.write_xero([plain()], "iso")["invoices"].decode().split("\r\n")[0]
    assert xero == (
        "*ContactName,EmailAddress,POAddressLine1,POAddressLine2,POAddressLine3,POAddressLine4,POCity,PORegion,POPostalCode,"
        "POCountry,*InvoiceNumber,Reference,*InvoiceDate,*DueDate,Total,InventoryItemCode,*Description,*Quantity,*UnitAmount,"
        "Discount,*AccountCode,*TaxType,TaxAmount,TrackingName1,TrackingOption1,TrackingName2,TrackingOption2,Currency,BrandingTheme"
    )
    online = export_csv.write_qbo([plain()], "iso")["invoices"].decode().split("\r\n")[0].split(",")
    sample = (
        "*InvoiceNo", "*Customer", "*InvoiceDate", "*DueDate", "Terms", "Memo", "Item(Product/Service)", "ItemDescription",
        "ItemQuantity", "ItemRate", "*ItemAmount", "Service Date",
    )  # fmt: skip
    assert [column for column in online if column in sample] == list(sample)


@given(st.text("INV/-2026 0A", min_size=1, max_size=24).filter(lambda text: text.strip()))
def test_a_shortened_number_is_the_end_of_the_number(number):
    short = export_limits.short_number(number)

    assert number.replace("/", "").endswith(short.replace("/", ""))
    assert len(short) <= 11 or short == number


@pytest.mark.parametrize(
    ("file_format", "values", "why"),
    [
        ("iif", {"customer": "x" * 42, "is_own_name": True}, "name_long"),
        ("iif", {"customer": "Harbour; Dental"}, "name_character"),
        ("iif", {"customer": "Harbour: Dental", "is_own_name": True}, "name_character"),
        ("qbo", {"customer": "x" * 101}, "name_long"),
        ("qbo", {"customer": 'The "Harbour"'}, "name_character"),
        ("qbo", {"customer": "Harbour\nDental"}, "name_character"),
        ("xero", {"customer": "=HYPERLINK(1)"}, "name_formula"),
        ("xero", {"number": "@1"}, "number_formula"),
        ("qbo", {"number": "INV/2026/0000000000001"}, "number_long"),
        ("iif", {"number": "INVOICE202600001"}, "number_long"),
        ("qbo", {"lines": 1000}, "rows"),
        ("qbo", {"amount": Decimal(-1)}, "negative"),
        ("iif", {"taxes": (export_model.TaxLine("A", "T", Decimal(1)), export_model.TaxLine("B", "T", Decimal(1)))}, "taxes"),
    ],
)
def test_what_a_program_does_not_take_is_found_before(file_format, values, why):
    assert [problem.why for problem in export_limits.find_problems(file_format, [plain(), plain(**values)])] == [why]


def test_a_name_of_the_mapping_may_lie_below_another_one():
    for file_format in ("iif", "qbo"):
        assert not export_limits.find_problems(file_format, [plain(customer="Harbour:Dental")])
    assert not export_limits.name_problem("iif", "account", "Income:" + "x" * 31)


def test_two_customers_of_one_name_are_told_apart_unless_the_mapping_says_they_are_one():
    here = plain(customer_id=1, is_own_name=True)
    there = plain("INV/2", customer="HARBOUR", customer_id=2, is_own_name=True)

    assert [(p.place, p.why) for p in export_limits.find_problems("qbo", [here, there])] == [(0, "name_twice"), (1, "name_twice")]
    assert [p.why for p in export_limits.find_problems("xero", [here], {"harbour": {3}})] == ["name_twice"]
    assert not export_limits.find_problems("qbo", [here, plain(customer_id=1, is_own_name=True)])
    mapped = [plain(customer_id=1), plain(customer_id=2)]
    assert not export_limits.find_problems("qbo", mapped)


def test_two_numbers_that_are_one_when_shortened_do_not_go_together():
    first, second = plain("INV/2026/00001"), plain("SUB/2026/00001")

    assert [p.why for p in export_limits.find_problems("iif", [first, second])] == ["number_twice"]
    assert not export_limits.find_problems("iif", [first, plain("SUB/2026/00001", is_credit=True), first])


@pytest.mark.parametrize(
    "write",
    [export_iif.write, lambda batch: export_csv.write_qbo(batch, "iso"), lambda batch: export_csv.write_xero(batch, "iso")],
)
def test_no_writer_writes_a_name_that_is_a_formula(write):
    with pytest.raises(export_model.ExportError):
        write([plain(customer="+cmd|' /C calc'!A0")])


def test_an_invoice_without_tax_tells_quickbooks_desktop_so():
    rows = read_iif(export_iif.write([plain(untaxed="Out of State")]))[0]

    assert [(row["EXTRA"], row["AMOUNT"], row["INVITEM"]) for row in rows[-1:]] == [("AUTOSTAX", "0.00", "Out of State")]
    assert rows[0]["DOCNUM"] == "INV/1"


def test_the_parts_of_a_group_of_taxes_are_one_tax_for_quickbooks_desktop():
    parts = (export_model.TaxLine("NY", "State", Decimal("0.04")), export_model.TaxLine("NY", "City", Decimal("0.05")))
    rows = read_iif(export_iif.write([plain(total=Decimal("1.09"), taxes=parts)]))[0]

    assert [row["AMOUNT"] for row in rows] == ["1.09", "-1.00", "-0.09"]


def test_the_full_number_stands_in_the_memo_where_it_had_to_be_shortened():
    row = read_iif(export_iif.write([plain("INV/2026/00001", memo="Thank you; truly")]))[0][0]

    assert (row["DOCNUM"], row["MEMO"]) == ("2026/00001", "INV/2026/00001 Thank you, truly")
