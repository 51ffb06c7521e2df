"""Rules as files: what goes out comes back, and nothing harmful or half understood comes in."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_helpdesk import rule_exchange as exchange

SCHEMA = {
    "rule": {
        "name": exchange.TEXT, "event": ("created", "updated"), "time_amount": exchange.INTEGER, "domain": exchange.DOMAIN,
        "is_stop": exchange.BOOLEAN, "desk_id": exchange.REFERENCE, "client_class_ids": exchange.REFERENCES,
    },
    "change": {"field_name": ("stage_id", "state")},
    "action": {"kind": ("note", "queue"), "body": exchange.TEXT, "queue_id": exchange.REFERENCE, "hours": exchange.NUMBER},
}
# What XML can hold at all.
LETTERS = st.characters(min_codepoint=32, exclude_categories=("Cs",), exclude_characters="\ufffe\uffff\x7f")
TEXT = st.text(LETTERS, max_size=20).filter(lambda text: text == text.strip())
REFERENCE = st.fixed_dictionaries({"model": st.sampled_from(["psa.queue", "psa.desk"]), "name": TEXT}, optional={"xmlid": TEXT})
PLAIN = st.one_of(TEXT, st.integers(-9, 9), st.booleans(), REFERENCE)
CONDITION = st.tuples(
    st.sampled_from(["state", "queue_id", "client_id.name"]), st.sampled_from(["=", "in", "!="]),
    st.one_of(PLAIN, st.lists(PLAIN, max_size=3)),
).map(list)
DOMAIN = st.recursive(
    CONDITION.map(lambda condition: [condition]),
    lambda inner: st.one_of(
        inner.map(lambda domain: ["!", *domain]),
        st.tuples(st.sampled_from("&|"), inner, inner).map(lambda parts: [parts[0], *parts[1], *parts[2]]),
    ),
    max_leaves=5,
)
TRANSLATIONS = st.fixed_dictionaries({"body": st.dictionaries(st.sampled_from(["de_DE", "fr_FR"]), TEXT, min_size=1)})
ACTION = st.fixed_dictionaries(
    {"kind": st.sampled_from(["note", "queue"])},
    optional={"body": TEXT, "queue_id": REFERENCE, "hours": st.floats(-99, 99), "translations": TRANSLATIONS},
)
CHANGE = st.fixed_dictionaries({"field_name": st.sampled_from(["stage_id", "state"])})
RULE = st.fixed_dictionaries(
    {"name": TEXT, "event": st.sampled_from(["created", "updated"])},
    optional={
        "time_amount": st.integers(0, 99), "domain": DOMAIN, "is_stop": st.booleans(), "desk_id": REFERENCE,
        "client_class_ids": st.lists(REFERENCE, max_size=3), "actions": st.lists(ACTION, max_size=3),
        "changes": st.lists(CHANGE, max_size=2),
    },
)
DOCUMENT = st.lists(RULE, max_size=3).map(lambda rules: {"format": exchange.FORMAT, "version": 1, "rules": rules})
VALUE = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
)


@given(DOCUMENT)
def test_what_goes_out_comes_back_the_same_either_way(document):
    assert exchange.check(document, SCHEMA) == ()
    assert exchange.load_json(exchange.dump_json(document)) == document
    assert exchange.normalise(exchange.load_xml(exchange.dump_xml(document)), SCHEMA) == document


@given(VALUE)
def test_whatever_comes_in_is_told_and_never_breaks(value):
    document = {"format": exchange.FORMAT, "version": 1, "rules": [value, {"name": "x", "domain": value, "actions": [value]}]}

    exchange.check(exchange.normalise(document, SCHEMA), SCHEMA)
    exchange.references(document)


@given(st.binary(max_size=60))
def test_noise_is_refused(noise):
    for load in (exchange.load_json, exchange.load_xml):
        with pytest.raises(exchange.ExchangeError):
            load(noise)


RULE_OF_X = """<psa-rules version="1"><rule><field name="name">&x;</field></rule></psa-rules>"""
BOMB = """<!DOCTYPE psa-rules [<!ENTITY a "ha"><!ENTITY x "&a;&a;&a;&a;">]>""" + RULE_OF_X
THIEF = """<!DOCTYPE psa-rules [<!ENTITY x SYSTEM "file:///etc/passwd">]>""" + RULE_OF_X


@pytest.mark.parametrize("text", [BOMB, THIEF, BOMB.replace("psa-rules [", "psa-rules SYSTEM 'http://192.0.2.1/x.dtd' [")])
def test_entities_are_refused(text):
    with pytest.raises(exchange.ExchangeError) as refusal:
        exchange.load_xml(text)

    assert refusal.value.code in ("doctype", "xml")


@pytest.mark.parametrize(("text", "code"), [
    ("[]", "format"), ('{"format": "psa-rules", "version": 2, "rules": []}', "version"), ('{"format": "x"}', "format"),
    ('{"format": "psa-rules", "format": "psa-rules", "version": 1, "rules": []}', "json"), ("[" * 100_000, "json"),
    ('{"format": "psa-rules", "version": NaN, "rules": []}', "json"), ("", "json"), (" " * (exchange.MAX_BYTES + 1), "size"),
])
def test_json_that_is_no_file_of_rules(text, code):
    with pytest.raises(exchange.ExchangeError) as refusal:
        exchange.load_json(text)

    assert refusal.value.code == code


@pytest.mark.parametrize("text", [
    "<odoo><record model='res.users' id='x'/></odoo>", "<psa-rules version='1'><function model='res.users' name='unlink'/></psa-rules>",
    "<psa-rules version='1'><rule><field name='name'><eval/></field></rule></psa-rules>",
])
def test_xml_that_is_no_file_of_rules(text):
    with pytest.raises(exchange.ExchangeError):
        exchange.load_xml(text)


@pytest.mark.parametrize(("rule", "code"), [
    ({"name": "x", "active": True}, "field"), ({"name": "x", "event": "exec"}, "value"), ({"name": "x", "domain": "[(1,'=',1)]"}, "value"),
    ({"name": "x", "domain": [["user_id.password", "exec", "x"]]}, "value"), ({"name": "x", "desk_id": 7}, "value"),
    ({"name": "x", "actions": {}}, "parts"), ({"name": "x", "actions": [{"kind": "code"}]}, "value"),
    ({"name": "x", "translations": {"event": {"de_DE": "x"}}}, "value"), ({"name": "a\x00"}, "value"), (7, "record"),
    ({"name": "x", "actions": [{"kind": "note", "actions": []}]}, "field"),
])
def test_each_thing_that_does_not_fit_is_told(rule, code):
    problems = exchange.check({"rules": [rule]}, SCHEMA)

    assert [problem.code for problem in problems] == [code]


def test_references_are_found_wherever_they_are():
    queue, desk = {"model": "psa.queue", "name": "Dispatch"}, {"model": "psa.desk", "name": "Help"}
    document = {"rules": [
        {"name": "a", "desk_id": desk, "domain": [["queue_id", "in", [queue]]], "actions": [{"kind": "queue", "queue_id": queue}]},
    ]}

    assert exchange.references(document) == (desk, queue)


def test_numbers_in_conditions_are_exchanged_also_in_nested_ones():
    domain = ["&", ("queue_id", "=", 3), ["client_id", "any", [("parent_id", "in", [4, 5])]]]
    seen = []

    mapped = exchange.map_domain(domain, lambda field, value: seen.append((field, value)) or json.dumps(value))

    assert seen == [("queue_id", 3), ("client_id.parent_id", [4, 5])]
    assert mapped == ["&", ["queue_id", "=", "3"], ["client_id", "any", [["parent_id", "in", "[4, 5]"]]]]
