"""Lines of invoices: every grouping charges exactly what the ledger says."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_billing import invoice_lines
from psa_cores.psa_billing.invoice_lines import BY_ENTRY, BY_ROLE, BY_SINGLE, BY_TICKET, BY_WORK_TYPE, Row, make_lines

DAY = date(2026, 3, 10)
CENT = Decimal("0.01")
GROUPINGS = (BY_ENTRY, BY_TICKET, BY_WORK_TYPE, BY_ROLE, BY_SINGLE)


def time_row(id_, minutes, rate="95.35", **values):
    """A row as the ledger makes it: rounded by itself, in hours if they are a short number, else in minutes."""
    rate = Decimal(rate)
    amount = (rate * minutes / 60).quantize(CENT, ROUND_HALF_UP)
    quantity, unit = invoice_lines.quantity_of(minutes * 60, 2)
    price = rate if unit == "hour" else round(rate / 60, 6)
    values.setdefault("date", DAY)
    return Row(
        id_, amount=amount, quantity=quantity, price_unit=price, product_id=1, unit=unit, is_time=True,
        seconds=minutes * 60, hourly_rate=rate, **values,
    )


def charge(id_, amount, **values):
    amount = Decimal(amount)
    values.setdefault("date", DAY)
    values = {"quantity": Decimal(1), "price_unit": amount, **values}
    return Row(id_, amount=amount, **values)


def lines(rows, grouping=BY_SINGLE, rounding=CENT):
    return make_lines([replace(row, grouping=grouping) for row in rows], rounding)


def test_rows_of_one_rate_are_shown_in_hours_at_that_rate():
    (line,) = lines([time_row(1, 30, "100"), time_row(2, 75, "100")])

    assert (line.unit, line.quantity, line.price_unit, line.amount) == ("hour", Decimal("1.75"), 100, 175)


def test_a_quantity_with_more_decimals_than_a_line_keeps_is_not_shown():
    third = charge(1, "120.00", quantity=Decimal("1.3333"), price_unit=Decimal(90))
    (line,) = lines([third], BY_ENTRY)
    assert (line.unit, line.quantity, line.price_unit) == ("one", 1, 120)

    (line,) = lines([replace(time_row(1, 80, "90"), quantity=Decimal("1.3333"), price_unit=Decimal(90))], BY_ENTRY)
    assert (line.unit, line.quantity, line.price_unit) == ("minute", 80, Decimal("1.5"))


def test_cents_of_rounding_move_the_price_and_not_the_sum():
    # 3 × 20 min at 95.35: 31.78 each, 95.34 together, though an hour costs 95.35.
    (line,) = lines([time_row(number, 20) for number in range(3)])

    assert (line.unit, line.quantity, line.price_unit, line.amount) == ("hour", 1, Decimal("95.34"), Decimal("95.34"))


def test_minutes_are_shown_where_hours_are_no_short_number():
    (line,) = lines([time_row(1, 20), time_row(2, 30)])

    assert (line.unit, line.quantity, line.amount) == ("minute", 50, Decimal("79.46"))
    assert round(line.quantity * line.price_unit, 2) == Decimal("79.46")


def test_rows_of_different_rates_or_with_money_taken_off_are_one_quantity():
    (line,) = lines([time_row(1, 60, "80"), time_row(2, 60, "120")])
    assert (line.unit, line.quantity, line.price_unit) == ("one", 1, 200)

    (line,) = lines([time_row(1, 60, "80"), replace(time_row(2, 60, "80"), amount=Decimal(30))])
    assert (line.unit, line.quantity, line.price_unit) == ("one", 1, 110)


def test_seconds_that_are_no_whole_minutes_are_one_quantity():
    (line,) = lines([time_row(1, 20), replace(time_row(2, 20), seconds=61)])

    assert (line.unit, line.price_unit) == ("one", Decimal("63.56"))


def test_what_is_grouped_by_what():
    rows = [
        time_row(1, 60, ticket_id=1, work_type_id=1, role_id=1),
        time_row(2, 60, ticket_id=1, work_type_id=2, role_id=1),
        time_row(3, 60, ticket_id=2, work_type_id=1, role_id=2),
        replace(charge(4, 50, ticket_id=1), product_id=1),
        charge(5, 70),
    ]

    def grouped(grouping):
        return sorted(tuple(row.id for row in line.rows) for line in lines(rows, grouping))

    assert grouped(BY_ENTRY) == [(1,), (2,), (3,), (4,), (5,)]
    assert grouped(BY_TICKET) == [(1, 2, 4), (3,), (5,)]
    assert grouped(BY_WORK_TYPE) == [(1, 3), (2,), (4,), (5,)]
    assert grouped(BY_ROLE) == [(1, 2), (3,), (4,), (5,)]
    assert grouped(BY_SINGLE) == [(1, 2, 3, 4), (5,)]


def test_different_taxes_never_share_a_line():
    first, second = lines([time_row(1, 60), time_row(2, 60, apart=(9,))])

    assert (first.rows[0].id, second.rows[0].id) == (1, 2)


def test_francs_are_rounded_to_their_five_centimes():
    rows = [replace(time_row(number, 20), amount=Decimal("31.80")) for number in (1, 2)]

    (line,) = lines(rows, rounding=Decimal("0.05"))

    assert line.quantity * line.price_unit == pytest.approx(Decimal("63.60"), abs=Decimal("0.0001"))


ROWS = st.lists(
    st.one_of(
        st.builds(
            lambda minutes, rate, ticket, kind, role, product, day: replace(
                time_row(0, minutes, rate, date=DAY + timedelta(days=day)),
                ticket_id=ticket, work_type_id=kind, role_id=role, product_id=product,
            ),
            st.integers(-600, 600), st.sampled_from(("95.35", "80", "0.01", "133.33", "1000")), st.integers(1, 3),
            st.integers(1, 2), st.integers(1, 2), st.integers(1, 2), st.integers(0, 3),
        ),
        st.builds(
            lambda amount, ticket: charge(0, amount, ticket_id=ticket),
            st.decimals(-500, 500, places=2), st.sampled_from((None, 1, 2)),
        ),
    ),
    max_size=30,
)


@given(ROWS, st.sampled_from(GROUPINGS))
def test_every_row_is_on_one_line_and_the_invoice_comes_to_their_sum(rows, grouping):
    rows = [replace(row, id=number) for number, row in enumerate(rows)]

    made = lines(rows, grouping)

    assert Counter(row.id for line in made for row in line.rows) == Counter(row.id for row in rows)
    for line in made:
        assert line.amount == sum(row.amount for row in line.rows)
        assert float(line.quantity) * float(line.price_unit) == pytest.approx(float(line.amount), abs=0.0001)
        assert line.quantity == round(line.quantity, 2), "Odoo rounds quantities"
        if line.unit in ("hour", "minute"):
            assert line.quantity * (60 if line.unit == "hour" else 1) == line.seconds / Decimal(60)
    # By lines and as a whole: companies choose which of the two counts.
    total = sum(row.amount for row in rows)
    as_floats = [float(line.quantity) * float(line.price_unit) for line in made]
    assert round(sum(as_floats), 2) == float(total)
    assert round(sum(round(amount, 2) for amount in as_floats), 2) == float(total)


def bundled(rows, grouping):
    """Add time up that goes on one line at one rate, as the database does."""
    bundles = {}
    for row in sorted(rows, key=lambda row: (row.date, row.id)):
        of_line = {
            BY_TICKET: row.ticket_id or -row.id - 1, BY_WORK_TYPE: row.work_type_id, BY_ROLE: row.role_id, BY_ENTRY: row.id,
        }.get(grouping)
        alone = None if row.is_time else row.id
        bundles.setdefault((alone, of_line, row.contract_id, row.product_id, row.apart, row.hourly_rate), []).append(row)
    return [
        replace(
            members[0], amount=sum(row.amount for row in members), seconds=sum(row.seconds for row in members),
            others=tuple(row.id for row in members[1:]), last_date=members[-1].date,
        )
        for members in bundles.values()
    ]


@given(ROWS, st.sampled_from(GROUPINGS))
def test_rows_added_up_beforehand_make_the_same_lines(rows, grouping):
    rows = [replace(row, id=number) for number, row in enumerate(rows)]

    def told(made):
        return [
            (sorted(line.ids), line.unit, line.quantity, line.price_unit, line.amount, line.seconds, line.rows[0].id, line.last_date)
            for line in made
        ]

    assert told(lines(bundled(rows, grouping), grouping)) == told(lines(rows, grouping))


@given(ROWS)
def test_entry_by_entry_every_row_keeps_its_quantity(rows):
    rows = [replace(row, id=number) for number, row in enumerate(rows)]

    for line in lines(rows, BY_ENTRY):
        (row,) = line.rows
        assert (line.unit, line.quantity) == ("own", row.quantity) or not row.quantity
