import re
from datetime import datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_helpdesk import attention, copies, placeholders

PARTS = ["{{", "}}", "{", "}", " ", "\n", "Hello", *(f"{{{{{name}}}}}" for name in placeholders.NAMES)]
TEXTS = st.lists(st.one_of(st.sampled_from(PARTS), st.text(max_size=5)), max_size=12).map("".join)
VALUES = st.dictionaries(st.sampled_from(placeholders.NAMES), st.text(max_size=20))
LOCAL = st.text("abcAB", min_size=1, max_size=2)
PAIRS = st.lists(st.tuples(st.sampled_from(["", "Ann", "Ben"]), LOCAL.map("{}@x.test".format)), max_size=8)
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)


@given(TEXTS, VALUES)
def test_what_has_no_faults_is_filled_in_completely(text, values):
    if placeholders.faults(text):
        return
    expected = text
    for number, name in enumerate(placeholders.NAMES):
        # The slow way: mark the places first, so that no value is looked into.
        expected = re.sub(r"\{\{\s*" + re.escape(name) + r"\s*\}\}", f"\0{number}\1", expected)
    for number, name in enumerate(placeholders.NAMES):
        expected = expected.replace(f"\0{number}\1", values.get(name, ""))
    if "\0" not in text:
        assert placeholders.fill(text, values) == expected


@given(TEXTS, VALUES)
def test_a_value_is_never_looked_into(text, values):
    spiked = {name: f"{value}{{{{my.name}}}}" for name, value in values.items() if value}
    filled = placeholders.fill(text, spiked)
    for name, value in spiked.items():
        if f"{{{{{name}}}}}" in text and not placeholders.faults(text):
            assert value in filled


@given(st.text(max_size=40))
def test_only_names_of_the_list_are_without_fault(name):
    written = f"{{{{{name}}}}}"
    assert (not placeholders.faults(written)) == (name.strip() in placeholders.NAMES)


def test_the_language_is_the_wanted_one_else_a_relative_else_the_general_one():
    texts = {"de_DE": "Hallo", "fr_FR": "Bonjour", "nl_NL": ""}
    assert [placeholders.pick_language(lang, texts, "Hello") for lang in ("de_DE", "de_AT", "fr_BE", "nl_NL", "en_US", None)] == [
        "Hallo", "Hallo", "Bonjour", "Hello", "Hello", "Hello"]


@given(PAIRS, PAIRS, st.sets(LOCAL.map("{}@x.test".format)))
def test_merged_copies_hold_each_address_once_and_none_to_leave_out(old, new, without):
    merged = copies.merge(old, new, without=without)
    addresses = [address for __, address in merged]

    lowered = {address.lower() for address in without}
    assert addresses == list(dict.fromkeys(address.lower() for __, address in [*old, *new] if address.lower() not in lowered))
    for name, address in merged:
        names = [other for other, same in [*old, *new] if same.lower() == address and other]
        assert name == (names[0] if names else "")


def test_there_are_never_too_many_copies():
    assert len(copies.merge(("", f"a{number}@x.test") for number in range(100))) == copies.MAX_COPIES


@given(st.lists(LOCAL), st.lists(LOCAL), st.lists(LOCAL))
def test_a_copy_is_due_to_who_has_not_got_the_message(wanted, told, sent):
    due = copies.due(wanted, told, sent)
    assert set(due) == {address.lower() for address in wanted} - {address.lower() for address in [*told, *sent]}
    assert len(set(due)) == len(due)


@given(st.integers(0, 200), st.booleans(), st.booleans())
def test_others_are_told_of_coming_and_of_writing_only(seconds, wrote, writes):
    told = attention.tells_others((NOON, wrote), writes, NOON + timedelta(seconds=seconds))
    assert told == (seconds > attention.EXPIRY_SECONDS or wrote != writes)


def test_a_heartbeat_that_is_lost_does_not_make_one_disappear_at_once():
    assert attention.EXPIRY_SECONDS > attention.HEARTBEAT_SECONDS * 1.5


@given(st.dictionaries(st.integers(1, 4), PAIRS), st.dictionaries(st.integers(1, 4), st.sets(LOCAL.map("{}@x.test".format))))
def test_many_tickets_tell_each_address_once_of_exactly_those_it_is_not_told_of_otherwise(pairs, served):
    told = copies.by_address(pairs, served)

    addresses = {address.lower() for of_ticket in pairs.values() for __, address in of_ticket}
    expected = {}
    for address in addresses:
        tickets = tuple(
            ticket for ticket, of_ticket in pairs.items()
            if address in [other.lower() for __, other in of_ticket]
            and address not in {other.lower() for other in served.get(ticket, ())}
        )
        if tickets:
            expected[address] = tickets
    assert {address: tickets for (__, address), tickets in told.items()} == expected
    assert len(told) == len(expected)
