"""The same rights on every way in: what a technician can do through XML-RPC he can through JSON-2, and no more."""

import xmlrpc.client

import pytest
from harness import refused
from world import build


@pytest.fixture(scope="module")
def world(server):
    return build(server, "api")


@pytest.fixture(scope="module")
def technician(world):
    return world.server.json2(f"tech.{world.slug}")


@pytest.fixture(scope="module")
def bookkeeper(world):
    world.server.new_user("books.api", "psa_crm.group_billing")
    return world.server.xmlrpc("books.api")


@pytest.fixture(scope="module")
def stranger(world):
    """An internal user of the company without any PSA group."""
    world.server.new_user("stranger.api")
    return world.server.xmlrpc("stranger.api")


def _new_ticket(world, **vals):
    return {
        "name": "Backup failed",
        "desk_id": world.ids["desk"],
        "partner_id": world.ids["grace"],
        "source": "api",
        **vals,
    }


def test_technician_creates_reads_and_finds_a_ticket_on_xml_rpc(world):
    ticket_id = world.tech.create("psa.ticket", _new_ticket(world, name="Backup of XML-RPC failed"))

    ticket = world.read_ticket(ticket_id)
    assert ticket["number"]
    assert ticket["client_id"] == world.ids["client"]
    assert ticket["queue_id"] == world.ids["queue"]
    assert (ticket["state"], ticket["source"]) == ("new", "api")
    assert world.tech.search("psa.ticket", [("name", "ilike", "backup of xml-rpc")]) == [ticket_id]
    assert world.tech.search("psa.ticket", [("number", "=", ticket["number"])]) == [ticket_id]


def test_technician_creates_changes_and_finds_a_ticket_on_json_2(world, technician):
    (ticket_id,) = technician.call(
        "psa.ticket", "create", vals_list=[_new_ticket(world, name="Backup of JSON-2 failed")]
    )
    technician.call("psa.ticket", "action_assign_to_me", ids=[ticket_id])
    technician.call("psa.ticket", "write", ids=[ticket_id], vals={"name": "Backup of JSON-2 failed twice"})

    (ticket,) = technician.call(
        "psa.ticket",
        "search_read",
        domain=[["name", "=", "Backup of JSON-2 failed twice"]],
        fields=["number", "user_id", "client_id"],
    )
    assert ticket["id"] == ticket_id
    assert ticket["user_id"][0] == world.ids["tech_user"]
    assert ticket["client_id"][0] == world.ids["client"]


def test_a_hundred_tickets_in_one_call_have_numbers_of_their_own(world):
    vals_list = [_new_ticket(world, name=f"Batch {number}") for number in range(100)]

    ids = world.tech.create("psa.ticket", vals_list)

    rows = world.tech.find("psa.ticket", [("id", "in", ids)], "number", "name")
    assert len({row["number"] for row in rows}) == 100
    assert {row["name"] for row in rows} == {vals["name"] for vals in vals_list}


def test_history_cannot_be_switched_off_by_the_caller(world):
    ticket_id = world.tech.create("psa.ticket", _new_ticket(world))
    context = {"tracking_disable": True, "mail_notrack": True}

    world.tech.call("psa.ticket", "write", [ticket_id], {"name": "Quietly renamed"}, context=context)

    values = world.server.query(
        "SELECT v.new_value_char FROM mail_tracking_value v JOIN mail_message m ON m.id = v.mail_message_id"
        " WHERE m.model = 'psa.ticket' AND m.res_id = %s",
        (ticket_id,),
    )
    assert ("Quietly renamed",) in values
    rows = world.tech.find(
        "psa.ticket.history", [("ticket_id", "=", ticket_id), ("field_name", "=", "name")], "old_value", "new_value", "author_name"
    )
    assert [row["new_value"] for row in rows] == ["Quietly renamed"]

    for method, arguments in (
        ("create", [{"ticket_id": ticket_id, "company_id": 1, "kind": "change"}]),
        ("write", [[rows[0]["id"]], {"new_value": "Forged"}]),
        ("unlink", [[rows[0]["id"]]]),
        ("_append", [[{"ticket_id": ticket_id, "kind": "change"}]]),
    ):
        with refused():
            world.tech.call("psa.ticket.history", method, *arguments, context=context)



def test_wrong_password_and_wrong_key_are_refused(world, technician):
    with pytest.raises(PermissionError):
        world.server.xmlrpc(f"tech.{world.slug}", "wrong")

    technician_with_wrong_key = type(technician)(technician.url, technician.database, "0" * 40)
    assert technician_with_wrong_key.post("psa.ticket", "search", domain=[]).status_code == 401


def test_who_has_no_psa_group_sees_no_ticket(stranger):
    with refused():
        stranger.search("psa.ticket", [])


@pytest.mark.parametrize(
    ("model", "vals"),
    [
        ("psa.desk", {"name": "My own desk"}),
        ("psa.queue", {"name": "My own queue"}),
        ("psa.ticket.stage", {"name": "My own stage", "state": "open"}),
        ("psa.contract", {"name": "Free of charge"}),
        ("psa.billing.item", {"name": "Out of thin air"}),
        ("account.move", {"move_type": "out_invoice"}),
        ("res.users", {"name": "Friend", "login": "friend.api"}),
    ],
)
def test_technician_cannot_set_up_the_business(world, model, vals):
    with refused():
        world.tech.create(model, vals)


def test_technician_cannot_make_himself_the_owner(world):
    group_id = world.server.xmlrpc().ref("psa_crm.group_company_admin")

    with refused():
        world.tech.write("res.users", world.ids["tech_user"], {"group_ids": [(4, group_id)]})


def test_technician_cannot_delete_what_came_from_outside(world):
    (place,) = world.whereabouts(world.send("vacation"))

    with refused():
        world.tech.call("psa.inbound.mail", "unlink", [place[1]])


def test_bookkeeper_has_contracts_but_cannot_set_up_desks(world, bookkeeper):
    contract_id = bookkeeper.create(
        "psa.contract", {"name": "Time and materials of the bookkeeper", "client_id": world.ids["client"]}
    )

    assert bookkeeper.read("psa.contract", contract_id, "state")["state"] == "draft"
    with refused():
        bookkeeper.create("psa.desk", {"name": "Desk of the bookkeeper"})


def test_error_names_the_field_and_the_remedy(world):
    with pytest.raises(xmlrpc.client.Fault) as refusal:
        world.owner.create("psa.mail.domain", {"name": "gmail.com", "partner_id": world.ids["client"]})

    assert "gmail.com" in refusal.value.faultString
    assert refusal.value.faultCode == 2, "a sentence for a person, not a crash"


def test_private_methods_are_out_of_reach(world, technician):
    with refused():
        world.tech.call("res.partner", "_psa_match_sender", ["a@b.example"])
    assert technician.post("psa.ticket", "_move_to_state", ids=[], state="closed").status_code in (403, 404, 422)
