"""The three examples of workflow rules in the white paper, word by word, from outside the server.

The rules are those that ship with the suite: the owner names client, people and queues in them and switches them on.
"""

import re
from datetime import datetime, timedelta, timezone

import pytest
from browsing import DESK
from harness import WebSession
from passing_time import let_time_pass
from world import build

PAGER = "5551234@pager.example"


@pytest.fixture(scope="module")
def world(server):
    made = build(server, "acme")
    ids, owner, admin = made.ids, made.owner, server.xmlrpc()
    owner.write("res.partner", ids["client"], {"name": "Acme Corporation"})
    for login, name in {
        "joe": "Joe Technician", "lead": "Lena Lead", "care": "Carol Care (customer service manager)", "service": "Sam Service Manager",
    }.items():
        ids[login] = server.new_user(f"{login}.acme", "psa_crm.group_technician")
        admin.write("res.users", ids[login], {"name": name, "email": f"{login}@acme-itsc.example", "notification_type": "email"})
    for queue in ("Dispatch", "Immediate Attention"):
        ids[queue] = owner.create("psa.queue", {"name": queue})
    ids["other_client"] = owner.create("res.partner", {
        "name": "Plain & Sons", "is_company": True, "psa_is_client": True, "psa_client_status": "active",
    })
    return made


@pytest.fixture(scope="class")
def ready(world):
    """Return a function that switches a ready rule on, with what is said of its actions."""
    switched_on = []

    def switch_on(key, vals=None, desk=None, **actions):
        owner = world.owner
        (rule,) = owner.search("psa.rule", [("ready_key", "=", key), ("active", "=", False)])
        for action in owner.find("psa.rule.action", [("rule_id", "=", rule)], "kind"):
            if action["kind"] in actions:
                owner.write("psa.rule.action", action["id"], actions[action["kind"]])
        owner.write("psa.rule", rule, {**(vals or {}), "desk_id": desk or False, "active": True})
        switched_on.append(rule)
        return rule

    yield switch_on
    world.owner.write("psa.rule", switched_on, {"active": False})


def _history(world, ticket):
    rows = world.tech.find("psa.ticket.history", [("ticket_id", "=", ticket), ("kind", "=", "rule")], "description")
    return "\n".join(row["description"] for row in rows)


def _ticket(world, ticket):
    return world.tech.read("psa.ticket", ticket, "user_id", "queue_id", "stage_id", "priority_id", "state", "number")


class TestExampleOne:
    """Automatically route all new service requests from Acme Corporation that are entered through our client access portal to
    Joe Technician, and move them to the Dispatch queue so Joe can be assigned an on-site visit."""

    @pytest.fixture(scope="class")
    def rule(self, world, ready):
        return ready(
            "portal_to_technician", {"domain": f"[('client_id', '=', {world.ids['client']})]"},
            queue={"queue_id": world.ids["Dispatch"]}, assign={"user_id": world.ids["joe"]},
        )

    def test_a_request_on_the_portal_goes_to_joe_in_the_dispatch_queue(self, world, rule, new_page):
        login = world.portal_user(world.ids["grace"], "employee")
        page = new_page(DESK, login)
        page.goto("/my/tickets/new")
        page.fill("[name=subject]", "The label printer jams again")
        page.fill("textarea[name=description]", "It needs somebody with a screwdriver.")
        page.click("button:has-text('Send ticket')")
        page.wait_for_url(re.compile(r"/my/tickets/\d+"))
        ticket = int(re.search(r"/my/tickets/(\d+)", page.url).group(1))

        found = _ticket(world, ticket)
        assert found["user_id"] == world.ids["joe"]
        assert found["queue_id"] == world.ids["Dispatch"]
        assert "Joe Technician" in _history(world, ticket)
        assert "Dispatch" in _history(world, ticket)
        (log,) = world.owner.find("psa.rule.log", [("rule_id", "=", rule), ("ticket_id", "=", ticket)], "outcome", "actions")
        assert log["outcome"] == "done"

    def test_what_comes_by_mail_or_from_others_is_not_routed(self, world, rule):
        by_mail = world.ticket_of(world.send("outlook_new"))
        of_others = world.tech.create("psa.ticket", {
            "name": "Theirs", "desk_id": world.ids["desk"], "client_id": world.ids["other_client"], "source": "portal",
        })

        for ticket in (by_mail["id"], of_others):
            found = _ticket(world, ticket)
            assert found["user_id"] != world.ids["joe"]
            assert found["queue_id"] == world.ids["queue"]
            assert not _history(world, ticket)


