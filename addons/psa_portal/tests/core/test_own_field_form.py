"""What clients type into own fields, whatever they type."""

from datetime import timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_helpdesk.own_fields import PORTAL_TYPES, merge
from psa_cores.psa_portal.own_field_form import PREFIX, check_own_fields

ASKED = [
    {"name": kind, "string": kind.title(), "type": kind, "required": "never"} for kind in PORTAL_TYPES
    if kind not in ("selection", "tags")
] + [
    {"name": "selection", "type": "selection", "selection": [["n", "North"], ["s", "South"]]},
    {"name": "tags", "type": "tags", "tags": [["a", "Alpha", 1], ["b", "Beta", 2]]},
]
TEXTS = st.text(max_size=20) | st.sampled_from(
    ["1", "-7", "1,5", "n", "a", "2026-03-31", "2026-03-31T08:30", "on", "9" * 12, "\x00", "\ud800"])
POSTED = st.dictionaries(
    st.sampled_from([PREFIX + field["name"] for field in ASKED] + ["own_stranger", "subject"]), st.lists(TEXTS, max_size=3))


@given(POSTED)
def test_whatever_is_posted_what_is_taken_can_be_stored(posted):
    checked = check_own_fields(ASKED, posted)

    assert merge(ASKED, {}, checked.values, {}).values == checked.values
    assert not merge(ASKED, {}, checked.values, {}).problems


@given(POSTED)
def test_each_field_is_taken_or_empty_or_wrong(posted):
    checked = check_own_fields(ASKED, posted)

    assert not {PREFIX + name for name in checked.values} & set(checked.errors)
    assert {PREFIX + name for name in checked.values} | set(checked.errors) <= {PREFIX + field["name"] for field in ASKED} & set(posted)


@given(POSTED)
def test_what_is_required_is_never_left_open(posted):
    checked = check_own_fields([{**field, "required": "create"} for field in ASKED], posted)

    for field in ASKED:
        assert (field["name"] in checked.values) != (PREFIX + field["name"] in checked.errors)


@pytest.mark.parametrize(("name", "texts", "value"), [
    ("boolean", ["on"], True), ("integer", ["+12"], 12), ("float", ["1,5"], 1.5), ("monetary", [".25"], 0.25),
    ("char", [" a \n b "], "a b"), ("text", ["a\nb"], "a\nb"), ("date", ["2026-03-31"], "2026-03-31"),
    ("datetime", ["2026-03-31T08:30"], "2026-03-31 06:30:00"),
    ("selection", ["s"], "s"), ("tags", ["b", "a", "b"], ["b", "a"]),
])
def test_what_is_stored_of_what_was_typed(name, texts, value):
    assert check_own_fields(ASKED, {PREFIX + name: texts}, timezone(timedelta(hours=2))).values == {name: value}


@pytest.mark.parametrize(("name", "texts", "code"), [
    ("integer", ["1.5"], "own_whole"), ("integer", ["9" * 11], "own_whole"),
    ("float", ["1e400"], "own_number"), ("float", ["nan"], "own_number"),
    ("char", ["x" * 501], "own_too_long"), ("date", ["31.3.2026"], "own_date"), ("datetime", ["soon"], "own_date"),
    ("selection", ["w"], "own_unknown"), ("tags", ["a", "z"], "own_unknown"),
])
def test_what_is_wrong_and_why(name, texts, code):
    assert check_own_fields(ASKED, {PREFIX + name: texts}).errors == {PREFIX + name: code}
