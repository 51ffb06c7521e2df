from datetime import timedelta

from freezegun import freeze_time
from odoo import fields
from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .test_rules import RuleCommon
from .timers import sweep

OPEN = "[('state', 'in', ['new', 'open', 'waiting', 'on_hold'])]"


class TimedRuleCommon(RuleCommon):

    def setUp(self):
        super().setUp()
        self.start = fields.Datetime.now()

    def _timed(self, *actions, **values):
        return self._rule(*(actions or (self._says(),)), **{
            "event": "time", "time_amount": 10, "time_unit": "minutes", "domain": OPEN, **values
        })

    def _at(self, minutes):
        return freeze_time(self.start + timedelta(minutes=minutes))

    def _sweep(self, minutes):
        sweep(self, self.start + timedelta(minutes=minutes))

    def _arm(self):
        with self.enter_registry_test_mode():
            self.env.ref("psa_helpdesk.ir_cron_arm_rules").method_direct_trigger()
        self.env.invalidate_all()

    def _pending(self, rule):
        self.env.invalidate_all()
        return self.env["psa.timer"].search([("kind", "=", "rule"), ("res_id", "=", rule.id), ("state", "=", "pending")])


@tagged("post_install", "-at_install")
class TestRuleTime(TimedRuleCommon):

    # When

    def test_so_long_after_creation_once(self):
        rule = self._timed(self._sets(self.high))
        ticket = self._new_ticket()

        self._sweep(9)
        self.assertFalse(self._logged(rule))
        self._sweep(11)
        self._sweep(30)

        self.assertEqual(ticket.priority_id, self.high)
        self.assertEqual(len(self._logged(rule)), 1)
        self.assertIn("10 minutes after", self._logged(rule).reason)

    def test_open_and_idle(self):
        rule = self._timed(time_basis="activity")
        ticket = self._new_ticket()
        with self._at(8):
            ticket.with_user(self.technician)._add_entry("Still looking", is_internal=True)
        with self._at(16):
            ticket.with_user(self.technician).name = "Printer jams again"

        self._sweep(20)
        self.assertFalse(self._logged(rule), "somebody worked on it four minutes ago")
        self._sweep(27)
        self._sweep(60)

        self.assertEqual(len(self._logged(rule)), 1)

    def test_what_rules_do_leaves_a_ticket_idle(self):
        self._timed(self._sets(self.high), time_amount=5)
        rule = self._timed(time_basis="activity", sequence=20)
        self._new_ticket()

        self._sweep(6)
        self._sweep(11)

        self.assertEqual(len(self._logged(rule)), 1)

    def test_counted_from_what_client_and_staff_said_last(self):
        by_client = self._timed(time_basis="client_entry")
        by_staff = self._timed(time_basis="staff_entry")
        ticket = self._new_ticket()
        self._sweep(15)
        self.assertFalse(self._logged(by_client) | self._logged(by_staff), "nobody said anything yet")

        with self._at(20):
            ticket._add_entry("Any news?", author=self.zoe)
        with self._at(25):
            ticket.with_user(self.technician)._add_entry("Soon")
            ticket.with_user(self.technician)._add_entry("Hm", is_internal=True)
        self._sweep(31)
        self.assertEqual((len(self._logged(by_client)), len(self._logged(by_staff))), (1, 0))
        self._sweep(36)
        self.assertEqual((len(self._logged(by_client)), len(self._logged(by_staff))), (1, 1))

    def test_each_stage_counts_anew(self):
        rule = self._timed(time_basis="stage")
        ticket = self._new_ticket()
        with self._at(5):
            ticket.stage_id = self.stage_by_state["open"]

        self._sweep(11)
        self.assertFalse(self._logged(rule))
        self._sweep(16)
        with self._at(20):
            ticket.stage_id = self.stage_by_state["on_hold"]
        self._sweep(31)

        self.assertEqual(len(self._logged(rule)), 2)

    def test_before_and_after_a_deadline_that_moves(self):
        before = self._timed(time_basis="deadline", time_side="before")
        after = self._timed(time_basis="deadline")
        ticket = self._new_ticket(date_deadline=self.start + timedelta(minutes=30))
        ticket.date_deadline = self.start + timedelta(minutes=60)
        ticket.date_deadline = self.start + timedelta(minutes=30)
        ticket.date_deadline = self.start + timedelta(minutes=60)

        self._sweep(41)
        self.assertFalse(self._logged(before) | self._logged(after))
        self._sweep(51)
        self.assertEqual((len(self._logged(before)), len(self._logged(after))), (1, 0))
        self._sweep(71)
        self.assertEqual((len(self._logged(before)), len(self._logged(after))), (1, 1))
        ticket.date_deadline = False
        self.assertFalse(self._pending(before) | self._pending(after))

    def test_before_what_nobody_can_foresee_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "nobody knows beforehand"):
            self._timed(time_side="before")

    def test_before_a_service_level_is_missed_and_after(self):
        policy = self.env["psa.sla.policy"].create({
            "name": "Round the clock", "company_id": self.company.id, "hours": "always", "warning_percents": "75",
            "target_ids": [Command.create({"response_hours": 1, "resolution_hours": 4})],
        })
        before = self._timed(time_basis="sla_resolution", time_side="before")
        after = self._timed(time_basis="sla_resolution")
        ticket = self._new_ticket()
        due = ticket.sla_ids.filtered(lambda row: row.kind == "resolution").due_at
        self.assertTrue(due, policy.name)

        sweep(self, due - timedelta(minutes=11))
        self.assertFalse(self._logged(before))
        sweep(self, due - timedelta(minutes=9))
        sweep(self, due + timedelta(minutes=11))

        self.assertEqual((len(self._logged(before)), len(self._logged(after))), (1, 1))

    def test_working_hours_of_the_client(self):
        calendar = self.env["resource.calendar"].create({
            "name": "Mornings", "tz": "UTC", "company_id": self.company.id, "attendance_ids": [Command.clear(), *(
                Command.create({"name": "M", "dayofweek": str(day), "hour_from": 8, "hour_to": 12, "day_period": "morning"})
                for day in range(5)
            )],
        })
        self.dental.psa_calendar_id = calendar
        rule = self._timed(time_basis="client_entry", time_amount=1, time_unit="days", time_hours="client")
        ticket = self._new_ticket()

        with freeze_time("2030-05-10 10:00:00"):  # a Friday
            ticket._add_entry("Any news?", author=self.zoe)

        # A day of four hours: two on Friday, two on Monday.
        self.assertEqual(self._pending(rule).due_at, fields.Datetime.to_datetime("2030-05-13 10:00:00"))

    def test_a_calendar_without_working_time_is_shown_and_stops_nobody(self):
        self.dental.psa_calendar_id = self.env["resource.calendar"].create({
            "name": "Never", "company_id": self.company.id, "attendance_ids": [Command.clear()],
        })
        rule = self._timed(time_hours="client")

        self._new_ticket()

        self.assertIn("no working time", self._logged(rule, outcome="failed").error)

    # The condition

    def test_the_condition_counts_when_the_moment_comes(self):
        rule = self._timed()
        ticket = self._new_ticket()
        with self._at(5):
            ticket.action_resolve()

        self._sweep(11)

        self.assertFalse(self._logged(rule))

    def test_a_ticket_that_meets_the_condition_only_later_is_acted_on_then_and_once(self):
        rule = self._timed(domain=f"[('priority_id', '=', {self.critical.id})]")
        ticket = self._new_ticket()
        self._sweep(11)
        self.assertFalse(self._logged(rule))

        with self._at(20):
            ticket.priority_id = self.critical
        with self._at(25):
            ticket.name = "Worse"

        self.assertEqual(len(self._logged(rule)), 1)

    # Again

    def test_it_repeats_until_the_condition_ends(self):
        rule = self._timed(repeat_amount=10, repeat_unit="minutes", repeat_max=5)
        ticket = self._new_ticket()
        for minutes in (11, 22, 33):
            self._sweep(minutes)
        self.assertEqual(self._logged(rule).mapped("repetition"), [0, 1, 2])

        with self._at(35):
            ticket.action_resolve()
        for minutes in (45, 60, 75):
            self._sweep(minutes)

        self.assertEqual(len(self._logged(rule)), 3)

    def test_it_repeats_so_often_at_most(self):
        rule = self._timed(repeat_amount=10, repeat_unit="minutes", repeat_max=2)
        self._new_ticket()

        for minutes in range(11, 120, 11):
            self._sweep(minutes)

        self.assertEqual(self._logged(rule).mapped("repetition"), [0, 1, 2])

    def test_what_happens_can_be_repeated_too_and_starts_anew_when_it_happens_again(self):
        rule = self._timed(event="entry_client", repeat_amount=10, repeat_unit="minutes", repeat_max=1)
        ticket = self._new_ticket()
        with self._at(1):
            ticket._add_entry("Hello?", author=self.zoe)
        with self._at(6):
            ticket._add_entry("Hello??", author=self.zoe)

        self._sweep(12)
        self.assertEqual(len(self._logged(rule)), 2)
        self._sweep(17)
        self._sweep(40)

        self.assertEqual(self._logged(rule).mapped("repetition"), [0, 0, 1])

    # Rules that are new or changed

    def test_a_new_rule_takes_on_open_tickets_whose_moment_is_still_to_come(self):
        ticket = self._new_ticket()
        done = self._new_ticket(stage_id=self.stage_by_state["closed"].id)
        with self._at(5):
            rule = self._timed(domain="[]")
            self._arm()

        self._sweep(11)

        self.assertEqual(self._acted_on(rule), ticket)
        self.assertFalse(rule.is_arming)
        self.assertNotIn(done, self._pending(rule).ticket_id)

    def test_a_new_rule_leaves_alone_what_is_past(self):
        ticket = self._new_ticket()
        with self._at(15):
            rule = self._timed()
            self._arm()
        self._sweep(16)
        with self._at(20):
            ticket.name = "Still there"
        self._sweep(40)

        self.assertFalse(self._logged(rule))

    def test_a_changed_rule_is_a_new_one(self):
        rule = self._timed()
        ticket = self._new_ticket()
        self._sweep(11)
        self.assertEqual(len(self._logged(rule)), 1)

        with self._at(12):
            rule.time_amount = 30
            self._arm()
        self._sweep(31)

        self.assertEqual(self._logged(rule).ticket_id, ticket)
        self.assertEqual(len(self._logged(rule)), 2)

    def test_an_archived_rule_and_a_deleted_one_do_nothing(self):
        archived, deleted = self._timed(), self._timed()
        self._new_ticket()
        archived.active = False
        deleted.unlink()

        self._sweep(11)

        self.assertFalse(self._logged(archived))

    def test_nobody_makes_a_rule_act_on_the_past(self):
        rule = self._timed()
        since = rule.active_since
        rule.with_user(self.administrator).write({"active_since": "2000-01-01", "generation": 7})
        made = self.env["psa.rule"].with_user(self.administrator).create({
            "name": "Old", "company_id": self.company.id, "active_since": "2000-01-01",
        })

        self.assertEqual((rule.active_since, rule.generation), (since, 0))
        self.assertGreaterEqual(made.active_since, self.start - timedelta(seconds=1))

    def test_a_server_that_was_down_for_a_day_acts_once_and_says_it_is_late(self):
        rule = self._timed(repeat_amount=10, repeat_unit="minutes", repeat_max=3)
        self._new_ticket()

        self._sweep(24 * 60)
        self._sweep(24 * 60 + 1)

        self.assertEqual(self._logged(rule).mapped("is_late"), [True])

    # What it costs

    def test_many_due_tickets_take_one_round_of_the_rule(self):
        rule = self._timed(self._sets(self.high))
        self.env["psa.ticket"].create([{"name": f"T{number}", "desk_id": self.desk.id} for number in range(200)])
        timers = self._pending(rule)
        self.assertEqual(len(timers), 200)
        with self._at(11):
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            timers._fire_rule()
            self.env.flush_all()
        self.assertEqual(len(self._logged(rule)), 200)
        self.assertLessEqual(self.env.cr.sql_log_count - before, 50)

    def test_a_new_ticket_costs_one_query_for_all_moments(self):
        self._new_ticket()
        costs = []
        for count in (0, 1, 3):
            for _number in range(count - len(self.env["psa.rule"].search([("desk_id", "=", self.desk.id)]))):
                self._timed()
            self._new_ticket()
            self.env.flush_all()
            self.env.cr.precommit.run()
            before = self.env.cr.sql_log_count
            self._new_ticket()
            self.env.flush_all()
            costs.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(costs[1], costs[0] + 6)
        self.assertLessEqual(costs[2], costs[1] + 2)
