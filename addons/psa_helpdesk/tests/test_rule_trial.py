from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from .test_rule_time import TimedRuleCommon


@tagged("post_install", "-at_install")
class TestRuleTrial(TimedRuleCommon):

    def test_the_trial_lists_what_the_rule_did(self):
        live = [
            self._rule(self._says("new"), name="New", domain="[('name', 'not ilike', 'spam')]"),
            self._rule(self._says("stage"), name="Stage", event="updated", change_ids=[Command.create({
                "field_name": "stage_id", "new_kind": "is", "new_stage_id": self.stage_by_state["on_hold"].id,
            })]),
            self._rule(self._says("client"), name="Client", event="entry_client", domain="[('state', '!=', 'resolved')]"),
            self._timed(name="Idle", time_basis="activity"),
            self._timed(name="Stage time", time_basis="stage", repeat_amount=10, repeat_unit="minutes", repeat_max=2),
            self._timed(name="Late", domain="[('state', '=', 'on_hold')]"),
        ]
        with self._at(1):
            ticket = self._new_ticket()
            other = self._new_ticket(name="Some spam")
        for minutes, act in (
            (3, lambda: ticket._add_entry("Hello?", author=self.zoe)),
            (7, lambda: ticket.with_user(self.technician).write({"stage_id": self.stage_by_state["open"].id})),
            (30, lambda: ticket.with_user(self.technician).write({"stage_id": self.stage_by_state["on_hold"].id})),
            (45, lambda: other.with_user(self.technician).action_resolve()),
        ):
            self._sweep_until(minutes)
            with self._at(minutes):
                act()
                self.env.flush_all()
        self._sweep_until(100)

        with self._at(100):
            for rule in live:
                rule.env.cr.execute("UPDATE psa_rule SET active_since = %s WHERE id = %s", [self.start, rule.id])
                acted, __ = rule._replay(1)
                replayed = [(item.id, done.turn) for item, done in acted]
                did = [(row.ticket_id.id, row.repetition) for row in self._logged(rule).sorted(lambda row: (row.date, row.ticket_id.id))]
                self.assertEqual(sorted(replayed), sorted(did), rule.name)
                self.assertTrue(replayed, rule.name)

    def test_the_trial_tells_what_and_whom_and_does_nothing(self):
        ticket = self._new_ticket()
        self.env.flush_all()
        with self._at(5):
            rule = self._rule(self._sets(self.high), ("note", {"body": "Look"}), active=False)
            history = self.env["psa.ticket.history"].search_count([])
            opened = rule.with_user(self.administrator).action_try()
            trial = self.env["psa.rule.trial"].with_user(self.administrator).browse(opened["res_id"])
            trial.action_try()

        line = trial.line_ids.filtered(lambda line: line.ticket_id == ticket)
        self.assertEqual(len(line), 1)
        self.assertIn("High", line.actions)
        self.assertFalse(ticket.priority_id)
        self.assertEqual(self.env["psa.ticket.history"].search_count([]), history)
        self.assertFalse(self._logged(rule))

    def test_the_trial_asks_the_condition_of_what_the_ticket_was_like_then(self):
        ticket = self._new_ticket(priority_id=self.critical.id)
        self.env.flush_all()
        with self._at(5):
            ticket.priority_id = self.low
            self.env.flush_all()
            was = self._rule(self._says(), domain=f"[('priority_id', '=', {self.critical.id})]", active=False)
            is_now = self._rule(self._says(), domain=f"[('priority_id', '=', {self.low.id})]", active=False)

            self.assertIn(ticket, [item for item, __ in was._replay(1)[0]])
            self.assertNotIn(ticket, [item for item, __ in is_now._replay(1)[0]])

    def test_who_may_try_a_rule(self):
        rule = self._rule(self._says())
        with self.assertRaises(AccessError):
            rule.with_user(self.dispatcher).action_try()
        unrecorded = self._rule(self._says(), event="alert")
        trial = self.env["psa.rule.trial"].create({"rule_id": unrecorded.id})
        with self.assertRaisesRegex(UserError, "does not keep"):
            trial.action_try()

    def _sweep_until(self, minutes):
        for minute in range(getattr(self, "swept", 0), minutes):
            self._sweep(minute)
        self.swept = minutes
