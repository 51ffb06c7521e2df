import doctest
from datetime import datetime, timedelta, timezone

from hypothesis import given, settings
from hypothesis import strategies as st
from psa_cores.psa_crm import access
from psa_cores.psa_crm import effective as effective_access
from psa_cores.psa_crm.access import ALL, CLASS, FULL, ONE, PARTS, READ, REFUSE, TICKETS, WORK, Grant
from psa_cores.psa_crm.effective import Effective, Row

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
DAYS = range(6)


def day(number):
    return START + timedelta(days=number)


def interval(days):
    starts, ends = days
    return {'starts': None if starts is None else day(starts), 'ends': None if ends is None else day(ends)}


intervals = st.tuples(st.none() | st.sampled_from(DAYS), st.none() | st.sampled_from(DAYS)).filter(
    lambda days: None in days or days[0] < days[1])
rules = st.builds(
    Grant, level=st.sampled_from([REFUSE, READ, FULL]), personal=st.booleans(), reach=st.sampled_from([ALL, CLASS, ONE]),
    source=st.integers(1, 9))
shares = st.builds(
    lambda level, personal, scope, days, source: Grant(
        level, personal, ONE, access.CLIENT | scope, **interval(days), lent=True, source=source),
    st.sampled_from([READ, WORK, FULL]), st.booleans(), st.integers(0, access.EVERYTHING), intervals, st.integers(1, 9))
grants = st.lists(rules | shares, max_size=6)
defaults = st.sampled_from([REFUSE, READ, FULL])
moments = st.sampled_from([START + timedelta(hours=12 * number) for number in range(-2, 14)])


def oracle(grants, default, moment, part):
    """The rules of the game step by step, as one would read them to somebody."""
    def holds(grant):
        return bool(grant.scope & part) and not (grant.starts and moment < grant.starts) and not (
            grant.ends and moment >= grant.ends)

    said = None
    for personal in (True, False):
        for reach in (ONE, CLASS, ALL):
            levels = [g.level for g in grants if not g.lent and holds(g) and g.personal is personal and g.reach == reach]
            if said is None and levels:
                said = (personal, reach, REFUSE if REFUSE in levels else READ if READ in levels else FULL)
    level = default if said is None else said[2]
    for grant in grants:
        if grant.lent and holds(grant):
            beaten = said is not None and (
                (said[0] and not grant.personal) or (said[0] == grant.personal and said[1] == ONE))
            if not beaten:
                level = max(level, grant.level)
    return level


def test_the_examples_in_the_code_hold():
    assert doctest.testmod(access).failed == 0
    assert doctest.testmod(effective_access).failed == 0


@given(grants, defaults, moments, st.sampled_from(PARTS))
def test_the_decision_is_what_the_rules_of_the_game_say(grants, default, moment, part):
    assert access.decide(grants, default, moment, part).level == oracle(grants, default, moment, part)


@given(grants, defaults, moments, st.sampled_from(PARTS))
def test_the_grant_named_is_one_that_holds_and_gives_this_level(grants, default, moment, part):
    decision = access.decide(grants, default, moment, part)

    if decision.grant is None:
        assert decision.level == default
    else:
        assert decision.grant in grants
        assert decision.grant.holds_at(moment)
        assert decision.grant.level == decision.level


@given(grants, shares, defaults, moments, st.sampled_from(PARTS))
def test_a_share_never_takes_anything_away(grants, share, default, moment, part):
    before = access.decide(grants, default, moment, part).level

    assert access.decide([*grants, share], default, moment, part).level >= before


@given(grants, defaults, st.sampled_from([REFUSE, READ, WORK, FULL]), moments, st.sampled_from(PARTS))
def test_slices_and_baseline_together_are_the_decision(grants, default, baseline, moment, part):
    pieces = access.slices(grants, default, baseline)
    here = [piece for piece in pieces if piece.scope & part and Grant(0, starts=piece.starts, ends=piece.ends).holds_at(moment)]

    assert len(here) <= 1
    level = here[0].level if here else baseline
    assert level == access.decide(grants, default, moment, part).level
    assert all(piece.level != baseline for piece in pieces)


