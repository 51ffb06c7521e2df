"""Invitations from the mail to the sign-in: staff and teams, with a real mail server and a real browser."""

import re

import pytest
from browsing import DESK, PHONE
from world import build

SIZES = pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["390px", "1400px"])
LINK = re.compile(r"https?://[^\s\"'<>]+/psa/invitation/(?:staff|team)/[\w-]+")
PASSWORD = "a long enough password"


@pytest.fixture(scope="module")
def world(server):
    made = build(server, "inv")
    made.ids["boss"] = server.new_user("boss.inv", "psa_crm.group_owner")
    return made


@pytest.fixture(scope="module")
def boss(world):
    return world.server.xmlrpc("boss.inv")


def link_for(smtp_sink, address, since):
    return LINK.search(smtp_sink.wait_to(address, since).text)[0]


def invite(boss, smtp_sink, address, **vals):
    since = len(smtp_sink.received)
    member = boss.create("psa.staff", {"name": "Ingrid Dahl", "email": address, "role": "technician", **vals})
    return member, link_for(smtp_sink, address, since)


@SIZES
def test_a_new_colleague_opens_the_mail_sets_a_password_and_signs_in(boss, new_page, look, smtp_sink, viewport):
    address = f"ingrid.{viewport['width']}@fjord-it.example"
    member, link = invite(boss, smtp_sink, address)
    page = new_page(viewport)

    page.goto(link)
    look(page, f"invitation_new_{viewport['width']}")
    page.fill("[name=password]", PASSWORD)
    page.fill("[name=confirm]", "another password")
    page.click("button[value=accept]")
    assert "differ" in page.inner_text(".alert-danger")
    page.fill("[name=password]", PASSWORD)
    page.fill("[name=confirm]", PASSWORD)
    page.click("button[value=accept]")
    page.wait_for_selector("text=Welcome")
    look(page, f"invitation_welcome_{viewport['width']}")

    page.click("a:has-text('Sign in')")
    page.fill("input[name=login]", address)
    page.fill("input[name=password]", PASSWORD)
    page.click("form.oe_login_form button[type=submit]")
    page.wait_for_url(re.compile(r"/odoo"))
    assert boss.read("psa.staff", member, "state")["state"] == "active"

    page.goto(link)
    look(page, f"invitation_used_{viewport['width']}")
    assert "Already accepted" in page.inner_text(".o_psa_invitation")


@SIZES
def test_a_professional_joins_a_team_after_signing_in(world, server, new_page, look, smtp_sink, viewport):
    login = f"pro.{viewport['width']}.inv"
    admin = server.xmlrpc()
    pro = server.new_user(login, "psa_crm.group_technician")
    address = f"{login}@kestrel.example"
    admin.write("res.users", pro, {"email": address})
    boss = server.xmlrpc("boss.inv")
    team = boss.create("psa.team", {"name": f"Field {viewport['width']}"})
    wizard = boss.create(
        "psa.team.invite", {"team_id": team, "emails": address, "message": "Could you help us\nin Salem?"}
    )
    since = len(smtp_sink.received)
    boss.call("psa.team.invite", "action_invite", [wizard])
    link = link_for(smtp_sink, address, since)
    page = new_page(viewport)

    page.goto(link)
    look(page, f"team_sign_in_{viewport['width']}")
    page.click("a:has-text('Sign in')")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", login)
    page.click("form.oe_login_form button[type=submit]")
    page.wait_for_selector("button[value=accept]")
    look(page, f"team_ready_{viewport['width']}")
    page.click("button[value=accept]")
    page.wait_for_selector("text=Welcome")

    assert pro in admin.read("psa.team", team, "member_ids")["member_ids"]


def test_somebody_else_is_told_whose_invitation_it_is(boss, new_page, look, smtp_sink):
    __, link = invite(boss, smtp_sink, "karl@fjord-it.example")
    page = new_page(PHONE, "tech.inv")

    page.goto(link)

    look(page, "invitation_other_390")
    text = page.inner_text(".o_psa_invitation")
    assert "karl@fjord-it.example" in text
    assert "Sign out" in text


def test_links_that_are_over_say_what_to_do(boss, world, new_page, look, smtp_sink):
    page = new_page(PHONE)
    assert page.goto("/psa/invitation/staff/forged-token").status == 404
    look(page, "invitation_unknown_390")
    assert "does not work" in page.inner_text(".o_psa_invitation")

    member, link = invite(boss, smtp_sink, "lena@fjord-it.example")
    # Nobody may write this; time passes behind the server's back.
    world.server.cluster.query(
        world.server.db, "UPDATE psa_staff SET date_expires = '2020-01-01' WHERE id = %s RETURNING id", [member]
    )
    page.goto(link)
    look(page, "invitation_expired_390")
    assert "has expired" in page.inner_text(".o_psa_invitation")

    since = len(smtp_sink.received)
    boss.call("psa.staff", "action_resend", [member])
    page.goto(link)
    assert "newer invitation" in page.inner_text(".o_psa_invitation")

    page.goto(link_for(smtp_sink, "lena@fjord-it.example", since))
    page.click("button[value=decline]")
    page.wait_for_selector("text=Declined")
    assert boss.read("psa.staff", member, "state")["state"] == "closed"


def test_opening_a_link_changes_nothing_and_it_stays_with_us(boss, new_page, smtp_sink):
    member, link = invite(boss, smtp_sink, "mail.scanner@fjord-it.example")
    page = new_page()

    for __ in range(3):
        answer = page.goto(link)

    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert boss.read("psa.staff", member, "state")["state"] == "invited"


def test_access_ends_at_once_when_somebody_is_deactivated(boss, server, new_page, smtp_sink):
    member, link = invite(boss, smtp_sink, "otto@fjord-it.example")
    page = new_page()
    page.goto(link)
    page.fill("[name=password]", PASSWORD)
    page.fill("[name=confirm]", PASSWORD)
    page.click("button[value=accept]")
    page.click("a:has-text('Sign in')")
    page.fill("input[name=login]", "otto@fjord-it.example")
    page.fill("input[name=password]", PASSWORD)
    page.click("form.oe_login_form button[type=submit]")
    page.wait_for_url(re.compile(r"/odoo"))
    page.goto("about:blank")

    wizard = boss.create("psa.staff.deactivate", {"staff_id": member, "handover": "nobody"})
    boss.call("psa.staff.deactivate", "action_deactivate", [wizard])

    page.goto("/odoo")
    assert "/web/login" in page.url
