from datetime import datetime
from unittest.mock import patch

from odoo.addons.psa_helpdesk.models import psa_ticket_sla
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger
from psycopg2.errors import InsufficientPrivilege

from .sla import DAY, HOUR, MONDAY, SlaCommon


@tagged("post_install", "-at_install")
class TestSlaTerms(SlaCommon):
    """What becomes of promises when a ticket's priority, its policy or the hours change; and who may touch what."""

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
            "name": "Pauses on hold", "pauses_on_hold": True, "pauses_waiting": False, "active": False,
            "client_ids": [(6, 0, self.dental.ids)],
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

    def test_a_timer_waits_while_changed_hours_are_still_to_be_reckoned(self):
        with patch.object(psa_ticket_sla, "AT_ONCE", 1):
            ticket, __ = self._open_ticket(6), self._open_ticket(6)
            with self._at(7):
                self._new_holiday(MONDAY + DAY - 9 * HOUR)

            self._sweep(24 + 3)
        self.assertFalse([text for text in self._told(ticket) if "First Response" in text])
        self.assertIn((75, 48 + 1), self._pending(ticket))
        self._sweep(48 + 1)

        self.assertIn("75% of the time for First Response are used (SLA policy Standard).", self._told(ticket))

    def test_a_timer_that_finds_no_hours_comes_back_with_them(self):
        with patch.object(psa_ticket_sla, "AT_ONCE", 1):
            ticket, __ = self._open_ticket(6), self._open_ticket(6)
            with self._at(8):
                self.office.attendance_ids.unlink()
            self._sweep(24 + 3)
        self.assertFalse([pending for pending in self._pending(ticket) if pending[1] < 24 + 3])

        with self._at(24 + 4):
            self.office.attendance_ids = [
                (0, 0, {"name": "x", "dayofweek": str(day), "hour_from": 9, "hour_to": 17, "day_period": "morning"}) for day in range(5)
            ]

        self._sweep(24 + 5)

        self.assertIn("75% of the time for First Response are used (SLA policy Standard).", self._told(ticket))

    def test_the_log_of_states_is_append_only(self):
        ticket = self._open_ticket()
        self._move(ticket, "waiting", 1)
        self._move(ticket, "open", 2)
        rows = ticket.state_interval_ids
        self.assertEqual(
            [(row.state, (row.started_at - MONDAY) / HOUR, (row.ended_at - MONDAY) / HOUR) for row in rows],
            [("new", 0, 1), ("waiting", 1, 2)],
        )

        for attempt in (lambda: rows.write({"state": "open"}), rows.unlink, lambda: rows.create([{}])):
            with self.assertRaises(AccessError):
                attempt()
        for query in (
            "UPDATE psa_ticket_state_interval SET state = 'open'", "DELETE FROM psa_ticket_state_interval",
            "TRUNCATE psa_ticket_state_interval",
        ):
            with self.assertRaises(InsufficientPrivilege), mute_logger("odoo.sql_db"), self.env.cr.savepoint():
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
