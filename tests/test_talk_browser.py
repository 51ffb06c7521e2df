"""What technicians say on tickets, in a real browser: drafts, undo, who else is there, shortcuts, what is open already."""

import pytest
from browsing import PHONE, web_client_is_idle
from harness import wait_for
from world import build

COMPOSER = ".o-mail-Composer-input"
SEND = ".o-mail-Composer-send"
# Long enough to look at what can be undone on a busy machine; what is sent again takes as long.
UNDO_SECONDS = 20


@pytest.fixture(scope="module")
def world(server):
    made = build(server, "talk")
    made.owner.write("psa.desk", made.ids["desk"], {"undo_seconds": UNDO_SECONDS})
    made.owner.create("mail.canned.response", {
        "source": "received", "substitution": "Dear {{contact.name}}, we work on {{ticket.number}}.", "psa_scope": "company",
    })
    made.owner.create("psa.ticket.macro", {
        "name": "Take and ask", "assignment": "me", "message_kind": "note", "message_body": "Asked {{contact.first_name}}.",
        "needs_confirmation": True, "description": "Assigns the ticket and leaves a note.",
    })
    return made


@pytest.fixture
def ticket(world):
    """A new ticket of the client."""
    return world.tech.create("psa.ticket", {
        "name": "Scanner is slow", "desk_id": world.ids["desk"], "partner_id": world.ids["grace"],
    })


def _open(page, ticket):
    page.goto(f"/odoo/tickets/{ticket}")
    page.wait_for_selector(".o_form_view .o-mail-Chatter-sendMessage")
    web_client_is_idle(page)


def _wait_for_draft(world, ticket, words):
    """Wait until the server has what is kept when no key is pressed for a while."""
    wait_for(
        lambda: world.server.query("SELECT 1 FROM psa_ticket_draft WHERE ticket_id = %s AND body LIKE %s", [ticket, f"%{words}%"]),
        "the draft",
    )


def _let_the_time_pass(page):
    """Let more time pass in the browser than there is to undo."""
    page.clock.fast_forward(1000 * (UNDO_SECONDS + 10))
    web_client_is_idle(page)


def _said(world, ticket):
    """Return the texts of what people said on a ticket."""
    ids = world.tech.search("mail.message", [("model", "=", "psa.ticket"), ("res_id", "=", ticket), ("message_type", "=", "comment")])
    return [world.tech.read("mail.message", one, "body")["body"] for one in ids]


def test_a_draft_is_there_in_another_browser(world, ticket, new_page):
    page = new_page(login=f"tech.{world.slug}")
    _open(page, ticket)
    page.keyboard.press("Alt+Shift+m")
    page.fill(COMPOSER, "Half a thought")
    _wait_for_draft(world, ticket, "Half a thought")

    other = new_page(login=f"tech.{world.slug}")
    _open(other, ticket)
    other.wait_for_selector(COMPOSER)
    assert other.input_value(COMPOSER).strip() == "Half a thought"
    assert other.locator(SEND).inner_text() == "Log"

    # Sent there, it is gone here, too.
    other.click(SEND)
    other.wait_for_selector(".o-mail-Message:has-text('Half a thought')")
    page.reload()
    page.wait_for_selector(".o-mail-Message:has-text('Half a thought')")
    web_client_is_idle(page)
    assert not page.locator(COMPOSER).count()
    assert len(_said(world, ticket)) == 1


def test_an_answer_can_be_taken_back(world, ticket, new_page, look):
    page = new_page(login=f"tech.{world.slug}")
    page.clock.install()
    _open(page, ticket)
    page.keyboard.press("Alt+m")
    page.fill(COMPOSER, "We come at noon")
    page.click(SEND)

    page.wait_for_selector(".o_psa_undo")
    look(page, "talk_undo")
    assert not _said(world, ticket)
    page.click(".o_psa_undo button:has-text('Undo')")

    page.wait_for_selector(COMPOSER)
    assert page.input_value(COMPOSER).strip() == "We come at noon"
    _let_the_time_pass(page)
    assert not _said(world, ticket)


def test_an_answer_from_the_full_composer_can_be_taken_back(world, ticket, new_page, look):
    page = new_page(login=f"tech.{world.slug}")
    page.clock.install()
    _open(page, ticket)
    page.keyboard.press("Alt+m")
    page.fill(COMPOSER, "We come at noon")
    page.click(".o-mail-Composer button[title='Open Full Composer']")
    page.wait_for_selector(".modal .odoo-editor-editable:has-text('We come at noon')")
    page.click(".modal button.o_mail_send")

    page.wait_for_selector(".o_psa_undo")
    page.wait_for_selector(".modal", state="detached")
    assert not _said(world, ticket)
    page.click(".o_psa_undo button:has-text('Undo')")

    page.wait_for_selector(".modal .odoo-editor-editable:has-text('We come at noon')")
    look(page, "talk_undo_full")
    _let_the_time_pass(page)
    assert not _said(world, ticket)
    page.click(".modal button.o_mail_send")
    page.wait_for_selector(".o-mail-Message:has-text('We come at noon'):not(:has-text('Scheduled'))")
    assert len(_said(world, ticket)) == 1


