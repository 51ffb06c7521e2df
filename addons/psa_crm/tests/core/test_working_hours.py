import doctest

from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_crm import working_hours
from psa_cores.psa_crm.working_hours import resolve_working_hours

PLACES = st.lists(st.tuples(
    st.sampled_from([None, '', 'early', 'late']), st.sampled_from([None, '', 'Europe/Paris', 'America/Boise'])), max_size=6)


def test_the_examples_in_the_code_hold():
    assert doctest.testmod(working_hours).failed == 0


def test_the_zone_of_the_hours_counts_where_nobody_names_one():
    assert resolve_working_hours([('late', None)], {'late': 'Asia/Tokyo'}.get) == ('late', 'Asia/Tokyo')
    assert resolve_working_hours([], {}.get) == (None, 'UTC')


@given(PLACES)
def test_the_nearest_place_that_says_so_counts(places):
    calendar, tz = resolve_working_hours(places, lambda calendar: f'zone of {calendar}')

    expected_calendar = expected_tz = None
    for place_calendar, place_tz in reversed(places):
        expected_calendar = place_calendar or expected_calendar
        expected_tz = place_tz or expected_tz
    assert calendar == expected_calendar
    assert tz == (expected_tz or (f'zone of {calendar}' if calendar else 'UTC'))
