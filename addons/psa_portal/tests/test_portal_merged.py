from odoo.tests import tagged

from .common import TestTicketPortalCommon


@tagged("post_install", "-at_install")
class TestPortalMerged(TestTicketPortalCommon):
    """What a client finds where his ticket was before it was merged."""

    def _open(self, ticket, token=None):
        return self.url_open(f"/my/tickets/{ticket.id}" + (f"?access_token={token}" if token else ""), allow_redirects=True)

    def test_the_page_of_a_merged_ticket_leads_to_the_survivor(self):
        again = self._ticket(self.employee, "Mail again")
        again._merge(self.ticket)
        self._sign_in(self.employee)

        page = self._open(again)

        self.assertIn(f"/my/tickets/{self.ticket.id}?", page.url)
        self.assertIn("Your request goes on here", page.text)

    def test_who_may_not_see_the_survivor_stays_and_learns_the_number(self):
        self.ticket._merge(self.colleagues_ticket)
        self._sign_in(self.employee)

        page = self._open(self.ticket)

        self.assertIn(f"/my/tickets/{self.ticket.id}", page.url)
        self.assertIn(self.colleagues_ticket.number, page.text)
        self.assertNotIn("Door chip lost", page.text)
        self._sign_in(self.administrator)
        self.assertIn(f"/my/tickets/{self.colleagues_ticket.id}?", self._open(self.ticket).url)

    def test_a_ticket_merged_into_that_of_another_client_tells_nothing_of_it(self):
        self.ticket._merge(self.strangers_ticket, allow_strangers=True)
        self._sign_in(self.administrator)

        page = self._open(self.ticket)

        self.assertIn("handled together with another one", page.text)
        self.assertNotIn(self.strangers_ticket.number, page.text)
        self.assertNotIn("Cold store alarm", page.text)

    def test_the_link_of_a_mail_opens_the_survivor_of_the_same_contact_only(self):
        again = self._ticket(self.employee, "Mail again")
        again._merge(self.ticket)
        lost = self._ticket(self.employee, "Another")
        lost._merge(self.colleagues_ticket)
        tokens = {ticket: ticket._portal_ensure_token() for ticket in again | lost}
        self._sign_in(None)

        self.assertIn(f"/my/tickets/{self.ticket.id}?", self._open(again, tokens[again]).url)
        self.assertIn(f"/my/tickets/{lost.id}?", self._open(lost, tokens[lost]).url)
        self.assertIn("/web/login", self._open(self.colleagues_ticket, tokens[lost]).url)

    def test_a_merged_ticket_is_not_opened_again_on_the_portal(self):
        self.ticket._merge(self.colleagues_ticket)
        self._sign_in(self.employee)

        page = self._post(f"/my/tickets/{self.ticket.id}/reopen", data={"comment": "Again"})

        self.assertEqual(page.status_code, 200)
        self.assertEqual(self.ticket.state, "cancelled")