class TestExampleTwo:
    """When an alert comes in from the Monitoring system that indicates that a web server has gone down, automatically create a
    ticket, assign it to the lead tech on the account with a critical priority and send a notification to both his mobile device
    and email account. If the alert is still open and idle after 10 minutes, automatically notify the customer service manager
    that the critical priority ticket requires immediate action."""

    @pytest.fixture(scope="class")
    def rules(self, world, ready):
        ids = world.ids
        world.owner.write("res.partner", ids["client"], {"psa_primary_technician_id": ids["lead"]})
        lead = world.server.xmlrpc("lead.acme")
        for address in ({"kind": "mail"}, {"kind": "pager", "target": PAGER}):
            lead.create("psa.notification.address", {"user_id": ids["lead"], **address})
        # Other stories of this server have alerts, too.
        return [
            ready("web_server_down", desk=ids["desk"]),
            ready("alert_idle", desk=ids["desk"], notify={"user_ids": [(6, 0, [ids["care"]])]}),
        ]

    def _alert(self, world, subject="Web server www.acme.example is DOWN"):
        # The monitoring speaks to the API with an account of its own.
        return world.tech.create("psa.ticket", {
            "name": subject, "desk_id": world.ids["desk"], "client_id": world.ids["client"], "source": "alert",
        })

    def test_the_lead_tech_gets_it_as_critical_and_is_told_on_both_ways(self, world, rules, smtp_sink):
        sent = len(smtp_sink.received)

        ticket = self._alert(world)

        found = _ticket(world, ticket)
        assert found["user_id"] == world.ids["lead"]
        assert found["priority_id"] == world.server.xmlrpc().ref("psa_helpdesk.option_priority_critical")
        assert smtp_sink.wait_to("lead@acme-itsc.example", since=sent, containing=found["number"])
        assert smtp_sink.wait_to(PAGER, since=sent, containing=found["number"])
        assert "Lena Lead" in _history(world, ticket)
        world.server.settle()
        for address in ("lead@acme-itsc.example", PAGER):
            mails = [mail for mail in smtp_sink.to(address, since=sent) if found["number"] in mail.subject + mail.text]
            assert len(mails) == 1, f"{address} is told once, however much happened to the ticket"

    def test_other_alerts_are_left_alone(self, world, rules):
        ticket = self._alert(world, "Disk of file server is full")

        assert _ticket(world, ticket)["user_id"] != world.ids["lead"]

    def test_open_and_idle_after_ten_minutes_the_manager_is_told(self, world, rules, smtp_sink):
        ticket = self._alert(world)
        number = _ticket(world, ticket)["number"]
        sent = len(smtp_sink.received)

        let_time_pass(world.server, [ticket], also={"psa_rule": rules}, minutes=9)
        world.server.settle()
        assert not [mail for mail in smtp_sink.to("care@acme-itsc.example", since=sent) if number in mail.subject + mail.text]

        let_time_pass(world.server, [ticket], also={"psa_rule": rules}, minutes=2)
        told = smtp_sink.wait_to("care@acme-itsc.example", since=sent, containing=f"{number} requires immediate action")
        assert "Critical priority ticket" in told.text
        link = re.search(r"https?://\S+/mail/view\?\S+?res_id=\d+", told.text).group(0).replace("&amp;", "&")
        opened = WebSession(world.server, "care.acme", "care.acme").get(link.partition(world.server.url)[2])
        assert opened.status_code == 200
        assert f"/{ticket}" in opened.url or f"id={ticket}" in opened.url

    def test_who_works_on_it_or_resolves_it_in_time_is_left_in_peace(self, world, rules, smtp_sink):
        worked, resolved = self._alert(world), self._alert(world)
        numbers = [_ticket(world, ticket)["number"] for ticket in (worked, resolved)]
        sent = len(smtp_sink.received)

        let_time_pass(world.server, [worked, resolved], also={"psa_rule": rules}, minutes=9)
        world.answer(worked, "I restart it.", subtype="mail.mt_note")
        world.tech.button("psa.ticket", resolved, "action_resolve")
        let_time_pass(world.server, [worked, resolved], also={"psa_rule": rules}, minutes=5)
        world.server.settle()

        texts = [mail.subject + mail.text for mail in smtp_sink.to("care@acme-itsc.example", since=sent)]
        assert not [text for text in texts if any(number in text for number in numbers)]

        let_time_pass(world.server, [worked], also={"psa_rule": rules}, minutes=6)
        assert smtp_sink.wait_to("care@acme-itsc.example", since=sent, containing=numbers[0])


