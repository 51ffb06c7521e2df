from datetime import timedelta

from markupsafe import Markup
from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged

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
        self.env["psa.ticket"].create([values, {**values, "description": "<p>y</p>"}])
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
        self.assertEqual(len([mail for mail in self._mails if "zoe@harbour-dental.test" in mail["email_to"][0]]), 1)

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

    def test_an_answer_by_mail_is_a_comment_without_what_it_quotes(self):
        self.env["mail.thread"].message_process(False, self._raw("Printer", "<p>It jams</p>", "<m1@harbour-dental.test>"))
        ticket = self.env["psa.ticket"].search([("origin_message_id", "=", "<m1@harbour-dental.test>")])

        self.env["mail.thread"].message_process(False, self._raw(
            "Re: Printer", "<p>Works <b>now</b></p><blockquote type='cite'><p>It jams</p></blockquote>", "<m2@harbour-dental.test>",
            "In-Reply-To: <m1@harbour-dental.test>\r\n",
        ))

        first, answer = self._entries(ticket)
        self.assertRecordValues(first | answer, [
            {"kind": "description", "source": "email", "author_id": self.zoe.id, "search_text": "It jams", "is_internal": False},
            {"kind": "comment", "source": "email", "author_id": self.zoe.id, "search_text": "Works now", "is_internal": False},
        ])
        self.assertTrue(first.message_id)
        self.assertIn("It jams", answer.quote_body)
        self.assertNotIn("It jams", answer.new_body)
        self.assertIn("data-o-mail-quote", answer.message_id.body)

    def _raw(self, subject, body, message_id, headers=""):
        return (
            f"From: Zoe <zoe@harbour-dental.test>\r\nTo: {self.address}\r\nSubject: {subject}\r\nMessage-ID: {message_id}\r\n{headers}"
            f"MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{body}\r\n"
        )

    def test_the_author_corrects_his_entry_while_the_desk_lets_him(self):
        ticket = self._new_ticket()
        entry = ticket.with_user(self.technician)._add_entry(Markup("<p>Tray 2</p>"))

        entry._correct("<p>Tray 3</p>")

        self.assertEqual(entry.search_text, "Tray 3")
        self.assertIn("Tray 3", entry.message_id.body)
        self.assertTrue(entry.edit_date)
        corrected = ticket.history_ids.filtered(lambda row: row.kind == "entry" and row.old_value)
        self.assertEqual((corrected.old_value, corrected.new_value), ("Tray 2", "Tray 3"))
        for user in (self.dispatcher, self.administrator):
            with self.assertRaises(AccessError):
                entry.with_user(user)._correct("<p>Tray 4</p>")
        with freeze_time(fields.Datetime.now() + timedelta(minutes=16)), self.assertRaises(UserError):
            entry._correct("<p>Tray 5</p>")
        self.desk.correction_minutes = 0
        with self.assertRaises(UserError):
            entry._correct("<p>Tray 6</p>")
        self.assertEqual(entry.search_text, "Tray 3")

    def test_editing_in_the_chatter_is_a_correction(self):
        ticket = self._new_ticket()
        entry = ticket.with_user(self.technician)._add_entry(Markup("<p>Tray 2</p>"))
        message = entry.message_id

        ticket.with_user(self.technician)._message_update_content(message.with_user(self.technician), body=Markup("<p>Tray 3</p>"))

        self.assertEqual(entry.search_text, "Tray 3")
        with self.assertRaises(UserError):
            ticket.with_user(self.technician)._message_update_content(message.with_user(self.technician), body="", attachment_ids=[])
        with self.assertRaises(AccessError):
            message.with_user(self.administrator).write({"body": "<p>Tray 4</p>"})
        with self.assertRaises(AccessError):
            message.with_user(self.administrator).write({"is_internal": True})
        with self.assertRaises(AccessError):
            message.with_user(self.administrator).unlink()

    def test_a_description_that_somebody_else_changes_is_another_description(self):
        ticket = self.env["psa.ticket"].with_user(self.technician).create({
            "name": "x", "desk_id": self.desk.id, "partner_id": self.zoe.id, "description": "<p>As told by phone</p>",
        })

        ticket.with_user(self.technician).description = "<p>As told on the phone</p>"
        self.assertEqual(self._entries(ticket).mapped("search_text"), ["As told on the phone"])
        ticket.with_user(self.dispatcher).description = "<p>All wrong</p>"

        self.assertEqual(self._entries(ticket).mapped("search_text"), ["As told on the phone", "All wrong"])
        self.assertEqual(self._entries(ticket)[1].author_id, self.dispatcher.partner_id)

    def test_the_dialogue_adds_an_entry_with_its_file(self):
        ticket = self._new_ticket().with_user(self.technician)
        file = self.env["ir.attachment"].with_user(self.technician).create({
            "name": "log.txt", "raw": b"line", "res_model": "psa.ticket.entry.compose", "res_id": 0,
        })
        context = ticket.action_add_comment()["context"]

        wizard = self.env["psa.ticket.entry.compose"].with_user(self.technician).with_context(**context).create({
            "body": "<p>See the log</p>", "attachment_ids": [(4, file.id)],
        })
        wizard.action_save()

        entry = self._entries(ticket)
        self.assertRecordValues(entry, [{"kind": "comment", "is_internal": True, "attachment_ids": file.ids}])
        self.assertEqual((file.res_model, file.res_id), ("psa.ticket", ticket.id))
        self.assertIn("log.txt", entry.attachment_links)

    def test_nobody_hangs_a_file_of_others_onto_an_entry(self):
        secret = self.env["ir.attachment"].create({"name": "secret", "raw": b"x", "res_model": "psa.ticket",
                                                   "res_id": self._new_ticket(desk_id=self.rival_desk.id, partner_id=self.hal.id).id})

        with self.assertRaises(AccessError):
            self.env["psa.ticket.entry"].with_user(self.technician).create({
                "ticket_id": self._new_ticket().id, "body": "<p>x</p>", "attachment_ids": [(4, secret.id)],
            })
