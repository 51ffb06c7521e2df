"""The client portal in a real browser, on a phone and on a desk."""

import re

import pytest
from browsing import DESK, PHONE
from harness import addresses
from world import build

SIZES = pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["390px", "1400px"])


@pytest.fixture(scope="module")
def world(server):
    made = build(server, "portal")
    ids = made.ids
    ids["owen"] = made.new_contact("Owen Blake", "owen")
    ids["admin_login"] = made.portal_user(ids["grace"], "administrator")
    ids["employee_login"] = made.portal_user(ids["owen"], "employee")
    long_word = "Donaudampfschifffahrtsgesellschaftskapitänspatentverlängerungsformular" * 2
    ids["grace_ticket"] = made.tech.create(
        "psa.ticket",
        {
            "name": f"The form {long_word} does not open",
            "desk_id": ids["desk"],
            "partner_id": ids["grace"],
            "description": f"<p>https://forms.example/{long_word}</p><pre>{'x' * 300}</pre>",
        },
    )
    ids["owen_ticket"] = made.tech.create(
        "psa.ticket", {"name": "My chair squeaks", "desk_id": ids["desk"], "partner_id": ids["owen"]}
    )
    ids["others_client"] = made.owner.create(
        "res.partner", {"name": "Rival Dental", "is_company": True, "psa_is_client": True}
    )
    ids["others_ticket"] = made.tech.create(
        "psa.ticket", {"name": "Secret of the rival", "desk_id": ids["desk"], "partner_id": ids["others_client"]}
    )
    return made


@SIZES
def test_pages_fit_the_window(world, new_page, look, viewport):
    page = new_page(viewport, world.ids["admin_login"])

    for name, path in {
        "home": "/my",
        "list": "/my/tickets",
        "ticket": f"/my/tickets/{world.ids['grace_ticket']}",
        "new": "/my/tickets/new",
        "people": "/my/people",
        "person": f"/my/people/{world.ids['owen']}",
        "person_new": "/my/people/new",
    }.items():
        page.goto(path, wait_until="networkidle")
        look(page, f"portal_{name}_{viewport['width']}")


def test_client_administrator_sees_the_whole_company_and_nobody_else(world, new_page):
    page = new_page(login=world.ids["admin_login"])

    page.goto("/my/tickets")

    text = page.inner_text("#wrap")
    assert "My chair squeaks" in text
    assert "does not open" in text
    assert "Secret of the rival" not in text
    assert page.goto(f"/my/tickets/{world.ids['others_ticket']}").status == 404


def test_employee_sees_his_own_only(world, new_page):
    page = new_page(PHONE, world.ids["employee_login"])

    page.goto("/my/tickets")

    text = page.inner_text("#wrap")
    assert "My chair squeaks" in text
    assert "does not open" not in text
    assert page.goto(f"/my/tickets/{world.ids['grace_ticket']}").status == 404
    assert page.goto(f"/my/tickets/{world.ids['owen_ticket']}").status == 200


def test_stranger_is_asked_to_sign_in(world, new_page):
    page = new_page()

    for path in ("/my/tickets", "/my/tickets/new", f"/my/tickets/{world.ids['owen_ticket']}"):
        page.goto(path)
        assert "/web/login" in page.url, path


@SIZES
def test_new_ticket_with_two_files(world, new_page, look, tmp_path, viewport):
    page = new_page(viewport, world.ids["employee_login"])
    subject = f"Screen flickers at {viewport['width']} pixels"
    picture, log = tmp_path / "schwarz‑weiß.txt", tmp_path / "events.log"
    picture.write_text("not really a picture")
    log.write_text("flicker " * 100)

    page.goto("/my/tickets")
    page.click("a[href='/my/tickets/new'] >> visible=true")
    page.fill("[name=subject]", subject)
    page.fill("textarea[name=description]", "First line.\n<b>Second</b> line & more.")
    page.set_input_files("[name=attachments]", [picture, log])
    page.click("button:has-text('Send ticket')")
    page.wait_for_url(re.compile(r"/my/tickets/\d+"))

    look(page, f"portal_created_{viewport['width']}")
    text = page.inner_text("#wrap")
    assert subject in text
    assert "<b>Second</b> line & more." in text
    (ticket_id,) = world.tech.search("psa.ticket", [("name", "=", subject)])
    ticket = world.read_ticket(ticket_id)
    assert (ticket["partner_id"], ticket["client_id"]) == (world.ids["owen"], world.ids["client"])
    assert ticket["source"] == "portal"
    attachments = world.tech.find(
        "ir.attachment", [("res_model", "=", "psa.ticket"), ("res_id", "=", ticket_id)], "name", "file_size"
    )
    assert {(row["name"], row["file_size"]) for row in attachments} == {
        (picture.name, picture.stat().st_size),
        (log.name, log.stat().st_size),
    }
    with page.expect_download() as download:
        page.click(f"#psa_ticket_attachments a:has-text('{log.name}')")
    assert download.value.path().read_text() == log.read_text()


