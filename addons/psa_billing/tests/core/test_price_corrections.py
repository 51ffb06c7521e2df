"""Corrections of charges: what they take back, that a retainer gets back what it paid, and that nothing is left over."""

import random
from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_billing import charges, rating
from psa_cores.psa_billing.terms import BY_PRICE, BY_RETAINER
from rating_histories import freeze
from rating_stage import EUR, audited, book, charge, contract, fact, retainer

CENT = EUR.rounding
amounts = st.decimals("0.01", "200", places=2)
quantities = st.integers(1, 5).map(Decimal)


def delta(quantity, price="12.50", source_id=2, corrects_id=1, **values):
    return charge(source_id, quantity=Decimal(quantity), price_unit=Decimal(price), corrects_id=corrects_id, **values)


def settled(facts, *things):
    """Rate and settle facts; return their rows and the book afterwards."""
    before = book(*things)
    rows = rating.rate(facts, before)
    return rows, freeze(before, rows, rows)


def told(rows):
    """Rows in the order in which they were made: part, amount, what a retainer pays; or why there is no price."""
    ordered = sorted(rows, key=lambda row: (row.source_id, abs(Decimal(row.derivation["amount"].get("paid", 0)))))
    return [(row.part, row.error or str(row.amount), str(row.draw.amount) if row.draw else None) for row in ordered]


def test_what_a_retainer_paid_goes_back_into_it():
    rows, after = settled([charge()], contract(), retainer(8, 100))
    assert told(rows) == [("retainer:8", "0", "25.00")]

    (back,) = audited([delta(-2)], after)

    assert told([back]) == [("retainer:8", "0", "-25.00")]
    assert (back.state, back.funding, back.value, back.quantity) == ("covered", BY_RETAINER, Decimal("-25.00"), -2)
    assert freeze(after, [back]).pools[0].used == 0


def test_cash_is_given_back_before_the_money_of_a_retainer():
    rows, after = settled([charge()], contract(), retainer(8, 15))
    assert told(rows) == [("retainer:8", "0", "15.00"), ("charge", "10.00", None)]

    assert told(audited([delta(-1)], after)) == [("charge", "-10.00", None), ("retainer:8", "0", "-2.50")]
    assert told(audited([delta(-1, "8")], after)) == [("charge", "-8.00", None)]


def test_a_correction_of_what_was_paid_in_cash_has_its_own_quantity_and_price():
    _rows, after = settled([charge()], contract())

    (row,) = audited([delta(-1)], after)

    assert (row.state, row.funding, row.quantity, row.price_unit, row.amount) == (
        "pending", BY_PRICE, -1, Decimal("12.50"), Decimal("-12.50"),
    )  # fmt: skip


def test_of_several_retainers_the_last_that_paid_gets_its_money_back_first():
    rows, after = settled([charge()], contract(), retainer(8, 15), retainer(9, 8))
    assert told(rows) == [("retainer:8", "0", "15.00"), ("retainer:9", "0", "8.00"), ("charge", "2.00", None)]

    assert told(audited([delta(-1)], after)) == [
        ("charge", "-2.00", None), ("retainer:9", "0", "-8.00"), ("retainer:8", "0", "-2.50"),
    ]  # fmt: skip


def test_more_than_was_charged_is_held_back_and_named():
    _rows, after = settled([charge()], contract(), retainer(8, 15))

    rows = audited([delta(-3)], after)

    assert told(rows) == [("charge", "-10.00", None), ("retainer:8", "0", "-15.00"), ("charge#2", "more_than_charged", None)]
    assert {row.contract_id for row in rows} == {1}
    assert told(audited([delta(-1, corrects_id=77)], after)) == [("charge", "more_than_charged", None)]


def test_what_was_written_off_is_taken_back_from_what_was_written_off():
    rows, after = settled([charge()], contract(), retainer(8, 15))
    given_up = tuple(replace(row, state="written_off") if row.funding == BY_PRICE else row for row in rows)

    back = audited([delta(-2)], replace(after, originals=given_up))

    assert {row.part: row.state for row in back} == {"charge": "written_off", "retainer:8": "covered"}


def test_money_that_is_put_back_can_be_drawn_by_others_at_once():
    _rows, after = settled([charge()], contract(), retainer(8, 25))

    assert told(audited([delta(-1), charge(3, quantity=Decimal(1))], after)) == [
        ("retainer:8", "0", "-12.50"), ("retainer:8", "0", "12.50"),
    ]  # fmt: skip


def test_with_another_price_all_is_taken_back_and_charged_anew():
    _rows, after = settled([charge()], contract(), retainer(8, 15))

    assert told(audited([delta(-2), delta(2, "20", 3)], after)) == [
        ("charge", "-10.00", None), ("retainer:8", "0", "-15.00"), ("retainer:8", "0", "15.00"), ("charge", "25.00", None),
    ]  # fmt: skip


def test_nothing_is_taken_from_what_was_charged_later():
    """A charge the retainer paid is put right; once the new price is released, the old one still goes back into the retainer."""
    _rows, after = settled([charge()], contract(), retainer(8, 25))
    facts = [delta(-2), delta(2, "20", 3)]
    back, *anew = audited(facts, after)

    released = freeze(after, anew, anew)

    assert told([back]) == [("retainer:8", "0", "-25.00")]
    assert told(audited(facts[:1], released)) == told([back])