class TestExampleThree:
    """Send all overdue tickets from Jeopardy or Premier accounts to a queue called "Immediate Attention", change ticket status to
    critical and automatically send a special notification to the service manager."""

    @pytest.fixture(scope="class")
    def critical(self, world):
        return world.owner.create("psa.ticket.stage", {
            "name": "Critical", "state": "open", "desk_ids": [(4, world.ids["desk"])],
        })

    @pytest.fixture(scope="class")
    def rule(self, world, ready, critical):
        return ready(
            "overdue_watched_clients", desk=world.ids["desk"], queue={"queue_id": world.ids["Immediate Attention"]},
            stage={"stage_id": critical}, notify={"user_ids": [(6, 0, [world.ids["service"]])]},
        )

    @pytest.fixture(scope="class")
    def level_rule(self, world, ready, critical):
        return ready(
            "level_overdue_watched_clients", desk=world.ids["desk"], queue={"queue_id": world.ids["Immediate Attention"]},
            stage={"stage_id": critical}, notify={"user_ids": [(6, 0, [world.ids["service"]])]},
        )

    @pytest.mark.parametrize("client_class", ["Jeopardy", "Premier"])
    def test_an_overdue_ticket_gets_immediate_attention(self, world, rule, critical, smtp_sink, client_class):
        ticket = self._overdue_soon(world, world.ids["client"], client_class)
        sent = len(smtp_sink.received)

        let_time_pass(world.server, [ticket], also={"psa_rule": [rule]}, minutes=4)
        assert _ticket(world, ticket)["queue_id"] == world.ids["queue"], "it is not overdue yet"

        let_time_pass(world.server, [ticket], also={"psa_rule": [rule]}, minutes=2)
        found = _ticket(world, ticket)
        assert found["queue_id"] == world.ids["Immediate Attention"]
        assert found["stage_id"] == critical
        assert found["priority_id"] == world.server.xmlrpc().ref("psa_helpdesk.option_priority_critical")
        assert smtp_sink.wait_to("service@acme-itsc.example", since=sent, containing=found["number"])
        assert "Immediate Attention" in _history(world, ticket)

    def test_overdue_tickets_of_other_accounts_wait_as_before(self, world, rule, smtp_sink):
        ticket = self._overdue_soon(world, world.ids["other_client"], "Standard")

        let_time_pass(world.server, [ticket], also={"psa_rule": [rule]}, minutes=10)

        assert _ticket(world, ticket)["queue_id"] == world.ids["queue"]
        assert not _history(world, ticket)

    @pytest.mark.parametrize("client_class", ["Jeopardy", "Standard"])
    def test_a_ticket_is_overdue_as_well_when_its_service_level_is_missed(self, world, level_rule, critical, smtp_sink, client_class):
        owner = world.owner
        policy = owner.create("psa.sla.policy", {
            "name": f"Within five minutes ({client_class})", "desk_ids": [(4, world.ids["desk"])], "hours": "always",
            "target_ids": [(0, 0, {"resolution_hours": 5 / 60})],
        })
        ticket = self._overdue_soon(world, world.ids["client"], client_class, date_deadline=False)
        sent = len(smtp_sink.received)

        let_time_pass(world.server, [ticket], also={"psa_rule": [level_rule]}, minutes=4)
        assert _ticket(world, ticket)["queue_id"] == world.ids["queue"], "it is not overdue yet"

        let_time_pass(world.server, [ticket], also={"psa_rule": [level_rule]}, minutes=2)
        found = _ticket(world, ticket)
        owner.write("psa.sla.policy", policy, {"active": False})
        if client_class == "Standard":
            assert found["queue_id"] == world.ids["queue"]
            return
        assert found["queue_id"] == world.ids["Immediate Attention"]
        assert found["stage_id"] == critical
        assert smtp_sink.wait_to("service@acme-itsc.example", since=sent, containing=found["number"])

    def _overdue_soon(self, world, client, client_class, **values):
        owner = world.owner
        companies = [False, owner.read("psa.desk", world.ids["desk"], "company_id")["company_id"]]
        (found, *_rest) = owner.search("psa.client.class", [("name", "=", client_class), ("company_id", "in", companies)])
        owner.write("res.partner", client, {"psa_client_class_id": found})
        deadline = datetime.now(timezone.utc) + timedelta(minutes=5)
        return world.tech.create("psa.ticket", {
            "name": f"Overdue soon ({client_class})", "desk_id": world.ids["desk"], "client_id": client,
            "date_deadline": deadline.strftime("%Y-%m-%d %H:%M:%S"), **values,
        })
