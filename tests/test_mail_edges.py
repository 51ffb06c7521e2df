"""Odd mail: each ends where somebody sees it, once; nothing is lost and nothing answers itself for ever."""

import html
import re
import secrets
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

import pytest
from harness import MAIL_DOMAIN, header_of, mail, references_of
from world import build


@pytest.fixture(scope="module")
def world(server):
    return build(server, "edges")


@pytest.fixture
def before(world, smtp_sink):
    """How many mails had gone out before the test."""
    world.server.settle()
    return len(smtp_sink.received)


def test_mail_of_an_unknown_sender_becomes_a_ticket_without_a_client(world):
    ticket = world.ticket_of(world.send("unknown_sender"))

    assert ticket["name"] == "Can you help us with our server?"
    assert not ticket["client_id"]
    assert "somebody@nowhere-known.example" in ticket["email_from"]
    assert ticket["queue_id"] == world.ids["queue"]


def test_mail_without_a_subject_becomes_a_ticket_with_a_name(world):
    ticket = world.ticket_of(world.send("no_subject"))

    assert ticket["name"].strip()
    assert ticket["client_id"] == world.ids["client"]
    assert "scanner is broken" in ticket["description"]


def test_subject_of_spaces_becomes_a_ticket_with_a_name(world):
    ticket = world.ticket_of(world.send("no_subject", subject="   "))

    assert ticket["name"].strip()


@pytest.mark.parametrize("name", ["auto_reply", "vacation"])
def test_automatic_answer_is_kept_aside_and_not_answered(world, before, name):
    tickets = world.tech.count("psa.ticket", [("desk_id", "=", world.ids["desk"])])

    message_id = world.send(name)

    (place,) = world.whereabouts(message_id)
    assert place[0] == "psa.inbound.mail"
    assert world.tech.count("psa.ticket", [("desk_id", "=", world.ids["desk"])]) == tickets
    assert not world.sent_since(before)
    _assert_inbound_is_complete(world, place[1], message_id)


def test_automatic_answer_to_a_ticket_does_not_reopen_it(world, smtp_sink):
    ticket = world.ticket_of(world.send("outlook_new"))
    world.answer(ticket["id"], "Fixed.")
    answer = smtp_sink.wait_to(world.client_address("grace.okafor"), containing="Fixed.")
    world.tech.button("psa.ticket", [ticket["id"]], "action_resolve")
    world.server.settle()
    before = len(smtp_sink.received)

    answered = answer.message["Message-Id"]
    message_id = world.send("auto_reply", in_reply_to=answered, references=answered)

    assert world.read_ticket(ticket["id"])["state"] == "resolved"
    assert world.whereabouts(message_id), "the automatic answer is nowhere"
    assert not world.sent_since(before)


def test_bounce_is_kept_with_its_reason(world, before):
    message_id = world.send("bounce")

    (place,) = world.whereabouts(message_id)
    assert place[0] == "psa.inbound.mail"
    assert not world.sent_since(before)
    raw = _assert_inbound_is_complete(world, place[1], message_id)
    assert b"mailbox unavailable" in raw


def test_bounce_of_an_answer_names_its_ticket(world, smtp_sink):
    ticket = world.ticket_of(world.send("outlook_new"))
    world.answer(ticket["id"], "Bouncing.")
    answer = smtp_sink.wait_to(world.client_address("grace.okafor"), containing="Bouncing.")
    raw = world.mail("bounce", to=answer.mail_from)
    raw = raw.replace(f"<undelivered-1@{MAIL_DOMAIN}>".encode(), str(answer.message["Message-Id"]).encode())

    world.server.deliver(raw)

    places = world.whereabouts(header_of(raw, "Message-ID"))
    assert len(places) == 1, places
    if places[0][0] == "psa.inbound.mail":
        assert world.owner.read("psa.inbound.mail", places[0][1], "ticket_id")["ticket_id"] == ticket["id"]
    else:
        assert places[0] == ("psa.ticket", ticket["id"])


def test_our_own_mail_coming_back_is_kept_aside(world, before):
    message_id = world.send("own_mail_back")

    (place,) = world.whereabouts(message_id)
    assert place[0] == "psa.inbound.mail"
    assert not world.sent_since(before)