def test_corrections_take_from_what_earlier_ones_have_left():
    _rows, after = settled([charge()], contract(), retainer(8, 15))
    for source_id, expected in ((2, [("charge", "-8.00", None)]), (3, [("charge", "-2.00", None), ("retainer:8", "0", "-6.00")])):
        back = audited([delta(-1, "8", source_id)], after)
        assert told(back) == expected
        after = freeze(after, back, back)

    assert told(audited([delta(-2, "5", 4)], after)) == [("retainer:8", "0", "-9.00"), ("charge", "more_than_charged", None)]


def test_what_was_added_last_is_taken_back_first():
    _rows, after = settled([charge()], contract())
    more = rating.rate([delta(1)], after)
    after = freeze(after, more, more)

    assert told(audited([delta(-2, source_id=3)], after)) == [("charge", "-12.50", None), ("charge#1", "-12.50", None)]


def test_an_expense_is_corrected_by_lines_of_another_model():
    _rows, after = settled([charge(7, source_model="hr.expense", part="price")], contract(), retainer(8, 15))
    line = delta(1, "-25", 1, 7, source_model="psa.expense.delta", part="price", corrects_model="hr.expense")

    assert told(audited([line], after)) == [("price", "-10.00", None), ("retainer:8", "0", "-15.00")]


def test_what_a_correction_took_from_a_row_that_is_gone_is_not_taken_again():
    _rows, after = settled([charge()], contract())
    back = rating.rate([delta(-1)], after)
    other, after = settled([charge()], contract(), retainer(8, 100))
    after = freeze(after, back, back)
    assert told(other) == [("retainer:8", "0", "25.00")]

    assert told(audited([delta(-2, source_id=3)], after)) == [("retainer:8", "0", "-12.50"), ("charge", "more_than_charged", None)]


def test_time_and_prices_are_taken_back_in_one_run():
    _rows, after = settled([fact(1), charge()], contract(rates=[(None, None, 100)]), retainer(8, 110))

    rows = audited([replace(fact(2), worked_seconds=-3600, is_delta=True, corrects_id=1), delta(-2)], after)

    assert sum(row.amount for row in rows) == Decimal("-15.00")
    assert freeze(after, rows).pools[0].used == 0


@given(quantities, amounts, st.lists(st.tuples(st.integers(0, 5).map(Decimal), amounts), min_size=1, max_size=4), amounts, st.randoms())
def test_a_charge_put_right_before_its_invoice_leaves_the_client_where_he_would_be(quantity, price, changes, paid_ahead, dice):
    pools = retainer(8, paid_ahead), retainer(9, paid_ahead)
    others = [charge(0), charge(50), fact(51)]
    lines, now = [charge(quantity=quantity, price_unit=price)], (quantity, price)
    for new_quantity, new_price in changes:
        if not now[0]:
            break
        for line in charges.corrections(*now, new_quantity, new_price):
            lines.append(delta(line.quantity, line.price_unit, 1 + len(lines)))
        now = new_quantity, new_price if new_quantity else now[1]
    right = [charge(quantity=now[0], price_unit=now[1])] if now[0] else []
    facts = [*others, *lines]
    dice.shuffle(facts)

    rows = audited(facts, book(contract(), *pools))
    wanted = audited([*others, *right], book(contract(), *pools))

    assert brought(rows) == brought(wanted)


def brought(rows):
    """What the client pays, and what each retainer does, without the bookkeeping in between."""
    sums = {}
    for row in rows:
        about = (row.source_model, row.derivation["inputs"].get("corrects_id", row.source_id), row.funding)
        key = (*about, row.draw.pool_id) if row.draw else about
        sums[key] = sums.get(key, 0) + row.value
    return {key: value for key, value in sums.items() if value}


@given(quantities, amounts, st.lists(amounts, min_size=1, max_size=5), amounts)
def test_taken_back_in_pieces_nothing_is_left_over_and_no_cent_too_much_comes_back(quantity, price, pieces, paid_ahead):
    whole = rating.round_money(quantity * price, CENT)
    _rows, after = settled([charge(quantity=quantity, price_unit=price)], contract(), retainer(8, paid_ahead))
    rest = whole

    for source_id, piece in enumerate([*pieces, whole], 2):
        back = audited([delta(-1, piece, source_id)], after)
        taken = -sum((row.value or 0 for row in back), Decimal(0))
        assert taken == min(piece, rest)
        rest -= taken
        after = freeze(after, back, back)

    assert rest == 0
    assert [pool.used for pool in after.pools] == [0]
    assert sum(row.amount or 0 for row in after.originals) == 0


@given(st.builds(random.Random, st.integers(0, 2**32)))
def test_a_retainer_never_gets_back_more_than_it_paid(dice):
    after = book(contract(), retainer(8, dice.randrange(60)), retainer(9, dice.randrange(60)))
    lines = [charge(quantity=Decimal(dice.randrange(1, 6)))]
    lines += [
        delta(dice.choice((-3, -2, -1, 1, 2)), dice.choice(("12.50", "7.01", "20")), source_id) for source_id in range(2, 8)
    ]
    while lines:
        step = [lines.pop(0) for _line in range(min(len(lines), dice.randrange(1, 4)))]
        rows = audited(step, after)
        after = freeze(after, rows, rows)
        assert all(0 <= pool.used <= pool.size for pool in after.pools)
        assert sum(row.amount or 0 for row in after.originals) >= 0
