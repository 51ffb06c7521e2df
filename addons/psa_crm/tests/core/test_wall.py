from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_crm.wall import Shape, Wall, wall_of

SHAPES = st.builds(
    Shape,
    has_company=st.booleans(),
    company_is_required=st.booleans(),
    has_companies=st.booleans(),
    knows_maker=st.booleans(),
    has_own_wall=st.booleans(),
    has_rules=st.booleans(),
).filter(lambda shape: shape.has_company or not shape.company_is_required)


def visible(wall, row_company, row_maker_is_ours):
    """Tell whether we ("us") see a row, in the words of the wall: the slow and obvious way."""
    if wall == Wall.NONE:
        return True
    if wall == Wall.MAKER:
        return row_maker_is_ours
    if wall == Wall.MAKER_OF_COMMON:
        return bool(row_company) or row_maker_is_ours
    if row_company:
        return row_company == 'us'
    return wall != Wall.COMPANY and row_maker_is_ours


@given(SHAPES)
def test_a_row_made_by_others_without_a_company_is_hidden_unless_rules_speak_for_it(shape):
    if shape.knows_maker and not shape.has_own_wall and not shape.has_rules and not shape.company_is_required:
        assert not visible(wall_of(shape), None, False)


@given(SHAPES)
def test_a_row_of_our_company_is_seen_whoever_made_it(shape):
    if shape.has_company:
        assert visible(wall_of(shape), 'us', False)


@given(SHAPES)
def test_a_row_of_another_company_is_hidden_unless_rules_speak_for_it(shape):
    if shape.has_company and not shape.has_own_wall and not shape.has_rules:
        assert not visible(wall_of(shape), 'them', True)


@given(SHAPES)
def test_what_a_colleague_made_for_nobody_in_particular_is_seen(shape):
    if not shape.company_is_required and (shape.knows_maker or not shape.has_company):
        assert visible(wall_of(shape), None, True)


def test_a_model_that_tells_nothing_of_whose_its_rows_are_is_left_to_its_rules():
    assert wall_of(Shape()) == Wall.NONE