def test_two_machines_answering_each_other_come_to_an_end(world, smtp_sink):
    """A client's software that answers every mail it gets, without saying that it is a machine."""
    robot = f"robot-{secrets.token_hex(3)}@{world.client_domain}"
    world.server.settle()
    start = read = len(smtp_sink.received)
    sent = [_plain(world, robot, "Ping")]
    rounds = 0
    world.server.deliver(sent[0])
    while rounds < 40:
        world.server.settle()
        fresh = smtp_sink.to(robot, read)
        read = len(smtp_sink.received)
        if not fresh:
            break
        for received in fresh:
            rounds += 1
            answer = _plain(
                world,
                robot,
                f"Re: {received.subject}",
                in_reply_to=received.message["Message-Id"],
                references=" ".join([*references_of(received), str(received.message["Message-Id"])]),
            )
            sent.append(answer)
            world.server.deliver(answer)

    assert rounds < 5, f"{rounds} answers and counting"
    assert len(smtp_sink.to(robot, start)) == rounds
    for raw in sent:
        assert world.whereabouts(header_of(raw, "Message-ID")), "a mail of the loop was lost"


def test_a_flood_from_one_sender_is_bounded_and_nothing_of_it_is_lost(world, smtp_sink, before):
    """A monitor that sends a mail a second: Odoo stops making tickets after 20, the rest must still be somewhere."""
    sender = f"monitor@{world.client_domain}"
    sent = [_plain(world, sender, f"Disk full {number}") for number in range(24)]

    for raw in sent:
        world.server.deliver(raw)

    lost = [
        header_of(raw, "Subject") for raw in sent if len(world.whereabouts(header_of(raw, "Message-ID"))) != 1
    ]
    assert not lost, f"lost: {lost}"
    world.server.settle()
    assert len(smtp_sink.to(sender, before)) <= 20, "an answer to mail that was not taken"


def test_same_mail_delivered_twice_is_one_ticket(world):
    raw = world.mail("thunderbird")

    world.server.deliver(raw)
    world.server.deliver(raw)

    places = world.whereabouts(header_of(raw, "Message-ID"))
    assert len(places) == 1, places


def test_mail_of_25_megabytes_arrives_whole(world):
    content = secrets.token_bytes(25 * 1024 * 1024)
    message = EmailMessage()
    message["From"] = f"Grace Okafor <{world.client_address('grace.okafor')}>"
    message["To"] = world.desk_address
    message["Subject"] = "The database dump you asked for"
    message["Date"] = formatdate()
    message_id = make_msgid(domain=world.client_domain)
    message["Message-ID"] = message_id
    message.set_content("See attachment.")
    message.add_attachment(content, maintype="application", subtype="octet-stream", filename="dump.bin")

    world.server.deliver(message.as_bytes())

    ticket = world.ticket_of(message_id)
    (attachment,) = world.tech.find(
        "ir.attachment", [("res_model", "=", "psa.ticket"), ("res_id", "=", ticket["id"])], "name", "file_size"
    )
    assert (attachment["name"], attachment["file_size"]) == ("dump.bin", len(content))
    answer = world.server.web(f"tech.{world.slug}").get(f"/web/content/{attachment['id']}?download=1")
    assert answer.content == content


def test_html_only_mail_is_readable_and_harmless(world):
    ticket = world.ticket_of(world.send("gmail_html_only"))

    assert ticket["name"] == "Wi-Fi in treatment room 3"
    assert "<b>Wi-Fi in treatment room 3</b>" in ticket["description"]
    assert "<script" not in ticket["description"]
    assert "laptop: HD-LT-07" in html.unescape(ticket["description"])


