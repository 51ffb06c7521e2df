from odoo.http import Request
from odoo.tests import tagged

from .common import TestTicketPortalCommon


@tagged("post_install", "-at_install")
class TestPortalCopies(TestTicketPortalCommon):

    def _change(self, ticket, change, email):
        return self.url_open(f"/my/tickets/{ticket.id}/copies/{change}", data={
            "csrf_token": Request.csrf_token(self), "email": email})

    def test_the_requester_puts_a_colleague_in_copy_and_takes_him_out(self):
        self.authenticate("linden_employee", "linden_employee")

        page = self._change(self.ticket, "add", self.colleague.email).text
        self.assertEqual(self.ticket.email_cc, self.colleague.email)
        self.assertIn(self.colleague.email, page)

        self._change(self.ticket, "remove", self.colleague.email)
        self.assertFalse(self.ticket.email_cc)

    def test_the_page_says_who_gets_the_answers_already(self):
        self.authenticate("linden_employee", "linden_employee")
        self.assertIn("Our answers go by mail to you.", self.url_open(f"/my/tickets/{self.ticket.id}").text)

        self.authenticate("linden_admin", "linden_admin")
        self.assertIn(f"Our answers go by mail to {self.ticket.partner_id.name}.", self.url_open(f"/my/tickets/{self.ticket.id}").text)

        self.ticket.message_unsubscribe(self.ticket.partner_id.ids)
        self.assertIn("Nobody gets our answers by mail.", self.url_open(f"/my/tickets/{self.ticket.id}").text)

    def test_a_mail_domain_of_the_client_makes_a_colleague(self):
        self.client.psa_mail_domain_ids = [(0, 0, {"name": "linden.example", "company_id": self.company.id})]
        self.authenticate("linden_employee", "linden_employee")

        self._change(self.ticket, "add", "Ned <NED@linden.example>")

        self.assertEqual(self.ticket.email_cc, "ned@linden.example")

    def test_nobody_else_is_put_in_copy(self):
        self.authenticate("linden_employee", "linden_employee")

        self.assertIn("Only people of your company", self._change(self.ticket, "add", self.stranger.email).text)
        self.assertIn("not an e-mail address", self._change(self.ticket, "add", "nonsense").text)

        self.assertFalse(self.ticket.email_cc)

    def test_the_client_is_not_shown_whom_we_added_and_cannot_take_him_out(self):
        self.ticket.email_cc = "supplier@elsewhere.example"
        self.authenticate("linden_employee", "linden_employee")

        self.assertNotIn("supplier@elsewhere.example", self.url_open(f"/my/tickets/{self.ticket.id}").text)
        self._change(self.ticket, "remove", "supplier@elsewhere.example")

        self.assertEqual(self.ticket.email_cc, "supplier@elsewhere.example")

    def test_only_who_may_read_the_ticket_changes_its_copies(self):
        for login in ("linden_colleague", "quarry_admin"):
            with self.subTest(login=login):
                self.authenticate(login, login)
                self.assertEqual(self._change(self.ticket, "add", f"{login}@example.com").status_code, 404)
        self.assertFalse(self.ticket.email_cc)

    def test_what_is_open_already_is_shown_to_who_may_read_it(self):
        for login, numbers in (("linden_employee", 1), ("linden_colleague", 0), ("linden_admin", 1), ("quarry_admin", 0)):
            with self.subTest(login=login):
                self.authenticate(login, login)
                found = self.make_jsonrpc_request("/my/tickets/similar", {"subject": "My mail does not arrive"})
                self.assertEqual(len(found), numbers)