world = st.fixed_dictionaries({
    'common': st.lists(st.builds(Grant, st.sampled_from([REFUSE, READ, FULL]), st.booleans(), st.just(ALL)), max_size=2),
    'by_class': st.dictionaries(
        st.integers(1, 2),
        st.lists(st.builds(Grant, st.sampled_from([REFUSE, READ, FULL]), st.booleans(), st.just(CLASS)), min_size=1, max_size=2)),
    'by_item': st.dictionaries(
        st.integers(10, 14),
        st.lists(st.builds(Grant, st.sampled_from([REFUSE, READ, FULL]), st.booleans(), st.just(ONE)) | shares, min_size=1, max_size=3)),
    'class_of': st.fixed_dictionaries({item: st.sampled_from([None, 1, 2]) for item in range(10, 16)}),
})


@settings(deadline=None)
@given(world, defaults, moments, st.sampled_from(PARTS))
def test_the_table_read_back_is_the_resolution(world, default, moment, part):
    members = {class_id: [item for item, one in world['class_of'].items() if one == class_id] for class_id in (1, 2)}
    baseline, exceptions = access.compile_access(default, **world, members=members)
    rows = [Row('client', 1, None, baseline.level)] + [
        Row('client', 1, item, piece.level, piece.scope, piece.starts, piece.ends, piece.lent)
        for item, pieces in exceptions.items() for piece in pieces
    ]
    effective = Effective(rows)

    expected = {}
    for item, class_id in world['class_of'].items():
        grants = [*world['common'], *world['by_class'].get(class_id, ()), *world['by_item'].get(item, ())]
        expected[item] = access.decide(grants, default, moment, part).level
    for item, level in expected.items():
        assert effective.level('client', 1, item, part, moment) == level
    for wanted in (READ, WORK, FULL):
        listing = effective.listing('client', 1, part, wanted, moment)
        assert {item for item in expected if item in listing} == {item for item in expected if expected[item] >= wanted}


@given(st.lists(shares, min_size=1, max_size=4), st.lists(moments, min_size=2, max_size=6))
def test_asking_at_other_moments_first_changes_no_answer(grants, asked):
    rows = [
        Row('client', 1, 10, piece.level, piece.scope, piece.starts, piece.ends, piece.lent)
        for piece in access.slices(grants, REFUSE, REFUSE)
    ]
    shared = Effective(rows)

    for moment in asked:
        assert shared.lent(TICKETS, READ, moment) == Effective(rows).lent(TICKETS, READ, moment)


def test_a_personal_setting_beats_that_of_a_group_however_specific():
    grants = [Grant(REFUSE, personal=False, reach=ONE), Grant(FULL, personal=True, reach=ALL)]

    assert access.decide(grants, REFUSE, START, TICKETS).level == FULL


def test_the_client_beats_its_class_and_the_class_all_clients():
    everywhere, of_class, of_client = (Grant(level, reach=reach) for level, reach in ((REFUSE, ALL), (READ, CLASS), (FULL, ONE)))

    assert access.decide([everywhere, of_class], FULL, START, TICKETS).level == READ
    assert access.decide([everywhere, of_class, of_client], FULL, START, TICKETS).level == FULL


def test_among_equals_the_stricter_one_wins():
    assert access.decide([Grant(FULL), Grant(READ), Grant(REFUSE)], FULL, START, TICKETS).level == REFUSE
    assert access.decide([Grant(FULL), Grant(READ)], FULL, START, TICKETS).level == READ


def test_a_share_ends_at_its_end_and_not_a_moment_later():
    share = Grant(WORK, personal=True, starts=day(1), ends=day(2), lent=True)

    assert access.decide([share], REFUSE, day(2) - timedelta(seconds=1), TICKETS).level == WORK
    assert access.decide([share], REFUSE, day(2), TICKETS).level == REFUSE
    assert access.decide([share], REFUSE, day(1) - timedelta(seconds=1), TICKETS).level == REFUSE


def test_a_share_does_not_help_whom_a_rule_refuses_this_very_client():
    refused = Grant(REFUSE, personal=True, reach=ONE)

    assert access.decide([refused, Grant(FULL, personal=True, lent=True)], FULL, START, TICKETS).level == REFUSE