def test_form_without_a_subject_says_what_is_missing_and_keeps_the_rest(world, new_page):
    page = new_page(login=world.ids["employee_login"])
    count = world.tech.count("psa.ticket", [])

    page.goto("/my/tickets/new")
    page.fill("textarea[name=description]", "Words that must not be lost")
    page.click("button:has-text('Send ticket')")

    page.wait_for_selector("#psa_subject_error")
    assert "subject" in page.inner_text("#psa_subject_error").lower()
    assert page.input_value("textarea[name=description]") == "Words that must not be lost"
    assert world.tech.count("psa.ticket", []) == count


@SIZES
def test_reply_reaches_the_technician(world, new_page, smtp_sink, tmp_path, viewport):
    ticket_id = world.ids["owen_ticket"]
    world.tech.write("psa.ticket", ticket_id, {"user_id": world.ids["tech_user"]})
    before = len(smtp_sink.received)
    words = f"It squeaks louder now ({viewport['width']})"
    photo = tmp_path / f"chair_{viewport['width']}.txt"
    photo.write_text("squeak")
    page = new_page(viewport, world.ids["employee_login"])

    page.goto(f"/my/tickets/{ticket_id}")
    page.wait_for_selector(".o-mail-Composer-input >> visible=true")
    page.fill(".o-mail-Composer-input >> visible=true", words)
    with page.expect_file_chooser() as chooser:
        page.click(".o-mail-Composer .fa-paperclip >> visible=true")
    chooser.value.set_files(photo)
    page.wait_for_selector(f".o-mail-AttachmentContainer:has-text('{photo.stem}')")
    page.click(".o-mail-Composer button:has-text('Send') >> visible=true")
    page.wait_for_selector(f".o-mail-Message:has-text('{words}')")

    message = world.messages_of(ticket_id)[-1]
    assert words in message["body"]
    assert message["author_id"] == world.ids["owen"]
    assert len(message["attachment_ids"]) == 1
    mail = smtp_sink.wait_to("tech.portal@brightwater.example", since=before, containing=words)
    assert world.client_address("owen") not in addresses(mail.message["To"])


def test_internal_note_stays_inside(world, new_page):
    ticket_id = world.ids["owen_ticket"]
    world.answer(ticket_id, "He is too heavy.", "mail.mt_note")
    world.answer(ticket_id, "We send oil.")
    page = new_page(login=world.ids["employee_login"])

    page.goto(f"/my/tickets/{ticket_id}")
    page.wait_for_selector(".o-mail-Message:has-text('We send oil.')")

    assert "too heavy" not in page.content()


def test_search_filter_and_pages(world, new_page):
    world.tech.create(
        "psa.ticket",
        [
            {"name": f"Routine check {number:02}", "desk_id": world.ids["desk"], "partner_id": world.ids["grace"]}
            for number in range(25)
        ],
    )
    page = new_page(login=world.ids["admin_login"])

    page.goto("/my/tickets?search_in=subject&search=Routine+check")
    first = set(re.findall(r"Routine check \d\d", page.inner_text("#wrap")))
    page.click("ul.pagination a:has-text('2')")
    page.wait_for_url(re.compile(r"/my/tickets/page/2"))
    second = set(re.findall(r"Routine check \d\d", page.inner_text("#wrap")))

    assert len(first) == 20
    assert len(second) == 5
    assert not first & second
    page.goto("/my/tickets?filterby=closed")
    assert "Routine check" not in page.inner_text("#wrap")


def test_portal_user_cannot_read_more_by_the_api(world):
    """Portal users may sign in to XML-RPC too: the rules, not the pages, keep the wall."""
    employee = world.server.xmlrpc(world.ids["employee_login"])

    seen = employee.search("psa.ticket", [])

    assert world.ids["owen_ticket"] in seen
    assert not {world.ids["grace_ticket"], world.ids["others_ticket"]} & set(seen)
