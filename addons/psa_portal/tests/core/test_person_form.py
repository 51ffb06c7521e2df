"""Laws of the form "person": whatever is posted, only clean values of offered fields get through."""

import doctest

from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_portal import person_form
from psa_cores.psa_portal.person_form import LIMITS, ROLES, check_person, leaves_no_administrator

GOOD = {"name": "Zoe Marsh", "email": "zoe@harbour.example", "role": "employee"}
POSTED = st.dictionaries(
    st.sampled_from([*LIMITS, "role", "site", "parent_id", "psa_portal_role", "active"]),
    st.one_of(st.text(max_size=400), st.none(), st.integers(), st.sampled_from(ROLES)),
)


def test_the_examples_in_the_code_hold():
    assert doctest.testmod(person_form).failed == 0


def test_a_complete_form_is_accepted():
    form = check_person(GOOD | {"site": "4"}, sites={4})

    assert form.is_valid
    assert (form.name, form.email, form.role, form.site) == ("Zoe Marsh", "zoe@harbour.example", "employee", 4)


def test_a_role_needs_an_address_and_no_role_needs_none():
    assert check_person(GOOD | {"email": ""}).errors == {"email": "needed"}
    assert check_person(GOOD | {"email": "", "role": "none"}).is_valid


def test_several_addresses_and_header_tricks_are_refused():
    for address in ("a@b.example, c@d.example", "a@b.example\nBcc: x@y.example", "<a@b.example>", "a@b", "a b@c.example"):
        assert check_person(GOOD | {"email": address}).errors == {"email": "invalid"}, address


def test_a_site_of_somebody_else_is_refused():
    for site in ("5", "-4", "4.0", "9" * 40, "٤"):
        form = check_person(GOOD | {"site": site}, sites={4})
        assert form.errors == {"site": "unknown"}
        assert form.site is None


@given(POSTED)
def test_whatever_is_posted_only_clean_values_get_through(posted):
    form = check_person(posted, sites={4})

    assert "\x00" not in form.name + form.email + form.phone + form.function
    if form.is_valid:
        assert form.name
        assert form.role in ROLES
        assert form.email or form.role == "none"
        assert "\n" not in form.name + form.email
        assert all(len(getattr(form, name)) <= limit for name, limit in LIMITS.items())
        assert form.site in (None, 4)


@given(st.sampled_from(ROLES), st.sampled_from(ROLES), st.integers(0, 3))
def test_a_client_that_had_an_administrator_keeps_one(before, after, others):
    administrators_after = others + (after == "administrator")
    had_one = others + (before == "administrator") > 0

    assert leaves_no_administrator(before, after, others) == (had_one and not administrators_after)
