from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time
from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import HelpdeskCommon


@tagged("post_install", "-at_install")
class TestCompose(HelpdeskCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ticket = cls.env["psa.ticket"].create({"name": "Printer jams", "desk_id": cls.desk.id, "partner_id": cls.zoe.id})

    def _of(self, user):
        return self.ticket.with_user(user)

    def _comments(self):
        return self.ticket.message_ids.filtered(lambda message: message.message_type == "comment")

    def _hold(self, user=None, **values):
        return self._of(user or self.technician)._psa_hold({
            "body": "<p>We come at noon</p>", "message_type": "comment", "subtype_xmlid": "mail.mt_comment", **values})

    # Drafts

    def test_a_draft_waits_for_its_author_with_all_that_belongs_to_it(self):
        self._of(self.technician).psa_save_draft("<p>Half a thought</p>", is_internal=True, recipients=[
            {"name": "Omar", "email": "omar@harbour-dental.test", "partner_id": self.omar.id, "nonsense": 1}])

        draft = self._of(self.technician).psa_compose()["draft"]

        self.assertEqual((draft["body"], draft["is_internal"]), ("<p>Half a thought</p>", True))
        self.assertEqual(draft["recipients"], [
            {"name": "Omar", "email": "omar@harbour-dental.test", "partner_id": self.omar.id, "display_name": None}])
        self.assertIs(self._of(self.dispatcher).psa_compose()["draft"], False)

    def test_there_is_one_draft_and_an_empty_text_takes_it_away(self):
        for body in ("<p>One</p>", "<p>Two</p>"):
            self._of(self.technician).psa_save_draft(body)
        self.assertEqual(self.env["psa.ticket.draft"].search_count([]), 1)

        self._of(self.technician).psa_save_draft("<div class='o-paragraph'><br></div>")

        self.assertFalse(self.env["psa.ticket.draft"].search_count([]))

    def test_a_draft_goes_when_it_is_sent(self):
        self._of(self.technician).psa_save_draft("<p>Done</p>")
        self._of(self.dispatcher).psa_save_draft("<p>Mine</p>")

        self._of(self.technician).message_post(body="Done", message_type="comment", subtype_xmlid="mail.mt_comment")

        self.assertEqual(self.env["psa.ticket.draft"].search([]).user_id, self.dispatcher)

    def test_a_draft_that_is_too_long_is_refused_and_one_that_is_harmful_is_cleaned(self):
        self.assertFalse(self._of(self.technician).psa_save_draft("x" * 300_000))
        self._of(self.technician).psa_save_draft("<p>Hello<script>alert(1)</script></p>")
        self.assertNotIn("script", self._of(self.technician).psa_compose()["draft"]["body"])

    def test_nobody_reads_the_draft_of_another_and_none_is_kept_on_a_foreign_ticket(self):
        self._of(self.technician).psa_save_draft("<p>Secret</p>")
        draft = self.env["psa.ticket.draft"].search([])

        for user in (self.dispatcher, self.administrator, self.rival_technician):
            with self.subTest(user=user.login):
                self.assertFalse(draft.with_user(user).has_access("read"))
                self.assertFalse(self.env["psa.ticket.draft"].with_user(user).search([]))
        with self.assertRaises(AccessError):
            self._of(self.rival_technician).psa_save_draft("<p>x</p>")

    # What came in the meantime

    def test_who_answers_is_told_who_was_faster(self):
        seen = self._of(self.technician).psa_compose()["last_message_id"]
        self.assertEqual(self._of(self.technician).psa_answers_since(seen), [])

        self._of(self.dispatcher).message_post(body="On it", message_type="comment", subtype_xmlid="mail.mt_comment")
        self._of(self.technician).message_post(body="I, too", message_type="comment", subtype_xmlid="mail.mt_comment")

        answer, = self._of(self.technician).psa_answers_since(seen)
        self.assertEqual((answer["author"], answer["is_internal"]), (self.dispatcher.name, False))
        self.assertLess(answer["seconds"], 60)
        with self.assertRaises(AccessError):
            self._of(self.rival_technician).psa_answers_since(0)

    # Undo

    def test_a_held_answer_is_nowhere_until_its_time_is_over(self):
        now = fields.Datetime.now()
        with self.mock_mail_gateway(), freeze_time(now):
            held = self._hold()
            self.env.flush_all()

        self.assertFalse(self._comments())
        self.assertFalse(self.env["psa.ticket.entry"].search_count([("ticket_id", "=", self.ticket.id)]))
        self.assertFalse(self._new_mails)
        self.assertEqual(held.scheduled_date, now + timedelta(seconds=10))
        trigger = self.env["ir.cron.trigger"].search([("cron_id", "=", self.env.ref("mail.ir_cron_post_scheduled_message").id)])
        self.assertIn(held.scheduled_date, trigger.mapped("call_at"))

    def test_the_browser_sends_it_once_and_the_scheduled_action_finds_nothing_left(self):
        held = self._hold(partner_ids=self.omar.ids)
        with self.mock_mail_gateway():
            self._of(self.technician).psa_send_held(held.id)
            self._of(self.technician).psa_send_held(held.id)
            with self.mock_datetime_and_now(fields.Datetime.now() + timedelta(minutes=1)):
                self.env["mail.scheduled.message"]._post_messages_cron()
            self.env.flush_all()

        comment = self._comments()
        self.assertEqual(len(comment), 1)
        self.assertEqual((comment.author_id, comment.body), (self.technician.partner_id, "<p>We come at noon</p>"))
        self.assertIn(self.omar, comment.partner_ids)
        self.assertFalse(held.exists())
        entry = self.env["psa.ticket.entry"].search([("ticket_id", "=", self.ticket.id), ("kind", "=", "comment")])
        self.assertEqual((entry.message_id, entry.author_id, entry.is_internal), (comment, self.technician.partner_id, False))

    def test_it_is_sent_when_the_browser_is_closed(self):
        self._hold()

        with self.mock_datetime_and_now(fields.Datetime.now() + timedelta(minutes=1)), self.mock_mail_gateway():
            self.env["mail.scheduled.message"]._post_messages_cron()
            self.env["mail.scheduled.message"]._post_messages_cron()

        self.assertEqual(len(self._comments()), 1)

    def test_undo_gives_the_text_back_and_nothing_is_sent(self):
        held = self._hold()

        content = self._of(self.technician).psa_undo(held.id)

        self.assertEqual(content["body"], "<p>We come at noon</p>")
        self.assertEqual(self._of(self.technician).psa_compose()["draft"]["body"], "<p>We come at noon</p>")
        self.assertFalse(held.exists())
        self.assertFalse(self._of(self.technician).psa_undo(held.id))
        self.assertFalse(self._comments())

    def test_attachments_survive_the_undo(self):
        attachment = self.env["ir.attachment"].with_user(self.technician).create(
            {"name": "plan.txt", "raw": b"plan", "res_model": "mail.compose.message", "res_id": 0})
        held = self._hold(attachment_ids=attachment.ids)

        content = self._of(self.technician).psa_undo(held.id)

        self.assertEqual(content["attachment_ids"], attachment.ids)
        self.assertEqual(attachment.raw, b"plan")

    def test_only_the_author_takes_back_or_sends(self):
        held = self._hold()

        self.assertFalse(self._of(self.dispatcher).psa_undo(held.id))
        self._of(self.dispatcher).psa_send_held(held.id)

        self.assertTrue(held.exists())
        self.assertFalse(self._comments())

    @mute_logger("odoo.addons.psa_helpdesk.models.mail_scheduled_message")
    def test_what_cannot_be_sent_goes_back_to_its_author(self):
        held = self._hold()
        with patch.object(self.env.registry["mail.scheduled.message"], "_psa_post", side_effect=UserError("no")):
            held.sudo()._psa_release()

        self.assertFalse(held.exists())
        self.assertFalse(self._comments())
        self.assertEqual(self._of(self.technician).psa_compose()["draft"]["body"], "<p>We come at noon</p>")

    def test_holding_takes_the_draft_and_a_desk_may_do_without(self):
        self._of(self.technician).psa_save_draft("<p>We come at noon</p>")
        self._hold()
        self.assertFalse(self.env["psa.ticket.draft"].search_count([]))

        self.desk.undo_seconds = 0
        with self.assertRaisesRegex(UserError, "does not let answers be undone"):
            self._hold()
        self.assertEqual(self._of(self.technician).psa_compose()["undo_seconds"], 0)

    # The full composer

    def _full_composer(self, user=None, context=None, **values):
        return self.env["mail.compose.message"].with_user(user or self.technician).with_context(
            **({"clicked_on_full_composer": True} if context is None else context)
        ).create({
            "model": "psa.ticket", "res_ids": str(self.ticket.ids), "composition_mode": "comment", "body": "<p>We come at noon</p>",
            "subject": "Your printer", "partner_ids": [(6, 0, self.omar.ids)],
            "subtype_id": self.env.ref("mail.mt_comment").id, "email_add_signature": False, **values,
        })

    def test_the_full_composer_waits_as_well_and_undo_brings_all_of_it_back(self):
        attachment = self.env["ir.attachment"].with_user(self.technician).create(
            {"name": "plan.txt", "raw": b"plan", "res_model": "mail.compose.message", "res_id": 0})
        action = self._full_composer(attachment_ids=[(6, 0, attachment.ids)]).action_send_mail()

        self.assertEqual((action["tag"], action["params"]["seconds"]), ("psa_answer_held", 10))
        self.assertFalse(self._comments())
        content = self._of(self.technician).psa_undo(action["params"]["held_id"])

        self.assertEqual(
            {key: content[key] for key in ("body", "subject", "partner_ids", "attachment_ids", "option")},
            {"body": "<p>We come at noon</p>", "subject": "Your printer", "partner_ids": self.omar.ids,
             "attachment_ids": attachment.ids, "option": False})
        self.assertEqual(self._of(self.technician).psa_compose()["draft"]["body"], "<p>We come at noon</p>")
        self.assertFalse(self._comments())

    def test_what_the_full_composer_held_is_sent_as_it_was_written(self):
        with self.mock_mail_gateway():
            action = self._full_composer(reply_to="noon@msp.test", reply_to_force_new=True).action_send_mail()
            self._of(self.technician).psa_send_held(action["params"]["held_id"])
            self.env.flush_all()

        comment = self._comments()
        self.assertEqual((comment.subject, comment.author_id), ("Your printer", self.technician.partner_id))
        self.assertEqual((comment.reply_to, comment.email_add_signature), ("noon@msp.test", False))
        self.assertIn(self.omar, comment.notified_partner_ids)

    def test_what_is_forwarded_reaches_those_named_only_and_becomes_no_draft(self):
        self.ticket.message_subscribe(self.zoe.ids)
        with self.mock_mail_gateway():
            action = self._full_composer(context={}, composition_comment_option="forward").action_send_mail()
            self.assertFalse(self.env["psa.ticket.draft"].search_count([]))
            self._of(self.technician).psa_send_held(action["params"]["held_id"])
            self.env.flush_all()
        self.assertEqual(self._comments().notified_partner_ids, self.omar)

        action = self._full_composer(context={}, composition_comment_option="forward").action_send_mail()
        content = self._of(self.technician).psa_undo(action["params"]["held_id"])
        self.assertEqual(content["option"], "forward")
        self.assertFalse(self.env["psa.ticket.draft"].search_count([]))

    def test_notes_and_what_no_hand_wrote_do_not_wait(self):
        note = self.env.ref("mail.mt_note").id
        for way, composer in {
            "a note": self._full_composer(subtype_id=note),
            "code": self._full_composer(context={}),
        }.items():
            with self.subTest(way), self.mock_mail_gateway():
                self.assertEqual(composer.action_send_mail()["type"], "ir.actions.act_window_close")
        self.desk.undo_seconds = 0
        with self.mock_mail_gateway():
            self.assertEqual(self._full_composer().action_send_mail()["type"], "ir.actions.act_window_close")
        self.assertEqual(len(self._comments()), 3)

    def test_nobody_holds_an_answer_on_a_foreign_ticket(self):
        with self.assertRaises(AccessError):
            self._full_composer(user=self.rival_technician).action_send_mail()
