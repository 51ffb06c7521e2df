"""The main job from end to end: a client's mail becomes a ticket, is worked, timed, approved and invoiced.

One story in chapters. Everybody does his own part with his own rights: the client writes real mails and signs in to
the portal in a browser, the technician works, the owner sets up and approves, the bookkeeper invoices.
"""

import contextlib
import html
import io
import re
import time
import xmlrpc.client
from datetime import date

import pytest
from browsing import DESK, sign_in
from harness import addresses, references_of
from PyPDF2 import PdfReader
from world import build

SPOOLER = "Please restart the print spooler."


@pytest.fixture(scope="class")
def world(server):
    made = build(server, "harbour")
    server.new_user("books.harbour", "psa_crm.group_billing")
    return made


@pytest.fixture(scope="class")
def books(world):
    """The bookkeeper, on XML-RPC."""
    return world.server.xmlrpc("books.harbour")


@pytest.fixture(scope="class")
def told():
    """What earlier chapters found out."""
    return {}


@pytest.mark.story
class TestMainJob:
    def test_owner_agrees_a_contract_with_the_client(self, world, told):
        owner = world.owner
        told["role"] = owner.create("psa.role", {"name": "Engineer"})
        told["senior"] = owner.create("psa.role", {"name": "Senior Engineer"})
        told["remote"] = owner.create(
            "psa.work.type", {"name": "Remote Support", "minimum_minutes": 15, "increment_minutes": 15}
        )
        told["onsite"] = owner.create("psa.work.type", {"name": "On-site Support", "increment_minutes": 30})
        told["contract"] = owner.create(
            "psa.contract",
            {
                "name": "Time and materials",
                "client_id": world.ids["client"],
                "date_start": f"{date.today().year - 1}-01-01",
                "rate_ids": [
                    (0, 0, {"role_id": told["role"], "hourly_rate": 90}),
                    (0, 0, {"role_id": told["role"], "work_type_id": told["onsite"], "hourly_rate": 120}),
                ],
            },
        )
        owner.button("psa.contract", told["contract"], "action_activate")

        contract = owner.read("psa.contract", told["contract"], "state", "billing_type", "number")
        assert (contract["state"], contract["billing_type"]) == ("active", "time_materials")
        assert contract["number"]

    def test_mail_of_a_contact_becomes_a_ticket_of_his_client(self, world, told):
        told["first_mail"] = world.send("outlook_new")

        ticket = world.ticket_of(told["first_mail"])
        told["ticket"] = ticket["id"]
        assert ticket["name"] == "Reception PC does not print"
        assert ticket["partner_id"] == world.ids["grace"]
        assert ticket["client_id"] == world.ids["client"]
        assert (ticket["source"], ticket["state"]) == ("email", "new")
        assert "patients are waiting" in html.unescape(ticket["description"])
        attachments = world.tech.find(
            "ir.attachment", [("res_model", "=", "psa.ticket"), ("res_id", "=", ticket["id"])], "name", "mimetype"
        )
        assert "printer test page.pdf" in {row["name"] for row in attachments}

    def test_ticket_waits_in_the_default_queue_of_the_desk(self, world, told):
        ticket = world.read_ticket(told["ticket"])

        assert ticket["desk_id"] == world.ids["desk"]
        assert ticket["queue_id"] == world.ids["queue"]
        assert not ticket["user_id"]

    def test_client_is_told_that_his_mail_arrived(self, world, told, smtp_sink):
        number = world.read_ticket(told["ticket"])["number"]

        world.server.settle()

        receipt = smtp_sink.wait_to(world.client_address("grace.okafor"), containing=number)

        assert receipt.message["Auto-Submitted"], "a receipt must say that a machine wrote it"
        assert told["first_mail"] in references_of(receipt), "the receipt opens a thread of its own at the client"
        told["receipt"] = str(receipt.message["Message-Id"]).strip()

    def test_answer_to_the_receipt_joins_the_ticket(self, world, told):
        """What many people do: they remember something and answer the last mail they got."""
        answer = world.send("phone_reply", in_reply_to=told["receipt"], references=told["receipt"])

        assert world.whereabouts(answer) == [("psa.ticket", told["ticket"])]

    def test_mail_of_a_colleague_is_known_by_its_domain(self, world):
        ticket = world.ticket_of(world.send("apple_mail_inline"))

        assert ticket["client_id"] == world.ids["client"]
        assert "sam@" in ticket["email_from"]

    def test_technician_takes_the_ticket_and_answers_by_mail(self, world, told, smtp_sink):
        before = len(smtp_sink.received)
        world.tech.button("psa.ticket", told["ticket"], "action_assign_to_me")

        world.answer(told["ticket"], SPOOLER)

        ticket = world.read_ticket(told["ticket"])
        assert ticket["user_id"] == world.ids["tech_user"]
        answer = smtp_sink.wait_to(world.client_address("grace.okafor"), since=before, containing=SPOOLER)
        assert "Reception PC does not print" in answer.subject
        assert told["first_mail"] in references_of(answer), "the answer must join the client's own thread"
        assert world.desk_address in addresses(answer.message["Reply-To"]) + addresses(answer.message["From"])
        assert not smtp_sink.to(f"tech.{world.slug}@brightwater.example", before), "he does not mail himself"
        told["answer"] = str(answer.message["Message-Id"]).strip()

    @pytest.mark.parametrize(
        ("name", "words"),
        [("outlook_reply", "It prints again after the restart"), ("phone_reply", "the queue is stuck again 😕")],
    )
    def test_reply_of_the_client_joins_the_ticket(self, world, told, smtp_sink, name, words):
        before = len(smtp_sink.received)
        tickets = world.tech.count("psa.ticket", [])

        reply = world.send(name, in_reply_to=told["answer"], references=f"{told['first_mail']} {told['answer']}")

        assert world.whereabouts(reply) == [("psa.ticket", told["ticket"])]
        assert world.tech.count("psa.ticket", []) == tickets
        last = world.messages_of(told["ticket"])[-1]
        assert words in html.unescape(last["body"])
        assert last["author_id"] == world.tech.read("psa.ticket", told["ticket"], "partner_id")["partner_id"]
        smtp_sink.wait_to(f"tech.{world.slug}@brightwater.example", since=before, containing=words)
        assert not smtp_sink.to(world.client_address("grace.okafor"), before), "his own words come back to him"

    def test_technician_measures_his_time_with_the_timer(self, world, told):
        tech, ticket = world.tech, told["ticket"]
        tech.button("psa.ticket", ticket, "action_timer_start")
        time.sleep(1.2)
        tech.button("psa.ticket", ticket, "action_timer_pause")
        (timer,) = tech.find(
            "psa.work.timer", [("ticket_id", "=", ticket)], "user_id", "is_running", "seconds_worked"
        )
        assert timer["user_id"] == world.ids["tech_user"]
        assert not timer["is_running"]
        assert timer["seconds_worked"] >= 1
        tech.button("psa.ticket", ticket, "action_timer_start")

        wizard = tech.button("psa.ticket", ticket, "action_timer_stop")

        told["timed"] = _log_time(
            tech,
            wizard,
            {"name": "Restarted the spooler", "work_type_id": told["remote"], "role_id": told["role"]},
        )
        assert not tech.count("psa.work.timer", [("ticket_id", "=", ticket)])

    def test_technician_logs_time_by_hand(self, world, told):
        told["by_hand"] = world.tech.create(
            "account.analytic.line",
            {
                "name": "Replaced the printer cable",
                "psa_ticket_id": told["ticket"],
                "psa_work_type_id": told["onsite"],
                "psa_role_id": told["role"],
                "unit_amount": 1.25,
                "date": date.today().isoformat(),
            },
        )
        lines = _time_entries(world, told)
        assert lines[told["timed"]]["psa_billable_minutes"] == 15, "the minimum of remote support"
        assert lines[told["by_hand"]]["psa_billable_minutes"] == 90, "raised to the next half hour"
        assert lines[told["by_hand"]]["unit_amount"] == 1.25

    def test_technician_cannot_approve_his_own_time(self, world, told):
        with pytest.raises(xmlrpc.client.Fault, match=r"(?i)approv|not allowed|access"):
            world.tech.button("account.analytic.line", [told["timed"], told["by_hand"]], "action_psa_approve")

        assert {line["psa_approval_state"] for line in _time_entries(world, told).values()} != {"approved"}

    def test_owner_approves_and_approved_time_stays_as_it_is(self, world, told):
        world.tech.button("account.analytic.line", [told["timed"], told["by_hand"]], "action_psa_submit")

        world.owner.button("account.analytic.line", [told["timed"], told["by_hand"]], "action_psa_approve")

        for line in _time_entries(world, told).values():
            assert line["psa_approval_state"] == "approved"
            assert line["psa_approved_by_id"] == world.ids["owner_user"]
            assert line["psa_approved_on"]
        with pytest.raises(xmlrpc.client.Fault, match=r"(?i)approved"):
            world.tech.write("account.analytic.line", told["by_hand"], {"unit_amount": 8})

    def test_ledger_has_one_item_for_each_entry(self, world, books, told):
        items = _ledger(world, books, told)

        assert {item["source_id"] for item in items} == {told["timed"], told["by_hand"]}
        amounts = {item["source_id"]: item["amount"] for item in items}
        assert amounts[told["timed"]] == pytest.approx(22.50), "a quarter of an hour at 90"
        assert amounts[told["by_hand"]] == pytest.approx(180.00), "an hour and a half on site at 120"
        for item in items:
            assert item["contract_id"] == told["contract"]
            assert item["state"] == "pending", "somebody has to look at it before it is invoiced"
            assert item["derivation"], "how the amount came about"

    def test_bookkeeper_reviews_the_ledger(self, world, books, told):
        items = _ledger(world, books, told)

        books.button("psa.billing.item", [item["id"] for item in items], "action_approve")

        assert {item["state"] for item in _ledger(world, books, told)} == {"approved"}

    def test_bookkeeper_prepares_and_posts_the_invoice(self, world, books, told):
        wizard_id = books.create(
            "psa.prepare.invoices", {"client_ids": [(6, 0, [world.ids["client"]])], "has_open_cycles": True}
        )
        books.button("psa.prepare.invoices", wizard_id, "action_prepare")

        (move,) = books.find("account.move", [("partner_id", "=", world.ids["client"])], "state", "move_type")
        told["invoice"] = move["id"]
        assert (move["state"], move["move_type"]) == ("draft", "out_invoice")
        lines = books.find(
            "account.move.line",
            [("move_id", "=", move["id"]), ("display_type", "=", "product")],
            *("name", "price_subtotal", "tax_ids", "psa_billing_item_ids"),
        )
        assert sorted(line["price_subtotal"] for line in lines) == [22.50, 180.00]
        assert all(len(line["psa_billing_item_ids"]) == 1 for line in lines)
        assert any("Replaced the printer cable" in line["name"] for line in lines)
        books.button("account.move", move["id"], "action_post")

        invoice = books.read("account.move", move["id"], "state", "amount_untaxed", "amount_total", "name")
        told["invoice_number"] = invoice["name"]
        assert invoice["state"] == "posted"
        assert invoice["amount_untaxed"] == pytest.approx(202.50)
        assert {item["state"] for item in _ledger(world, books, told)} == {"invoiced"}

    def test_nothing_is_invoiced_twice(self, world, books):
        wizard_id = books.create("psa.prepare.invoices", {"client_ids": [(6, 0, [world.ids["client"]])]})
        # Told that there is nothing or answered by an empty list: either is right, a second invoice is not.
        with contextlib.suppress(xmlrpc.client.Fault):
            books.button("psa.prepare.invoices", wizard_id, "action_prepare")

        assert books.count("account.move", [("partner_id", "=", world.ids["client"])]) == 1

    def test_printed_invoice_has_header_and_footer(self, world, told):
        web = world.server.web("books.harbour")
        answer = web.get(f"/report/pdf/account.report_invoice_with_payments/{told['invoice']}")

        assert answer.headers["Content-Type"] == "application/pdf", answer.text[:500]
        pages = [page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages]
        text = "\n".join(pages)
        assert told["invoice_number"] in text
        assert "Replaced the printer cable" in text
        for page in pages:
            assert "Brightwater IT" in page, "no header"
            assert re.search(rf"Page\s*\d+\s*/\s*{len(pages)}", page), "no footer with a page number"

    def test_client_gets_the_invoice_by_mail(self, world, books, told, smtp_sink):
        before = len(smtp_sink.received)
        wizard_id = books.create("account.move.send.wizard", {"move_id": told["invoice"]})
        books.button("account.move.send.wizard", wizard_id, "action_send_and_print")

        bill = smtp_sink.wait_to(world.client_address("office"), since=before, containing=told["invoice_number"])
        files = [part.get_filename() for part in bill.message.iter_attachments()]
        assert any(name.endswith(".pdf") for name in files), files

    def test_client_administrator_follows_it_on_the_portal(self, world, told, new_page, look):
        smtp_sink = world.server.sink
        before = len(smtp_sink.received)
        world.owner.write("res.partner", world.ids["grace"], {"psa_portal_role": "administrator"})
        address = world.client_address("grace.okafor")
        invitation = smtp_sink.wait_to(address, since=before, containing="/web/signup")
        (link, *_rest) = re.findall(r'href="([^"]*/web/signup[^"]*)"', invitation.text)
        page = new_page(DESK)

        page.goto(html.unescape(link))
        page.fill("input[name=password]", "correct horse")
        page.fill("input[name=confirm_password]", "correct horse")
        page.click("form.oe_signup_form button[type=submit]")
        page.wait_for_url(lambda url: "/web/signup" not in url)
        if "/web/login" in page.url:
            sign_in(page, address, "correct horse")

        page.goto("/my/tickets")
        assert "Reception PC does not print" in page.inner_text("#wrap")
        assert "X-ray viewer crashes" in page.inner_text("#wrap"), "she is the administrator: her colleague's too"
        look(page, "main_job_portal_tickets")
        page.click(f"a[href*='/my/tickets/{told['ticket']}']:has-text('Reception PC does not print')")
        page.wait_for_selector(f".o-mail-Message:has-text('{SPOOLER}')")
        look(page, "main_job_portal_ticket")

        page.goto("/my/invoices")
        assert told["invoice_number"] in page.inner_text("#wrap")
        look(page, "main_job_portal_invoices")
        page.click(f"a:has-text('{told['invoice_number']}')")
        page.wait_for_url(re.compile(rf"/my/invoices/{told['invoice']}\b"))
        assert "232.88" in page.inner_text("#wrap"), "202.50 and 15 % tax"

    def test_employee_sees_his_own_ticket_only(self, world, new_page):
        owen = world.new_contact("Owen Blake", "owen")
        login = world.portal_user(owen, "employee")
        world.send("phone_reply", **{"from": f"Owen <{login}>"}, in_reply_to=None, references=None, subject="My chair")
        page = new_page(DESK, login)

        page.goto("/my/tickets")

        text = page.inner_text("#wrap")
        assert "My chair" in text
        assert "Reception PC does not print" not in text

    def test_cancelled_invoice_gives_the_time_back(self, world, books, told):
        web = world.server.web(books.login)
        web.call_kw("account.move", "button_draft", [told["invoice"]])
        web.call_kw("account.move", "button_cancel", [told["invoice"]])

        assert {item["state"] for item in _ledger(world, books, told)} == {"approved"}


def _log_time(user, wizard, vals):
    """Fill in the wizard that stopping the timer opens; return the time entry."""
    before = set(user.search("account.analytic.line", []))
    user.wizard(wizard, vals, "action_log")
    (line_id,) = set(user.search("account.analytic.line", [])) - before
    return line_id


def _time_entries(world, told):
    rows = world.owner.find(
        "account.analytic.line",
        [("psa_ticket_id", "=", told["ticket"])],
        *("unit_amount", "psa_billable_minutes", "psa_approval_state"),
        *("psa_approved_by_id", "psa_approved_on"),
    )
    return {row["id"]: row for row in rows}


def _ledger(world, books, told):
    return books.find(
        "psa.billing.item",
        [("ticket_id", "=", told["ticket"])],
        *("source_model", "source_id", "state", "amount", "contract_id", "derivation", "error"),
    )
