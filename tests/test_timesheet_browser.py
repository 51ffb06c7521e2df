"""The week grid and My Day, in a real browser at a desk and on a phone."""

import pytest
from browsing import PHONE, web_client_is_idle
from world import build


@pytest.fixture(scope="module")
def world(server):
    made = build(server, "sheet")
    made.ids["ticket"] = made.tech.create("psa.ticket", {
        "name": "Scanner is slow", "desk_id": made.ids["desk"], "partner_id": made.ids["grace"], "user_id": made.tech.uid,
    })
    return made


def _lines(world):
    return world.tech.call("account.analytic.line", "search_read", [("psa_ticket_id", "=", world.ids["ticket"])], ["unit_amount", "date"])


def _open(page, path, selector):
    page.goto(path)
    page.wait_for_selector(selector)
    web_client_is_idle(page)


def _cell(page, number):
    return page.locator(f".o_psa_week_cell input[data-column='{number}']").first


def test_a_week_is_typed_and_handed_in(world, new_page):
    world.tech.call("psa.time.week", "save_rows", False, [{"ticket_id": world.ids["ticket"]}])
    page = new_page(login=f"tech.{world.slug}")
    _open(page, "/odoo/psa-timesheet", ".o_psa_week_table")

    for number, typed, shown in ((0, "1:30", "1:30"), (1, "1.5", "1:30"), (2, "90m", "1:30"), (3, "2h", "2:00")):
        _cell(page, number).fill(typed)
        _cell(page, number).press("Tab")
        web_client_is_idle(page)
        assert _cell(page, number).input_value() == shown
    assert page.locator(".o_psa_week_total").inner_text() == "6:30"
    assert sorted(line["unit_amount"] for line in _lines(world)) == [1.5, 1.5, 1.5, 2.0]

    _cell(page, 0).fill("a while")
    _cell(page, 0).press("Tab")
    page.wait_for_selector(".o_notification:has-text('is no time')")
    assert _cell(page, 0).input_value() == "1:30"

    _cell(page, 3).fill("")
    _cell(page, 3).press("Tab")
    web_client_is_idle(page)
    assert len(_lines(world)) == 3

    page.click(".o_psa_week_submit")
    page.wait_for_selector(".o_psa_week_state:has-text('To Approve')")

    page.click(".o_psa_week_next")
    page.wait_for_selector("text=Nothing entered this week")
    page.click(".o_psa_week_copy")
    page.wait_for_selector(".o_psa_week_name:has-text('Scanner is slow')")


def test_a_phone_shows_one_day_at_a_time(world, new_page):
    page = new_page(login=f"tech.{world.slug}", viewport=PHONE)
    _open(page, "/odoo/psa-timesheet", ".o_psa_week_days")

    page.locator(".o_psa_week_days button").nth(4).click()
    _cell(page, 4).fill(":45")
    _cell(page, 4).press("Tab")
    web_client_is_idle(page)

    assert 0.75 in [line["unit_amount"] for line in _lines(world)]
    assert page.locator(".o_psa_week_cell").count() == page.locator("tbody tr").count()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_my_day_starts_a_timer_that_shows_everywhere(world, new_page):
    page = new_page(login=f"tech.{world.slug}", viewport=PHONE)
    _open(page, "/odoo/psa-my-day", ".o_psa_day_page")
    page.click(".o_psa_day_ticket:has-text('Scanner is slow') button")
    page.wait_for_selector(".o_psa_day_timer:has-text('Scanner is slow')")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]

    desk = new_page(login=f"tech.{world.slug}")
    _open(desk, "/odoo/psa-timesheet", ".o_psa_week_page")
    desk.click(".o_psa_timer_menu")
    desk.click(".o-dropdown-item:has-text('Pause')")
    desk.wait_for_selector(".o_psa_timer_menu", state="detached")
    page.reload()
    page.wait_for_selector(".o_psa_day_timer button:has-text('Go On')")
