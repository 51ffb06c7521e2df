from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_billing import charges

CENT = Decimal("0.01")
money = st.decimals("0", "100000", places=2)
quantities = st.decimals("0", "1000", places=3)
serial_texts = st.text(st.sampled_from("Ab1-_ \n,;\t\r"), max_size=30)


@given(money, st.decimals("-100", "500", places=2))
def test_a_markup_is_the_cost_and_its_share(cost, percent):
    price = charges.with_markup(cost, percent, CENT)

    assert abs(price - cost - cost * percent / 100) <= CENT / 2
    assert price == price.quantize(CENT)


@given(money, money)
def test_what_is_rebilled_is_never_less_than_the_cost(cost, markup):
    for rule in (charges.AT_COST, charges.PERCENT, charges.FIXED):
        assert charges.rebilled_amount(cost, rule, markup, CENT) >= cost

    assert charges.rebilled_amount(cost, charges.NOT_REBILLED, markup, CENT) is None


@given(quantities, money, quantities, money)
def test_corrections_lead_from_the_old_amount_to_the_new_one(quantity, price, new_quantity, new_price):
    lines = charges.corrections(quantity, price, new_quantity, new_price)

    expected = new_quantity * new_price if new_quantity else Decimal(0)
    assert quantity * price + sum(line.quantity * line.price_unit for line in lines) == expected
    assert quantity + sum(line.quantity for line in lines) == new_quantity
    assert all(line.quantity for line in lines)


@given(quantities, money)
def test_what_is_right_needs_no_correction(quantity, price):
    assert charges.corrections(quantity, price, quantity, price) == ()


@given(serial_texts)
def test_serial_numbers_lose_no_character_that_counts(text):
    serials = charges.serials_of(text)

    kept = "".join(char for char in text if char not in " \n,;\t\r")
    assert "".join("".join(serial.split()) for serial in serials) == kept
    assert all(serial == serial.strip() and serial for serial in serials)


@pytest.mark.parametrize(
    ("text", "quantity", "why"),
    [
        ("", 1, "missing"),
        (" \n", 1, "missing"),
        ("SN1\nsn1", 2, "repeated"),
        ("SN1", 2, "count"),
        ("SN1\nSN2", 1, "count"),
        ("SN1", 0.5, "count"),
    ],
)
def test_serial_numbers_that_cannot_be_delivered(text, quantity, why):
    with pytest.raises(charges.SerialError) as caught:
        charges.check_serials(text, quantity)

    assert caught.value.why == why


def test_below_cost_is_less_than_the_cost_and_not_the_same():
    assert charges.is_below_cost(Decimal("9.99"), Decimal(10))
    assert not charges.is_below_cost(Decimal(10), Decimal(10))
