from odoo.tests import tagged

from .common import TestTicketPortalCommon


@tagged("post_install", "-at_install")
class TestPortalAccess(TestTicketPortalCommon):
    """Who sees which ticket."""

    def test_who_sees_which_ticket(self):
        # user, the employee's ticket, the colleague's ticket, the stranger's ticket
        matrix = [
            (self.employee, True, False, False),
            (self.colleague, False, True, False),
            (self.administrator, True, True, False),
            (self.stranger, False, False, True),
        ]
        tickets = [self.ticket, self.colleagues_ticket, self.strangers_ticket]
        for user, *expected in matrix:
            self._sign_in(user)
            listed = self.url_open("/my/tickets").text
            for ticket, visible in zip(tickets, expected, strict=True):
                with self.subTest(user=user.login, ticket=ticket.name):
                    page = self.url_open(f"/my/tickets/{ticket.id}")
                    self.assertEqual(page.status_code, 200 if visible else 404)
                    self.assertEqual(ticket.name in page.text, visible)
                    self.assertEqual(ticket.name in listed, visible)

    def test_a_visitor_is_sent_to_the_sign_in(self):
        self._sign_in(None)

        for url in ("/my/tickets", "/my/tickets/new", f"/my/tickets/{self.ticket.id}"):
            page = self.url_open(url)
            self.assertIn("/web/login", page.url)
            self.assertNotIn(self.ticket.name, page.text)

    def test_a_guessed_number_looks_like_a_ticket_that_does_not_exist(self):
        self._sign_in(self.employee)

        forbidden = self.url_open(f"/my/tickets/{self.strangers_ticket.id}")
        missing = self.url_open(f"/my/tickets/{self.strangers_ticket.id + 100_000}")

        self.assertEqual((forbidden.status_code, missing.status_code), (404, 404))

    def test_the_link_of_a_mail_opens_its_ticket_only(self):
        token = self.ticket._portal_ensure_token()
        self._sign_in(None)

        page = self.url_open(f"/my/tickets/{self.ticket.id}?access_token={token}")
        other = self.url_open(f"/my/tickets/{self.colleagues_ticket.id}?access_token={token}")

        self.assertIn(self.ticket.name, page.text)
        self.assertIn("/web/login", other.url)

    def test_forged_and_empty_tokens_are_refused(self):
        for token in ("", "None", "False", "00000000-0000-0000-0000-000000000000"):
            with self.subTest(token=token):
                self._sign_in(None)
                page = self.url_open(f"/my/tickets/{self.ticket.id}?access_token={token}")
                self.assertIn("/web/login", page.url)
                self._sign_in(self.stranger)
                page = self.url_open(f"/my/tickets/{self.ticket.id}?access_token={token}")
                self.assertEqual(page.status_code, 404)

    def test_nobody_else_closes_or_opens_a_ticket(self):
        for user in (self.colleague, self.stranger, None):
            self._sign_in(user)
            for decision in ("close", "reopen"):
                with self.subTest(user=user and user.login, decision=decision):
                    self._post(f"/my/tickets/{self.ticket.id}/{decision}", data={"comment": "mine now"})
                    self.assertEqual(self.ticket.state, "new")
                    self.assertNotIn("mine now", "".join(self._messages(self.ticket).mapped("body")))

    def test_internal_notes_and_their_files_stay_inside(self):
        note = self.ticket.with_user(self.technician).message_post(
            body="They never pay in time.",
            attachments=[("margin.txt", b"secret margin")],
            subtype_xmlid="mail.mt_note",
        )
        token = self.ticket._portal_ensure_token()

        for user in (self.employee, self.administrator):
            self._sign_in(user)
            page = self.url_open(f"/my/tickets/{self.ticket.id}").text
            fetched = self._fetch_messages(self.ticket)
            file = self.url_open(f"/web/content/{note.attachment_ids.id}")
            for text in (page, fetched, file.text):
                self.assertNotIn("never pay", text)
                self.assertNotIn("margin", text)
        self._sign_in(None)
        self.assertNotIn("never pay", self._fetch_messages(self.ticket, token=token))
        self.assertNotIn("margin.txt", self.url_open(f"/my/tickets/{self.ticket.id}?access_token={token}").text)

    def test_the_conversation_of_others_is_not_fetched(self):
        self.strangers_ticket.message_post(body="The alarm code is 4711.", subtype_xmlid="mail.mt_comment")

        for user in (self.employee, self.administrator, None):
            self._sign_in(user)
            self.assertNotIn("4711", self._fetch_messages(self.strangers_ticket))
            self.assertNotIn("4711", self._fetch_messages(self.strangers_ticket, token="forged"))

    def test_the_page_names_the_technician_and_nothing_more(self):
        self.ticket.user_id = self.technician
        self._sign_in(self.employee)

        page = self.url_open(f"/my/tickets/{self.ticket.id}").text

        self.assertIn(self.technician.name, page)
        self.assertNotIn(self.technician.email, page)

    def _fetch_messages(self, ticket, **params):
        response = self.url_open(
            "/mail/chatter_fetch",
            json={"params": {"thread_model": "psa.ticket", "thread_id": ticket.id, **params}},
        )
        return response.text

    def test_the_link_of_a_mail_opens_nothing_once_the_ticket_is_another_clients(self):
        link = f"/my/tickets/{self.ticket.id}?access_token={self.ticket._portal_ensure_token()}"
        self._sign_in(None)
        self.assertIn(self.ticket.name, self.url_open(link).text)

        self.ticket.partner_id = self.stranger.partner_id

        page = self.url_open(link)
        self.assertIn("/web/login", page.url)
        self.assertNotIn(self.ticket.name, page.text)
        for former in (self.employee, self.administrator):
            self._sign_in(former)
            self.assertEqual(self.url_open(link).status_code, 404)
