from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from .common import HelpdeskCommon


@tagged("post_install", "-at_install")
class TestUndo(HelpdeskCommon):
    """What the dialogs of a ticket say to the client waits as long as an answer from the composer does."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ticket = cls.env["psa.ticket"].create({"name": "Printer jams", "desk_id": cls.desk.id, "partner_id": cls.zoe.id})

    def _of(self, user=None):
        return self.ticket.with_user(user or self.technician)

    def _comment(self, by_hand=True, **values):
        return self.env["psa.ticket.entry.compose"].with_user(self.technician).with_context(psa_by_hand=by_hand).create({
            "ticket_id": self.ticket.id, "audience": "public", "body": "<p>New cable</p>", **values}).action_save()

    def _resolve(self, by_hand=True, tickets=None, **values):
        return self.env["psa.ticket.resolve"].with_user(self.technician).with_context(psa_by_hand=by_hand).create({
            "ticket_ids": [(6, 0, (tickets or self.ticket).ids)], "body": "<p>New cable</p>", **values}).action_resolve()

    def _said(self):
        return self.ticket.entry_ids.filtered(lambda entry: entry.search_text == "New cable")

    def test_a_public_comment_waits_and_is_sent_as_the_entry_it_is(self):
        with self.mock_mail_gateway():
            action = self._comment(kind="resolution")
            self.env.flush_all()
            self.assertFalse(self._new_mails)
        self.assertEqual((action["tag"], action["params"]["seconds"]), ("psa_answer_held", 10))
        self.assertFalse(self._said())

        with self.mock_mail_gateway():
            self._of().psa_send_held(action["params"]["held_id"])
            self._of().psa_send_held(action["params"]["held_id"])
            self.env.flush_all()
            self.assertEqual(len([mail for mail in self._mails if "zoe@harbour-dental.test" in mail["email_to"][0]]), 1)

        self.assertRecordValues(self._said(), [{
            "kind": "resolution", "is_internal": False, "author_id": self.technician.partner_id.id}])
        self.assertEqual(self.ticket.state, "new")

    def test_undo_opens_the_dialog_as_it_was(self):
        attachment = self.env["ir.attachment"].with_user(self.technician).create(
            {"name": "plan.txt", "raw": b"plan", "res_model": "psa.ticket.entry.compose", "res_id": 0})
        action = self._comment(kind="description", attachment_ids=[(6, 0, attachment.ids)])

        again = self._of().psa_undo(action["params"]["held_id"])["action"]

        wizard = self.env[again["res_model"]].with_user(self.technician).with_context(**again["context"]).create({})
        self.assertRecordValues(wizard, [{
            "ticket_id": self.ticket.id, "kind": "description", "audience": "public", "body": "<p>New cable</p>",
            "attachment_ids": attachment.ids}])
        self.assertFalse(self._said())
        action = wizard.with_context(psa_by_hand=True).action_save()
        with self.mock_mail_gateway():
            self._of().psa_send_held(action["params"]["held_id"])
        self.assertEqual(self._said().attachment_ids, attachment)
        self.assertEqual((attachment.raw, attachment.res_model, attachment.res_id), (b"plan", "psa.ticket", self.ticket.id))

    def test_the_ticket_is_resolved_when_its_resolution_is_sent(self):
        self.desk.resolution_required = True
        for close_too, state in ((False, "resolved"), (True, "closed")):
            with self.subTest(state), self.mock_mail_gateway():
                self.ticket.action_reopen()
                action = self._resolve(close_too=close_too)
                self.assertEqual(action["params"]["state"], state)
                self.assertNotIn(self.ticket.state, ("resolved", "closed"))

                self._of().psa_send_held(action["params"]["held_id"])

                self.assertEqual(self.ticket.state, state)
        self.assertEqual(set(self._said().mapped("kind")), {"resolution"})

    def test_a_closed_browser_resolves_it_all_the_same(self):
        self._resolve()

        with self.mock_datetime_and_now(fields.Datetime.now() + timedelta(minutes=1)), self.mock_mail_gateway():
            self.env["mail.scheduled.message"]._post_messages_cron()

        self.assertEqual(self.ticket.state, "resolved")
        self.assertEqual(self._said().author_id, self.technician.partner_id)

    def test_undo_of_a_resolution_leaves_the_ticket_where_it_was(self):
        action = self._resolve(close_too=True)

        again = self._of().psa_undo(action["params"]["held_id"])["action"]

        wizard = self.env[again["res_model"]].with_user(self.technician).with_context(**again["context"]).create({})
        self.assertRecordValues(wizard, [{
            "ticket_ids": self.ticket.ids, "close_too": True, "audience": "public", "body": "<p>New cable</p>"}])
        self.assertEqual(self.ticket.state, "new")
        self.assertFalse(self._said())

    def test_what_would_be_refused_is_refused_while_the_dialog_is_open(self):
        setting = self.desk.attribute_ids.filtered(lambda line: line.attribute == "category")
        setting.required = "close"
        with self.assertRaisesRegex(ValidationError, "Please fill in: Category"):
            self._resolve(close_too=True)
        self.env["psa.ticket.transition"].create({
            "desk_id": self.desk.id, "from_stage_id": self.stage_by_state["new"].id, "to_stage_id": self.stage_by_state["open"].id})
        with self.assertRaisesRegex(UserError, "cannot go from"):
            self._resolve()
        script = self.env["ir.attachment"].with_user(self.technician).create(
            {"name": "virus.exe", "raw": b"MZ", "res_model": "psa.ticket.entry.compose", "res_id": 0})
        with self.assertRaisesRegex(UserError, "program or script"):
            self._comment(attachment_ids=[(6, 0, script.ids)])

        self.assertFalse(self.env["mail.scheduled.message"].search_count([("model", "=", "psa.ticket")]))

    def test_notes_several_tickets_programs_and_desks_without_it_do_not_wait(self):
        other = self._new_ticket()
        problem = self._new_ticket(is_problem=True)
        self._new_ticket(problem_id=problem.id)
        ways = {
            "a note": lambda: self._comment(audience="internal"),
            "a program": lambda: self._comment(by_hand=False),
            "several tickets": lambda: self._resolve(tickets=self.ticket | other),
            "a problem, whose incidents are asked about next": lambda: self._resolve(tickets=problem),
        }
        with self.mock_mail_gateway():
            for way, say in ways.items():
                with self.subTest(way):
                    self.assertEqual(say()["type"].rpartition(".")[2], "act_window_close" if way[:9] != "a problem" else "act_window")
            self.desk.undo_seconds = 0
            self.assertEqual(self._comment()["type"], "ir.actions.act_window_close")
        self.assertEqual(self.ticket.state, "resolved")
        self.assertEqual(problem.state, "resolved")
        self.assertFalse(self.env["mail.scheduled.message"].search_count([("model", "=", "psa.ticket")]))

    def test_nobody_holds_an_entry_on_a_ticket_he_may_not_write(self):
        self.env["psa.access.rule"].create({
            "company_id": self.company.id, "client_id": self.dental.id, "user_id": self.technician.id, "level": "read"})
        with self.assertRaises(AccessError):
            self._comment()