def test_who_is_mentioned_is_told_after_a_reload_and_after_undo_too(world, ticket, new_page):
    owner = world.tech.read("res.users", world.ids["owner_user"], "name", "partner_id")
    page = new_page(login=f"tech.{world.slug}")
    _open(page, ticket)
    page.keyboard.press("Alt+m")
    page.click(COMPOSER)
    page.keyboard.type(f"Please look @{owner['name']}", delay=20)
    page.click(f".o-mail-NavigableList-item:has-text('{owner['name']}')")
    page.keyboard.type(" thanks")
    _wait_for_draft(world, ticket, "thanks")
    page.reload()
    page.wait_for_selector(COMPOSER)
    web_client_is_idle(page)
    page.click(COMPOSER)
    page.keyboard.press("End")
    page.keyboard.type(" again")
    page.click(SEND)
    page.click(".o_psa_undo button:has-text('Undo')")
    page.wait_for_selector(COMPOSER)
    page.click(SEND)

    page.wait_for_selector(".o-mail-Message:has-text('thanks again'):not(:has-text('Scheduled'))")
    answer, = world.tech.search("mail.message", [("model", "=", "psa.ticket"), ("res_id", "=", ticket), ("message_type", "=", "comment")])
    assert owner["partner_id"] in world.tech.read("mail.message", answer, "partner_ids")["partner_ids"]


def test_a_comment_for_the_client_from_the_dialog_can_be_taken_back(world, ticket, new_page, look):
    page = new_page(login=f"tech.{world.slug}")
    page.clock.install()
    _open(page, ticket)
    page.click(".o_notebook a:has-text('Entries')")
    page.click("button:has-text('Add Comment')")
    page.click(".modal label:has-text('The client too')")
    page.click(".modal .odoo-editor-editable")
    page.keyboard.type("We come at noon")
    page.click(".modal footer button:has-text('Add')")

    page.wait_for_selector(".o_psa_undo")
    assert not _said(world, ticket)
    page.click(".o_psa_undo button:has-text('Undo')")
    page.wait_for_selector(".modal .odoo-editor-editable:has-text('We come at noon')")
    look(page, "talk_undo_dialog")
    _let_the_time_pass(page)
    assert not _said(world, ticket)
    page.click(".modal footer button:has-text('Add')")

    page.wait_for_selector(".o_psa_entry:has-text('We come at noon')")
    assert len(_said(world, ticket)) == 1


@pytest.fixture
def short(world):
    """The desk gives little time to undo."""
    world.owner.write("psa.desk", world.ids["desk"], {"undo_seconds": 5})
    yield
    world.owner.write("psa.desk", world.ids["desk"], {"undo_seconds": UNDO_SECONDS})


@pytest.mark.usefixtures("short")
def test_an_answer_is_sent_once_when_its_time_is_over(world, ticket, new_page, smtp_sink):
    before = len(smtp_sink.received)
    page = new_page(login=f"tech.{world.slug}")
    _open(page, ticket)
    page.keyboard.press("Alt+m")
    page.fill(COMPOSER, "It is repaired")
    page.click(SEND)

    page.wait_for_selector(".o-mail-Message:has-text('It is repaired'):not(:has-text('Scheduled'))")
    smtp_sink.wait_to(world.client_address("grace.okafor"), since=before, containing="It is repaired")
    page.reload()
    web_client_is_idle(page)
    (said,) = _said(world, ticket)
    assert "It is repaired" in said


@pytest.mark.usefixtures("short")
def test_an_answer_is_sent_when_the_browser_is_closed(world, ticket, new_page, server):
    page = new_page(login=f"tech.{world.slug}")
    _open(page, ticket)
    page.keyboard.press("Alt+m")
    page.fill(COMPOSER, "Sent all the same")
    page.click(SEND)
    page.wait_for_selector(".o_psa_undo")
    page.context.close()

    def is_sent():
        server.run_cron("mail.ir_cron_post_scheduled_message")
        return _said(world, ticket)

    wait_for(is_sent, "the answer", every=1)
    server.run_cron("mail.ir_cron_post_scheduled_message")
    assert len(_said(world, ticket)) == 1


def test_two_on_one_ticket_see_each_other(world, ticket, new_page, look):
    page, other = new_page(login=f"tech.{world.slug}"), new_page(login=f"owner.{world.slug}")
    _open(page, ticket)
    assert not page.locator(".o_psa_attention").count()
    _open(other, ticket)

    other.wait_for_selector(".o_psa_attention:has-text('has this ticket open')")
    page.wait_for_selector(".o_psa_attention:has-text('has this ticket open')")
    other.keyboard.press("Alt+Shift+m")
    other.fill(COMPOSER, "I write")
    page.wait_for_selector(".o_psa_attention:has-text('is writing an answer')")
    look(page, "talk_attention")
    other.goto("/odoo/my-tickets")
    page.wait_for_selector(".o_psa_attention", state="detached")


