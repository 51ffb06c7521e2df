import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_crm import own_fields
from psa_cores.psa_crm.own_fields import InvalidValue, merge_values

DEFINITION = [
    {'name': 'isp', 'type': 'char', 'string': "Provider"},
    {'name': 'seats', 'type': 'integer', 'string': "Seats"},
    {'name': 'backup', 'type': 'selection', 'string': "Backup", 'selection': [['cloud', "Cloud"], ['local', "Local"]]},
    {'name': 'marks', 'type': 'tags', 'string': "Marks", 'tags': [['a', "A", 1], ['b', "B", 2]]},
    {'name': 'since', 'type': 'date', 'string': "Since"},
    {'name': 'vip', 'type': 'boolean', 'string': "VIP"},
    {'name': 'line', 'type': 'separator', 'string': "Line"},
]
VALUES = st.fixed_dictionaries({}, optional={
    'isp': st.text(max_size=5), 'seats': st.integers(), 'backup': st.sampled_from(['cloud', 'local']), 'vip': st.booleans(),
})


def test_the_examples_in_the_code_hold():
    assert doctest.testmod(own_fields).failed == 0


@given(VALUES, VALUES)
def test_nothing_is_lost_that_was_not_mentioned(current, changes):
    merged = merge_values(current, changes, DEFINITION)

    for name in current.keys() | changes.keys():
        assert merged[name] == (changes[name] if name in changes else current[name])


@pytest.mark.parametrize(('name', 'value'), [
    ('seats', '12'), ('seats', True), ('isp', 5), ('backup', 'tape'), ('marks', ['c']), ('marks', 'a'),
    ('since', 'tomorrow'), ('since', 7), ('vip', 1), ('line', 'x'),
])
def test_a_value_of_another_kind_is_refused_by_the_name_of_its_field(name, value):
    with pytest.raises(InvalidValue) as caught:
        merge_values({}, {name: value}, DEFINITION)

    assert caught.value.field == next(field['string'] for field in DEFINITION if field['name'] == name)
    assert not caught.value.is_unknown


@pytest.mark.parametrize(('name', 'value'), [
    ('seats', 12), ('isp', 'Fiber'), ('backup', 'cloud'), ('marks', ['a', 'b']), ('since', '2025-02-28'), ('vip', True),
    ('isp', False), ('since', None),
])
def test_a_value_of_the_right_kind_and_an_empty_one_are_taken(name, value):
    assert merge_values({}, {name: value}, DEFINITION) == {name: value}


def test_a_key_without_a_field_is_refused_and_one_of_old_is_dropped():
    with pytest.raises(InvalidValue) as caught:
        merge_values({}, {'nothing': 1}, DEFINITION)

    assert caught.value.is_unknown
    assert merge_values({'gone': 1, 'isp': 'Fiber'}, {'seats': 2}, DEFINITION) == {'isp': 'Fiber', 'seats': 2}
