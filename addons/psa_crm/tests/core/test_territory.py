import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_crm.territory import (
    Address,
    InvalidPostcodes,
    Territory,
    find_postcode,
    find_territory,
    normalize_postcode,
    parse_postcodes,
)

SMALL = st.integers(0, 3)
FEW = st.frozensets(st.integers(1, 3), max_size=2)
FIVE_DIGITS = st.integers(0, 99999).map(lambda number: f'{number:05d}')
AREAS = st.sampled_from(['B', 'BS', 'BA', 'S', 'SW'])


@st.composite
def number_ranges(draw):
    first, last = sorted((draw(FIVE_DIGITS), draw(FIVE_DIGITS)))
    return first, last


@st.composite
def british_codes(draw):
    """Parts of a British postcode: area, number of the district, its letter, number of the sector, unit."""
    return (
        draw(AREAS), draw(st.integers(1, 29)), '', draw(st.integers(0, 9)), draw(st.text('ABDEFG', min_size=2, max_size=2)))


@st.composite
def spellings(draw, code):
    """The code in another case, with blanks anywhere."""
    return ''.join(
        (character.lower() if draw(st.booleans()) else character) + ' ' * draw(st.integers(0, 1)) for character in code)


@st.composite
def territories(draw):
    ranges = draw(st.lists(number_ranges(), max_size=2))
    return Territory(
        key=draw(st.integers(1, 9)), countries=draw(FEW), states=draw(FEW), industries=draw(FEW),
        postcodes=parse_postcodes(', '.join(f'{first}-{last}' for first, last in ranges))), ranges


def slow_find(address, candidates):
    """The obvious way: look at each territory, at each criterion, and at each number of each range."""
    for territory, ranges in candidates:
        if territory.countries and address.country not in territory.countries:
            continue
        if territory.states and address.state not in territory.states:
            continue
        if territory.industries and address.industry not in territory.industries:
            continue
        if ranges and not any(int(address.postcode) in range(int(first), int(last) + 1) for first, last in ranges):
            continue
        return territory.key
    return None


@given(
    st.builds(Address, country=SMALL, state=SMALL, industry=SMALL, postcode=FIVE_DIGITS), st.lists(territories(), max_size=5))
def test_the_first_territory_that_holds_the_address_wins(address, candidates):
    match = find_territory(address, [territory for territory, _ranges in candidates])

    assert (match.key if match else None) == slow_find(address, candidates)
    if match:
        territory = candidates[match.position - 1][0]
        asked = {
            criterion for criterion, wanted in (
                ('country', territory.countries), ('state', territory.states), ('industry', territory.industries),
                ('postcode', territory.postcodes)) if wanted}
        assert {criterion for criterion, _part in match.reasons} == asked


@given(number_ranges(), FIVE_DIGITS, st.data())
def test_a_range_holds_the_numbers_from_its_first_to_its_last(ends, code, data):
    first, last = ends
    text = f'{first} – {last}'

    found = find_postcode(data.draw(spellings(code)), parse_postcodes(text))

    assert (found == text) == (int(first) <= int(code) <= int(last))


@given(number_ranges(), FIVE_DIGITS)
def test_a_longer_code_is_where_its_beginning_is(ends, code):
    postcodes = parse_postcodes('{}-{}'.format(*ends))

    assert find_postcode(f'{code}-1234', postcodes) == find_postcode(code, postcodes)


@given(british_codes(), AREAS, st.integers(1, 29), st.integers(1, 29), st.data())
def test_british_districts_are_compared_by_their_number(parts, area, one, other, data):
    """The oracle knows the parts of the code; the code under test has only its letters and digits."""
    letters, number, _letter, sector, unit = parts
    low, high = sorted((one, other))
    code = data.draw(spellings(f'{letters}{number}{sector}{unit}'))

    def covered(text):
        return find_postcode(code, parse_postcodes(text)) is not None

    assert covered(area) == (letters == area)
    assert covered(f'{area}{one}') == (letters == area and number == one)
    assert covered(f'{area}{low}-{area}{high}') == (letters == area and low <= number <= high)
    assert covered(f'{area}{one} 4') == (letters == area and number == one and sector == 4)
    assert covered(f'{letters}{number} {sector}{unit}')


@given(st.lists(number_ranges(), min_size=1, max_size=4), FIVE_DIGITS)
def test_overlapping_parts_say_the_first_that_covers(ranges, code):
    texts = [f'{first}-{last}' for first, last in ranges]
    expected = next(
        (text for text, (first, last) in zip(texts, ranges, strict=True) if int(first) <= int(code) <= int(last)), None)

    assert find_postcode(code, parse_postcodes('; '.join(texts))) == expected


@given(st.text(max_size=12))
def test_no_text_breaks_the_reading(text):
    with contextlib.suppress(InvalidPostcodes):
        for part in parse_postcodes(text):
            assert part.covers(normalize_postcode(text)) in (True, False)


@given(st.text(max_size=12))
def test_normalizing_a_postcode_twice_changes_nothing(text):
    assert normalize_postcode(normalize_postcode(text)) == normalize_postcode(text)


@pytest.mark.parametrize(('code', 'text', 'covered'), [
    ('01067', '01000-09999', True),
    ('1067', '01000-09999', False),     # a lost zero makes it a code of another country
    ('1067', '1000-1999', True),
    ('01067', '1000-1999', False),
    ('97209-1234', '97200-97299', True),
    ('１２３４５', '10000-19999', True),
    ('1012 AB', '1000-1999', True),
    ('m5v 3a8', 'M5V', True),
    ('M5V 3A8', 'M5V 3', True),
    ('M5V 3A8', 'M5', True),
    ('D02 X285', 'D01-D24', True),
    ('SW1A 1AA', 'SW1', True),
    ('SW1A 1AA', 'SW1A', True),
    ('SW1A 1AA', 'SW', True),
    ('SW1A 1AA', 'S', False),
    ('BS14 9AA', 'BS1', False),
    ('BS14', 'BS1', False),
    ('BS1', 'BS1', True),
    ('BS1 4DJ', 'bs14dj', True),
    ('BS1 4DJ', 'BS1-BS9', True),
    ('BS10 5AA', 'BS1-BS9', False),
    ('BS10 5AA', 'BS1-BS16', True),
    ('', '10000-19999', False),
    (None, 'BS', False),
])
def test_postcodes_as_people_write_them(code, text, covered):
    assert (find_postcode(code, parse_postcodes(text)) is not None) == covered


@pytest.mark.parametrize(('text', 'problem'), [
    ('19999-10000', 'backwards'),
    ('BS9-BS1', 'backwards'),
    ('1000-19999', 'unequal'),
    ('00-950', 'unequal'),
    ('BS1-BA9', 'unequal'),
    ('BA-BS', 'unequal'),
    ('10000-', 'unreadable'),
    ('-19999', 'unreadable'),
    ('1-2-3', 'unreadable'),
    ('10000-19999, ***', 'unreadable'),
])
def test_what_cannot_be_read_is_named(text, problem):
    with pytest.raises(InvalidPostcodes) as caught:
        parse_postcodes(text)

    assert caught.value.problem == problem
    assert caught.value.text in text


def test_a_territory_without_criteria_takes_every_address():
    match = find_territory(Address(), [Territory(key=1, countries=frozenset({7})), Territory(key=2)])

    assert (match.key, match.position, match.reasons) == (2, 2, ())
