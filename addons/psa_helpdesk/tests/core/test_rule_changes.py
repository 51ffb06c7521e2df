from datetime import datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from psa_cores.psa_helpdesk import rule_changes
from psa_cores.psa_helpdesk.rule_changes import (
    ADDED,
    AFTER,
    ANY,
    BEFORE,
    CONTAINS,
    EARLIER,
    EMPTY,
    FILLED,
    IS,
    KINDS,
    LACKS,
    LATER,
    REMOVED,
    Pattern,
    Side,
)

FIELDS = ("stage", "queue", "user")
VALUES = st.sampled_from([None, False, "", 1, 2, 3])
SIDES = st.builds(Side, st.sampled_from([ANY, EMPTY, FILLED, IS]), st.sampled_from([1, 2, 3]))
PATTERNS = st.lists(st.builds(Pattern, st.sampled_from(FIELDS), SIDES, SIDES), max_size=4)
MOMENTS = st.integers(0, 5).map(lambda hours: datetime(2026, 3, 2) + timedelta(hours=hours))
TEXTS = st.text("aAbBß ", max_size=4)
LISTS = st.lists(st.integers(1, 4), unique=True, max_size=4)
# By the type of a field: what its column keeps, and what a rule names.
KEPT = {
    "many2one": (st.integers(1, 3), st.integers(1, 3)),
    "boolean": (st.just(True), st.booleans()),
    "char": (TEXTS, TEXTS.filter(str.strip)),
    "datetime": (MOMENTS, MOMENTS),
    "many2many": (LISTS, st.integers(1, 4)),
}


class Something:
    """A value of which nobody knows more than that there is one."""


@st.composite
def histories(draw):
    """Return steps (field, old, new) as they can follow each other, and the values before and after."""
    values = {name: draw(VALUES) for name in FIELDS}
    before = dict(values)
    steps = []
    for name in draw(st.lists(st.sampled_from(FIELDS), max_size=8)):
        new = draw(VALUES)
        steps.append((name, values[name], new))
        values[name] = new
    return steps, before, values


@st.composite
def changes(draw, of_type=None):
    """Return what a rule waits for, and a change of a field of that type: (pattern, old, new)."""
    kind = of_type or draw(st.sampled_from(sorted(KEPT)))
    kept, named = KEPT[kind]
    # A list that is named nothing of waits for any; everything else that asks for a value has one.
    wanted = [
        Side(asked, draw(named | st.none() if asked in (ADDED, REMOVED) else named))
        for asked in (draw(st.sampled_from(of_side)) for of_side in KINDS[kind])
    ]
    old, new = (draw(kept | st.sampled_from([None, False])) for __ in range(2))
    return Pattern("field", *wanted), old, new


def is_nothing(value):
    return value is None or value is False or value in ("", [])


def side_oracle(side, value, other):
    """Say of one value in plain words whether it is as it should be."""
    if side.kind in (ANY, EMPTY, FILLED):
        return {ANY: True, EMPTY: is_nothing(value), FILLED: not is_nothing(value)}[side.kind]
    if side.kind == IS:
        if isinstance(side.value, bool):
            return side.value == (value is True)
        return not is_nothing(value) and (value.strip() == side.value.strip() if isinstance(value, str) else value == side.value)
    if side.kind in (CONTAINS, LACKS):
        text, part = "" if is_nothing(value) else value.lower(), side.value.lower()
        # "ß" has no capital of one letter here, so that small letters do.
        found = any(text[start:start + len(part)] == part for start in range(len(text)))
        return found == (side.kind == CONTAINS)
    if side.kind in (ADDED, REMOVED):
        after, before = (value or [], other or []) if side.kind == ADDED else (other or [], value or [])
        came = [item for item in after if item not in before]
        return side.value in came if side.value else len(came) > 0
    bound = other if side.kind in (EARLIER, LATER) else side.value
    if is_nothing(value) or is_nothing(bound):
        return False
    return value < bound if side.kind in (BEFORE, EARLIER) else value > bound


