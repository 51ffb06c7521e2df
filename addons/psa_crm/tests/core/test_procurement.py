from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_crm.procurement import InvalidLink, is_expired, margin, normalize_link


@pytest.mark.parametrize(('text', 'link'), [
    ('https://supplier.example/q/17', 'https://supplier.example/q/17'),
    ('http://supplier.example', 'http://supplier.example'),
    (' supplier.example/q?id=17#top ', 'https://supplier.example/q?id=17#top'),
    ('supplier.example:8443/q', 'https://supplier.example:8443/q'),
    ('HTTPS://Supplier.example/Q', 'HTTPS://Supplier.example/Q'),
])
def test_addresses_of_pages_are_taken(text, link):
    assert normalize_link(text) == link


@pytest.mark.parametrize('text', [
    '', '  ', None, 'javascript:alert(1)', 'JavaScript://supplier.example/%0aalert(1)', 'data:text/html,x', 'file:///etc/passwd',
    'ftp://supplier.example', 'mailto:a@supplier.example', 'quote 17', 'https://', 'https://localhost', 'localhost/q',
    'https://supplier.example@evil.example/', 'https://supplier.example/"onclick="x', 'https://[::1', 'https://supplier.example:x/',
    'https://supplier.example/\njavascript:x', '//',
])
def test_anything_else_is_refused(text):
    with pytest.raises(InvalidLink):
        normalize_link(text)


@given(st.text())
def test_what_is_taken_opens_a_page_and_stays_as_it_is(text):
    try:
        link = normalize_link(text)
    except InvalidLink:
        return

    assert link.lower().startswith(('http://', 'https://'))
    assert normalize_link(link) == link


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(-5, 5))
def test_a_price_holds_to_the_end_of_its_last_day(last, offset):
    assert is_expired(last, last + timedelta(days=offset)) == (offset > 0)
    assert not is_expired(None, last)


AMOUNTS = st.decimals('-99999', '99999', places=2)


@given(AMOUNTS, st.decimals('0', '9999', places=3), st.decimals('0', '99', places=2), st.sampled_from(['0.01', '0.05', '1']))
def test_margin_and_cost_make_the_price(subtotal, cost, quantity, rounding):
    rounding = Decimal(rounding)

    result = margin(subtotal, cost, quantity, rounding)

    assert abs(result.amount + cost * quantity - subtotal) <= rounding / 2
    assert result.amount % rounding == 0
    if subtotal:
        assert abs(result.ratio * subtotal - result.amount) <= abs(subtotal) * Decimal('0.00005')
    else:
        assert result.ratio is None
