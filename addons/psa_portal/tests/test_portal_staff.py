from odoo.tests import tagged

from .common import TestTicketPortalCommon

CLOSE, REOPEN = "#psa_ticket_close", "#psa_ticket_reopen"


@tagged("post_install", "-at_install")
class TestPortalStaff(TestTicketPortalCommon):
    """A technician on the client's page of a ticket."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.technician.password = cls.technician.login

    def _page(self):
        return self.url_open(f"/my/tickets/{self.ticket.id}").text

    def _decide(self, decision, comment=""):
        return self._post(f"/my/tickets/{self.ticket.id}/{decision}", data={"comment": comment})

    def test_at_a_desk_that_asks_what_solved_it_the_page_asks(self):
        self.desk.resolution_required = True
        self._sign_in(self.technician)
        self.assertIn("What solved it?", self._page())

        answer = self._decide("close")

        self.assertEqual(answer.status_code, 200)
        self.assertIn("wants to know what solved a ticket", answer.text)
        self.assertIn(CLOSE, answer.text, "he can try again on the spot")
        self.assertEqual(self.ticket.state, "new")
        self.assertNotIn("Marked this ticket", "".join(self.ticket.message_ids.mapped("body")))

        answer = self._decide("close", "Put a new battery in.")

        self.assertIn("The ticket is closed", answer.text)
        self.assertEqual(self.ticket.state, "closed")
        self.assertRecordValues(self.ticket.entry_ids.filtered(lambda entry: entry.kind == "resolution"), [{
            "search_text": "Put a new battery in.", "is_internal": False, "source": "portal",
            "author_id": self.technician.partner_id.id,
        }])
        self.assertIn("What solved it", self._page())

    def test_with_a_resolution_he_is_not_asked_again(self):
        self.desk.resolution_required = True
        self.ticket.with_user(self.technician)._add_entry("New battery.", kind="resolution")
        self._sign_in(self.technician)

        self.assertNotIn("What solved it?", self._page())
        self._decide("close")
        self.assertEqual(self.ticket.state, "closed")

    def test_the_client_is_never_asked(self):
        self.desk.resolution_required = True
        self._sign_in(self.employee)

        self.assertIn("Anything you want to tell us?", self._page())
        self._decide("close")
        self.assertEqual(self.ticket.state, "closed")

    def test_what_the_desk_requires_is_told_him_and_his_words_are_kept(self):
        setting = self.desk.attribute_ids.filtered(lambda line: line.attribute == "category")
        setting.required = "close"
        self._sign_in(self.technician)

        answer = self._decide("close", "Battery & <b>cable</b>")

        self.assertEqual(answer.status_code, 200)
        self.assertIn("Please fill in: Category", answer.text)
        self.assertIn("Battery &amp; &lt;b&gt;cable&lt;/b&gt;</textarea>", answer.text)
        self.assertEqual(self.ticket.state, "new")
        self.assertNotIn("Battery", "".join(self.ticket.message_ids.mapped("body")))
        self._sign_in(self.employee)
        self._decide("close")
        self.assertEqual(self.ticket.state, "closed", "the client's word counts")

    def test_who_may_only_read_the_ticket_decides_nothing(self):
        self.env["psa.access.rule"].create({
            "company_id": self.company.id, "client_id": self.client.id, "user_id": self.technician.id, "level": "read"})
        self._sign_in(self.technician)

        self.assertNotIn(f'data-bs-target="{CLOSE}"', self._page())
        self.assertIn("has changed meanwhile", self._decide("close", "Done").text)
        self.assertEqual(self.ticket.state, "new")
        self.ticket.stage_id = self.env.ref("psa_helpdesk.stage_closed")
        self.assertNotIn(f'data-bs-target="{REOPEN}"', self._page())
        self._decide("reopen", "Again")
        self.assertEqual(self.ticket.state, "closed")
