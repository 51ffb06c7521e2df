import base64

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .common import HelpdeskCommon


@tagged("post_install", "-at_install")
class TestSplit(HelpdeskCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ticket = cls.env["psa.ticket"].create({
            "name": "Printer jams", "desk_id": cls.desk.id, "partner_id": cls.zoe.id, "user_id": cls.technician.id,
        })
        cls.message = cls.ticket.message_post(
            body="By the way, the coffee machine leaks", message_type="comment", subtype_xmlid="mail.mt_comment",
            author_id=cls.omar.id, attachments=[("leak.txt", b"drip")],
        )
        cls.entry = cls.env["psa.ticket.entry"].search([("message_id", "=", cls.message.id)])

    def _split(self, user=None):
        wizard = Form(self.env["psa.ticket.split"].with_user(user or self.technician).with_context(
            default_ticket_id=self.ticket.id, default_entry_id=self.entry.id
        ))
        return self.env["psa.ticket"].browse(wizard.save().action_split()["res_id"])

    def test_text_and_files_are_copied_and_stay_where_they_were(self):
        new = self._split()

        self.assertEqual(new.name, "By the way, the coffee machine leaks")
        self.assertIn("coffee machine", new.description)
        description = new.entry_ids.filtered(lambda entry: entry.kind == "description")
        self.assertEqual((description.author_id, description.is_internal), (self.omar, False))
        self.assertEqual(description.attachment_ids.mapped("raw"), [b"drip"])
        self.assertEqual(description.attachment_ids.res_id, new.id)
        self.assertEqual((self.entry.ticket_id, self.message.res_id), (self.ticket, self.ticket.id))
        self.assertEqual(self.entry.attachment_ids.res_id, self.ticket.id)
        self.assertNotEqual(self.entry.attachment_ids, description.attachment_ids)

    def test_contact_client_and_desk_are_taken_over(self):
        new = self._split()

        self.assertEqual((new.partner_id, new.client_id, new.desk_id, new.queue_id),
                         (self.omar, self.dental, self.desk, self.ticket.queue_id))
        self.assertFalse(new.announcement_due)

    def test_what_a_colleague_wrote_belongs_to_the_contact_of_the_ticket(self):
        self.message = self.ticket.with_user(self.technician).message_post(
            body="The router, too", message_type="comment", subtype_xmlid="mail.mt_comment")
        self.entry = self.env["psa.ticket.entry"].search([("message_id", "=", self.message.id)])

        self.assertEqual(self._split().partner_id, self.zoe)

    def test_both_tickets_say_where_it_came_from(self):
        new = self._split()

        self.assertEqual(new.with_user(self.technician).split_from_id, self.ticket)
        self.assertIn(new.number, self.ticket.history_ids.filtered(lambda row: row.kind == "link").description)
        self.assertIn(self.ticket.number, new.history_ids.filtered(lambda row: row.kind == "link").description)

    def test_an_internal_note_stays_internal(self):
        note = self.ticket.with_user(self.technician).message_post(
            body="He never pays", message_type="comment", subtype_xmlid="mail.mt_note")
        self.entry = self.env["psa.ticket.entry"].search([("message_id", "=", note.id)])

        new = self._split()

        self.assertTrue(new.entry_ids.is_internal)
        self.assertIn("He never pays", new.entry_ids.body)
        # The description field is on the portal: a note does not get there.
        self.assertFalse(new.description)

    def test_a_message_is_split_off_from_the_conversation(self):
        action = self.message.with_user(self.technician).action_psa_split()

        self.assertEqual(action["context"], {"default_ticket_id": self.ticket.id, "default_entry_id": self.entry.id})
        log = self.ticket._message_log(body="noted")
        with self.assertRaises(UserError):
            log.with_user(self.technician).action_psa_split()

    def test_an_entry_of_another_ticket_is_not_split_off(self):
        other = self._new_ticket()

        with self.assertRaises(UserError):
            other.with_user(self.technician)._split(self.entry.with_user(self.technician), {})

    def test_who_may_only_read_splits_nothing(self):
        with self.assertRaises(AccessError):
            self.ticket.with_user(self.billing)._split(self.entry.with_user(self.billing), {"name": "x"})

    def test_the_new_ticket_can_go_to_another_desk(self):
        queue = self.env["psa.queue"].create({"name": "Kitchen", "company_id": self.company.id})
        desk = self.env["psa.desk"].create({"name": "Facilities", "company_id": self.company.id, "default_queue_id": queue.id})
        wizard = self.env["psa.ticket.split"].with_user(self.technician).create({
            "ticket_id": self.ticket.id, "entry_id": self.entry.id, "desk_id": desk.id, "name": "Coffee",
        })

        new = self.env["psa.ticket"].browse(wizard.action_split()["res_id"])

        self.assertEqual((new.desk_id, new.queue_id), (desk, queue))

    def test_entries_to_choose_from_are_told_apart(self):
        names = self.env["psa.ticket.entry"].with_user(self.technician).with_context(psa_entry_words=True).name_search(
            "coffee", [("ticket_id", "=", self.ticket.id)])

        (entry_id, name), = names
        self.assertEqual(entry_id, self.entry.id)
        self.assertRegex(name, r"^Comment, Omar Lund, \w{3} \d+: By the way, the coffee machine leaks$")
        self.entry.search_text = "word " * 50
        self.assertTrue(self.entry.with_context(psa_entry_words=True).display_name.endswith("word…"))
        self.assertEqual(self.entry.display_name, f"{self.ticket.number} Comment")

    def test_files_come_along_once(self):
        self.assertEqual(base64.b64decode(self._split().entry_ids.attachment_ids.datas), b"drip")
