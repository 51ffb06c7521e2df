"""Nothing is lost between facts and ledger, and what differs is named: the entry, and nothing else."""

from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from psa_cores.psa_billing import conservation
from psa_cores.psa_billing.conservation import Fact, Line, Row, compare

TIME, CHARGE = "account.analytic.line", "psa.charge"
CENT = Decimal("0.01")
EUR, CHF = 1, 2
ROUNDINGS = {EUR: CENT, CHF: Decimal("0.05")}
STATES = ("error", "pending", "approved", "invoiced", "covered", "written_off")


def cents(amount, rounding=CENT):
    return (amount / rounding).quantize(Decimal(1), rounding=ROUND_HALF_UP) * rounding


def time_row(row_id, fact, state, seconds, rate=Decimal(100), currency_id=EUR):
    """A row as rating makes it, for an entry that one thing pays for."""
    free = state in ("error", "non_billable")
    value = Decimal(0) if free else cents(rate * seconds / 3600, ROUNDINGS[currency_id])
    return Row(
        id=row_id,
        source_model=fact.source_model,
        source_id=fact.source_id,
        client_id=fact.client_id,
        state=state,
        currency_id=currency_id,
        seconds=seconds,
        charged_seconds=0 if state == "non_billable" else seconds,
        rate=None if free else rate,
        basis=None if free else conservation.SPAN if state == "covered" else conservation.TOGETHER,
        span=(0, seconds, seconds) if state == "covered" else None,
        amount=Decimal(0) if state == "covered" else value,
        value=value,
        line_id=row_id if state == "invoiced" else None,
    )


def split_rows(first_id, fact, parts, state, rate, currency_id, paid_share):
    """Rows of an entry that hours cover in part; a retainer pays a share of the rest."""
    rounding, whole = ROUNDINGS[currency_id], sum(parts)
    rows, start = [], 0
    for seconds in parts[:-1]:
        worth = cents(rate * (whole - start) / 3600, rounding) - cents(rate * (whole - start - seconds) / 3600, rounding)
        rows.append(
            replace(time_row(first_id + len(rows), fact, "covered", seconds, rate, currency_id), value=worth,
                    span=(start, start + seconds, whole))
        )  # fmt: skip
        start += seconds
    last = time_row(first_id + len(rows), fact, state, parts[-1], rate, currency_id)
    if paid_share and state not in ("error", "covered"):
        taken = cents(last.value * paid_share / 4, rounding)
        shared = parts[-1] * paid_share // 4
        rows.append(
            replace(last, state="covered", seconds=shared, charged_seconds=shared, amount=Decimal(0), value=taken,
                    drawn_amount=taken, line_id=None)
        )  # fmt: skip
        last = replace(
            last, id=first_id + len(rows), seconds=parts[-1] - shared, charged_seconds=parts[-1] - shared,
            amount=last.value - taken, value=last.value - taken, line_id=first_id + len(rows) if state == "invoiced" else None,
        )  # fmt: skip
    return [*rows, last]


@st.composite
def histories(draw):
    """Facts and the ledger that tells the same of them."""
    facts, rows = [], []
    for number in range(1, draw(st.integers(1, 8)) + 1):
        currency_id = draw(st.sampled_from([EUR, CHF]))
        client_id = draw(st.integers(1, 3))
        if draw(st.booleans()):
            parts = draw(st.lists(st.integers(1, 20_000), min_size=1, max_size=3))
            fact = Fact(
                TIME,
                number,
                client_id,
                seconds=sum(parts),
                is_approved=draw(st.booleans()),
                is_billable=draw(st.booleans()),
            )
            facts.append(fact)
            if not fact.is_approved:
                continue
            if not fact.is_billable:
                rows.append(time_row(len(rows) + 1, fact, "non_billable", fact.seconds, currency_id=currency_id))
                continue
            rate = draw(st.decimals(min_value=1, max_value=400, places=2))
            state = draw(st.sampled_from(STATES))
            rows += split_rows(len(rows) + 1, fact, parts, state, rate, currency_id, draw(st.integers(0, 3)))
        else:
            price = draw(st.decimals(min_value=-500, max_value=500, places=2))
            fact = Fact(CHARGE, number, client_id, price=price, currency_id=currency_id)
            facts.append(fact)
            state = draw(st.sampled_from(["pending", "approved", "invoiced", "written_off"]))
            rows.append(
                Row(
                    len(rows) + 1, CHARGE, number, client_id, state, currency_id,
                    seconds=0, amount=price, value=price,
                    line_id=len(rows) + 1 if state == "invoiced" else None,
                )
            )  # fmt: skip
    lines = [Line(row.line_id, row.amount, (row.id,), row.amount, row.currency_id) for row in rows if row.line_id]
    return facts, rows, lines


@given(histories())
def test_what_agrees_is_conserved_and_added_up_by_client_currency_and_standing(history):
    facts, rows, lines = history

    report = compare(facts, rows, lines, ROUNDINGS, EUR)

    assert report.is_conserved
    assert report.differences == ()
    assert sum(tally.fact_seconds for tally in report.tallies.values()) == sum(fact.seconds for fact in facts)
    for (client_id, currency_id), tally in report.tallies.items():
        for state, standing in conservation.STANDING_OF_STATE.items():
            if standing == conservation.PENDING:
                continue
            own = [
                row for row in rows
                if (row.client_id, row.currency_id, row.state) == (client_id, currency_id, state)
            ]  # fmt: skip
            assert tally.seconds[standing] == sum(row.seconds for row in own)
            assert tally.amounts[standing] == sum(row.value for row in own)
        assert tally.fact_amount == tally.ledger_amount