def test_inline_image_is_shown_where_the_client_put_it(world):
    ticket = world.ticket_of(world.send("apple_mail_inline"))

    assert "cid:" not in ticket["description"]
    (source,) = re.findall(r'<img[^>]+src="([^"]+)"', ticket["description"])
    answer = world.server.web(f"tech.{world.slug}").get(html.unescape(source))
    assert answer.status_code == 200
    assert answer.content.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("name", "subject", "words"),
    [
        ("thunderbird", "Röntgengerät zeigt „Fehler 0x80“ – dringend", "das Röntgengerät im zweiten Zimmer"),
        ("latin1_subject", "Téléphone muet à la réception", "le téléphone de la réception est muet. Ça presse."),
        ("outlook_new", "Reception PC does not print", "doesn’t print since this morning – patients are waiting"),
    ],
)
def test_letters_of_all_countries_survive(world, name, subject, words):
    ticket = world.ticket_of(world.send(name))

    assert ticket["name"] == subject
    assert words in html.unescape(ticket["description"])


def test_attachment_with_a_foreign_name_can_be_opened(world):
    ticket = world.ticket_of(world.send("thunderbird"))

    names = [
        row["name"]
        for row in world.tech.find(
            "ir.attachment", [("res_model", "=", "psa.ticket"), ("res_id", "=", ticket["id"])], "name"
        )
    ]
    assert names == ["Röntgen.png"]


def test_broken_mail_is_not_lost(world):
    """Letters of no known alphabet, a picture that is none, no end: read as far as it goes, or kept as it came."""
    message_id = world.send("broken_mime")

    (place,) = world.whereabouts(message_id)
    if place[0] == "psa.ticket":
        assert "The scanner makes a noise" in world.read_ticket(place[1])["description"]
    else:
        raw = _assert_inbound_is_complete(world, place[1], message_id)
        assert b"The scanner makes a noise" in raw


def test_raw_8_bit_mail_fetched_from_a_mailbox_is_not_lost(world):
    """Odoo's mail gate reads text and cannot pass this one on; the mailbox fetcher hands over the bytes."""
    raw = world.mail("raw_8bit")
    message_id = header_of(raw, "Message-ID")

    world.server.xmlrpc().call("mail.thread", "message_process", False, raw)

    assert "Le téléphone est muet." in html.unescape(world.ticket_of(message_id)["description"])


def test_mail_without_a_message_id_becomes_a_ticket(world):
    world.server.deliver(world.mail("unknown_sender", message_id=None, subject="No message id at all"))

    assert world.tech.count("psa.ticket", [("name", "=", "No message id at all")]) == 1


def test_mail_to_an_address_that_is_no_desk_is_refused_to_the_mail_server_or_kept(world, before):
    """Refused with "no such user" the sender is told by his mail server; kept, our own people see it."""
    raw = mail("unknown_sender", to=f"no-such-desk@{MAIL_DOMAIN}")

    code = world.server.deliver(raw, check=False)

    kept = world.whereabouts(header_of(raw, "Message-ID"))
    assert kept or code == 67, f"mail gate said {code}, and the mail is nowhere"
    assert not world.sent_since(before)


def test_mail_kept_aside_can_be_made_a_ticket(world):
    (place,) = world.whereabouts(world.send("vacation", subject="Out of office, but my PC burns"))

    world.tech.button("psa.inbound.mail", [place[1]], "action_make_ticket")

    inbound = world.tech.read("psa.inbound.mail", place[1], "state", "ticket_id")
    assert inbound["state"] == "handled"
    ticket = world.read_ticket(inbound["ticket_id"])
    assert ticket["name"] == "Out of office, but my PC burns"
    assert ticket["client_id"] == world.ids["client"]


def _assert_inbound_is_complete(world, inbound_id, message_id):
    """Return the raw mail that a kept mail has, after checking it."""
    inbound = world.tech.read("psa.inbound.mail", inbound_id, "reason", "email_from", "desk_id", "state")
    assert inbound["reason"]
    assert inbound["email_from"]
    assert inbound["state"] == "new"
    (attachment,) = world.tech.find(
        "ir.attachment", [("res_model", "=", "psa.inbound.mail"), ("res_id", "=", inbound_id)], "name"
    )
    answer = world.server.web(f"tech.{world.slug}").get(f"/web/content/{attachment['id']}?download=1")
    assert answer.status_code == 200
    assert message_id.encode() in answer.content
    return answer.content


def _plain(world, sender, subject, **headers):
    return world.mail(
        "unknown_sender",
        **{"from": f"Robot <{sender}>"},
        subject=subject,
        message_id=make_msgid(domain=world.client_domain),
        **headers,
    )
