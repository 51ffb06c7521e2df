import pytest
from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_helpdesk.mail_intake import (
    AUTO_REPLY,
    AUTOMATIC,
    BOUNCE,
    LOOP,
    MAX_HOPS,
    MAX_NAME_LENGTH,
    NORMAL,
    Headers,
    classify,
    clean_subject,
    marked_numbers,
    ticket_name,
)

DESK = "support@brightwater.test"
OWN = frozenset({DESK})
ANY_TEXT = st.text(max_size=80)


@pytest.mark.parametrize(("story", "mail", "kind"), [
    ("a person writes", Headers(sender="ann@client.test", subject="Help"), NORMAL),
    ("a person answers", Headers(sender="ann@client.test", subject="Re: Help", is_reply=True), NORMAL),
    ("it says it is no machine", Headers(auto_submitted="no"), NORMAL),
    ("vacation, RFC 3834", Headers(auto_submitted="auto-replied (vacation)"), AUTO_REPLY),
    ("vacation with parameters", Headers(auto_submitted="Auto-Replied; owner-email=ann@client.test"), AUTO_REPLY),
    ("Exchange out of office", Headers(auto_submitted="auto-generated", is_reply=True), AUTO_REPLY),
    ("Exchange out of office, no reference", Headers(auto_submitted="auto-generated", subject="Automatic reply: Help"), AUTO_REPLY),
    ("German out of office", Headers(subject="Automatische Antwort: Drucker"), AUTO_REPLY),
    ("old autoresponder", Headers(autoreply_marks=("yes",)), AUTO_REPLY),
    ("autoresponder that says no", Headers(autoreply_marks=("no",)), NORMAL),
    ("old precedence", Headers(precedence="auto_reply"), AUTO_REPLY),
    ("a monitor reports", Headers(auto_submitted="auto-generated", subject="Backup failed"), AUTOMATIC),
    ("a newsletter", Headers(precedence="bulk"), AUTOMATIC),
    ("bulk mail that answers", Headers(precedence="bulk", is_reply=True), AUTO_REPLY),
    ("no way back", Headers(return_path="<>"), AUTOMATIC),
    ("no way back, answers", Headers(return_path=" <> ", is_reply=True), AUTO_REPLY),
    ("Postfix bounce", Headers(sender="MAILER-DAEMON@mx.client.test", return_path="<>"), BOUNCE),
    ("delivery report", Headers(content_type="multipart/report", report_type="delivery-status"), BOUNCE),
    ("read receipt", Headers(content_type="multipart/report", report_type="disposition-notification"), AUTO_REPLY),
    ("Czech out of office", Headers(subject="Automatická odpověď: tiskárna"), AUTO_REPLY),
    ("asks for no answer", Headers(wants_no_answer=True), AUTOMATIC),
    ("somebody of another help desk answers", Headers(wants_no_answer=True, is_reply=True), NORMAL),
    ("Exim bounce", Headers(failed_recipients="ann@client.test"), BOUNCE),
    ("our own address", Headers(sender="Support@Brightwater.test"), LOOP),
    ("our own mark", Headers(loop_marks=(DESK,)), LOOP),
    ("somebody else's mark", Headers(loop_marks=("other@list.test",)), NORMAL),
    ("round and round", Headers(hops=MAX_HOPS + 1), LOOP),
])
def test_kind_of_mail(story, mail, kind):
    assert classify(mail, OWN) == kind, story


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT, st.booleans(), st.integers(0, 200))
def test_every_mail_is_of_some_kind(submitted, precedence, subject, is_reply, hops):
    mail = Headers(auto_submitted=submitted, precedence=precedence, subject=subject, is_reply=is_reply, hops=hops)

    assert classify(mail, OWN) in (NORMAL, AUTOMATIC, AUTO_REPLY, BOUNCE, LOOP)


def test_headers_are_read_whatever_their_case():
    mail = Headers.of(
        {"AUTO-SUBMITTED": "auto-replied", "x-loop": f"a@b.test, {DESK}", "in-reply-to": "<1@x>"},
        sender="a@b.test", subject="", content_type="text/plain", report_type="", hops=1,
    )

    assert mail.auto_submitted == "auto-replied"
    assert mail.loop_marks == ("a@b.test", DESK)
    assert mail.is_reply
    assert mail.return_path is None


@pytest.mark.parametrize(("subject", "name"), [
    ("Printer jams", "Printer jams"),
    ("Re: Printer jams", "Printer jams"),
    ("RE: re: AW: WG: Fwd: Printer jams", "Printer jams"),
    ("Re[2]: FW(3): Printer jams", "Printer jams"),
    ("Antwort: Drucker", "Drucker"),
    ("Reset my password", "Reset my password"),
    ("Internet: no access", "Internet: no access"),
    (" \r\n Printer\tjams \x00", "Printer jams"),
    ("Röntgengerät – dringend", "Röntgengerät – dringend"),
    ("Re: ", ""),
])
def test_subject_is_freed_of_reply_marks(subject, name):
    assert clean_subject(subject) == name


@given(st.text(max_size=400))
def test_cleaning_twice_is_cleaning_once(subject):
    once = clean_subject(subject)

    assert clean_subject(once) == once
    assert "\n" not in once


@given(st.text(max_size=600), st.text(max_size=600))
def test_a_ticket_always_has_a_name_of_bearable_length(subject, body):
    name = ticket_name(subject, body, "(no subject)")

    assert name.strip()
    assert len(name) <= MAX_NAME_LENGTH


def test_without_subject_the_body_gives_the_name():
    body = "Good morning,\n\nour scanner is broken since yesterday and nobody can send anything to the insurance."

    name = ticket_name("  ", body, "(no subject)")

    assert name.startswith("(no subject) Good morning, our scanner is broken")
    assert name.endswith("…")


@pytest.mark.parametrize(("subject", "numbers"), [
    ("Re: [T00042] Printer", ("T00042",)),
    ("[EXTERN] [T00042] Printer [T00042]", ("EXTERN", "T00042")),
    ("Printer [on the first floor]", ()),
    ("", ()),
])
def test_numbers_in_subjects(subject, numbers):
    assert marked_numbers(subject) == numbers
