"""What a write leaves of a ticket's own fields, against an oracle that goes through them one by one."""

import json
import re
from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from psa_cores.psa_helpdesk import own_fields
from psa_cores.psa_helpdesk.own_field_index import METHODS, PREFIX, index_name, plan
from psa_cores.psa_helpdesk.own_fields import carry, linked_ids, merge, merge_definition, missing, still_valid

DEFINITION = [
    {"name": "flag", "string": "Backup done", "type": "boolean"},
    {"name": "count", "string": "Seats", "type": "integer"},
    {"name": "size", "string": "Size", "type": "float"},
    {"name": "rack", "string": "Rack", "type": "char"},
    {"name": "story", "string": "Story", "type": "text"},
    {"name": "day", "string": "Day", "type": "date"},
    {"name": "moment", "string": "Moment", "type": "datetime"},
    {"name": "site", "string": "Site", "type": "selection", "selection": [["n", "North"], ["s", "South"]]},
    {"name": "marks", "string": "Marks", "type": "tags", "tags": [["a", "Alpha", 1], ["b", "Beta", 2]]},
    {"name": "who", "string": "Who", "type": "many2one", "comodel": "res.partner"},
    {"name": "all", "string": "All", "type": "many2many", "comodel": "res.partner"},
    {"name": "price", "string": "Price", "type": "monetary"},
    {"name": "head", "string": "Head", "type": "separator"},
]
READABLE = {"res.partner": {1, 2, 3}}
FIELDS = {field["name"]: field for field in DEFINITION}
EMPTY = st.sampled_from([False, None, "", []])
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=20)
VALID = {
    "flag": st.booleans(),
    "count": st.integers(-2**31 + 1, 2**31 - 1),
    "size": st.floats(allow_nan=False, allow_infinity=False),
    "rack": TEXTS,
    "story": TEXTS,
    "day": st.dates().map(date.isoformat),
    "moment": st.datetimes(min_value=datetime(1000, 1, 1)).map(lambda moment: moment.strftime("%Y-%m-%d %H:%M:%S")),
    "site": st.sampled_from(["n", "s"]),
    "marks": st.lists(st.sampled_from(["a", "b"]), unique=True, min_size=1),
    "who": st.sampled_from([1, 2, 3]),
    "all": st.lists(st.sampled_from([1, 2, 3]), unique=True, min_size=1),
    "price": st.floats(allow_nan=False, allow_infinity=False) | st.integers(-10**6, 10**6),
    "head": st.booleans(),
}
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.sampled_from(["n", "a", "2026-02-30", b"x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2), max_leaves=5,
)
STORED = st.fixed_dictionaries({}, optional={**VALID, "archived": TEXTS})
WRITTEN = st.fixed_dictionaries({}, optional={name: values | EMPTY for name, values in VALID.items()})
WILD = st.dictionaries(st.sampled_from([*FIELDS, "stranger", "archived"]), ANYTHING, max_size=6)


def test_the_definition_names_every_type_there_is():
    assert {field["type"] for field in DEFINITION} | {"html"} >= set(own_fields.INDEXED_TYPES) | set(own_fields.PORTAL_TYPES)


@given(STORED, WRITTEN)
def test_what_is_valid_is_taken_and_nothing_else_changes(stored, written):
    merged = merge(DEFINITION, stored, written, READABLE)

    assert not merged.problems
    for name in {*stored, *written}:
        if name not in written:
            assert merged.values[name] == stored[name]
        elif own_fields.is_empty(written[name]):
            assert own_fields.is_empty(merged.values.get(name))
        else:
            assert merged.values[name] == written[name]


@given(STORED, WILD)
def test_no_stored_name_is_ever_lost(stored, written):
    merged = merge(DEFINITION, stored, written, READABLE)

    assert set(stored) <= set(merged.values)
    assert set(merged.values) <= {*stored, *FIELDS}
    for name in set(stored) - set(written):
        assert merged.values[name] == stored[name]


@given(STORED, WILD)
def test_writing_twice_is_writing_once(stored, written):
    once = merge(DEFINITION, stored, written, READABLE)
    assume(not once.problems)

    assert merge(DEFINITION, once.values, written, READABLE) == once


@given(STORED, WRITTEN, WRITTEN)
def test_writes_of_different_fields_come_in_any_order(stored, one, other):
    other = {name: value for name, value in other.items() if name not in one}

    def after(*writes):
        values = stored
        for written in writes:
            values = merge(DEFINITION, values, written, READABLE).values
        return values

    assert after(one, other) == after(other, one) == after({**one, **other})


@given(STORED, WILD)
def test_whatever_passes_is_json_of_the_right_type(stored, written):
    merged = merge(DEFINITION, stored, written, READABLE)

    json.dumps(merged.values, allow_nan=False)
    for name, value in merged.values.items():
        if name in FIELDS and not own_fields.is_empty(value):
            assert oracle_accepts(FIELDS[name], value)


@given(WILD)
def test_each_refusal_names_the_field_and_none_is_refused_without_reason(written):
    merged = merge(DEFINITION, {}, written, READABLE)

    for problem in merged.problems:
        assert problem.name in written
        assert problem.label == FIELDS.get(problem.name, {"string": problem.name})["string"]
        if problem.name in FIELDS:
            assert not oracle_accepts(FIELDS[problem.name], written[problem.name])


@given(STORED)
def test_a_form_that_sends_back_what_it_was_given_changes_nothing(stored):
    given_to_form = [
        {**field, "value": as_the_client_has_it(field, stored[field["name"]])} if field["name"] in stored else dict(field)
        for field in DEFINITION
    ]

    merged = merge(DEFINITION, stored, own_fields.written_values(given_to_form), {})

    assert merged == own_fields.Merged(stored)


def as_the_client_has_it(field, value):
    if field["type"] == "many2one":
        return [value, "A name"]
    return [[item, None] for item in value] if field["type"] == "many2many" else value


def oracle_accepts(field, value):
    """Say slowly and plainly whether a non-empty JSON value is one of the field's type."""
    kind = field["type"]
    is_number = type(value) in (int, float)
    if kind in ("boolean", "separator"):
        return value is True
    if kind == "integer":
        return is_number and abs(value) < 2**31 and value == int(value)
    if kind in ("float", "monetary"):
        return is_number and float("-inf") < value < float("inf")
    if kind in ("char", "text", "html"):
        return isinstance(value, str)
    if kind in ("date", "datetime"):
        try:
            datetime.fromisoformat(value)
        except (TypeError, ValueError):
            return False
        return kind == "datetime" or (len(value) == 10 and value.count("-") == 2)
    if kind == "selection":
        return isinstance(value, str) and value in ("n", "s")
    if kind == "tags":
        return isinstance(value, list) and all(isinstance(item, str) and item in ("a", "b") for item in value)
    ids = value if kind == "many2many" else [value]
    return isinstance(ids, list) and all(type(item) is int and item in (1, 2, 3) for item in ids)


@pytest.mark.parametrize(("name", "value", "code"), [
    ("flag", 1, "type"), ("flag", "yes", "type"), ("count", "7", "type"), ("count", 1.5, "type"), ("count", True, "type"),
    ("count", 2**31, "too_large"), ("size", float("nan"), "type"), ("size", 10**400, "type"), ("rack", 7, "type"),
    ("day", "2026-02-30", "type"), ("day", "soon", "type"), ("moment", "2026-01-01 25:00:00", "type"), ("site", "w", "option"),
    ("site", ["n"], "type"), ("marks", "a", "type"), ("marks", ["a", "z"], "option"), ("marks", [["a"]], "option"),
    ("who", 9, "record"), ("who", "1", "type"), ("who", True, "type"), ("who", [1, 2], "type"), ("who", -1, "type"),
    ("all", [1, 9], "record"), ("all", 1, "type"), ("all", [[6, 0, [1]]], "type"), ("nowhere", 1, "unknown"),
])
def test_what_is_refused_and_why(name, value, code):
    [problem] = merge(DEFINITION, {}, {name: value}, READABLE).problems

    assert (problem.name, problem.code) == (name, code)


def test_values_are_stored_as_odoo_keeps_them():
    berlin = timezone(timedelta(hours=2))
    written = {
        "count": 3.0, "day": date(2026, 3, 31), "moment": datetime(2026, 3, 31, 10, tzinfo=berlin), "marks": ("a", "b", "a"),
        "who": (2, "Zoë"), "all": [(1, "A"), 2, 1], "rack": "R\x007\ud800",
    }

    assert merge(DEFINITION, {}, written, READABLE).values == {
        "count": 3, "day": "2026-03-31", "moment": "2026-03-31 08:00:00", "marks": ["a", "b"], "who": 2, "all": [1, 2], "rack": "R7",
    }


def test_a_link_kept_needs_no_leave_and_a_new_one_does():
    stored = {"who": 8, "all": [8, 1]}

    assert linked_ids(DEFINITION, stored, {"who": 8, "all": [8, 2]}) == {"res.partner": {2}}
    assert not merge(DEFINITION, stored, {"who": [8, None], "all": [[8, None], [2, "B"]]}, READABLE).problems


def test_what_an_index_cannot_hold_is_refused():
    [problem] = merge([{**FIELDS["rack"], "indexed": True}], {}, {"rack": "é" * 1001}).problems

    assert problem.code == "too_long"


def test_a_stale_value_of_an_archived_field_may_come_back_unchanged_only():
    assert not merge([], {"old": "x"}, {"old": "x"}).problems
    assert merge([], {"old": "x"}, {"old": "y"}).problems
    assert not merge([], {}, {"gone": False}).problems


@given(STORED)
def test_moving_to_a_desk_with_the_same_fields_keeps_everything(stored):
    held = {name: value for name, value in stored.items() if name in FIELDS and not own_fields.is_empty(value)}

    assert carry(DEFINITION, DEFINITION, stored) == own_fields.Carried(held)


@given(STORED, st.lists(st.sampled_from(DEFINITION), unique_by=lambda field: field["name"]))
def test_each_value_moves_or_is_reported(stored, new):
    carried = carry(DEFINITION, new, stored)

    held = {name for name, value in stored.items() if name in FIELDS and not own_fields.is_empty(value)}
    assert set(carried.values) | set(carried.lost) == held
    assert not set(carried.values) & set(carried.lost)
    assert set(carried.values) <= {field["name"] for field in new}


def test_a_move_goes_by_label_where_names_differ_and_never_by_type_alone():
    new = [
        {"name": "p", "string": " SITE ", "type": "selection", "selection": [["1", "south"]]},
        {"name": "q", "string": "Marks", "type": "tags", "tags": [["x", "Alpha", 0]]},
        {"name": "rack", "string": "Rack", "type": "integer"},
        {"name": "r", "string": "Who", "type": "many2one", "comodel": "res.users"},
        {"name": "d", "string": "New", "type": "char", "default": "fresh"},
    ]
    stored = {"site": "s", "marks": ["a", "b"], "rack": "R7", "who": 1}

    assert carry(DEFINITION, new, stored) == own_fields.Carried({"p": "1", "q": ["x"], "d": "fresh"}, ("rack", "who"))


def test_a_copy_starts_without_what_is_gone():
    values = {"site": "w", "marks": ["a", "z"], "who": 9, "all": [1, 9], "rack": "R7", "old": 1}

    assert still_valid(DEFINITION, values, READABLE) == {"marks": ["a"], "all": [1], "rack": "R7"}


def test_required_is_asked_in_the_desks_order_and_zero_is_an_answer():
    definition = [
        {**FIELDS["rack"], "required": "create"}, {**FIELDS["count"], "required": "create"}, {**FIELDS["flag"], "required": "create"},
        {**FIELDS["site"], "required": "close"}, {**FIELDS["head"], "required": "create"},
    ]

    assert missing(definition, {"count": 0, "flag": False}, "create") == ["Rack", "Backup done"]
    assert missing(definition, {}, "close") == ["Rack", "Seats", "Backup done", "Site"]
    assert missing(definition, {}, None) == []


NAMES = st.lists(st.sampled_from("abcdef"), unique=True)


@given(NAMES, NAMES, st.data())
def test_an_edit_in_a_stale_form_deletes_only_what_it_says(current, known, data):
    now = [{"name": name, "type": "char", "required": "create"} for name in current]
    deleted = set(data.draw(NAMES)) & set(known)
    sent = [{"name": name, "type": "char", **({"definition_deleted": True} if name in deleted else {})} for name in known]

    result = merge_definition(now, sent)

    assert {field["name"] for field in result} == ({*current} | {*known}) - deleted
    assert all(field.get("required") == "create" for field in result if field["name"] in current)


@given(st.sets(st.text(max_size=9)), st.data())
def test_indexes_end_where_the_fields_want_them(names, data):
    right = {index_name(name, method) for name in names for method in METHODS}
    there = data.draw(st.sets(st.sampled_from([*sorted(right), PREFIX + "foreign_gin"])))
    existing = {index: data.draw(st.booleans()) for index in there}

    steps = plan(names, existing)

    assert set(steps.drop) <= set(existing)
    after = {index for index in existing if index not in steps.drop} | {index for index, __, __ in steps.build}
    assert after == right
    assert plan(names, dict.fromkeys(after, True)) == plan((), {})


@given(st.text())
def test_no_name_of_a_field_gets_into_the_name_of_its_index(name):
    index = index_name(name, "gin")

    assert re.fullmatch(r"[a-z0-9_]{1,62}", index)
