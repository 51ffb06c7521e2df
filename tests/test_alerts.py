"""A monitoring tool speaks to the API with an account of its own: its alerts set off rules, the second on the same ticket as well."""

import pytest
from world import build


@pytest.fixture(scope="module")
def world(server):
    world = build(server, "alerts")
    world.ids["monitor"] = server.new_user("monitor.alerts", "psa_crm.group_technician")
    world.ids["duty"] = server.new_user("duty.alerts", "psa_crm.group_technician")
    server.xmlrpc().write("res.users", world.ids["duty"], {"email": "duty@alerts-itsc.example", "notification_type": "email"})
    (severity,) = world.owner.search("psa.ticket.option", [("attribute", "=", "severity"), ("name", "=", "A team is affected")])
    world.ids["severity"] = severity
    world.owner.create("psa.rule", {
        "name": "Wake who is on duty", "desk_id": world.ids["desk"], "event": "alert", "action_ids": [
            (0, 0, {"kind": "severity", "option_id": severity}),
            (0, 0, {"kind": "notify", "user_ids": [(6, 0, [world.ids["duty"]])], "body": "Alert: {{ticket.number}} {{ticket.subject}}"}),
        ],
    })
    return world


def test_an_alert_over_xmlrpc_and_another_that_joins_its_ticket(world, smtp_sink):
    monitor, sent = world.server.xmlrpc("monitor.alerts"), len(smtp_sink.received)
    ticket = monitor.create("psa.ticket", {
        "name": "FILE02 does not answer", "desk_id": world.ids["desk"], "client_id": world.ids["client"], "source": "alert",
    })
    other = monitor.create("psa.ticket", {"name": "No alert", "desk_id": world.ids["desk"], "source": "api"})

    found = monitor.read("psa.ticket", ticket, "number", "severity_id")
    assert found["severity_id"] == world.ids["severity"]
    assert monitor.read("psa.ticket", other, "severity_id")["severity_id"] != world.ids["severity"]
    assert smtp_sink.wait_to("duty@alerts-itsc.example", since=sent, containing=found["number"])
    assert fired(world, ticket) == 1

    sent = len(smtp_sink.received)
    monitor.create("psa.ticket.entry", {"ticket_id": ticket, "body": "<p>Still down.</p>", "source": "alert", "is_internal": True})

    assert smtp_sink.wait_to("duty@alerts-itsc.example", since=sent, containing=found["number"])
    assert fired(world, ticket) == 2
    assert fired(world, other) == 0


def fired(world, ticket):
    return world.owner.count("psa.rule.log", [("ticket_id", "=", ticket), ("event", "=", "alert"), ("outcome", "=", "done")])
