"""Merged tickets and ratings from outside: real mails, real links, two people at once."""

import re
import xmlrpc.client
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from world import build

LINK = re.compile(r"/ticket/rate/[\w-]+/5")
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@pytest.fixture(scope="module")
def world(server):
    return build(server, "related")


def _ticket(world, name, **vals):
    return world.tech.create(
        "psa.ticket", {"name": name, "desk_id": world.ids["desk"], "partner_id": world.ids["grace"], **vals}
    )


def _merge(world, merged, survivor, login="tech.related"):
    rpc = world.server.xmlrpc(login)
    wizard = rpc.create("psa.ticket.merge", {"ticket_ids": [(6, 0, [merged])], "survivor_id": survivor})
    rpc.call("psa.ticket.merge", "action_merge", [wizard])


def test_a_reply_to_a_merged_ticket_reaches_the_survivor(world, smtp_sink):
    first, again = _ticket(world, "Printer jams"), _ticket(world, "Printer again")
    start = len(smtp_sink.received)
    world.answer(again, "Which printer is it?")
    question = smtp_sink.wait_to(world.client_address("grace.okafor"), since=start)
    _merge(world, again, first)

    message_id = str(question.message["Message-Id"])
    world.send("outlook_new", in_reply_to=message_id, references=message_id)

    assert world.messages_of(first)[-1]["message_type"] == "email"
    merged = world.tech.read("psa.ticket", again, "state", "merged_into_id")
    assert (merged["state"], merged["merged_into_id"]) == ("cancelled", first)


def test_of_two_mergers_at_once_one_wins_and_the_other_is_told(world):
    for _round in range(3):
        one, two = _ticket(world, "One"), _ticket(world, "Two")

        def attempt(pair):
            try:
                _merge(world, *pair)
            except xmlrpc.client.Fault as fault:
                return fault.faultString
            return None

        with ThreadPoolExecutor(2) as pool:
            outcomes = list(pool.map(attempt, [(one, two), (two, one)]))

        assert sorted(outcome is None for outcome in outcomes) == [False, True]
        assert "already merged into" in next(filter(None, outcomes))
        merged = [ticket for ticket in (one, two) if world.tech.read("psa.ticket", ticket, "is_merged")["is_merged"]]
        assert len(merged) == 1


def test_a_rating_is_given_by_the_link_in_the_mail_once(world, smtp_sink):
    world.owner.write("psa.desk", world.ids["desk"], {"asks_rating": True, "rating_delay_hours": 0})
    ticket = _ticket(world, "Toner", user_id=world.ids["tech_user"])
    start = len(smtp_sink.received)
    world.tech.button("psa.ticket", [ticket], "action_close")
    world.server.run_cron("psa_helpdesk.ir_cron_ask_ratings")
    asked = smtp_sink.wait_to(world.client_address("grace.okafor"), since=start, containing="/ticket/rate/")
    path = LINK.search(asked.text).group()

    # A mail scanner follows every link there is, and that is no answer.
    for _look in range(2):
        page = requests.get(world.server.url + path, timeout=180)
        assert page.status_code == 200
    assert not world.tech.read("psa.ticket", ticket, "satisfaction")["satisfaction"]
    with requests.Session() as browser:
        form = browser.get(world.server.url + path, timeout=180).text
        answer = {"csrf_token": TOKEN.search(form).group(1), "grade": "3", "comment": "Took a while"}
        sent = browser.post(world.server.url + path.rpartition("/")[0], data=answer, timeout=180)
        assert "Thank you" in sent.text
        again = browser.post(world.server.url + path.rpartition("/")[0], data={**answer, "grade": "1"}, timeout=180)
        assert "answered already" in again.text

    rated = world.tech.read("psa.ticket", ticket, "satisfaction", "satisfaction_comment", "state")
    assert (rated["satisfaction"], rated["satisfaction_comment"], rated["state"]) == ("3", "Took a while", "closed")
    world.server.run_cron("psa_helpdesk.ir_cron_ask_ratings")
    assert len([m for m in smtp_sink.to(world.client_address("grace.okafor"), since=start) if "/ticket/rate/" in m.text]) == 1
