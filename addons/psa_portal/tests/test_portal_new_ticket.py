from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import TestTicketPortalCommon


@tagged("post_install", "-at_install")
class TestPortalNewTicket(TestTicketPortalCommon):
    """The form "new ticket"."""

    def _submit(self, **kwargs):
        """Send the form; return the answer and the tickets it made."""
        before = self.env["psa.ticket"].search([])
        data = {"subject": "No sound", "description": "The speakers\nare silent.", **kwargs.pop("data", {})}
        answer = self._post("/my/tickets/new", data=data, **kwargs)
        return answer, self.env["psa.ticket"].search([]) - before

    def test_a_client_opens_a_ticket(self):
        self._sign_in(self.employee)

        page, ticket = self._submit()

        self.assertRecordValues(ticket, [{
            "name": "No sound",
            "partner_id": self.employee.partner_id.id,
            "client_id": self.client.id,
            "company_id": self.company.id,
            "desk_id": self.desk.id,
            "source": "portal",
            "state": "new",
        }])
        self.assertIn("The speakers<br", ticket.description)
        self.assertIn("We received your request", page.text)
        self.assertIn(ticket.number, page.text)

    def test_the_form_asks_for_what_is_needed(self):
        self._sign_in(self.employee)

        form = self.url_open("/my/tickets/new").text

        for field in ('<input type="text" name="subject"', '<textarea name="description"', 'name="attachments"'):
            self.assertIn(field, form)

    def test_posted_ids_are_never_trusted(self):
        company = self.env["res.company"].create({"name": "Another Provider"})
        self._sign_in(self.employee)

        __, ticket = self._submit(data={
            "partner_id": self.stranger.partner_id.id,
            "client_id": self.other_client.id,
            "company_id": company.id,
            "user_id": self.technician.id,
            "source": "email",
            "number": "HACK",
        })

        self.assertRecordValues(ticket, [{
            "partner_id": self.employee.partner_id.id,
            "client_id": self.client.id,
            "company_id": self.company.id,
            "user_id": False,
            "source": "portal",
        }])
        self.assertNotEqual(ticket.number, "HACK")

    def test_the_priority_asked_for_is_taken_when_the_desk_offers_it(self):
        other_desk = self.env["psa.desk"].create({"name": "Other Desk", "company_id": self.company.id, "sequence": 90})
        offered, foreign = self.env["psa.ticket.option"].create([
            {"attribute": "priority", "name": "Kestrel soon", "desk_id": self.desk.id},
            {"attribute": "priority", "name": "Elsewhere soon", "desk_id": other_desk.id},
        ])
        self._sign_in(self.employee)

        form = self.url_open("/my/tickets/new").text
        __, ticket = self._submit(data={"priority": offered.id})
        refused, none = self._submit(data={"priority": foreign.id})

        self.assertIn(offered.name, form)
        self.assertNotIn(foreign.name, form)
        self.assertEqual(ticket.priority_id, offered)
        self.assertFalse(none)
        self.assertIn("not offered any more", refused.text)

    def test_what_was_entered_is_kept_when_something_is_missing(self):
        self._sign_in(self.employee)

        page, ticket = self._submit(data={"subject": "  ", "description": "A long story & more"})

        self.assertFalse(ticket)
        self.assertIn("Please give the ticket a subject", page.text)
        self.assertIn("A long story &amp; more", page.text)

    def test_html_in_the_description_stays_text(self):
        self._sign_in(self.employee)

        __, ticket = self._submit(data={"description": "<script>alert(1)</script>"})

        self.assertIn("&lt;script&gt;", ticket.description)

    def test_files_come_along_and_the_client_sees_them(self):
        self._sign_in(self.employee)

        page, ticket = self._submit(files=[
            ("attachments", ("screen.png", b"\x89PNG fake", "image/png")),
            ("attachments", ("log.txt", b"line", "text/plain")),
        ])

        files = self.env["ir.attachment"].search([("res_model", "=", "psa.ticket"), ("res_id", "=", ticket.id)])
        self.assertEqual(set(files.mapped("name")), {"screen.png", "log.txt"})
        self.assertIn("screen.png", page.text)
        message = self._messages(ticket).filtered("attachment_ids")
        self.assertEqual(message.author_id, self.employee.partner_id)

    def test_the_limit_is_told_before_and_kept_after(self):
        self.env["ir.config_parameter"].set_param("psa_portal.max_upload_mb", "1")
        self._sign_in(self.employee)

        form = self.url_open("/my/tickets/new").text
        page, ticket = self._submit(files={"attachments": ("big.bin", b"0" * (1024 * 1024 + 1))})

        self.assertIn("up to 1 MB together", form)
        self.assertIn('data-max-upload-mb="1"', form)
        self.assertFalse(ticket)
        self.assertIn("The files are larger than 1 MB together", page.text)
        self.assertIn("No sound", page.text)

    def test_a_form_without_token_is_refused(self):
        self._sign_in(self.employee)
        before = self.env["psa.ticket"].search_count([])

        with mute_logger("odoo.http"):
            answer = self.url_open("/my/tickets/new", data={"subject": "Forged", "description": "x"})

        self.assertEqual(answer.status_code, 400)
        self.assertEqual(self.env["psa.ticket"].search_count([]), before)

    def test_a_company_without_desk_says_whom_to_contact(self):
        self.desk.active = False
        self._sign_in(self.employee)

        form = self.url_open("/my/tickets/new").text
        page, ticket = self._submit()

        self.assertIn("Tickets cannot be taken here yet", form)
        self.assertIn("Tickets cannot be taken here yet", page.text)
        self.assertFalse(ticket)