@given(histories(), st.data())
def test_one_second_or_one_cent_in_any_row_is_found_and_named(history, data):
    facts, rows, lines = history
    assume(rows)
    row = data.draw(st.sampled_from(rows))
    column = data.draw(st.sampled_from(["seconds", "amount", "value"]))
    step = data.draw(st.sampled_from([1, -1]))
    broken = replace(row, **{column: getattr(row, column) + (step if column == "seconds" else step * CENT)})
    if row.state in ("error", "non_billable") and column == "value":
        assume(False)  # what has no price has no worth to be wrong
    lines = [
        replace(line, rows_amount=line.rows_amount + broken.amount - row.amount) if line.id == row.line_id else line
        for line in lines
    ]

    report = compare(facts, [broken if one is row else one for one in rows], lines, ROUNDINGS, EUR)

    assert not report.is_conserved
    named = {(found.source_model, found.source_id) for found in report.differences}
    assert (row.source_model, row.source_id) in named
    assert named <= {(row.source_model, row.source_id), ("account.move.line", row.line_id)}
    assert all(row.id in found.row_ids for found in report.differences)


@given(histories(), st.data())
def test_a_row_or_a_fact_that_is_gone_is_found_and_named(history, data):
    facts, rows, lines = history
    assume(rows)
    row = data.draw(st.sampled_from(rows))
    key = (row.source_model, row.source_id)
    others = [one for one in rows if (one.source_model, one.source_id) != key]
    kept_lines = [line for line in lines if line.row_ids[0] in {one.id for one in others}]

    without_rows = compare(facts, others, kept_lines, ROUNDINGS, EUR)
    without_fact = compare([one for one in facts if (one.source_model, one.source_id) != key], rows, lines, ROUNDINGS, EUR)

    (found,) = without_rows.differences
    assert (found.problem, found.source_model, found.source_id) == (conservation.NO_ROW, *key)
    (found,) = without_fact.differences
    assert (found.problem, found.source_model, found.source_id) == (conservation.NO_FACT, *key)
    assert not without_fact.is_conserved


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"client_id": 9}, conservation.OTHER_CLIENT),
        ({"is_approved": False}, conservation.NOT_YET_APPROVED),
        ({"is_billable": False}, conservation.CHARGED_THOUGH_FREE),
        ({"seconds": 3601}, conservation.SECONDS_DIFFER),
    ],
)
def test_each_difference_has_its_name(change, problem):
    fact = Fact(TIME, 1, 1, seconds=3600)
    rows = [time_row(7, fact, "pending", 3600)]

    (found,) = compare([replace(fact, **change)], rows).differences

    assert found.problem == problem
    assert found.row_ids == (7,)


def test_a_charge_priced_otherwise_than_the_ledger_says():
    fact = Fact(CHARGE, 4, 1, price=Decimal("19.90"), currency_id=EUR)
    row = Row(3, CHARGE, 4, 1, "pending", EUR, 0, amount=Decimal("19.91"), value=Decimal("19.91"))

    (found,) = compare([fact], [row]).differences

    assert (found.problem, found.fact_amount, found.ledger_amount) == (
        conservation.PRICE_DIFFERS,
        Decimal("19.90"),
        Decimal("19.91"),
    )
    assert compare([fact], [replace(row, is_adjusted=True)]).is_conserved, "by hand it may be"


def test_an_invoice_line_that_is_not_the_sum_of_its_rows():
    fact = Fact(TIME, 1, 1, seconds=3600)
    row = time_row(7, fact, "invoiced", 3600)
    line = Line(7, Decimal("99.99"), (7,), Decimal("100.00"))

    (found,) = compare([fact], [row], [line]).differences

    assert (found.problem, found.source_id, found.row_ids) == (conservation.INVOICE_DIFFERS, 7, (7,))


def test_what_was_priced_by_hand_is_taken_as_agreed():
    fact = Fact(TIME, 1, 1, seconds=3600)
    row = replace(time_row(7, fact, "pending", 3600), amount=Decimal(80), value=Decimal(80), basis=None)

    assert compare([fact], [row]).is_conserved


def test_hours_sold_at_their_own_price_are_worth_that():
    fact = Fact(TIME, 1, 1, seconds=3600)
    row = replace(
        time_row(7, fact, "covered", 3600), basis=conservation.DRAWN, rate=Decimal(80), drawn_seconds=5400, value=Decimal(120)
    )

    assert compare([fact], [row]).is_conserved
    assert not compare([fact], [replace(row, value=Decimal(100))]).is_conserved


def test_what_a_correction_takes_back_is_a_share_of_the_corrected_row():
    original, correction = Fact(TIME, 1, 1, seconds=3600), Fact(TIME, 2, 1, seconds=-1200)
    rows = [
        time_row(7, original, "invoiced", 3600),
        Row(
            8, TIME, 2, 1, "pending", EUR, -1200, charged_seconds=-1200, amount=Decimal("-33.33"), value=Decimal("-33.33"),
            basis=conservation.TAKEN_BACK, corrects=(Decimal(100), 3600, 0),
        ),
    ]  # fmt: skip

    assert compare([original, correction], rows).is_conserved
    broken = [rows[0], replace(rows[1], amount=Decimal("-33.34"), value=Decimal("-33.34"))]
    (found,) = compare([original, correction], broken).differences
    assert (found.problem, found.row_ids) == (conservation.PRICE_DIFFERS, (8,))


def test_what_a_retainer_pays_and_what_is_left_make_the_whole():
    fact = Fact(TIME, 1, 1, seconds=3600)
    row = replace(time_row(7, fact, "pending", 3600), amount=Decimal(40), drawn_amount=Decimal(60))

    assert compare([fact], [row]).is_conserved
    assert not compare([fact], [replace(row, drawn_amount=Decimal(61))]).is_conserved
