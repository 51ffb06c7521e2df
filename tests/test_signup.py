"""An IT professional signs up in a browser, reads real mail, and becomes the owner of a company of his own."""

import re
import threading

import pytest
import requests
from browsing import DESK, PHONE
from harness import refused, wait_for

PASSWORD = "Tr0ub4dor-and-three"
SIZES = pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["390px", "1400px"])


@pytest.fixture(scope="module")
def open_server(server):
    """The server with public sign-up switched on, as its administrator does it in Settings."""
    admin = server.xmlrpc()
    settings = admin.create("res.config.settings", {"psa_signup_enabled": True, "psa_signup_per_network": 100})
    admin.button("res.config.settings", settings, "execute")
    yield server
    settings = admin.create("res.config.settings", {"psa_signup_enabled": False})
    admin.button("res.config.settings", settings, "execute")


def answer(server):
    """Run what the schedule would run in the next minute."""
    server.run_cron("psa_crm.ir_cron_answer_signups")
    server.run_cron("mail.ir_cron_mail_scheduler_action")


def link_in(received):
    """Return the link of a mail to confirm with."""
    return re.search(r"https?://[^\"'\s]+/psa/signup/confirm/[\w-]+", received.text).group()


def fill_in(page, email, company="Juniper Point IT", name="Nora Ellison"):
    """Fill in the form as a person does."""
    page.goto("/psa/signup")
    page.fill("[name=name]", name)
    page.fill("[name=company_name]", company)
    page.select_option("[name=country_id]", label="United States")
    page.fill("[name=email]", email)


class FormClient:
    """A program that posts forms, with cookies of its own."""

    def __init__(self, url):
        self.url, self.session = url, requests.Session()

    def post(self, path, **values):
        """Get the page for its token, then post."""
        page = self.session.get(f"{self.url}{path}", timeout=180)
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text).group(1)
        return self.session.post(f"{self.url}{path}", data={"csrf_token": token, **values}, timeout=180)


def test_sign_up_is_closed_until_it_is_opened(server):
    for path in ("/psa/signup", "/r/anything", "/psa/signup/confirm/anything"):
        assert requests.get(f"{server.url}{path}", timeout=180).status_code == 404, path


@pytest.mark.story
class TestSigningUp:
    """From the form to the first sign-in, on a phone."""

    email = "nora@juniper-point.example"

    @SIZES
    def test_the_pages_fit_the_window(self, open_server, new_page, look, viewport):
        page = new_page(viewport)
        page.goto("/psa/signup", wait_until="networkidle")
        look(page, f"signup_form_{viewport['width']}")
        page.goto("/psa/signup/sent", wait_until="networkidle")
        look(page, f"signup_sent_{viewport['width']}")
        page.goto("/psa/signup/confirm/forged", wait_until="networkidle")
        look(page, f"signup_dead_link_{viewport['width']}")

    def test_the_form_is_sent_and_a_mail_comes(self, open_server, smtp_sink, new_page):
        page = new_page(PHONE)
        fill_in(page, self.email)
        page.click("button[type=submit]")
        page.wait_for_url("**/psa/signup/sent")
        assert "If the address can be used" in page.inner_text("main")

        answer(open_server)

        received = smtp_sink.wait_to(self.email)
        assert "Brightwater IT" in received.subject
        assert link_in(received).startswith(open_server.url)

    def test_the_token_is_not_in_the_database(self, open_server, smtp_sink):
        token = link_in(smtp_sink.wait_to(self.email)).rsplit("/", 1)[1]

        rows = open_server.query("SELECT row_to_json(psa_signup)::text FROM psa_signup")

        assert rows
        assert not any(token in text for (text,) in rows)
        assert not open_server.query("SELECT 1 FROM mail_mail WHERE body_html LIKE %s", (f"%{token}%",))

    def test_from_the_mail_to_signed_in_as_owner(self, open_server, smtp_sink, new_page, look):
        page = new_page(PHONE)
        page.goto(link_in(smtp_sink.wait_to(self.email)), wait_until="networkidle")
        look(page, "signup_confirm_390")
        page.click("button:has-text('Create my company')")
        page.wait_for_url(re.compile(r"/web/signup\?"))
        page.fill("[name=password]", PASSWORD)
        page.fill("[name=confirm_password]", PASSWORD)
        page.click("form.oe_signup_form button[type=submit]")
        page.wait_for_selector(".o_main_navbar, .o_web_client")

        nora = open_server.xmlrpc(self.email, PASSWORD)
        user = nora.read("res.users", nora.uid, "name", "company_id", "company_ids")
        assert user["name"] == "Nora Ellison"
        assert user["company_ids"] == [user["company_id"]]
        assert nora.read("res.company", user["company_id"], "name")["name"] == "Juniper Point IT"
        assert nora.call("res.users", "has_group", [nora.uid], "psa_crm.group_owner")
        assert not nora.call("res.users", "has_group", [nora.uid], "base.group_system")

    def test_the_link_is_used_up(self, open_server, smtp_sink):
        assert requests.get(link_in(smtp_sink.wait_to(self.email)), timeout=180).status_code == 410

    def test_signing_up_again_brings_another_mail_and_the_same_page(self, open_server, smtp_sink):
        before = len(smtp_sink.received)
        form = {"name": "Nora Ellison", "company_name": "Again", "country_id": str(open_server.xmlrpc().ref("base.us"))}
        # The mailbox is the same; the first mail is minutes old.
        open_server.query("UPDATE psa_signup SET create_date = create_date - interval '11 minutes' RETURNING id")
        known = FormClient(open_server.url).post("/psa/signup", email=self.email, **form)
        unknown = FormClient(open_server.url).post("/psa/signup", email="stranger@stranger.example", **form)

        assert (known.status_code, known.url) == (unknown.status_code, unknown.url)
        assert re.sub(r'csrf_token[^,>]*', "", known.text) == re.sub(r'csrf_token[^,>]*', "", unknown.text)
        answer(open_server)
        assert "/web/reset_password" in smtp_sink.wait_to(self.email, since=before).text
        assert "/psa/signup/confirm" in smtp_sink.wait_to("stranger@stranger.example", since=before).text

    def test_the_new_owner_sees_no_request_of_others(self, open_server):
        nora = open_server.xmlrpc(self.email, PASSWORD)
        with refused():
            nora.search("psa.signup", [])


