from datetime import timedelta

from odoo import fields
from odoo.fields import Command
from odoo.tests import freeze_time, tagged

from .common import HelpdeskCommon
from .timers import sweep


@tagged("post_install", "-at_install")
class TestSlaArchive(HelpdeskCommon):
    """A ticket that was put away owes nobody anything; two targets missed at one moment are told at once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy = cls.env["psa.sla.policy"].create({
            "name": "Standard", "company_id": cls.company.id, "hours": "always", "desk_ids": [Command.link(cls.desk.id)],
            "warning_percents": "", "target_ids": [Command.create({"response_hours": 4, "resolution_hours": 4})],
        })

    def setUp(self):
        super().setUp()
        self.ticket = self._new_ticket(user_id=self.technician.id)

    def _pass(self, **duration):
        """Let time pass and return the mails that were sent."""
        with self.mock_mail_gateway():
            sweep(self, at=fields.Datetime.now() + timedelta(**duration))
            self.env.flush_all()
        return self._new_mails

    def test_an_archived_ticket_is_not_missed(self):
        self.ticket.action_archive()

        self.assertFalse(self._pass(hours=5))
        self.assertEqual(set(self.ticket.sla_ids.mapped("state")), {"cancelled"})
        self.assertFalse(self.ticket.sla_is_missed)
        self.assertFalse(self.ticket.sla_due_at)

    def test_history_says_why(self):
        self.ticket.action_archive()

        row = self.ticket.history_ids.filtered(lambda row: row.field_name == "sla_policy_id")
        self.assertIn("Archived", row.description)
        self.assertIn("Standard", row.old_value)

    def test_taken_out_again_it_has_what_was_left(self):
        start = self.ticket.sla_ids.filtered(lambda row: row.kind == "resolution").due_at - timedelta(hours=4)
        self._at(start + timedelta(hours=1), self.ticket.action_archive)
        self._at(start + timedelta(hours=50), self.ticket.action_unarchive)

        row = self.ticket.sla_ids.filtered(lambda row: row.kind == "resolution")
        self.assertEqual(row.state, "running")
        self.assertEqual(row.used_seconds, 3600)
        self.assertEqual(row.due_at, start + timedelta(hours=53))
        self.assertEqual(self.ticket.sla_policy_id, self.policy)

    def _at(self, moment, method):
        self.env.flush_all()
        with freeze_time(moment):
            method()
            self.env.flush_all()

    def test_what_was_missed_before_stays_missed_and_is_not_told_again(self):
        self.policy.warning_percents = "150"
        ticket = self._new_ticket(user_id=self.technician.id)
        self._pass(hours=5)
        ticket.action_archive()

        told = self._pass(hours=7)

        self.assertFalse(told.filtered(lambda mail: ticket.number in (mail.subject or "")))
        self.assertEqual(set(ticket.sla_ids.mapped("state")), {"missed"})

    def test_an_archived_ticket_is_promised_nothing_when_it_changes(self):
        self.ticket.action_archive()
        self.ticket.priority_id = self.env.ref("psa_helpdesk.option_priority_high")

        self.assertFalse(self.ticket.sla_policy_id)
        self.assertFalse(self._new_ticket(active=False).sla_ids)

    def test_two_targets_missed_at_one_moment_are_one_mail(self):
        mails = self._pass(hours=5)

        self.assertEqual(len(mails), 1)
        self.assertIn("First Response missed", mails.body_html)
        self.assertIn("Resolution missed", mails.body_html)
        described = self.ticket.history_ids.filtered(lambda row: row.kind == "rule").mapped("description")
        self.assertEqual(sum("missed" in text for text in described), 2)

    def test_so_are_those_of_many_tickets(self):
        answered = self._new_ticket(user_id=self.technician.id)
        answered.with_user(self.technician)._add_entry("We look into it")

        mail, = self._pass(hours=5)

        for number in (self.ticket | answered).mapped("number"):
            self.assertIn(number, mail.body_html)
        self.assertEqual(mail.mail_message_id.body.count("First Response missed"), 1)
        self.assertEqual(mail.mail_message_id.body.count("Resolution missed"), 2)

    def test_rules_hear_of_each_target(self):
        for target in ("first_response", "resolution"):
            self.env["psa.rule"].create({
                "name": target, "desk_id": self.desk.id, "event": "sla_breach", "sla_target": target,
                "action_ids": [Command.create({"kind": "note", "body": f"Too late: {target}"})]})
        ticket = self._new_ticket()

        self._pass(hours=5)

        notes = " ".join(ticket.message_ids.mapped("body"))
        self.assertIn("Too late: first_response", notes)
        self.assertIn("Too late: resolution", notes)
