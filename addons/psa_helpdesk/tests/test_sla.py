from datetime import datetime, timedelta
from unittest.mock import patch

from odoo.addons.psa_helpdesk.models import psa_ticket_sla
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import freeze_time, tagged, users
from odoo.tools import mute_logger

from .common import HelpdeskCommon

MONDAY = datetime(2026, 3, 2, 9)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@tagged("post_install", "-at_install")
class TestSla(HelpdeskCommon):
    """Brightwater works from 9 to 17 in UTC, from Monday to Friday, and promises P1 within the hour, all else within a day."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with freeze_time(MONDAY - 30 * DAY):
            cls.office = cls._new_calendar("Office hours")
        cls.desk.sla_calendar_id = cls.office
        cls.priority = {
            level: cls.env.ref(f"psa_helpdesk.option_priority_{level}") for level in ("critical", "high", "normal", "low")
        }
        cls.policy = cls.env["psa.sla.policy"].create({
            "name": "Standard", "company_id": cls.company.id, "hours": "desk", "warning_percents": "75",
            "target_ids": [
                (0, 0, {"priority_ids": [(6, 0, cls.priority["critical"].ids)], "response_hours": 1, "resolution_hours": 4}),
                (0, 0, {"sequence": 20, "response_hours": 4, "resolution_hours": 8}),
            ],
        })
        cls.urgent, cls.usual = cls.policy.target_ids

    @classmethod
    def _new_calendar(cls, name, first=9, last=17):
        return cls.env["resource.calendar"].create({
            "name": name, "company_id": cls.company.id, "tz": "UTC",
            "attendance_ids": [(5, 0, 0)] + [
                (0, 0, {"name": str(day), "dayofweek": str(day), "hour_from": first, "hour_to": last, "day_period": "morning"})
                for day in range(5)
            ],
        })

    def _new_holiday(self, start):
        self.env["resource.calendar.leaves"].create({
            "name": "Holiday", "calendar_id": self.office.id, "company_id": self.company.id, "date_from": start, "date_to": start + DAY,
        })

    def _at(self, moment):
        """Let it be so many hours after Monday morning, 9:00."""
        return freeze_time(MONDAY + moment * HOUR)

    def _open_ticket(self, moment=0, **values):
        with self._at(moment):
            return self._new_ticket(**values)

    def _clock(self, ticket, kind="resolution"):
        return ticket.sla_ids.filtered(lambda row: row.kind == kind)[-1:]

    def _move(self, ticket, state, moment):
        with self._at(moment):
            ticket.stage_id = self.stage_by_state[state]
            self.env.flush_all()

    def _answer(self, ticket, moment, **values):
        with self._at(moment):
            ticket.with_user(values.pop("user", self.technician))._add_entry("We look into it", **values)

    def _sweep(self, moment):
        """Fire what is due by then, as the scheduled action does."""
        with self._at(moment):
            while True:
                timers = self.env["psa.timer"].search([("kind", "=", "sla"), ("state", "=", "pending"), ("due_at", "<=", MONDAY + moment * HOUR)])
                if not timers:
                    return
                timers.write({"state": "fired"})
                timers._fire_sla()
                self.env.flush_all()

    def _told(self, ticket):
        return ticket.history_ids.filtered(lambda row: row.kind == "rule").sorted("id").mapped("description")

    def _pending(self, ticket):
        timers = self.env["psa.timer"].search([("ticket_id", "=", ticket.id), ("kind", "=", "sla"), ("state", "=", "pending")])
        return sorted((timer.threshold, (timer.due_at - MONDAY) / HOUR) for timer in timers)

    def assertClock(self, row, state, due=None, elapsed=None):
        self.assertEqual(row.state, state)
        self.assertEqual((row.due_at - MONDAY) / HOUR if row.due_at else None, due)
        if elapsed is not None:
            self.assertEqual(row.elapsed_seconds / 3600, elapsed)

    # ------------------------------------------------------------------ creation

    def test_a_new_ticket_gets_its_clocks_and_shows_what_is_due_first(self):
        ticket = self._open_ticket()

        self.assertClock(self._clock(ticket, "first_response"), "running", due=4)
        self.assertClock(self._clock(ticket), "running", due=8)
        self.assertRecordValues(ticket, [{
            "sla_policy_id": self.policy.id, "sla_target_id": self.usual.id, "sla_state": "running", "sla_kind": "first_response",
            "sla_due_at": MONDAY + 4 * HOUR, "sla_warn_at": MONDAY + 3 * HOUR, "sla_is_missed": False,
        }])
        self.assertEqual(self._pending(ticket), [(75, 3), (75, 6)])

    def test_creating_one_or_a_hundred_takes_two_queries_more_than_without_policies(self):
        def queries(count):
            for run in range(2):
                self.env.flush_all()
                self.env.invalidate_all()
                before = self.env.cr.sql_log_count
                self.env["psa.ticket"].with_user(self.technician).create([
                    {"name": f"x {number}", "desk_id": self.desk.id, "partner_id": self.zoe.id} for number in range(count)
                ])
                self.env.flush_all()
                taken = self.env.cr.sql_log_count - before
            return taken

        measured = queries(1), queries(100)
        self.policy.active = False
        plain = queries(1), queries(100)

        self.assertLessEqual(max(measured[0] - plain[0], measured[1] - plain[1]), 2)

    def test_created_waiting_the_resolution_is_paused_from_the_beginning(self):
        ticket = self._open_ticket(stage_id=self.stage_by_state["waiting"].id)

        self.assertClock(self._clock(ticket), "paused", due=None, elapsed=0)
        self.assertClock(self._clock(ticket, "first_response"), "running", due=4)
        self._move(ticket, "open", 3)
        self.assertClock(self._clock(ticket), "running", due=24 + 3)

    def test_created_closed_nothing_is_owed_and_cancelled_nothing_was_promised(self):
        closed = self._open_ticket(stage_id=self.stage_by_state["closed"].id)
        cancelled = self._open_ticket(stage_id=self.stage_by_state["cancelled"].id)

        self.assertEqual(closed.sla_ids.mapped("state"), ["met", "met"])
        self.assertEqual(cancelled.sla_ids.mapped("state"), ["cancelled", "cancelled"])
        self.assertFalse(self._pending(closed) + self._pending(cancelled))
        self.assertEqual(closed.sla_state, "met")
        self.assertFalse(cancelled.sla_state)

    # ------------------------------------------------------------------ first response

    def test_the_first_public_word_of_a_colleague_is_the_first_response(self):
        ticket = self._open_ticket()

        self._answer(ticket, 1, is_internal=True)
        self.assertClock(self._clock(ticket, "first_response"), "running", due=4)
        with self._at(2):
            ticket.message_post(body="Any news?", author_id=self.zoe.id, message_type="email", subtype_xmlid="mail.mt_comment")
        self.assertClock(self._clock(ticket, "first_response"), "running", due=4)
        self._answer(ticket, 3)

        self.assertClock(self._clock(ticket, "first_response"), "met", due=4, elapsed=3)
        self.assertClock(self._clock(ticket), "running", due=8)
        self.assertEqual((ticket.sla_kind, self._pending(ticket)), ("resolution", [(75, 6)]))

    def test_a_reply_meets_the_response_alone_and_resolving_meets_both(self):
        answered, resolved = self._open_ticket(), self._open_ticket()

        self._answer(answered, 1)
        self._move(resolved, "resolved", 1)

        self.assertEqual(sorted(answered.sla_ids.mapped("state")), ["met", "running"])
        self.assertEqual(sorted(resolved.sla_ids.mapped("state")), ["met", "met"])

    def test_waiting_for_the_client_never_pauses_the_first_response(self):
        ticket = self._open_ticket()

        self._move(ticket, "waiting", 1)
        self._sweep(5)

        self.assertClock(self._clock(ticket, "first_response"), "missed", due=4)
        self.assertClock(self._clock(ticket), "paused")
        self.assertIn("First Response missed (SLA policy Standard).", self._told(ticket))

    def test_a_colleague_who_asks_for_himself_does_not_answer_himself(self):
        ticket = self._open_ticket(partner_id=self.dispatcher.partner_id.id)

        self._answer(ticket, 1, user=self.dispatcher)
        self.assertClock(self._clock(ticket, "first_response"), "running", due=4)
        self._answer(ticket, 2)
        self.assertClock(self._clock(ticket, "first_response"), "met", due=4)

    def test_an_answer_by_mail_counts_as_one_in_the_office(self):
        ticket = self._open_ticket()

        with self._at(1):
            ticket.sudo().message_post(
                body="On my way", author_id=self.technician.partner_id.id, message_type="email", subtype_xmlid="mail.mt_comment",
            )

        self.assertClock(self._clock(ticket, "first_response"), "met", due=4)

    # ------------------------------------------------------------------ pauses, the bugs of others

    def test_a_pause_over_the_weekend_keeps_what_was_left(self):
        ticket = self._open_ticket(4 * 24)  # Friday 9:00

        self._move(ticket, "waiting", 4 * 24 + 7)  # 16:00: one hour is left
        self._move(ticket, "open", 7 * 24)  # Monday 9:00

        self.assertClock(self._clock(ticket), "running", due=7 * 24 + 1)

    def test_a_hold_on_a_holiday_adds_nothing_to_what_is_left(self):
        with self._at(-100):
            self._new_holiday(MONDAY + DAY - 9 * HOUR)
        self.policy.pauses_on_hold = True
        ticket = self._open_ticket(6)  # Monday 15:00, six hours left at closing time

        self._move(ticket, "on_hold", 24 + 1)
        self._move(ticket, "open", 24 + 4)

        self.assertClock(self._clock(ticket), "running", due=2 * 24 + 6)

    def test_a_hold_runs_on_where_the_policy_does_not_pause_it(self):
        ticket = self._open_ticket()

        self._move(ticket, "on_hold", 1)

        self.assertClock(self._clock(ticket), "running", due=8)

    def test_at_the_end_of_a_month_the_next_day_is_the_next_day(self):
        month_end = (datetime(2026, 4, 30, 16) - MONDAY) / HOUR  # a Thursday
        ticket = self._open_ticket(month_end)

        self.assertEqual(self._clock(ticket).due_at, datetime(2026, 5, 1, 16))

    def test_pausing_and_resuming_often_loses_nothing(self):
        ticket = self._open_ticket()

        for hour in range(4):
            self._move(ticket, "waiting", hour + 0.5)
            self._move(ticket, "open", hour + 1)

        self.assertClock(self._clock(ticket), "running", due=24 + 2, elapsed=2)
        self.assertEqual(len(ticket.state_interval_ids), 8)

    def test_paused_to_resolved_is_met_with_the_time_used_before(self):
        ticket = self._open_ticket()

        self._move(ticket, "waiting", 2)
        self._move(ticket, "resolved", 24 * 20)

        self.assertClock(self._clock(ticket), "met", elapsed=2)

    def test_a_paused_clock_warns_nobody_and_goes_on_warning_afterwards(self):
        ticket = self._open_ticket()
        self._answer(ticket, 1)

        self._move(ticket, "waiting", 5)
        self.assertFalse(self._pending(ticket))
        self._sweep(7)
        self._move(ticket, "open", 24 + 1)

        self.assertEqual(self._pending(ticket), [(75, 24 + 2)])
        self.assertFalse([text for text in self._told(ticket) if "missed" in text])

    def test_the_server_time_zone_does_not_matter(self):
        with freeze_time(MONDAY, tz_offset=-8):
            ticket = self._new_ticket()

        self.assertClock(self._clock(ticket), "running", due=8)

    # ------------------------------------------------------------------ misses

    def test_thresholds_are_told_in_turn_and_a_miss_is_recorded(self):
        ticket = self._open_ticket()

        self._sweep(6)
        self.assertEqual([text for text in self._told(ticket) if "First Response" in text], [
            "75% of the time for First Response are used (SLA policy Standard).",
            "First Response missed (SLA policy Standard).",
        ])
        self.assertIn("75% of the time for Resolution are used (SLA policy Standard).", self._told(ticket))
        self._sweep(24)

        self.assertEqual(self._told(ticket)[-1], "Resolution missed (SLA policy Standard).")
        self.assertEqual((ticket.sla_state, ticket.sla_is_missed), ("missed", True))
        self.assertFalse(self._pending(ticket))

    def test_a_recorded_miss_stays_whatever_comes_after(self):
        ticket = self._open_ticket()
        self._sweep(24)

        self._answer(ticket, 25)
        self._move(ticket, "waiting", 25)
        self._move(ticket, "resolved", 26)
        self._move(ticket, "open", 27)
        with self._at(28):
            ticket.priority_id = self.priority["low"]

        self.assertEqual(ticket.sla_ids.mapped("state"), ["missed", "missed"])
        self.assertEqual(self._clock(ticket).missed_at, MONDAY + 8 * HOUR)

    def test_late_before_the_sweep_came_is_late_and_told_once(self):
        ticket = self._open_ticket()

        self._move(ticket, "resolved", 24 + 3)
        self._sweep(24 + 4)

        self.assertEqual(ticket.sla_ids.mapped("state"), ["missed", "missed"])
        self.assertEqual(len([text for text in self._told(ticket) if text.startswith("Resolution missed")]), 1)

    def test_late_on_a_saturday_is_late(self):
        ticket = self._open_ticket(4 * 24)

        self._move(ticket, "resolved", 5 * 24)

        self.assertClock(self._clock(ticket), "missed", due=4 * 24 + 8, elapsed=8)

    def test_who_answered_in_time_is_not_escalated_afterwards(self):
        ticket = self._open_ticket()

        self._answer(ticket, 3.5)
        self._sweep(5)

        self.assertFalse([text for text in self._told(ticket) if "First Response missed" in text])

    # ------------------------------------------------------------------ reopening

    def test_reopened_it_goes_on_with_what_is_left_and_the_first_outcome_is_kept(self):
        ticket = self._open_ticket()
        self._answer(ticket, 1)

        self._move(ticket, "resolved", 2)
        self._move(ticket, "open", 24)
        self.assertClock(self._clock(ticket), "running", due=24 + 6, elapsed=2)
        self._move(ticket, "resolved", 2 * 24)

        row = self._clock(ticket)
        self.assertEqual((row.state, row.first_state, row.first_ended_at), ("missed", "met", MONDAY + 2 * HOUR))
        self.assertClock(self._clock(ticket, "first_response"), "met", due=4)

    def test_a_reply_after_resolving_does_not_start_the_clocks_again(self):
        ticket = self._open_ticket()

        self._move(ticket, "resolved", 2)
        self._answer(ticket, 30)

        self.assertEqual(ticket.sla_ids.mapped("state"), ["met", "met"])
        self.assertFalse(self._pending(ticket))

    def test_a_cancelled_ticket_taken_up_again_goes_on(self):
        ticket = self._open_ticket()

        self._move(ticket, "cancelled", 1)
        self.assertEqual(ticket.sla_ids.mapped("state"), ["cancelled", "cancelled"])
        self.assertFalse(self._pending(ticket))
        self._move(ticket, "open", 24)

        self.assertClock(self._clock(ticket), "running", due=24 + 7)

    # ------------------------------------------------------------------ other targets

    def test_time_already_used_counts_when_the_priority_changes(self):
        ticket = self._open_ticket()

        with self._at(3):
            ticket.priority_id = self.priority["critical"]

        self.assertClock(self._clock(ticket), "running", due=4, elapsed=3)
        self.assertEqual(ticket.sla_target_id, self.urgent)
        row = ticket.history_ids.filtered(lambda row: row.field_name == "sla_policy_id")
        self.assertEqual((row.old_value, row.new_value), ("Standard, Every priority", "Standard, P1 Critical"))
        self.assertEqual(row.description, "Priority changed. Time already used counts.")

    def test_a_shorter_target_can_be_missed_at_once_and_back_again_stays_missed(self):
        ticket = self._open_ticket()

        with self._at(6):
            ticket.priority_id = self.priority["critical"]
        self._sweep(6)
        self.assertClock(self._clock(ticket), "missed", due=6)
        with self._at(7):
            ticket.priority_id = self.priority["low"]

        self.assertClock(self._clock(ticket), "missed", due=6)
        self.assertEqual(ticket.sla_target_id, self.usual)
        self.assertIn("Resolution stays missed.", ticket.history_ids[0].description or ticket.history_ids[1].description)

    def test_pause_and_resume_across_a_change_of_policy(self):
        calm = self.policy.copy({
            "name": "Pauses on hold", "pauses_on_hold": True, "pauses_waiting": False, "client_ids": [(6, 0, self.dental.ids)], "active": False,
        })
        ticket = self._open_ticket()
        self._move(ticket, "waiting", 2)  # does not count for Standard
        calm.active = True

        with self._at(5):
            ticket.type_id = self.env.ref("psa_helpdesk.option_type_request")
        self.assertClock(self._clock(ticket), "running", due=5 + 3 + 16 + 3, elapsed=2)
        self._move(ticket, "on_hold", 6)
        self.assertClock(self._clock(ticket), "paused", elapsed=3)
        self._move(ticket, "open", 7)

        self.assertClock(self._clock(ticket), "running", due=24 + 4)

    def test_no_sla_takes_the_clocks_away_and_with_one_again_they_go_on(self):
        exempt = self.env["psa.sla.policy"].create({
            "name": "Nothing agreed", "company_id": self.company.id, "is_exempt": True,
            "type_ids": [(6, 0, self.env.ref("psa_helpdesk.option_type_change").ids)],
        })
        ticket = self._open_ticket()

        with self._at(2):
            ticket.type_id = self.env.ref("psa_helpdesk.option_type_change")
        self.assertEqual((ticket.sla_policy_id, ticket.sla_state), (exempt, False))
        self.assertEqual(ticket.sla_ids.mapped("state"), ["cancelled", "cancelled"])
        self.assertFalse(self._pending(ticket))
        with self._at(3):
            ticket.type_id = False

        self.assertClock(self._clock(ticket), "running", due=24 + 1, elapsed=2)

    def test_a_new_policy_does_not_act_on_the_past_until_it_is_applied(self):
        self.policy.active = False
        ticket = self._open_ticket()
        self._answer(ticket, 1)
        self.policy.active = True
        self.assertFalse(ticket.sla_ids)

        with self._at(2):
            self.policy.with_user(self.administrator).action_apply_to_open_tickets()

        self.assertClock(self._clock(ticket), "running", due=8, elapsed=2)
        self.assertClock(self._clock(ticket, "first_response"), "met", due=4, elapsed=1)

    def test_what_was_promised_stays_when_the_policy_is_edited(self):
        ticket = self._open_ticket()

        self.usual.resolution_hours = 2
        with self._at(1):
            ticket.category_id = self.env.ref("psa_helpdesk.option_category_network")
        self.assertClock(self._clock(ticket), "running", due=8)
        with self._at(1):
            self.policy.action_apply_to_open_tickets()

        self.assertClock(self._clock(ticket), "running", due=2)

    # ------------------------------------------------------------------ next update

    def test_each_answer_owes_the_next_one(self):
        self.usual.update_hours = 2
        ticket = self._open_ticket()
        self.assertFalse(self._clock(ticket, "next_update"))

        self._answer(ticket, 1)
        self.assertClock(self._clock(ticket, "next_update"), "running", due=3)
        self._answer(ticket, 2)
        self.assertClock(self._clock(ticket, "next_update"), "running", due=4)
        self._sweep(4)
        self._answer(ticket, 5)
        self._move(ticket, "resolved", 6)

        updates = ticket.sla_ids.filtered(lambda row: row.kind == "next_update")
        self.assertEqual(updates.mapped("state"), ["met", "missed", "met"])

    # ------------------------------------------------------------------ hours

    def test_hours_of_the_clients_site_count_where_the_policy_says_so(self):
        self.policy.hours = "client"
        with self._at(-100):
            self.dental.psa_calendar_id = self._new_calendar("Early birds", 6, 10)
        self.dental.psa_tz = "UTC"

        ticket = self._open_ticket()

        self.assertClock(self._clock(ticket), "running", due=24 + 24 - 9 + 6 + 3 - 0)

    def test_round_the_clock_for_the_most_urgent(self):
        self.urgent.hours = "always"

        ticket = self._open_ticket(7.5, priority_id=self.priority["critical"].id)

        self.assertClock(self._clock(ticket), "running", due=11.5)

    def test_hours_without_working_time_are_told_not_fallen_over(self):
        with self._at(-100):
            self.office.attendance_ids.unlink()

        ticket = self._open_ticket()

        self.assertEqual((self._clock(ticket).state, self._clock(ticket).due_at), ("running", False))
        self.assertIn("Nothing becomes due", self._clock(ticket).problem)
        self._move(ticket, "resolved", 1)
        self.assertEqual(self._clock(ticket).state, "met")
        with self.assertRaisesRegex(ValidationError, "has no working time"):
            self.policy.write({"hours": "own", "calendar_id": self.office.id})

    def test_hours_under_a_running_clock_are_not_deleted(self):
        self._open_ticket()

        with self.assertRaisesRegex(UserError, "cannot be deleted: time is measured by it for desk Help, ticket"):
            self.office.unlink()

    def test_a_holiday_announced_later_moves_what_is_due(self):
        ticket = self._open_ticket(6)
        self.assertClock(self._clock(ticket), "running", due=24 + 6)

        with self._at(7):
            self._new_holiday(MONDAY + DAY - 9 * HOUR)

        self.assertClock(self._clock(ticket), "running", due=48 + 6)
        self.assertIn((75, 48 + 4), self._pending(ticket))

    def test_many_clocks_follow_changed_hours_in_the_background(self):
        with patch.object(psa_ticket_sla, "AT_ONCE", 1):
            tickets = self._open_ticket(6) | self._open_ticket(6)
            with self._at(7):
                self._new_holiday(MONDAY + DAY - 9 * HOUR)
                self.assertClock(self._clock(tickets[0]), "running", due=24 + 6)
                with self.enter_registry_test_mode():
                    self.env.ref("psa_helpdesk.ir_cron_refresh_sla").method_direct_trigger()

        for ticket in tickets:
            self.assertClock(self._clock(ticket), "running", due=48 + 6)

    # ------------------------------------------------------------------ the log, and who may what

    def test_the_log_of_states_is_append_only(self):
        ticket = self._open_ticket()
        self._move(ticket, "waiting", 1)
        self._move(ticket, "open", 2)
        rows = ticket.state_interval_ids
        self.assertEqual(
            [(row.state, (row.started_at - MONDAY) / HOUR, (row.ended_at - MONDAY) / HOUR) for row in rows], [("new", 0, 1), ("waiting", 1, 2)]
        )

        for attempt in (lambda: rows.write({"state": "open"}), rows.unlink, lambda: rows.create([{}])):
            with self.assertRaises(AccessError):
                attempt()
        for query in (
            "UPDATE psa_ticket_state_interval SET state = 'open'", "DELETE FROM psa_ticket_state_interval",
            "TRUNCATE psa_ticket_state_interval",
        ):
            with self.assertRaises(Exception), mute_logger("odoo.sql_db"), self.env.cr.savepoint():
                self.env.cr.execute(query)
        ticket.unlink()
        self.assertFalse(rows.exists())

    def test_nobody_writes_how_a_promise_stands(self):
        ticket = self._open_ticket()
        for user in (self.technician, self.administrator):
            with self.assertRaises(AccessError):
                ticket.with_user(user).write({"sla_is_missed": False})
            with self.assertRaises(AccessError):
                ticket.sla_ids.with_user(user).write({"state": "met"})
        made = self.env["psa.ticket"].with_user(self.technician).create({
            "name": "Forged", "desk_id": self.desk.id, "sla_due_at": "2100-01-01 00:00:00", "state_since": "2000-01-01 00:00:00",
        })
        self.assertGreater(made.state_since, MONDAY)
        self.assertLess(made.sla_due_at, datetime(2100, 1, 1))

    @mute_logger("odoo.addons.base.models.ir_rule", "odoo.addons.base.models.ir_model")
    def test_who_sees_and_changes_what_was_promised(self):
        ticket = self._open_ticket()
        self._move(ticket, "waiting", 1)
        portal = self.env["res.users"].with_context(no_reset_password=True).create({
            "name": "Zoë", "login": "hd_sla_zoe", "partner_id": self.zoe.id, "group_ids": [(6, 0, self.env.ref("base.group_portal").ids)],
        })
        template = self.env.ref("psa_helpdesk.sla_template_cisco")
        records = {
            "policy": self.policy, "target": self.usual, "template": template, "clock": ticket.sla_ids[0], "log": ticket.state_interval_ids,
        }
        matrix = {
            #                        policy  target  template clock   log
            self.technician:        ("r",    "r",    "r",     "r",    "r"),
            self.billing:           ("r",    "r",    "r",     "r",    "r"),
            self.administrator:     ("rw",   "rw",   "r",     "r",    "r"),
            self.rival_technician:  ("",     "",     "r",     "",     ""),
            portal:                 ("",     "",     "",      "",     ""),
        }
        for user, expected in matrix.items():
            for (name, record), rights in zip(records.items(), expected, strict=True):
                with self.subTest(user=user.login, record=name):
                    seen = record.with_user(user)
                    self.assertEqual("".join(
                        letter for letter, operation in (("r", "read"), ("w", "write")) if seen.has_access(operation)
                    ), rights)
        with self.assertRaises(AccessError):
            ticket.with_user(portal).read(["sla_due_at"])

    # ------------------------------------------------------------------ reports and screens

    def test_the_hit_rate_leaves_out_what_is_undecided(self):
        kept, missed, __ = self._open_ticket(), self._open_ticket(), self._open_ticket()
        self._move(kept, "resolved", 1)
        self._sweep(24)
        (missed | kept).invalidate_recordset()
        self._move(missed, "resolved", 25)

        Sla = self.env["psa.ticket.sla"].with_user(self.technician)
        domain = [("ticket_id", "in", (kept | missed).ids)]
        rates = dict(Sla._read_group(domain, ["kind"], ["hit_rate:avg"]))
        self.assertEqual(rates, {"first_response": 50.0, "resolution": 50.0})
        by_client = Sla.formatted_read_group(domain, ["client_id"], ["hit_rate:avg", "first_hit_rate:avg", "elapsed_hours:avg"])
        self.assertEqual(by_client[0]["client_id"][0], self.dental.id)
        fresh = self._open_ticket(30)
        self.assertEqual(Sla._read_group([("ticket_id", "=", fresh.id)], [], ["hit_rate:avg"])[0][0] or None, None)
        measures = Sla.fields_get(["hit_rate", "elapsed_hours"], ["aggregator"])
        self.assertEqual({info["aggregator"] for info in measures.values()}, {"avg"})

    def test_a_list_of_tickets_costs_the_same_with_clocks(self):
        specification = {name: {} for name in ("number", "sla_due_at", "sla_state", "sla_kind", "sla_warn_at", "sla_remaining_seconds")}
        self._open_ticket()
        Ticket = self.env["psa.ticket"].with_user(self.technician)

        def queries():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            Ticket.web_search_read([("sla_state", "=", "running")], specification, limit=80)
            return self.env.cr.sql_log_count - before

        few = (queries(), queries())[1]
        for __ in range(5):
            self._open_ticket()
        self.assertEqual(queries(), few)

    @users("hd_technician")
    def test_why_this_policy_names_every_row_in_order(self):
        ticket = self._open_ticket().with_env(self.env)

        wizard = self.env["psa.sla.explanation"].create({"ticket_id": ticket.id})

        self.assertEqual(wizard.summary, "Standard, Every priority counts for this ticket.")
        self.assertIn("Does not fit: Priorities", wizard.explanation)
        self.assertIn("Counts: the first that fits", wizard.explanation)
        self.assertEqual(ticket.action_explain_sla()["context"], {"default_ticket_id": ticket.id})
