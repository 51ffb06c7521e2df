from markupsafe import Markup
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import HelpdeskCommon


@tagged("post_install", "-at_install")
class TestEntry(HelpdeskCommon):

    def _entries(self, ticket, kind=None):
        entries = self.env["psa.ticket.entry"].search([("ticket_id", "=", ticket.id)], order="id")
        return entries.filtered(lambda entry: entry.kind == kind) if kind else entries

    def test_the_description_given_at_creation_is_an_entry(self):
        ticket = self._new_ticket(description="<p>It <b>jams</b></p>")

        entry = self._entries(ticket)
        self.assertRecordValues(entry, [{
            "kind": "description", "is_internal": False, "search_text": "It jams", "company_id": self.company.id,
            "message_id": False, "source": "manual",
        }])

    def test_descriptions_of_a_batch_take_one_insert(self):
        values = {"name": "x", "desk_id": self.desk.id, "partner_id": self.zoe.id}
        self.env["psa.ticket"].create([values, values])
        self.env.flush_all()

        before = self.env.cr.sql_log_count
        self.env["psa.ticket"].create([values] * 20)
        self.env.flush_all()
        bare = self.env.cr.sql_log_count - before
        before = self.env.cr.sql_log_count
        tickets = self.env["psa.ticket"].create([{**values, "description": "<p>y</p>"}] * 20)
        self.env.flush_all()

        self.assertLessEqual(self.env.cr.sql_log_count - before, bare + 1)
        self.assertEqual(len(tickets.entry_ids), 20)

    def test_an_entry_is_posted_once_and_reaches_the_client(self):
        ticket = self._new_ticket()

        with self.mock_mail_gateway():
            entry = ticket.with_user(self.technician)._add_entry(Markup("<p>Done</p>"), kind="resolution", author=None)

        self.assertEqual(len(ticket.message_ids.filtered(lambda message: message.message_type == "comment")), 1)
        self.assertEqual(self._entries(ticket), entry)
        self.assertRecordValues(entry, [{
            "kind": "resolution", "is_internal": False, "author_id": self.technician.partner_id.id, "body": "<p>Done</p>",
        }])
        self.assertEqual(len(self._mails.filtered(lambda mail: "zoe@harbour-dental.test" in mail["email_to"][0])
                             if hasattr(self._mails, "filtered")
                             else [mail for mail in self._mails if "zoe@harbour-dental.test" in mail["email_to"][0]]), 1)

    def test_an_internal_entry_never_leaves(self):
        ticket = self._new_ticket()

        with self.mock_mail_gateway():
            entry = ticket.with_user(self.technician)._add_entry("The password is in the vault", is_internal=True)

        self.assertTrue(entry.is_internal)
        self.assertTrue(entry.message_id.subtype_id.internal)
        self.assertFalse([mail for mail in self._mails if "zoe@harbour-dental.test" in mail["email_to"][0]])

    def test_what_is_written_in_the_chatter_is_an_entry(self):
        ticket = self._new_ticket().with_user(self.technician)

        ticket.message_post(body="Please restart it", message_type="comment", subtype_xmlid="mail.mt_comment")
        ticket.message_post(body="He is cross", message_type="comment", subtype_xmlid="mail.mt_note")
        ticket.message_post(body="Stage changed", message_type="notification")

        self.assertEqual(
            [(entry.search_text, entry.is_internal) for entry in self._entries(ticket)],
            [("Please restart it", False), ("He is cross", True)],
        )

    def test_entries_made_over_the_api_are_posted_in_ones_own_name(self):
        ticket = self._new_ticket()
        Entry = self.env["psa.ticket.entry"].with_user(self.technician)

        entry = Entry.create({
            "ticket_id": ticket.id, "body": "<p>Cable changed</p>", "kind": "comment", "author_id": self.zoe.id,
            "date": "2001-01-01", "search_text": "nothing",
        })

        self.assertEqual(entry.author_id, self.technician.partner_id)
        self.assertEqual(entry.message_id.body, "<p>Cable changed</p>")
        self.assertEqual(entry.search_text, "Cable changed")
        self.assertGreater(entry.date.year, 2001)
        with self.assertRaises(UserError):
            Entry.create({"ticket_id": ticket.id, "body": "<p><br></p>"})

    def test_entries_come_with_the_one2many_too(self):
        ticket = self._new_ticket().with_user(self.technician)

        ticket.write({"entry_ids": [(0, 0, {"body": "<p>Seen</p>", "is_internal": True})]})

        self.assertEqual(self._entries(ticket).mapped("search_text"), ["Seen"])
        self.assertEqual(len(self._entries(ticket).message_id), 1)

    def test_nobody_changes_or_deletes_an_entry(self):
        entry = self._new_ticket().with_user(self.technician)._add_entry("As it was")

        for user in (self.technician, self.dispatcher, self.administrator):
            with self.subTest(user.login):
                with self.assertRaises(AccessError):
                    entry.with_user(user).write({"body": "<p>Otherwise</p>"})
                with self.assertRaises(AccessError):
                    entry.with_user(user).unlink()
        with self.assertRaises(AccessError):
            entry.with_user(self.rival_technician).read(["body"])
