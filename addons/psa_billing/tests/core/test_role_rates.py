"""On each day, the rate of the first layer that has one holds; no day has two."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_billing import role_rates
from psa_cores.psa_billing.terms import RoleRate

FIRST = date(2026, 1, 1)
days = st.one_of(st.none(), st.integers(0, 30))


def _holds(rate, day):
    return (rate.date_from is None or rate.date_from <= day) and (rate.date_to is None or day <= rate.date_to)


def _layer(ranges):
    """Make rates of ranges, leaving out those that overlap an earlier one of their currency."""
    rates = []
    for number, (currency, start, end) in enumerate(ranges):
        since = None if start is None else FIRST + timedelta(days=start)
        until = None if end is None else FIRST + timedelta(days=max(start or 0, end))
        rate = RoleRate(number, currency, Decimal(100 + number), since, until)
        if not any(role_rates.overlaps(rate, other) for other in rates):
            rates.append(rate)
    return rates


layers = st.lists(st.lists(st.tuples(st.integers(1, 2), days, days), max_size=4).map(_layer), max_size=3)


@given(layers)
def test_each_day_has_the_rate_of_the_first_layer_that_has_one(of_layers):
    result = role_rates.layered(of_layers)

    for currency in (1, 2):
        for number in range(-5, 40):
            day = FIRST + timedelta(days=number)
            expected = [
                rate.hourly_rate for layer in of_layers for rate in layer if rate.currency_id == currency and _holds(rate, day)
            ][:1]
            found = [rate.hourly_rate for rate in result if rate.currency_id == currency and _holds(rate, day)]
            assert found == expected
