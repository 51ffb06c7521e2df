from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_helpdesk.history import diff_lists, diff_properties, joined_parts, property_text, read_joined, references

DEFINITIONS = [
    {"name": "flag", "string": "VIP", "type": "boolean"},
    {"name": "floor", "string": "Floor", "type": "integer"},
    {"name": "rack", "string": "Rack", "type": "char"},
    {"name": "colour", "string": "Colour", "type": "selection", "selection": [["r", "Red"], ["b", "Blue"]]},
    {"name": "marks", "string": "Marks", "type": "tags", "tags": [["x", "Loud", 1], ["y", "Hot", 2]]},
    {"name": "owner", "string": "Owner", "type": "many2one", "comodel": "res.partner"},
    {"name": "people", "string": "People", "type": "many2many", "comodel": "res.partner"},
    {"name": "line", "string": "Line", "type": "separator"},
]
NAMES = {("res.partner", 1): "Zoë", ("res.partner", 2): "Omar"}
VALUES = st.fixed_dictionaries({}, optional={
    "flag": st.booleans(),
    "floor": st.sampled_from([False, 0, 1, 2]),
    "rack": st.sampled_from([False, "", "A", "B"]),
    "colour": st.sampled_from([False, "r", "b", "gone"]),
    "marks": st.lists(st.sampled_from(["x", "y"]), unique=True),
    "owner": st.sampled_from([False, 1, 2, 9]),
    "people": st.lists(st.sampled_from([1, 2]), unique=True),
    "line": st.just(False),
    "undefined": st.sampled_from([False, "kept"]),
})


def slow_text(name, values):
    """What a person would read in the form, spelt out field by field."""
    value = values.get(name)
    if name == "flag":
        return "Yes" if value else "No"
    if name == "floor":
        return "" if value is False or value is None else str(value)
    if name == "colour":
        return {"r": "Red", "b": "Blue"}.get(value, value or "")
    if name == "marks":
        return ", ".join({"x": "Loud", "y": "Hot"}[mark] for mark in value or [])
    if name == "owner":
        return {1: "Zoë", 2: "Omar"}.get(value, str(value) if value else "")
    if name == "people":
        return ", ".join({1: "Zoë", 2: "Omar"}[person] for person in value or [])
    return value or ""


@given(VALUES, VALUES)
def test_one_row_for_each_field_that_reads_differently(old, new):
    changes = diff_properties(old, new, DEFINITIONS, DEFINITIONS, NAMES)

    fields = [definition["name"] for definition in DEFINITIONS if definition["type"] != "separator"] + ["undefined"]
    expected = [
        (name, slow_text(name, old), slow_text(name, new)) for name in fields if slow_text(name, old) != slow_text(name, new)
    ]
    assert [(change.name, change.old, change.new) for change in changes] == expected


@given(VALUES)
def test_nothing_changed_is_no_row(values):
    assert diff_properties(values, dict(values), DEFINITIONS, DEFINITIONS, NAMES) == []


@given(VALUES, VALUES)
def test_the_way_back_is_the_mirror_image(old, new):
    there = diff_properties(old, new, DEFINITIONS, DEFINITIONS, NAMES)
    back = diff_properties(new, old, DEFINITIONS, DEFINITIONS, NAMES)

    assert {(change.name, change.old, change.new) for change in there} == {
        (change.name, change.new, change.old) for change in back
    }


@given(VALUES)
def test_every_record_named_is_asked_for(values):
    asked = references(values, DEFINITIONS)

    expected = {("res.partner", item) for item in [values.get("owner"), *values.get("people", [])] if item}
    assert asked == expected


def test_a_ticket_that_moves_is_read_with_each_desks_own_labels():
    mine = [{"name": "a", "string": "Building", "type": "char"}]
    theirs = [{"name": "b", "string": "Site", "type": "char"}]

    changes = diff_properties({"a": "North"}, {"b": "South"}, mine, theirs, {})

    assert [(change.label, change.old, change.new) for change in changes] == [("Site", "", "South"), ("Building", "North", "")]


def test_an_option_that_was_deleted_shows_its_key():
    assert property_text("old_key", {"type": "selection", "selection": []}, {}) == "old_key"


@given(st.lists(st.integers(0, 9), unique=True), st.lists(st.integers(0, 9), unique=True))
def test_lists_differ_by_what_came_and_went(old, new):
    added, removed = diff_lists(old, new)

    assert sorted(set(old) - set(removed) | set(added)) == sorted(new)
    assert not set(added) & set(old)
    assert not set(removed) & set(new)


NAMED = st.dictionaries(st.sampled_from(["a", "b", "a, b", "b, a", "c"]), st.sets(st.integers(1, 9), min_size=1, max_size=2))


def slow_readings(text, known):
    """Every list of things whose names, joined, make the text."""
    readings = [[]] if not text else []
    for name, things in known.items():
        for rest_text in ([text[len(name):]] if text.startswith(name) else []):
            if rest_text and not rest_text.startswith(", "):
                continue
            tails = slow_readings(rest_text.removeprefix(", "), known) if rest_text else [[]]
            readings += [[thing, *tail] for thing in things for tail in tails]
    return readings


@given(NAMED, st.lists(st.sampled_from(["a", "b", "a, b", "b, a", "c", "gone"]), min_size=1, max_size=5))
def test_joined_names_are_read_only_where_there_is_one_way(known, names):
    text = ", ".join(names)
    readings = slow_readings(text, known)

    assert read_joined(text, known) == (readings[0] if len(readings) == 1 else None)
    assert {name for name in names if name.count(", ") < 4} <= joined_parts(text)
