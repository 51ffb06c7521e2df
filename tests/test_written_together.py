"""Two technicians who write on the same tickets at the same time: neither has to begin anew, and every word is found."""

import threading

import pytest
from world import build

ROUNDS = 15


@pytest.fixture(scope="module")
def world(server):
    return build(server, "together")


def test_answers_in_opposite_order_are_all_sent_and_found(world, server):
    tickets = [
        world.tech.create("psa.ticket", {"name": f"Screen {number}", "desk_id": world.ids["desk"], "partner_id": world.ids["grace"]})
        for number in range(3)
    ]
    errors = []

    def write(login, order, word):
        rpc = server.xmlrpc(f"{login}.{world.slug}", f"{login}.{world.slug}")
        for number in range(ROUNDS):
            for ticket in order:
                try:
                    rpc.call(
                        "psa.ticket", "message_post", [ticket], body=f"{word}{number}", message_type="comment",
                        subtype_xmlid="mail.mt_note",
                    )
                except Exception as error:  # every fault is one too many, and a thread cannot fail a test
                    errors.append(error)

    before = server.log_size()
    writers = [
        threading.Thread(target=write, args=("tech", tickets, "alpha")),
        threading.Thread(target=write, args=("owner", tickets[::-1], "beta")),
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    told = server.log_since(before)
    server.run_cron("psa_helpdesk.ir_cron_index_tickets")

    assert errors == []
    assert "deadlock detected" not in told
    # Who has to begin anew waits a second or more before he does.
    assert told.count("tries left") < 2 * ROUNDS * len(tickets) / 10
    for word in ("alpha", "beta"):
        for number in range(ROUNDS):
            found = world.tech.search("psa.ticket", [("search_text_all", "ilike", f"{word}{number}")])
            assert set(tickets) <= set(found), f"{word}{number}"
    everything = " ".join(f"{word}{number}" for word in ("alpha", "beta") for number in range(ROUNDS))
    assert sorted(world.tech.search("psa.ticket", [("search_text_all", "ilike", everything)])) == sorted(tickets)
