"""Who hears of a ticket: real mails through a real SMTP server, pagers, quiet hours, one click to unsubscribe."""

import re
from datetime import datetime, timedelta, timezone

import psycopg2
import pytest
import requests
from harness import references_of, refused
from world import build

PAGER = "5551234@pager.example"
CRON = "psa_helpdesk.ir_cron_send_notifications"


@pytest.fixture(scope="module")
def world(server):
    world = build(server, "pagers")
    admin = server.xmlrpc()
    world.ids["lead_user"] = server.new_user("lead.pagers", "psa_crm.group_technician")
    (lead,) = admin.find("res.users", [("id", "=", world.ids["lead_user"])], "partner_id")
    world.ids["lead"] = lead["partner_id"]
    admin.write("psa.queue", world.ids["queue"], {"contact_ids": [(4, world.ids["lead"])]})
    events = admin.find("psa.notification.event", [], "code")
    world.ids["events"] = {event["code"]: event["id"] for event in events}
    return world


@pytest.fixture
def before(world, smtp_sink):
    """How many mails had gone out before the test."""
    world.server.settle()
    return len(smtp_sink.received)


def staff(login):
    return f"{login}.pagers@brightwater.example"


def events(world, *codes):
    return [(6, 0, [world.ids["events"][code] for code in codes])]


def new_ticket(world, **vals):
    return world.owner.create(
        "psa.ticket",
        {"name": "Line is down", "desk_id": world.ids["desk"], "partner_id": world.ids["grace"], **vals},
    )


def told(world, ticket_id):
    """Return what the log says of a ticket, as its owner sees it."""
    return world.owner.find(
        "psa.notification",
        [("ticket_id", "=", ticket_id)],
        "event_id",
        "user_id",
        "kind",
        "target",
        "state",
        "reason",
        order="id",
    )


class TestStory:
    """A night at the help desk, in order."""

    def test_mail_of_a_client_is_told_to_the_queue_in_one_mail(self, world, before, smtp_sink):
        ticket = world.ticket_of(world.send("outlook_new"))
        world.server.settle()

        notice = smtp_sink.wait_to(staff("lead"), since=before, containing=ticket["number"])

        assert len(smtp_sink.to(staff("lead"), before)) == 1
        assert str(notice.message["Auto-Submitted"]).startswith("auto-generated")
        assert "X-PSA-Notification" not in notice.message
        world.ids["ticket"] = ticket["id"]

    def test_technician_sets_up_a_pager_himself(self, world):
        world.tech.create(
            "psa.notification.address",
            {"kind": "pager", "target": PAGER, "event_ids": events(world, "assigned", "client_replied", "reopened")},
        )
        rows = world.tech.find("psa.notification.address", [], "user_id", "kind")

        assert {row["user_id"] for row in rows} == {world.ids["tech_user"]}

    def test_who_is_assigned_hears_by_mail_and_pager(self, world, before, smtp_sink):
        world.owner.write("psa.ticket", world.ids["ticket"], {"user_id": world.ids["tech_user"]})

        whole = smtp_sink.wait_to(staff("tech"), since=before, containing="assigned")
        short = smtp_sink.wait_to(PAGER, since=before)

        assert len(smtp_sink.to(staff("tech"), before)) == 1
        assert len(smtp_sink.to(PAGER, before)) == 1
        assert len(short.text.split("\n\n")[0]) < 300
        assert PAGER not in str(whole.message)
        assert world.desk_address in str(whole.message["Reply-To"])

    def test_answer_of_the_client_keeps_its_thread_and_arrives_once_on_each_way(self, world, before, smtp_sink):
        world.answer(world.ids["ticket"], "Which printer is it?")
        question = smtp_sink.wait_to(world.client_address("grace.okafor"), since=before, containing="Which printer")
        asked = str(question.message["Message-Id"])
        message_id = world.send("outlook_reply", in_reply_to=asked, references=asked)

        whole = smtp_sink.wait_to(staff("tech"), since=before)
        smtp_sink.wait_to(PAGER, since=before)

        assert world.ticket_of(message_id)["id"] == world.ids["ticket"]
        assert references_of(whole)
        assert asked in references_of(whole) or message_id in references_of(whole)
        assert len(smtp_sink.to(staff("tech"), before)) == 1
        assert len(smtp_sink.to(PAGER, before)) == 1
        # What the technician answers is quoted to the client, so the link is in a header only.
        assert "unsubscribe" not in whole.text
        assert "List-Unsubscribe" in whole.message

    def test_resolved_ticket_that_the_client_answers_is_told_once(self, world, before, smtp_sink):
        world.tech.button("psa.ticket", [world.ids["ticket"]], "action_resolve")
        answers = [row for row in world.messages_of(world.ids["ticket"]) if "Which printer" in row["body"]]
        world.send("gmail_reply", in_reply_to=answers[0]["message_id"], references=answers[0]["message_id"])

        smtp_sink.wait_to(staff("tech"), since=before)

        assert world.read_ticket(world.ids["ticket"])["state"] == "open"
        assert len(smtp_sink.to(staff("tech"), before)) == 1
        assert len(smtp_sink.to(PAGER, before)) == 1
        # The queue's contact does not follow the ticket: for her it is reopened.
        smtp_sink.wait_to(staff("lead"), since=before, containing="Reopened")

    def test_nothing_internal_ever_reached_the_client(self, world, smtp_sink):
        mails = smtp_sink.to(world.client_address("grace.okafor"))

        assert mails
        for received in mails:
            assert PAGER.partition("@")[0] not in str(received.message)
            assert "List-Unsubscribe" not in received.message

    def test_each_step_is_in_the_log_of_the_owner(self, world):
        rows = told(world, world.ids["ticket"])

        assert {row["state"] for row in rows} == {"sent"}, rows
        assert {row["kind"] for row in rows} == {"mail", "pager"}
        places = [(row["event_id"], row["target"]) for row in rows]
        assert (
            len(places)
            == len(set(places))
            + sum(1 for row in rows if row["event_id"] == world.ids["events"]["client_replied"]) // 2
        )


