"""A client from outside: its form in a browser, and how fast somebody is out who is archived."""

import pytest
from browsing import DESK, web_client_is_idle
from world import build


@pytest.fixture(scope="module")
def world(server):
    made = build(server, "clients")
    made.ids["leaver"] = made.new_contact("Lee Ving", "lee")
    return made


def _open(page, path, wait_for):
    page.goto(path)
    page.wait_for_selector(wait_for)
    web_client_is_idle(page)
    assert not page.locator(".o_error_dialog, .o_notification.border-danger").count(), page.inner_text("body")


def test_a_note_is_two_clicks_from_the_client(world, new_page, look):
    page = new_page(DESK, f"tech.{world.slug}")
    _open(page, f"/odoo/clients/{world.ids['client']}", ".o_psa_overview [data-section=notes]")

    page.click("button[name=action_psa_new_note]")
    page.fill(".modal [name=name] input", "Asked for a second line")
    page.click(".modal .o_form_button_save")
    page.wait_for_selector(".modal", state="detached")
    page.reload()
    page.wait_for_selector("[data-section=notes] :text('Asked for a second line')")

    look(page, "client_form")
    page.click("[data-section=notes] .o_psa_overview_row")
    page.wait_for_selector(".o_form_view [name=search_text], .o_form_view [name=body]")
    web_client_is_idle(page)
    (note,) = world.tech.find("psa.client.note", [("name", "=", "Asked for a second line")], "client_id", "user_id", "kind")
    assert note["client_id"] == world.ids["client"]
    assert note["user_id"] == world.ids["tech_user"]


def test_every_page_of_the_form_and_every_view_opens(world, new_page, look):
    page = new_page(DESK, f"owner.{world.slug}")
    _open(page, f"/odoo/clients/{world.ids['client']}", ".o_psa_overview")
    tabs = page.locator(".o_notebook_headers .nav-link")
    for index in range(tabs.count()):
        tabs.nth(index).click()
        web_client_is_idle(page)
        assert not page.locator(".o_error_dialog").count(), tabs.nth(index).inner_text()

    for path in ("clients", "client-notes", "client-checklists", "checklist-templates", "client-classes", "client-contacts"):
        _open(page, f"/odoo/{path}", ".o_list_view")
        look(page, f"clients_{path}")
        for button in page.locator(".o_cp_switch_buttons .o_switch_view").all():
            button.click()
            web_client_is_idle(page)
            assert not page.locator(".o_error_dialog").count(), path


def test_who_is_archived_is_out_at_once(world):
    admin = world.server.xmlrpc()
    admin.call("ir.config_parameter", "set_param", "portal.allow_api_keys", "True")
    login = world.portal_user(world.ids["leaver"], "employee")
    session = world.server.web(login)
    key = world.server.json2(login)
    assert "/my" in session.get("/my/tickets").url
    assert key.post("res.users", "context_get", context={}).status_code == 200

    world.owner.write("res.partner", world.ids["leaver"], {"active": False})

    assert "/web/login" in session.get("/my/tickets").url
    assert key.post("res.users", "context_get", context={}).status_code == 401
    with pytest.raises(PermissionError):
        world.server.web(login)
