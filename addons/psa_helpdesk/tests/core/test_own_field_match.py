"""Which tickets a condition about an own field is met by, against an oracle that spells the cases out."""

from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_helpdesk import own_field_match
from psa_cores.psa_helpdesk.own_field_match import compares, is_one_of

SCALARS = st.none() | st.booleans() | st.integers(-2, 3) | st.sampled_from([0.0, 1.0, 1.5]) | st.sampled_from(["", "a", "b", "1"])
HELD = SCALARS | st.lists(st.sampled_from(["a", "b"]), max_size=2) | st.lists(st.integers(0, 2), max_size=2)


def kind(value):
    return "flag" if isinstance(value, bool) else "number" if isinstance(value, int | float) else type(value).__name__


def oracle(held, wanted):
    nothing = held is None or held is False or held in ("", [])
    for one in wanted:
        if one is None or one is False or one == "":
            if nothing:
                return True
        elif nothing:
            continue
        elif one is True:
            return True
        elif isinstance(held, list):
            if any(kind(part) == kind(one) and part == one for part in held):
                return True
        elif kind(held) == kind(one) and held == one:
            return True
    return False


@given(HELD, st.lists(SCALARS, max_size=4))
def test_one_of_those_wanted(held, wanted):
    assert is_one_of(held, wanted) == oracle(held, wanted)


@given(HELD, st.lists(SCALARS, max_size=3), st.lists(SCALARS, max_size=3))
def test_one_of_more_is_one_of_either(held, some, others):
    assert is_one_of(held, [*some, *others]) == (is_one_of(held, some) or is_one_of(held, others))


@given(HELD)
def test_there_is_something_or_nothing(held):
    assert is_one_of(held, [True]) != is_one_of(held, [False])


@given(HELD, st.sampled_from(sorted(own_field_match.COMPARISONS)), SCALARS)
def test_only_alike_is_compared(held, sign, wanted):
    if kind(held) != kind(wanted) or kind(held) not in ("number", "str"):
        assert not compares(held, sign, wanted)
    else:
        assert compares(held, sign, wanted) == eval(f"held {sign} wanted")  # noqa: S307
