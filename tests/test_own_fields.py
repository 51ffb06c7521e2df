"""Own ticket fields from outside: every way in is checked alike, and Fast Search comes without stopping anybody's work."""

import threading
import xmlrpc.client

import pytest
from harness import wait_for
from world import build

WRONG = {"rack": 7, "seats": "many", "nowhere": 1}
INDEXES = """
    SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indisvalid AND starts_with(c.relname, 'psa_ticket_own_')
"""


@pytest.fixture(scope="module")
def world(server):
    world = build(server, "ownfields")
    world.owner.write("psa.desk", [world.ids["desk"]], {"properties_definition": [
        {"name": "rack", "string": "Rack", "type": "char"}, {"name": "seats", "string": "Seats", "type": "integer"},
    ]})
    return world


@pytest.fixture(scope="module")
def ticket_id(world):
    return world.tech.create("psa.ticket", {
        "name": "Rack is full", "desk_id": world.ids["desk"], "partner_id": world.ids["grace"], "properties": {"rack": "R7"}})


def _values(world, ticket_id):
    return {field["name"]: field.get("value") for field in world.tech.read("psa.ticket", ticket_id, "properties")["properties"]}


def test_xml_rpc_merges_and_names_what_is_wrong(world, ticket_id):
    world.tech.write("psa.ticket", [ticket_id], {"properties": {"seats": 3}})
    assert _values(world, ticket_id) == {"rack": "R7", "seats": 3}

    with pytest.raises(xmlrpc.client.Fault) as refusal:
        world.tech.write("psa.ticket", [ticket_id], {"properties": WRONG})

    for part in ("Rack: “7”", "Seats: “many”", "no own field “nowhere”"):
        assert part in refusal.value.faultString
    assert _values(world, ticket_id) == {"rack": "R7", "seats": 3}


def test_json_2_merges_and_names_what_is_wrong(world, ticket_id):
    technician = world.server.json2(f"tech.{world.slug}")
    technician.call("psa.ticket", "write", ids=[ticket_id], vals={"properties": {"seats": 4}})
    assert _values(world, ticket_id) == {"rack": "R7", "seats": 4}

    answer = technician.post("psa.ticket", "write", ids=[ticket_id], vals={"properties": WRONG})

    assert answer.status_code == 422
    assert "Rack: “7”" in answer.json()["message"]


def test_a_technician_changes_no_definition(world, ticket_id):
    form = world.tech.read("psa.ticket", ticket_id, "properties")["properties"]
    form[0].update(string="Renamed", definition_changed=True)

    with pytest.raises(xmlrpc.client.Fault, match="Only administrators of desk"):
        world.tech.write("psa.ticket", [ticket_id], {"properties": form})


def test_fast_search_is_built_while_tickets_are_written_and_goes_again(world, ticket_id):
    (field_id,) = world.owner.search("psa.desk.field", [("desk_id", "=", world.ids["desk"]), ("key", "=", "rack")])
    written, stop = [], threading.Event()

    def work():
        technician = world.server.xmlrpc(f"tech.{world.slug}")
        while not stop.is_set():
            technician.write("psa.ticket", [ticket_id], {"properties": {"seats": len(written)}})
            written.append(ticket_id)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        world.owner.write("psa.desk.field", [field_id], {"is_indexed": True})
        _wait_for_indexes_after_cron(world, 2)
    finally:
        stop.set()
        worker.join()
    assert written
    assert world.tech.search("psa.ticket", [("properties.rack", "=", "R7"), ("id", "=", ticket_id)]) == [ticket_id]

    world.owner.write("psa.desk.field", [field_id], {"is_indexed": False})
    _wait_for_indexes_after_cron(world, 0)


def _wait_for_indexes_after_cron(world, count):
    world.server.run_cron("psa_helpdesk.ir_cron_own_fields")
    wait_for(lambda: len(world.server.query(INDEXES)) == count, f"{count} indexes")
