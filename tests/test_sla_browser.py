"""What is left of a service level, in a real browser: it counts down by itself and turns red when the time is over."""

import re

import pytest
from browsing import web_client_is_idle
from world import build

MINUTES, BUDGET = 60, 45


@pytest.fixture(scope="module")
def world(server):
    made = build(server, "countdown")
    made.ids["policy"] = made.owner.create(
        "psa.sla.policy",
        {
            "name": "Around the clock",
            "hours": "always",
            "desk_ids": [(4, made.ids["desk"])],
            "warning_percents": "50",
            "target_ids": [(0, 0, {"response_hours": BUDGET / 60, "resolution_hours": 8})],
        },
    )
    made.ids["action"] = server.xmlrpc().ref("psa_helpdesk.action_psa_ticket")
    return made


def _seconds(text):
    """Return how many seconds a countdown says."""
    minutes, seconds = re.fullmatch(r"(\d+)m (\d+)s", text.strip()).groups()
    return int(minutes) * 60 + int(seconds)


@pytest.mark.parametrize("kind", ["kanban", "list", "form"])
def test_what_is_left_counts_down_without_asking_and_turns_red_when_it_is_over(world, new_page, look, kind):
    name = f"Nobody answers the phone ({kind})"
    ticket = world.tech.create("psa.ticket", {"name": name, "desk_id": world.ids["desk"], "partner_id": world.ids["grace"]})
    page = new_page(login=f"tech.{world.slug}")
    page.clock.install()
    where = f"/{ticket}" if kind == "form" else f"?view_type={kind}"
    page.goto(f"/odoo/action-{world.ids['action']}{where}")
    place = {"kanban": ".o_kanban_record", "list": ".o_data_row", "form": ".o_form_view"}[kind]
    badge = page.locator(place, has_text=name).locator(".o_psa_sla") if kind != "form" else page.locator(f"{place} .o_psa_sla").first
    badge.wait_for()
    web_client_is_idle(page)

    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/web/dataset" in request.url else None)
    before = _seconds(badge.locator(".o_psa_sla_time").inner_text())
    page.clock.run_for(5_000)
    after = _seconds(badge.locator(".o_psa_sla_time").inner_text())

    assert BUDGET * 60 - 120 < before <= BUDGET * 60
    assert 4 <= before - after <= 15, (before, after)
    assert "o_psa_sla_success" in badge.get_attribute("class")

    page.clock.run_for((BUDGET // 2 + 1) * MINUTES * 1000)
    assert "o_psa_sla_warning" in badge.get_attribute("class")
    page.clock.fast_forward((BUDGET // 2 + 1) * MINUTES * 1000)
    page.clock.run_for(2_000)

    assert "o_psa_sla_danger" in badge.get_attribute("class")
    assert badge.locator(".o_psa_sla_time").inner_text().endswith("over")
    red = badge.evaluate("element => getComputedStyle(element).backgroundColor + ' ' + getComputedStyle(element).color")
    channels = [int(number) for number in re.findall(r"\d+", red)[:3]]
    assert channels[0] > max(channels[1:]), red
    # Who is looking at a ticket is said every few seconds; what is on it is not asked for again.
    assert not [url for url in asked if "/psa.ticket/" in url and not url.endswith("/psa_attend")], "it counts without asking the server"
    look(page, f"countdown_{kind}")
