"""The technician's screens in a real browser: they open without script errors and do what they show."""

import pytest
from browsing import web_client_is_idle
from world import build


@pytest.fixture(scope="module")
def world(server):
    made = build(server, "screens")
    made.ids["tickets"] = made.tech.create(
        "psa.ticket",
        [
            {"name": name, "desk_id": made.ids["desk"], "partner_id": made.ids["grace"]}
            for name in ("Mouse is gone", "Mouse came back", "Keyboard sticks")
        ],
    )
    return made


@pytest.fixture
def tickets_action(world):
    """The id of the action behind the Tickets menu."""
    return world.server.xmlrpc().ref("psa_helpdesk.action_psa_ticket")


def _open(page, path, wait_for):
    page.goto(path)
    page.wait_for_selector(wait_for)
    web_client_is_idle(page)
    assert not page.locator(".o_error_dialog, .o_notification.border-danger").count(), page.inner_text("body")


def test_every_view_of_the_tickets_opens(world, new_page, tickets_action, look):
    page = new_page(login=f"tech.{world.slug}")

    _open(page, f"/odoo/action-{tickets_action}", ".o_view_controller, .o_kanban_renderer, .o_list_renderer")
    kinds = world.server.xmlrpc().read("ir.actions.act_window", tickets_action, "view_mode")["view_mode"].split(",")
    assert {"kanban", "list", "form", "calendar", "pivot", "graph"} <= set(kinds)
    for kind in (kind for kind in kinds if kind not in ("form", "activity")):
        page.click(f".o_cp_switch_buttons .o_switch_view.o_{kind}")
        page.wait_for_selector(f".o_{kind}_view")
        web_client_is_idle(page)
        assert not page.locator(".o_error_dialog").count(), kind
        look(page, f"tickets_{kind}")


def test_ticket_is_moved_by_dragging_its_card(world, new_page, tickets_action, look):
    page = new_page(login=f"tech.{world.slug}")
    card = ".o_kanban_record:has-text('Keyboard sticks')"
    _open(page, f"/odoo/action-{tickets_action}?view_type=kanban", card)
    groups = page.locator(".o_kanban_group")
    names = [groups.nth(index).locator(".o_column_title").inner_text() for index in range(groups.count())]
    assert len(names) >= 3, names
    target = groups.nth(1)

    box = page.locator(card).first.bounding_box()
    goal = target.locator(".o_kanban_header").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 20, box["y"] + box["height"] / 2 + 5, steps=3)
    page.mouse.move(goal["x"] + goal["width"] / 2, goal["y"] + goal["height"] + 60, steps=12)
    page.mouse.up()

    target.locator(".o_kanban_record:has-text('Keyboard sticks')").wait_for()
    web_client_is_idle(page)
    ticket = world.read_ticket(world.ids["tickets"][2])
    assert ticket["stage_id"] == int(target.get_attribute("data-id").rsplit("_", 1)[-1]) or ticket["state"] != "new"
    look(page, "tickets_dragged")


def test_ticket_is_written_and_answered_on_the_form(world, new_page, tickets_action, smtp_sink, look):
    page = new_page(login=f"tech.{world.slug}")
    before = len(smtp_sink.received)

    _open(page, f"/odoo/action-{tickets_action}/new", ".o_form_view")
    page.fill("[name=name] input, [name=name] textarea", "Entered by hand")
    page.fill("[name=partner_id] input", "Grace Okafor")
    page.click(".o-autocomplete--dropdown-item:has-text('Screens')")
    page.click(".o_form_button_save")
    page.wait_for_selector(".o_form_saved")
    page.click("button[name=action_assign_to_me]")
    web_client_is_idle(page)
    page.click(".o-mail-Chatter-sendMessage")
    page.fill(".o-mail-Composer-input >> visible=true", "I look into it.")
    page.click(".o-mail-Composer-send >> visible=true")
    page.wait_for_selector(".o-mail-Message:has-text('I look into it.')")

    look(page, "ticket_form")
    (ticket,) = world.tech.find("psa.ticket", [("name", "=", "Entered by hand")], "user_id", "client_id", "queue_id")
    assert ticket["user_id"] == world.ids["tech_user"]
    assert ticket["client_id"] == world.ids["client"]
    assert ticket["queue_id"], "it goes where the desk sends it"
    smtp_sink.wait_to(world.client_address("grace.okafor"), since=before, containing="I look into it.")


def test_every_menu_of_the_suite_opens_for_the_owner(world, new_page):
    """As the owner: each entry below PSA shows a screen, none an error."""
    menus = world.server.web(f"owner.{world.slug}").get("/web/webclient/load_menus").json()
    root = next(menu for menu in menus.values() if menu.get("xmlid") == "psa_crm.menu_psa_root")
    page = new_page(login=f"owner.{world.slug}")
    page.wait_for_selector(".o_web_client .o_main_navbar")

    opened = []
    pending = [str(child) for child in root["children"]]
    while pending:
        menu = menus[pending.pop(0)]
        pending += [str(child) for child in menu["children"]]
        if not menu.get("actionID"):
            continue
        # What a click on the entry does, without loading the whole client anew for each.
        page.evaluate(
            "action => odoo.__WOWL_DEBUG__.root.env.services.action.doAction(action, {clearBreadcrumbs: true})",
            menu["actionID"],
        )
        web_client_is_idle(page)
        screens = ".o_view_controller, .o_psa_search, .o_psa_day_page, .o_psa_week_page, .modal .o_form_view"
        assert page.locator(screens).count(), menu["name"]
        assert not page.locator(".o_error_dialog, .o_notification.border-danger").count(), page.inner_text("body")
        opened.append(menu["name"])
        if page.locator(".modal").count():
            page.keyboard.press("Escape")
            page.wait_for_selector(".modal", state="detached")
    assert len(opened) >= 10, opened