class TestQuiet:
    def test_at_night_the_mail_waits_and_the_pager_does_not(self, world, before, smtp_sink):
        now = datetime.now(timezone.utc)
        hour = now.hour + now.minute / 60
        world.server.xmlrpc().write(
            "res.users",
            world.ids["tech_user"],
            {"tz": "UTC", "psa_quiet_from": (hour - 1) % 24, "psa_quiet_to": (hour + 2) % 24},
        )
        (pager,) = world.tech.search("psa.notification.address", [("kind", "=", "pager")])
        world.tech.write("psa.notification.address", pager, {"wakes": True})
        first, second = (
            new_ticket(world, user_id=world.ids["tech_user"], name=f"Night {number}") for number in (1, 2)
        )
        smtp_sink.wait_to(PAGER, since=before)
        world.server.run_cron(CRON)

        assert not smtp_sink.to(staff("tech"), before)
        waiting = [row for row in told(world, first) + told(world, second) if row["state"] == "waiting"]
        assert len(waiting) == 2

        admin = world.server.xmlrpc()
        past = (now - timedelta(minutes=1)).strftime("%Y-%m-%d %H:%M:%S")
        _pass_time(world, past)
        world.server.run_cron(CRON)
        morning = smtp_sink.wait_to(staff("tech"), since=before)

        assert "Night 1" in morning.text
        assert "Night 2" in morning.text
        assert len(smtp_sink.to(staff("tech"), before)) == 1
        admin.write("res.users", world.ids["tech_user"], {"psa_quiet_from": 0, "psa_quiet_to": 0})


def _pass_time(world, due_at):
    """Let what waits have waited long enough."""
    cluster = world.server.cluster
    link = psycopg2.connect(host=cluster.host, port=cluster.port, user=cluster.user, dbname=world.server.name)
    with link, link.cursor() as cursor:
        cursor.execute("UPDATE psa_notification SET due_at = %s WHERE state = 'waiting'", [due_at])
    link.close()