def test_two_clicks_at_once_make_one_account(open_server, smtp_sink):
    email = "twice@twice-it.example"
    form = {
        "name": "Twice", "company_name": "Twice IT", "email": email,
        "country_id": str(open_server.xmlrpc().ref("base.us")),
    }
    FormClient(open_server.url).post("/psa/signup", **form)
    answer(open_server)
    path = link_in(smtp_sink.wait_to(email)).removeprefix(open_server.url)
    clients, answers = [FormClient(open_server.url) for _number in range(3)], []
    threads = [
        threading.Thread(target=lambda client=client: answers.append(client.post(path, company_name="Twice IT")))
        for client in clients
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(open_server.xmlrpc().search("res.users", [("login", "=", email)])) == 1
    assert len(open_server.xmlrpc().search("res.company", [("name", "=", "Twice IT")])) == 1
    assert all(reply.status_code in (200, 410) for reply in answers), [reply.status_code for reply in answers]
    assert any("/web/signup" in reply.url for reply in answers)


def test_limits_hold_for_posts_at_once(open_server, smtp_sink):
    admin = open_server.xmlrpc()
    admin.call("ir.config_parameter", "set_param", "psa_crm.signup_per_network", "2")
    # The tests before this one came from the same network.
    open_server.query("UPDATE psa_signup SET create_date = create_date - interval '2 hours' RETURNING id")
    form = {"name": "Many", "company_name": "Many IT", "country_id": str(admin.ref("base.us"))}
    threads = [
        threading.Thread(
            target=lambda number=number: FormClient(open_server.url).post(
                "/psa/signup", email=f"many{number}@many-{number}.example", **form
            )
        )
        for number in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    wait_for(lambda: len(admin.search("psa.signup", [("name", "=", "Many")])) == 6, "six requests")
    answer(open_server)

    rows = admin.find("psa.signup", [("name", "=", "Many")], "state", "refusal")
    assert sorted(row["refusal"] or row["state"] for row in rows) == ["mailed"] * 2 + ["network_limit"] * 4


def test_a_referral_from_invitation_to_the_company_that_came_of_it(open_server, smtp_sink, new_page):
    open_server.xmlrpc().call("ir.config_parameter", "set_param", "psa_crm.signup_per_network", "100")
    open_server.new_user("ref.owner", "psa_crm.group_owner")
    owner = open_server.xmlrpc("ref.owner")
    referral = owner.create("psa.referral", {"name": "Kai", "email": "kai@fernhill.example", "message": "This one."})
    owner.button("psa.referral", referral, "action_send")
    open_server.run_cron("mail.ir_cron_mail_scheduler_action")
    invitation = smtp_sink.wait_to("kai@fernhill.example")
    assert "This one." in invitation.text
    link = owner.read("psa.referral", referral, "url")["url"]
    assert link in invitation.text

    page = new_page(DESK)
    page.goto(link)
    assert "Ref Owner" in page.inner_text("main")
    fill_in(page, "kai@fernhill.example", company="Fernhill Networks", name="Kai Brandvold")
    page.click("button[type=submit]")
    page.wait_for_url("**/psa/signup/sent")
    answer(open_server)
    mail = smtp_sink.wait_to("kai@fernhill.example", containing="/psa/signup/confirm")
    # On another device, without the cookie: the request has kept the code.
    FormClient(open_server.url).post(link_in(mail).removeprefix(open_server.url), company_name="Fernhill Networks")

    row = owner.read("psa.referral", referral, "state", "referred_name", "visit_count")
    assert (row["state"], row["referred_name"], row["visit_count"]) == ("signed_up", "Fernhill Networks", 1)
    with refused():
        owner.write("psa.referral", referral, {"state": "rewarded"})
