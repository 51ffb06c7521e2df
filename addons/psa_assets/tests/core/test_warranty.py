from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_assets.warranty import warranty_state

DAYS = st.dates(date(2000, 1, 1), date(2100, 1, 1))
NOTICE = st.integers(0, 400)
ORDER = ['valid', 'expiring', 'expired']


@pytest.mark.parametrize(('last_day', 'state'), [
    (None, 'none'),
    (date(2026, 5, 31), 'expired'),
    (date(2026, 6, 1), 'expiring'),
    (date(2026, 7, 31), 'expiring'),
    (date(2026, 8, 1), 'valid'),
])
def test_a_warranty_holds_on_its_last_day(last_day, state):
    assert warranty_state(last_day, date(2026, 6, 1), 60) == state


@given(DAYS, DAYS, NOTICE)
def test_time_only_moves_a_warranty_towards_its_end(last_day, today, notice):
    now = ORDER.index(warranty_state(last_day, today, notice))
    tomorrow = ORDER.index(warranty_state(last_day, today + timedelta(days=1), notice))

    assert tomorrow >= now


@given(DAYS, DAYS, NOTICE)
def test_expired_means_that_the_last_day_has_passed(last_day, today, notice):
    assert (warranty_state(last_day, today, notice) == 'expired') == (today > last_day)
