import csv
import io
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_billing import export_csv, export_iif, export_model

# Names and texts as people and attackers type them.
texts = st.text(
    st.one_of(st.characters(exclude_categories=("Cs",)), st.sampled_from("\t\r\n\"',;=+-@łŁéß€½—")), max_size=40
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
            account=draw(texts),
            item=draw(texts),
            tax=draw(texts),
            tax_amount=draw(cents),
        )
        for __ in range(draw(st.integers(1, 4)))
    )
    tax = sum((line.tax_amount for line in lines), Decimal(0))
    taxes = (export_model.TaxLine(draw(texts), draw(texts), tax),) if tax else ()
    return export_model.Document(
        number=draw(st.text("INV/0123456789", min_size=1, max_size=12)),
        is_credit=draw(st.booleans()),
        customer=draw(texts),
        date=draw(days),
        due_date=draw(days),
        currency="USD",
        receivable=draw(texts),
        total=sum((line.amount for line in lines), Decimal(0)) + tax,
        lines=lines,
        taxes=taxes,
        reference=draw(texts),
        memo=draw(texts),
        address=(draw(texts),),
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
            assert row[f"*{kind}No"].removeprefix("'") == document.number
            assert row[f"*{kind}Date"] == document.date.strftime("%m/%d/%Y")
            assert Decimal(row["*ItemAmount"]) == line.amount
            assert Decimal(row["ItemTaxAmount"]) == line.tax_amount
            assert Decimal(row["ItemQuantity"]) == line.quantity
            assert "\n" not in row["ItemDescription"] and None not in row


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
