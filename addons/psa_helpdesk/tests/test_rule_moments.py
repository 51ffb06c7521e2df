from datetime import timedelta

from freezegun import freeze_time
from odoo import fields
from odoo.fields import Command
from odoo.tests import tagged

from ..core import rules as rules_core
from .test_rule_time import TimedRuleCommon
from .timers import sweep


@tagged("post_install", "-at_install")
class TestRuleMoments(TimedRuleCommon):
    """How moments move, and what they have to do with each other."""

    def test_a_bulk_change_moves_each_tickets_own_moments_only(self):
        stage_rule = self._timed(time_basis="stage")
        idle_rule = self._timed(time_basis="activity", domain="[]")
        ticket, other = self._new_ticket(), self._new_ticket()
        self._sweep(1)
        with self._at(2):
            # One step, in which the stage changes here and something else there.
            self.env["psa.rule"]._as_system()._move_moments({ticket.id: {"updated", "stage"}, other.id: {"updated"}})

        self.assertEqual(self._pending(stage_rule).ticket_id, ticket | other)
        self.assertEqual(self._pending(idle_rule).ticket_id, ticket | other)
        self._sweep(20)
        self.assertEqual(self._acted_on(stage_rule), ticket | other)

    def test_what_a_rule_changes_does_not_end_its_repetitions(self):
        rule = self._timed(
            self._sets(self.high), time_basis="activity", repeat_amount=10, repeat_unit="minutes", repeat_max=3,
        )
        self._new_ticket()

        for minutes in range(11, 80, 11):
            self._sweep(minutes)

        self.assertEqual(self._logged(rule).mapped("repetition"), [0, 1, 2, 3])

    def test_what_somebody_does_ends_repetitions_and_begins_anew(self):
        rule = self._timed(time_basis="activity", repeat_amount=10, repeat_unit="minutes", repeat_max=3)
        ticket = self._new_ticket()
        self._sweep(11)
        with self._at(15):
            ticket.with_user(self.technician).name = "Printer jams again"
        self._sweep(22)
        self.assertEqual(self._logged(rule).mapped("repetition"), [0])
        self._sweep(26)
        self._sweep(37)

        self.assertEqual(self._logged(rule).mapped("repetition"), [0, 0, 1])

    def test_a_condition_another_rule_makes_true_after_the_moment(self):
        idle = self._timed(time_basis="activity", domain=f"[('priority_id', '=', {self.critical.id})]")
        self._timed(self._sets(self.critical), time_amount=20)
        ticket = self._new_ticket()

        self._sweep(11)
        self.assertFalse(self._logged(idle))
        self._sweep(21)

        self.assertEqual(self._acted_on(idle), ticket)
        self._sweep(60)
        self.assertEqual(len(self._logged(idle)), 1)

    def test_rules_that_move_each_others_moments_end_and_say_so(self):
        opened, hold = self.stage_by_state["open"], self.stage_by_state["on_hold"]
        to_hold = self._timed(("stage", {"stage_id": hold.id}), name="Hold", time_basis="stage", time_amount=0,
                              domain=f"[('stage_id', '=', {opened.id})]")
        to_open = self._timed(("stage", {"stage_id": opened.id}), name="Open", time_basis="stage", time_amount=0,
                              domain=f"[('stage_id', '=', {hold.id})]")
        ticket = self._new_ticket()
        with self._at(1):
            ticket.stage_id = opened
        for minute in range(2, 60):
            self._sweep(minute)

        done = self._logged(to_hold, outcome="done") | self._logged(to_open, outcome="done")
        self.assertLessEqual(len(done), 41)
        self.assertGreater(len(done), 4)
        self.assertEqual(len(self._logged(to_hold, outcome="bound") | self._logged(to_open, outcome="bound")), 1)

    # Hours

    def _mornings(self):
        calendar = self.env["resource.calendar"].create({
            "name": "Mornings", "tz": "UTC", "company_id": self.company.id, "attendance_ids": [Command.clear(), *(
                Command.create({"name": "M", "dayofweek": str(day), "hour_from": 8, "hour_to": 12, "day_period": "morning"})
                for day in range(5)
            )],
        })
        self.dental.psa_calendar_id = calendar
        return calendar

    def _holiday(self, calendar, day):
        self.env["resource.calendar.leaves"].create({
            "name": "Holiday", "calendar_id": calendar.id, "company_id": self.company.id, "time_type": "leave",
            "date_from": f"{day} 00:00:00", "date_to": f"{day} 23:59:59",
        })

    def test_a_moment_that_turns_out_to_be_later_waits(self):
        calendar = self._mornings()
        with freeze_time("2030-05-08 10:00:00"):
            rule = self._timed(time_amount=1, time_unit="days", time_hours="client")
            ticket = self._new_ticket()
            self.env.cr.flush()
            self.env.cr.execute("UPDATE psa_ticket SET create_date = '2030-05-08 10:00:00' WHERE id = %s", [ticket.id])
            self.env.invalidate_all()
            self.env["psa.rule"]._as_system()._move_moments({ticket.id: {"created", "updated"}})
            self.assertEqual(self._pending(rule).due_at, fields.Datetime.to_datetime("2030-05-09 10:00:00"))
            self._holiday(calendar, "2030-05-09")

        sweep(self, fields.Datetime.to_datetime("2030-05-09 10:01:00"))
        self.assertFalse(self._logged(rule))
        self.assertEqual(self._pending(rule).due_at, fields.Datetime.to_datetime("2030-05-10 10:00:00"))
        sweep(self, fields.Datetime.to_datetime("2030-05-10 10:01:00"))

        self.assertEqual(len(self._logged(rule)), 1)

    def test_moments_follow_the_hours_that_change(self):
        calendar = self._mornings()
        ours = self._timed(time_hours="client")
        around_the_clock = self._timed()
        since = ours.active_since
        (ours | around_the_clock).write({"is_arming": False})

        self._holiday(calendar, "2030-05-09")

        self.assertEqual((ours.is_arming, around_the_clock.is_arming), (True, False))
        self.assertEqual(ours.active_since, since)

    def test_working_hours_of_the_company_count_in_the_calendars_own_zone(self):
        calendar = self._mornings()
        self.company.resource_calendar_id = calendar
        self.company.partner_id.tz = "Asia/Tokyo"
        rule = self._timed(time_amount=1, time_unit="days", time_hours="company", time_basis="client_entry")
        ticket = self._new_ticket()

        with freeze_time("2030-05-08 10:00:00"):
            ticket._add_entry("Any news?", author=self.zoe)

        self.assertEqual(self._pending(rule).due_at, fields.Datetime.to_datetime("2030-05-09 10:00:00"))

    # On history

    def test_pauses_of_a_service_level_are_tried_as_they_came(self):
        self.env["psa.sla.policy"].create({
            "name": "Round the clock", "company_id": self.company.id, "hours": "always", "warning_percents": "50",
            "pauses_waiting": True, "target_ids": [Command.create({"resolution_hours": 1})],
        })
        live = [
            self._timed(name="Soon", time_basis="sla_resolution", time_side="before", time_amount=20, domain="[]"),
            self._timed(name="Overdue", time_basis="sla_resolution", domain="[]"),
        ]
        waiting, opened = self.stage_by_state["waiting"], self.stage_by_state["open"]
        with self._at(0):
            early, late, there = self._new_ticket(), self._new_ticket(), self._new_ticket()
        # One is paused before its moment, one after it, one is open again before and paused while it is overdue.
        story = [
            (30, early, waiting), (45, late, waiting), (50, early, opened), (60, late, opened), (85, there, waiting), (90, there, opened),
        ]
        minute = 0
        for minutes, ticket, stage in story:
            while minute < minutes:
                minute += 1
                self._sweep(minute)
            with self._at(minutes):
                ticket.with_user(self.technician).stage_id = stage
                self.env.flush_all()
        while minute < 130:
            minute += 1
            self._sweep(minute)

        with freeze_time(self.start + timedelta(minutes=131)):
            for rule in live:
                replayed = sorted((ticket.id, rules_core.naive(done.at)) for ticket, done in rule._replay(1)[0])
                did = sorted((row.ticket_id.id, row.date) for row in self._logged(rule))
                self.assertEqual([ticket_id for ticket_id, __ in replayed], [ticket_id for ticket_id, __ in did], rule.name)
                self.assertEqual({ticket_id for ticket_id, __ in did}, set((early | late | there).ids), rule.name)
                for (__, tried), (__, done) in zip(replayed, did, strict=True):
                    # What turns out to be overdue is done by the next sweep.
                    self.assertLessEqual(abs(done - tried), timedelta(minutes=1), rule.name)

    def test_service_levels_are_tried_on_history(self):
        self.env["psa.sla.policy"].create({
            "name": "Round the clock", "company_id": self.company.id, "hours": "always", "warning_percents": "50",
            "target_ids": [Command.create({"response_hours": 8, "resolution_hours": 1})],
        })
        live = [
            self._timed(name="Soon", time_basis="sla_resolution", time_side="before"),
            self._timed(name="Overdue", time_basis="sla_resolution"),
            self._rule(self._says("half"), name="Half", event="sla_warning", sla_target="resolution", sla_percent=50),
            self._rule(self._says("missed"), name="Missed", event="sla_breach", sla_target="resolution"),
        ]
        never = self._rule(self._says("other"), name="Other", event="sla_breach", sla_target="next_update")
        with self._at(1):
            late, in_time = self._new_ticket(), self._new_ticket()
        for minute in (32, 40, 52):
            self._sweep(minute)
        with self._at(55):
            in_time.with_user(self.technician).action_resolve()
            self.env.flush_all()
        for minute in (62, 72):
            self._sweep(minute)
        with self._at(100):
            late.with_user(self.technician).action_resolve()
            self.env.flush_all()

        with freeze_time(self.start + timedelta(minutes=110)):
            for rule in live:
                replayed = sorted((ticket.id, done.turn) for ticket, done in rule._replay(1)[0])
                did = sorted((row.ticket_id.id, row.repetition) for row in self._logged(rule))
                self.assertEqual(replayed, did, rule.name)
                self.assertTrue(did, rule.name)
            self.assertFalse(never._replay(1)[0])
