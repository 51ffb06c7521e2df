import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_crm import staff

roles = st.sampled_from(staff.ROLES)


@given(st.sets(roles, min_size=1))
def test_the_strongest_role_is_one_of_them_and_no_other_comes_after_it(held):
    strongest = staff.strongest(held)

    assert strongest in held
    assert all(staff.ROLES.index(role) <= staff.ROLES.index(strongest) for role in held)


def test_nobody_without_a_role_has_a_strongest_one():
    assert staff.strongest(()) is None
    assert staff.strongest({'gardener'}) is None


# Who gives what: a table a product owner can read.
@pytest.mark.parametrize(('actor', 'gives'), [
    (staff.OWNER, set(staff.ROLES)),
    (staff.COMPANY_ADMIN, {staff.TECHNICIAN, staff.DISPATCHER, staff.BILLING, staff.SALES}),
    (staff.DISPATCHER, set()),
    (staff.TECHNICIAN, set()),
    (staff.BILLING, set()),
    (staff.SALES, set()),
    (None, set()),
])
def test_who_gives_which_role(actor, gives):
    assert {role for role in staff.ROLES if staff.may_manage(actor, role)} == gives


@given(roles, st.lists(roles))
def test_many_roles_are_managed_only_if_each_is(actor, several):
    assert staff.may_manage(actor, *several) == all(staff.may_manage(actor, role) for role in several)


@given(st.tuples(roles, st.booleans()), st.lists(st.tuples(roles, st.booleans())))
def test_only_the_same_rights_go_together(offered, held):
    clash = staff.clashing_role(offered, held)

    assert (clash is None) == (set(held) <= {offered})
    assert clash is None or clash in held


@given(st.sets(st.integers(0, 5)), st.sets(st.integers(0, 5)))
def test_a_company_keeps_an_owner_if_it_had_one(owners, leaving):
    left = [owner for owner in owners if owner not in leaving]

    assert staff.leaves_no_owner(owners, leaving) == (len(owners) > 0 and not left)


def test_every_role_is_given_by_somebody():
    assert set(itertools.chain(*staff.GRANTS.values())) == set(staff.ROLES)
