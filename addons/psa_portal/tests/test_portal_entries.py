from markupsafe import Markup
from odoo.exceptions import AccessError
from odoo.http import Request
from odoo.tests import tagged

from .common import TestTicketPortalCommon

YES, NO = True, False
PEOPLE = ("employee", "colleague", "administrator", "stranger")
# Whose ticket and what was said: who of the portal reads it
MATRIX = {
    #                                 employee colleague administrator stranger
    ("ticket", "public"):             (YES,     NO,       YES,          NO),
    ("ticket", "internal"):           (NO,      NO,       NO,           NO),
    ("colleagues_ticket", "public"):  (NO,      YES,      YES,          NO),
    ("strangers_ticket", "public"):   (NO,      NO,       NO,           YES),
    ("strangers_ticket", "internal"): (NO,      NO,       NO,           NO),
}


@tagged("post_install", "-at_install")
class TestPortalEntries(TestTicketPortalCommon):

    def _say(self, ticket, text, **values):
        return ticket.with_user(self.technician)._add_entry(text, **values)

    def test_who_reads_which_entry(self):
        for (name, audience), expected in MATRIX.items():
            entry = self._say(getattr(self, name), audience, is_internal=audience == "internal")
            for person, may_read in zip(PEOPLE, expected, strict=True):
                with self.subTest(ticket=name, audience=audience, person=person):
                    user = getattr(self, person)
                    Entry = self.env["psa.ticket.entry"].with_user(user)
                    self.assertEqual(bool(Entry.search([("id", "=", entry.id)])), may_read)
                    if may_read:
                        self.assertEqual(entry.with_user(user).body, entry.body)
                    else:
                        with self.assertRaises(AccessError):
                            entry.with_user(user).read(["body"])

    def test_the_portal_adds_entries_by_the_conversation_only(self):
        Entry = self.env["psa.ticket.entry"].with_user(self.employee)

        with self.assertRaises(AccessError):
            Entry.create({"ticket_id": self.ticket.id, "body": "<p>x</p>", "kind": "resolution"})
        with self.assertRaises(AccessError):
            self.env["psa.ticket.quarantine"].with_user(self.employee).search([])

    def test_an_answer_on_the_portal_is_a_comment_of_the_client(self):
        self._sign_in(self.employee)

        self.url_open("/mail/message/post", json={"params": {
            "thread_model": "psa.ticket", "thread_id": self.ticket.id,
            "post_data": {"body": "It works now.", "message_type": "comment", "subtype_xmlid": "mail.mt_comment"},
        }})

        self.assertRecordValues(self.ticket.entry_ids.filtered(lambda entry: entry.kind == "comment"), [{
            "search_text": "It works now.", "source": "portal", "is_internal": False, "author_id": self.employee.partner_id.id,
        }])

    def test_the_request_is_the_description_and_nothing_is_said_twice(self):
        self._sign_in(self.employee)

        self._post("/my/tickets/new", data={"subject": "No sound", "description": "Since Monday"})

        ticket = self.env["psa.ticket"].search([("name", "=", "No sound")])
        self.assertRecordValues(ticket.entry_ids, [{
            "kind": "description", "search_text": "Since Monday", "source": "portal", "author_id": self.employee.partner_id.id,
        }])

    def test_the_client_closes_without_a_resolution(self):
        self.desk.resolution_required = True
        self._sign_in(self.employee)

        self._post(f"/my/tickets/{self.ticket.id}/close", data={"comment": "It was the cable."})

        self.assertEqual(self.ticket.state, "closed")

    def test_the_page_shows_what_solved_it_but_no_internal_word(self):
        self._say(self.ticket, Markup("<p>The drum was worn</p>"), kind="resolution")
        self._say(self.ticket, Markup("<p>He hit it</p>"), kind="resolution", is_internal=True)
        self._sign_in(self.employee)

        page = self.url_open(f"/my/tickets/{self.ticket.id}").text

        self.assertIn("What solved it", page)
        self.assertIn("The drum was worn", page)
        self.assertNotIn("He hit it", page)

    def test_pictures_are_shown_small_and_the_limit_is_told(self):
        self.desk.max_attachment_mb = 7
        self.ticket.message_post(
            body="Look", message_type="comment", subtype_xmlid="mail.mt_comment", author_id=self.employee.partner_id.id,
            attachments=[("screen.png", b"\x89PNG\r\n\x1a\n fake")],
        )
        self._sign_in(self.employee)

        page = self.url_open(f"/my/tickets/{self.ticket.id}").text

        self.assertIn("Files up to 7 MB", page)
        self.assertIn("o_psa_thumbnail", page)
        self.assertIn("7 MB each", self.url_open("/my/tickets/new").text)

    def test_files_that_are_not_taken_are_refused_on_the_form(self):
        self.desk.max_attachment_mb = 1
        self._sign_in(self.employee)
        data = {"subject": "With file", "description": "x"}

        large = self._post("/my/tickets/new", data=data, files={"attachments": ("big.log", b"0" * (1024 * 1024 + 1))})
        program = self._post("/my/tickets/new", data=data, files={"attachments": ("setup.exe", b"MZ\x90\x00")})

        self.assertIn("is too large", large.text)
        self.assertIn("program or script", program.text)
        self.assertFalse(self.env["psa.ticket"].search([("name", "=", "With file")]))

    def test_files_that_are_not_taken_are_refused_in_the_conversation(self):
        self._sign_in(self.employee)
        data = {"csrf_token": Request.csrf_token(self), "thread_id": self.ticket.id, "thread_model": "psa.ticket", "is_pending": "true"}

        answer = self.url_open("/mail/attachment/upload", data=data, files={"ufile": ("setup.exe", b"MZ\x90\x00", "text/plain")})

        self.assertIn("program or script", answer.json()["error"])
        self.assertFalse(self.env["ir.attachment"].search([("name", "=", "setup.exe")]))
