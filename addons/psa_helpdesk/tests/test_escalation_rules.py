from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .common import HelpdeskCommon
from .timers import sweep


@tagged("post_install", "-at_install")
class TestEscalationRules(HelpdeskCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = cls._new_staff("he_manager", "psa_crm.group_technician")
        cls.high = cls.env.ref("psa_helpdesk.option_priority_high")
        cls.desk.admin_ids = cls.technician
        cls.desk.with_user(cls.technician).write({
            "escalation_domain": str([("priority_id", "=", cls.high.id)]), "escalation_hours": "calendar",
            "escalation_contact_ids": [
                Command.create({"level": 1, "after_hours": 2, "user_id": cls.technician.id, "note": "Find somebody"}),
                Command.create({"level": 1, "after_hours": 2, "user_id": cls.manager.id}),
                Command.create({"level": 2, "after_hours": 8, "user_id": cls.administrator.id}),
            ],
        })
        cls.rules = cls._rules_of(cls.desk)

    @classmethod
    def _rules_of(cls, owner):
        return cls.env["psa.rule"].with_context(active_test=False).search(
            [(owner._ladder_field(), "=", owner.id)], order="escalation_minutes"
        )

    def _age(self, ticket, **duration):
        """Let the ticket be older, and what is due be done; return whom that told."""
        told = []

        def notify(tickets, event, users=None, partners=None, emails=(), **_rest):
            told.extend((ticket.number, user.login) for ticket in tickets for user in users)
            return {ticket.id: users.mapped("name") for ticket in tickets}

        self.patch(type(self.env["psa.ticket"]), "_psa_notify", notify)
        sweep(self, at=fields.Datetime.now() + timedelta(**duration))
        return told

    def test_a_ladder_comes_to_one_rule_for_each_length_of_time(self):
        self.assertEqual(self.rules.mapped("escalation_minutes"), [120, 480])
        self.assertEqual([len(rule.action_ids) for rule in self.rules], [2, 1])
        self.assertEqual(self.rules.desk_id, self.desk)
        self.assertIn("Find somebody", self.rules[0].action_ids[0].body)
        self.assertEqual(self.desk.escalation_rule_count, 2)

    def test_who_is_on_the_ladder_is_told_when_the_time_has_come(self):
        late, other = self._new_ticket(priority_id=self.high.id), self._new_ticket()

        self.assertEqual(self._age(late | other, hours=1), [])
        self.assertEqual(sorted(self._age(late | other, hours=3)), [(late.number, "hd_technician"), (late.number, "he_manager")])
        self.assertEqual(self._age(late | other, hours=9), [(late.number, "hd_administrator")])
        self.assertEqual(self._age(late | other, hours=99), [])

    def test_what_is_done_in_time_is_not_escalated(self):
        ticket = self._new_ticket(priority_id=self.high.id)
        ticket.stage_id = self.stage_by_state["resolved"]

        self.assertEqual(self._age(ticket, hours=99), [])

    def test_a_queue_with_contacts_of_its_own_goes_before_its_desk(self):
        self.queue.write({"escalation_contact_ids": [Command.create({"after_hours": 1, "user_id": self.dispatcher.id})]})
        ticket = self._new_ticket(priority_id=self.high.id)

        self.assertEqual(self._age(ticket, hours=99), [(ticket.number, "hd_dispatcher")])

    def test_a_ticket_in_no_queue_is_escalated_by_its_desk(self):
        ticket = self._new_ticket(priority_id=self.high.id)
        ticket.queue_id = False

        self.assertEqual(self._age(ticket, hours=9), [
            (ticket.number, "hd_technician"), (ticket.number, "he_manager"), (ticket.number, "hd_administrator")])

    def test_so_is_one_of_a_desk_without_queues(self):
        self.desk.write({"default_queue_id": False, "queue_ids": [Command.clear()]})
        ticket = self._new_ticket(priority_id=self.high.id)

        self.assertFalse(ticket.queue_id)
        self.assertEqual(len(self._age(ticket, hours=3)), 2)

    def test_ladders_of_before_reach_it_after_an_update(self):
        rules = self.rules.sudo()
        self.env.cr.execute(
            "UPDATE psa_rule SET domain = %s WHERE id = ANY(%s)", ["[('queue_id.escalation_contact_ids', '=', False)]", rules.ids])
        rules.invalidate_recordset()

        self.env["psa.escalation.contact"]._sync_all_rules()

        for rule in rules:
            self.assertIn("('queue_id', '=', False)", rule.domain)

    def test_the_rules_follow_the_ladder_and_do_not_begin_anew_without_need(self):
        first, second = self.rules
        since = first.active_since

        self.desk.with_user(self.technician).escalation_contact_ids[1].user_id = self.dispatcher
        self.assertEqual(self._rules_of(self.desk), self.rules)
        self.assertEqual(first.action_ids.escalation_contact_ids.user_id, self.technician | self.dispatcher)
        self.assertEqual(first.active_since, since)

        self.desk.escalation_contact_ids[2].after_hours = 6
        self.assertFalse(second.exists())
        self.assertEqual(self._rules_of(self.desk).mapped("escalation_minutes"), [120, 360])

        self.desk.escalation_hours = "company"
        self.assertEqual(set(self._rules_of(self.desk).mapped("time_hours")), {"company"})

        self.desk.escalation_contact_ids.unlink()
        self.assertFalse(self._rules_of(self.desk))

    def test_a_rule_of_a_ladder_is_changed_on_the_ladder(self):
        with self.assertRaisesRegex(UserError, "page Escalation"):
            self.rules[0].domain = "[]"
        self.rules[0].active = False

        copy = self.rules[0].copy()
        copy.domain = "[]"
        self.assertFalse(copy.escalation_desk_id)

    def test_a_copy_of_a_desk_has_a_ladder_of_its_own(self):
        copy = self.desk.copy()

        self.assertEqual(len(self._rules_of(copy)), 2)
        self.assertEqual(self._rules_of(copy).desk_id, copy)

    def test_criteria_have_to_be_such(self):
        with self.assertRaisesRegex(ValidationError, "cannot be read"):
            self.desk.escalation_domain = "[('moon', '=', 'full')]"

    def test_only_who_configures_the_desk_changes_it(self):
        with self.assertRaises(AccessError):
            self.desk.with_user(self.dispatcher).escalation_hours = "company"
        with self.assertRaises(AccessError):
            self.queue.with_user(self.technician).escalation_domain = "[]"