def test_who_was_overtaken_looks_first(world, ticket, new_page):
    page = new_page(login=f"tech.{world.slug}")
    _open(page, ticket)
    page.keyboard.press("Alt+Shift+m")
    page.fill(COMPOSER, "I do it")
    world.owner.call("psa.ticket", "message_post", [ticket], body="I have done it", message_type="comment", subtype_xmlid="mail.mt_note")

    page.click(SEND)
    page.wait_for_selector(".modal:has-text('wrote on this ticket less than a minute ago')")
    page.click(".modal button:has-text('Look First')")
    page.wait_for_selector(".o-mail-Message:has-text('I have done it')")
    assert page.input_value(COMPOSER).strip() == "I do it"
    page.click(SEND)
    page.wait_for_selector(".o-mail-Message:has-text('I do it')")


def test_keys_assign_and_resolve(world, ticket, new_page, look):
    page = new_page(login=f"tech.{world.slug}")
    _open(page, ticket)
    page.keyboard.down("Alt")
    page.wait_for_selector(".o_web_hotkey_overlay")
    look(page, "talk_keys")
    page.keyboard.up("Alt")
    page.keyboard.press("Alt+q")
    page.wait_for_selector(".o_statusbar_buttons button:has-text('Assign to Me')", state="detached")
    page.keyboard.press("Alt+w")
    page.wait_for_selector(".o_statusbar_buttons button:has-text('Close')")
    assert world.read_ticket(ticket)["state"] == "resolved"


def test_a_kept_answer_is_chosen_and_filled_in(world, ticket, new_page, look):
    page = new_page(login=f"tech.{world.slug}")
    _open(page, ticket)
    page.keyboard.press("Alt+m")
    page.wait_for_selector(COMPOSER)
    page.click(".o-mail-Composer button[title='Canned Responses'], .o-mail-Composer button[aria-label='Canned Responses']")
    page.fill(".o_psa_canned_search", "recei")
    look(page, "talk_canned")
    page.keyboard.press("Enter")

    number = world.tech.read("psa.ticket", ticket, "number")["number"]
    assert f"we work on {number}." in page.input_value(COMPOSER)
    page.fill(COMPOSER, "")
    page.type(COMPOSER, "::recei")
    page.wait_for_selector(f".o-mail-Composer-suggestion:has-text('{number}')")


def test_a_macro_runs_on_the_form(world, ticket, new_page, look):
    page = new_page(login=f"tech.{world.slug}")
    _open(page, ticket)
    page.click("button.o_psa_macros")
    page.click(".o-dropdown-item:has-text('Take and ask')")
    page.wait_for_selector(".modal:has-text('Assigns the ticket')")
    look(page, "talk_macro")
    page.click(".modal button:has-text('Run')")

    page.wait_for_selector(".o-mail-Message:has-text('Asked Grace')")
    assert world.tech.read("psa.ticket", ticket, "user_id")["user_id"]


def test_copies_are_tags(world, ticket, new_page, look):
    page = new_page(login=f"tech.{world.slug}")
    _open(page, ticket)
    field = ".o_field_widget[name=email_cc]"
    page.fill(f"{field} input", "ann@supplier.example")
    page.press(f"{field} input", "Enter")
    page.wait_for_selector(f"{field} .o_tag:has-text('ann@supplier.example')")
    page.click(".o_form_button_save")
    web_client_is_idle(page)
    look(page, "talk_copies")
    assert world.tech.read("psa.ticket", ticket, "email_cc")["email_cc"] == "ann@supplier.example"


@pytest.mark.parametrize("where", ["form", "board"])
def test_what_is_open_already_is_shown_while_the_subject_is_typed(world, ticket, new_page, look, where):
    page = new_page(login=f"tech.{world.slug}")
    page.goto("/odoo/tickets/new" if where == "form" else "/odoo/tickets?view_type=kanban")
    if where == "board":
        page.wait_for_selector(".o_kanban_renderer")
        page.click(".o-kanban-button-new")
        page.wait_for_selector(".o_kanban_quick_create [name=name] input")
    page.fill("[name=partner_id] input", world.client_address("grace.okafor"))
    page.click(".o-autocomplete--dropdown-item:has-text('Grace Okafor')")
    page.click("[name=name] input, [name=name] textarea")
    page.type("[name=name] input, [name=name] textarea", "Scaner slow")
    page.wait_for_selector(".o_psa_similar a:has-text('Scanner is slow')")
    look(page, f"talk_similar_{where}")


def test_the_ticket_fits_a_phone(world, ticket, new_page, look):
    page = new_page(viewport=PHONE, login=f"tech.{world.slug}")
    other = new_page(login=f"owner.{world.slug}")
    _open(other, ticket)
    _open(page, ticket)
    page.wait_for_selector(".o_psa_attention")
    look(page, "talk_phone")
