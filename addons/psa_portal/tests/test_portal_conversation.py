from odoo.http import Request
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import TestTicketPortalCommon


@tagged("post_install", "-at_install")
class TestPortalConversation(TestTicketPortalCommon):
    """What the client does with a ticket on its page."""

    def test_the_client_answers_with_a_file(self):
        self._sign_in(self.employee)

        upload = self.url_open(
            "/mail/attachment/upload",
            data={
                "csrf_token": Request.csrf_token(self),
                "thread_id": self.ticket.id,
                "thread_model": "psa.ticket",
                "is_pending": "true",
            },
            files={"ufile": ("log.txt", b"line 1", "text/plain")},
        )
        self.assertEqual(upload.status_code, 200)
        answer = upload.json()["data"]
        attachment = self.env["ir.attachment"].browse(answer["attachment_id"])
        posted = self.url_open(
            "/mail/message/post",
            json={
                "params": {
                    "thread_model": "psa.ticket",
                    "thread_id": self.ticket.id,
                    "post_data": {
                        "body": "Here is the log.",
                        "message_type": "comment",
                        "subtype_xmlid": "mail.mt_comment",
                        "attachment_ids": attachment.ids,
                        "attachment_tokens": [attachment._get_ownership_token()],
                    },
                },
            },
        )

        self.assertNotIn("error", posted.json())
        message = self._messages(self.ticket).filtered(lambda message: "Here is the log." in message.body)
        self.assertEqual(message.author_id, self.employee.partner_id)
        self.assertEqual(message.attachment_ids.raw, b"line 1")
        self.assertIn("log.txt", self.url_open(f"/my/tickets/{self.ticket.id}").text)

    def test_a_stranger_cannot_answer(self):
        self._sign_in(self.stranger)

        self.url_open(
            "/mail/message/post",
            json={
                "params": {
                    "thread_model": "psa.ticket",
                    "thread_id": self.ticket.id,
                    "post_data": {"body": "Let me in.", "subtype_xmlid": "mail.mt_comment"},
                },
            },
        )

        self.assertNotIn("Let me in.", "".join(self._messages(self.ticket).mapped("body")))

    def test_the_client_says_that_it_is_solved(self):
        self._sign_in(self.employee)

        page = self._post(f"/my/tickets/{self.ticket.id}/close", data={"comment": "It was the cable."})

        self.assertEqual(self.ticket.state, "closed")
        self.assertTrue(self.ticket.date_closed)
        message = self._messages(self.ticket).filtered(lambda message: "It was the cable." in message.body)
        self.assertEqual(message.author_id, self.employee.partner_id)
        self.assertFalse(message.subtype_id.internal)
        self.assertIn("The ticket is closed", page.text)

    def test_confirming_keeps_the_day_it_was_resolved(self):
        self.ticket.action_resolve()
        self.ticket.date_resolved = "2026-01-05 10:00:00"
        self._sign_in(self.employee)

        self._post(f"/my/tickets/{self.ticket.id}/close")

        self.assertEqual(self.ticket.state, "closed")
        self.assertEqual(str(self.ticket.date_resolved), "2026-01-05 10:00:00")

    def test_the_client_opens_a_closed_ticket_again(self):
        self.ticket.action_close()
        self._sign_in(self.employee)

        self._post(f"/my/tickets/{self.ticket.id}/reopen", data={"comment": "It is back."})

        self.assertEqual(self.ticket.state, "open")
        self.assertFalse(self.ticket.date_closed)
        self.assertIn("It is back.", "".join(self._messages(self.ticket).mapped("body")))

    def test_a_cancelled_ticket_stays_cancelled(self):
        self.ticket.action_cancel()
        self._sign_in(self.employee)

        for decision in ("close", "reopen"):
            page = self._post(f"/my/tickets/{self.ticket.id}/{decision}", data={"comment": "No!"})
            self.assertEqual(self.ticket.state, "cancelled")
            self.assertIn("has changed meanwhile", page.text)

    def test_html_in_a_comment_stays_text(self):
        self._sign_in(self.employee)

        self._post(f"/my/tickets/{self.ticket.id}/close", data={"comment": "<img src=x onerror=alert(1)>"})

        bodies = "".join(self._messages(self.ticket).mapped("body"))
        self.assertIn("&lt;img", bodies)
        self.assertNotIn("<img", bodies)

    def test_a_form_without_token_is_refused(self):
        self._sign_in(self.employee)

        with mute_logger("odoo.http"):
            answer = self.url_open(f"/my/tickets/{self.ticket.id}/close", data={"comment": "forged"})

        self.assertEqual(answer.status_code, 400)
        self.assertEqual(self.ticket.state, "new")

    def test_who_has_the_link_of_a_mail_may_close_in_the_contacts_name(self):
        token = self.ticket._portal_ensure_token()
        self._sign_in(None)

        self._post(f"/my/tickets/{self.ticket.id}/close", data={"access_token": token, "comment": "Works, thanks"})

        self.assertEqual(self.ticket.state, "closed")
        message = self._messages(self.ticket).filtered(lambda message: "Works, thanks" in message.body)
        self.assertEqual(message.author_id, self.employee.partner_id)
