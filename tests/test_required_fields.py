"""What a desk requires is required on every way in: XML-RPC, JSON-2, import, the web client; only mail comes in without."""

import xmlrpc.client

import pytest
from harness import refused
from world import build

# What a caller might think of to be let through.
TRICKS = {"psa_incomplete": True, "psa_intake": {"kind": "normal"}, "install_mode": True, "import_file": True, "source": "email"}


@pytest.fixture(scope="module")
def world(server):
    """A desk that wants type and severity, which it calls "Impact", from the start, and the category to resolve."""
    world = build(server, "asks")
    for attribute, vals in (
        ("type", {"required": "create"}),
        ("severity", {"required": "create", "label": "Impact"}),
        ("category", {"required": "resolve", "label": "Area"}),
    ):
        rows = world.owner.search(
            "psa.desk.attribute", [("desk_id", "=", world.ids["desk"]), ("attribute", "=", attribute)]
        )
        world.owner.write("psa.desk.attribute", rows, vals)
    admin = server.xmlrpc()
    for name, xmlid in (
        ("incident", "option_type_incident"),
        ("team", "option_severity_team"),
        ("hardware", "option_category_hardware"),
    ):
        world.ids[name] = admin.ref(f"psa_helpdesk.{xmlid}")
    return world


@pytest.fixture(scope="module")
def technician(world):
    return world.server.json2(f"tech.{world.slug}")


def _ticket(world, **vals):
    return {"name": "Cable cut", "desk_id": world.ids["desk"], "partner_id": world.ids["grace"], **vals}


def _complete(world, **vals):
    return _ticket(world, type_id=world.ids["incident"], severity_id=world.ids["team"], **vals)


@pytest.mark.parametrize("source", ["manual", "email", "alert", "api"])
def test_xml_rpc_is_refused_in_one_sentence_with_the_words_of_the_desk(world, source):
    with pytest.raises(xmlrpc.client.Fault) as refusal:
        world.tech.call("psa.ticket", "create", _ticket(world, source=source), context=TRICKS)

    assert "Please fill in: Type, Impact." in refusal.value.faultString
    assert refusal.value.faultCode == 2, "a sentence for a person, not a crash"


@pytest.mark.parametrize("source", ["manual", "email", "alert", "api"])
def test_json_2_is_refused_in_the_same_way(world, technician, source):
    answer = technician.post("psa.ticket", "create", vals_list=[_ticket(world, source=source)], context=TRICKS)

    assert answer.status_code == 422
    assert "Please fill in: Type, Impact." in answer.json()["message"]


def test_resolving_and_emptying_are_refused_on_both(world, technician):
    ticket_id = world.tech.create("psa.ticket", _complete(world))

    with pytest.raises(xmlrpc.client.Fault, match="Please fill in: Area"):
        world.tech.call("psa.ticket", "action_resolve", [ticket_id], context=TRICKS)
    with pytest.raises(xmlrpc.client.Fault, match="Please fill in: Impact"):
        world.tech.call("psa.ticket", "write", [ticket_id], {"severity_id": False}, context=TRICKS)
    answer = technician.post("psa.ticket", "action_resolve", ids=[ticket_id], context=TRICKS)
    assert "Please fill in: Area" in answer.json()["message"]

    technician.call("psa.ticket", "write", ids=[ticket_id], vals={"category_id": world.ids["hardware"]})
    technician.call("psa.ticket", "action_resolve", ids=[ticket_id])
    assert world.read_ticket(ticket_id)["state"] == "resolved"


def test_an_import_is_refused_and_tells_why(world):
    result = world.tech.call(
        "psa.ticket", "load", ["name", "desk_id/.id"], [["Imported", str(world.ids["desk"])]], context=TRICKS
    )

    assert not result["ids"]
    assert "Type, Impact" in result["messages"][0]["message"]


def test_the_hooks_of_the_mail_gate_are_no_back_door(world):
    with pytest.raises(xmlrpc.client.Fault, match="Please fill in: Type, Impact"):
        world.tech.call(
            *("psa.ticket", "message_new", {"subject": "x", "body": "y", "email_from": "x@y.example"}),
            {"desk_id": world.ids["desk"]},
        )


def test_a_mail_comes_in_incomplete(world):
    ticket = world.ticket_of(world.send("outlook_new"))

    assert world.tech.read("psa.ticket", ticket["id"], "is_incomplete", "missing_text") == {
        "id": ticket["id"], "is_incomplete": True, "missing_text": "Type, Impact",
    }
    world.tech.write("psa.ticket", ticket["id"], {"type_id": world.ids["incident"], "severity_id": world.ids["team"]})
    assert not world.tech.read("psa.ticket", ticket["id"], "is_incomplete")["is_incomplete"]


def test_an_option_of_another_attribute_is_refused_in_the_words_of_the_desk(world):
    with pytest.raises(xmlrpc.client.Fault, match="is no Impact of desk"):
        world.tech.create("psa.ticket", _complete(world) | {"severity_id": world.ids["incident"]})


def test_a_technician_does_not_change_what_the_desk_asks(world):
    rows = world.tech.search("psa.desk.attribute", [("desk_id", "=", world.ids["desk"])])
    assert len(rows) == 9

    with refused():
        world.tech.write("psa.desk.attribute", rows, {"required": "never"})
    with refused():
        world.tech.call("psa.desk", "action_save_as_template", [world.ids["desk"]])
    with refused():
        world.tech.call("psa.desk", "action_compare_with_template", [world.ids["desk"]])