class TestUnsubscribe:
    @pytest.fixture(scope="class")
    def link(self, world, smtp_sink):
        """The link in a notice to the contact of the queue."""
        world.server.settle()
        since = len(smtp_sink.received)
        new_ticket(world, name="Unsubscribe me")
        world.server.settle()
        notice = smtp_sink.wait_to(staff("lead"), since=since, containing="Unsubscribe me")
        assert str(notice.message["List-Unsubscribe-Post"]) == "List-Unsubscribe=One-Click"
        (url,) = re.findall(r"<([^>]+)>", str(notice.message["List-Unsubscribe"]))
        return f"{world.server.url}/{url.split('/', 3)[3]}"

    def test_looking_at_the_page_changes_nothing(self, world, link, before, smtp_sink):
        page = requests.get(link, timeout=180)

        assert page.status_code == 200
        assert "Stop these notifications?" in page.text
        assert page.headers["Referrer-Policy"] == "no-referrer"
        new_ticket(world, name="Still told")
        world.server.settle()
        smtp_sink.wait_to(staff("lead"), since=before, containing="Still told")

    def test_link_of_nobody_leads_nowhere(self, link):
        forged = link.rsplit("/", 2)[0] + "/" + "0" * 64 + "/unsubscribe"

        assert requests.get(forged, timeout=180).status_code == 404
        assert requests.post(forged, timeout=180).status_code == 404

    def test_one_click_of_a_mail_program_stops_that_event_only(self, world, link, before, smtp_sink):
        answer = requests.post(link, data={"List-Unsubscribe": "One-Click"}, timeout=180)

        assert answer.status_code == 200
        assert "Done" in answer.text
        new_ticket(world, name="Not told any more")
        reopened = new_ticket(world, name="Come back")
        world.tech.button("psa.ticket", [reopened], "action_resolve")
        world.tech.button("psa.ticket", [reopened], "action_reopen")
        world.server.settle()
        smtp_sink.wait_to(staff("lead"), since=before, containing="Come back")
        assert not [mail for mail in smtp_sink.to(staff("lead"), before) if "Not told any more" in mail.subject]


class TestWalls:
    def test_a_colleague_reads_neither_addresses_nor_log(self, world):
        lead = world.server.xmlrpc("lead.pagers")

        assert not lead.search("psa.notification.address", [("user_id", "=", world.ids["tech_user"])])
        assert not lead.search("psa.notification", [("user_id", "=", world.ids["tech_user"])])
        pager = world.tech.search("psa.notification.address", [("kind", "=", "pager")])
        with refused():
            lead.write("psa.notification.address", pager, {"target": "evil@pager.example"})

    def test_nobody_gives_himself_the_address_of_another_through_his_preferences(self, world):
        lead = world.server.xmlrpc("lead.pagers")
        pager = world.tech.search("psa.notification.address", [("kind", "=", "pager")])[0]

        with refused():
            lead.write(
                "res.users",
                lead.uid,
                {"psa_notification_address_ids": [(1, pager, {"target": "evil@pager.example"})]},
            )

        assert world.tech.read("psa.notification.address", pager, "target")["target"] == PAGER

    def test_a_client_sees_none_of_it(self, world):
        login = world.portal_user(world.ids["grace"], "administrator")
        portal = world.server.xmlrpc(login)

        for model in (
            "psa.notification",
            "psa.notification.address",
            "psa.notification.event",
            "psa.notification.optout",
        ):
            with refused():
                portal.search(model, [])

    def test_failure_is_seen_by_the_owner(self, world):
        ticket_id = new_ticket(world, name="Broken line")
        admin = world.server.xmlrpc()
        admin.write("res.users", world.ids["lead_user"], {"email": "no address at all"})
        world.owner.write("psa.ticket", ticket_id, {"user_id": world.ids["lead_user"]})
        failed = [row for row in told(world, ticket_id) if row["state"] == "failed"]
        admin.write("res.users", world.ids["lead_user"], {"email": staff("lead")})

        assert failed, told(world, ticket_id)
        assert "No e-mail address" in failed[0]["reason"]