@given(histories())
def test_what_counts_of_several_changes_is_before_and_after(history):
    steps, before, after = history
    changed = rule_changes.net(steps)
    for name in FIELDS:
        differs = before[name] != after[name] and not (is_nothing(before[name]) and is_nothing(after[name]))
        assert (name in changed) == differs
        if differs:
            assert changed[name] == (before[name], after[name])


@given(PATTERNS, histories())
def test_a_rule_is_set_off_when_one_of_its_changes_happened(patterns, history):
    steps, __, __ = history
    changed = rule_changes.net(steps)
    expected = []
    for pattern in patterns:
        for name, (old, new) in changed.items():
            wanted = side_oracle(pattern.old, old, new) and side_oracle(pattern.new, new, old)
            if name == pattern.field and wanted and name not in expected:
                expected.append(name)
    if not patterns:
        expected = list(changed)
    assert rule_changes.matching(patterns, changed) == expected


@given(changes())
def test_every_kind_means_what_it_says(case):
    pattern, old, new = case
    expected = side_oracle(pattern.old, old, new) and side_oracle(pattern.new, new, old)
    assert pattern.accepts(old, new) == expected
    assert bool(rule_changes.met([pattern], {"field": (old, new)})) == expected


@given(changes("many2many"))
def test_a_list_is_the_same_read_as_a_list_and_as_a_tuple(case):
    pattern, old, new = case
    assert pattern.accepts(old, new) == pattern.accepts(*(value and tuple(value) for value in (old, new)))


@given(changes("char"))
def test_text_is_the_only_thing_that_is_found_whatever_the_letters(case):
    pattern, old, new = case
    assume(IS not in (pattern.old.kind, pattern.new.kind))
    louder = [value.replace("a", "A").replace("b", "B") if isinstance(value, str) else value for value in (old, new)]
    assert pattern.accepts(old, new) == pattern.accepts(*louder)


@given(changes(), st.booleans(), st.booleans())
def test_of_what_nobody_can_tell_nothing_is_claimed(case, old_known, new_known):
    """With a value of the past that is only known to be there: no guess, and where it matters, that is said."""
    pattern, old, new = case
    assume(not is_nothing(old) and not is_nothing(new))
    told = pattern.accepts(old if old_known else Something(), new if new_known else Something())
    if not pattern.hangs_on(old_known, new_known):
        assert told == pattern.accepts(old, new)
    else:
        assert not told


@pytest.mark.parametrize(("side", "value", "other", "expected"), [
    (Side(CONTAINS, "50%"), "at 50% now", None, True),
    (Side(CONTAINS, "_"), "no underscore", None, False),
    (Side(CONTAINS, "STRASSE"), "Lange Straße", None, True),
    (Side(IS, "Printer jams"), " Printer jams ", None, True),
    (Side(IS, "Printer jams"), "printer jams", None, False),
    (Side(IS, False), None, True, True),
    (Side(IS, 0), False, 1, False),
    (Side(LATER), datetime(2026, 5, 2), None, False),
    (Side(EARLIER), None, datetime(2026, 5, 2), False),
    (Side(AFTER, "2026-05-01"), "2026-05-02", None, True),
    (Side(AFTER, datetime(2026, 5, 1)), "2026-05-02", None, False),
    (Side(ADDED), [7], False, True),
    (Side(REMOVED, 7), False, [7, 8], True),
    (Side(REMOVED, 9), [7], [7, 8], False),
])
def test_examples(side, value, other, expected):
    assert side.accepts(value, other) is expected


def test_every_kind_is_offered_somewhere_and_none_twice():
    for of_type in KINDS.values():
        for of_side in of_type:
            assert len(of_side) == len(set(of_side))
            assert of_side[:3] == (ANY, EMPTY, FILLED)
    assert not {EARLIER, LATER, ADDED, REMOVED} & {kind for before, __ in KINDS.values() for kind in before}
