"""Laws of the form "new ticket": only what was offered gets through, what was entered is kept."""

import doctest

from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_portal import ticket_form
from psa_cores.psa_portal.ticket_form import Upload, check_form, may_close, may_reopen

MIB = 1024 * 1024
STATES = ("new", "open", "waiting", "on_hold", "resolved", "closed", "cancelled")
GOOD = {"subject": "Printer jams", "description": "Tray 2, since this morning"}


def test_the_examples_in_the_code_hold():
    assert doctest.testmod(ticket_form).failed == 0


def test_a_complete_form_is_accepted():
    form = check_form(GOOD | {"priority": "3"}, offered={"priority": {2, 3}}, max_bytes=MIB)

    assert form.is_valid
    assert form.options == {"priority": 3}


def test_missing_texts_are_named_and_the_rest_is_kept():
    form = check_form({"subject": "Printer jams", "description": " \n "}, offered={}, max_bytes=MIB)

    assert form.errors == {"description": "missing"}
    assert form.subject == "Printer jams"


def test_a_subject_with_line_breaks_becomes_one_line():
    form = check_form(GOOD | {"subject": "Printer\r\nBcc: all@example.com"}, offered={}, max_bytes=MIB)

    assert form.subject == "Printer Bcc: all@example.com"


def test_an_option_of_another_desk_is_refused():
    form = check_form(GOOD | {"priority": "9"}, offered={"priority": {2, 3}}, max_bytes=MIB)

    assert form.errors == {"priority": "unknown"}
    assert form.options == {"priority": None}


def test_what_the_desk_requires_must_be_chosen():
    form = check_form(GOOD, offered={"type": {1}, "priority": {2}}, required={"type"}, max_bytes=MIB)

    assert form.errors == {"type": "missing"}


def test_a_subcategory_belongs_to_its_category():
    offered, parents = {"subcategory": {11, 21}, "category": {1, 2, 3}}, {11: 1, 21: 2}

    def errors(**posted):
        return check_form(
            GOOD | posted, offered=offered, required={"category", "subcategory"}, parents=parents, max_bytes=MIB
        ).errors

    assert errors(category="1", subcategory="11") == {}
    assert errors(category="1", subcategory="21") == {"subcategory": "mismatch"}
    assert errors(category="1") == {"subcategory": "missing"}
    assert errors(category="3") == {}, "there is none to choose"
    assert errors() == {"category": "missing", "subcategory": "missing"}


def test_fields_that_are_not_on_the_form_are_ignored():
    form = check_form(GOOD | {"company_id": "1", "client_id": "7", "user_id": "2"}, offered={}, max_bytes=MIB)

    assert form.options == {}


def test_files_are_measured_together():
    half = Upload("a.zip", MIB // 2)

    assert check_form(GOOD, offered={}, uploads=[half, half], max_bytes=MIB).is_valid
    over = check_form(GOOD, offered={}, uploads=[half, half, Upload("b.txt", 1)], max_bytes=MIB)
    assert over.errors == {"attachments": "too_large"}


def test_an_empty_file_is_pointed_out():
    assert check_form(GOOD, offered={}, uploads=[Upload("a.txt", 0)], max_bytes=MIB).errors == {
        "attachments": "empty_file"
    }


@given(
    values=st.dictionaries(
        st.sampled_from(["subject", "description", "priority", "type", "client_id"]),
        st.one_of(st.text(max_size=60), st.integers(), st.none(), st.binary(max_size=5)),
    ),
    offered=st.dictionaries(st.sampled_from(["priority", "type"]), st.sets(st.integers(1, 50))),
)
def test_whatever_is_posted_only_offered_options_and_clean_text_come_out(values, offered):
    form = check_form(values, offered=offered, max_bytes=MIB)

    assert set(form.options) == set(offered)
    assert all(option is None or option in offered[name] for name, option in form.options.items())
    assert "\x00" not in form.subject + form.description
    assert not set("\r\n") & set(form.subject)
    assert form.is_valid == bool(form.subject and form.description and not set(form.errors) & set(offered))


@given(state=st.sampled_from(STATES))
def test_a_cancelled_ticket_is_left_alone_and_any_other_can_go_on(state):
    assert (may_close(state) or may_reopen(state)) == (state != "cancelled")
