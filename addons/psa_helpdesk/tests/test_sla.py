from datetime import datetime

from odoo.tests import freeze_time, tagged

from .sla import DAY, HOUR, MONDAY, SlaCommon


@tagged("post_install", "-at_install")
class TestSla(SlaCommon):
    """How the clocks of a ticket run, stand still and end: each of these went wrong for somebody."""

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
            for _run in range(2):
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

    def test_frappe_1542_a_reply_meets_the_response_alone_and_resolving_meets_both(self):
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

    def test_glpi_10594_a_pause_over_the_weekend_keeps_what_was_left(self):
        ticket = self._open_ticket(4 * 24)  # Friday 9:00

        self._move(ticket, "waiting", 4 * 24 + 7)  # 16:00: one hour is left
        self._move(ticket, "open", 7 * 24)  # Monday 9:00

        self.assertClock(self._clock(ticket), "running", due=7 * 24 + 1)

    def test_frappe_2449_a_hold_on_a_holiday_adds_nothing_to_what_is_left(self):
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

    def test_oca_at_the_end_of_a_month_the_next_day_is_the_next_day(self):
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

    def test_frappe_3776_paused_to_resolved_is_met_with_the_time_used_before(self):
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
        self.assertEqual(ticket.sla_missed_names, "First Response, Resolution")
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

    def test_a_ticket_that_is_done_says_which_target_it_missed(self):
        slow, idle, kept = self._open_ticket(), self._open_ticket(), self._open_ticket()
        self._answer(slow, 1)
        self._answer(kept, 1)
        self._answer(idle, 5)
        self._move(idle, "resolved", 6)
        self._move(kept, "resolved", 6)
        self._move(slow, "resolved", 25)
        tickets = (slow | idle | kept).with_user(self.technician)
        tickets.invalidate_recordset()

        with self.assertQueryCount(3):
            names = tickets.mapped("sla_missed_names")

        self.assertEqual(names, ["Resolution", "First Response", False])
        self.assertEqual(tickets.mapped("sla_state"), ["missed", "missed", "met"])

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

    def test_zammad_3140_who_answered_in_time_is_not_escalated_afterwards(self):
        ticket = self._open_ticket()

        self._answer(ticket, 3.5)
        self._sweep(5)

        self.assertFalse([text for text in self._told(ticket) if "First Response missed" in text])

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

    def test_zammad_1322_a_note_on_the_web_starts_the_next_update_like_a_mail(self):
        self.usual.update_hours = 2
        ticket = self._open_ticket()

        self._answer(ticket, 1)
        with self._at(2):
            ticket.sudo().message_post(
                body="Still on it", author_id=self.technician.partner_id.id, message_type="email", subtype_xmlid="mail.mt_comment",
            )
        self.assertClock(self._clock(ticket, "next_update"), "running", due=4)
        self._answer(ticket, 3)

        self.assertClock(self._clock(ticket, "next_update"), "running", due=5)

    def test_zammad_5177_what_is_due_next_does_not_overrule_the_first_response(self):
        self.usual.write({"update_hours": 1})
        ticket, silent = self._open_ticket(), self._open_ticket()

        self._answer(ticket, 3)

        self.assertClock(self._clock(ticket, "first_response"), "met", due=4)
        self.assertClock(self._clock(ticket, "next_update"), "running", due=4)
        self.assertEqual((silent.sla_kind, silent.sla_due_at), ("first_response", MONDAY + 4 * HOUR))

    def test_an_answer_is_owed_no_longer_where_the_client_closes_the_ticket_himself(self):
        portal = self.env["res.users"].with_context(no_reset_password=True).create({
            "name": "Zoë", "login": "hd_sla_zoe", "partner_id": self.zoe.id, "group_ids": [(6, 0, self.env.ref("base.group_portal").ids)],
        })
        ticket, late = self._open_ticket(), self._open_ticket()
        own = self._open_ticket(partner_id=self.dispatcher.partner_id.id)

        self._move(ticket.with_user(portal).sudo(), "resolved", 1)
        self._move(own.with_user(self.dispatcher).sudo(), "resolved", 1)
        self._move(late.with_user(portal).sudo(), "resolved", 5)
        self._move(ticket, "closed", 2)

        self.assertClock(self._clock(ticket, "first_response"), "cancelled", due=4)
        self.assertEqual((self._clock(ticket).state, ticket.sla_state), ("met", "met"))
        self.assertEqual(self._clock(own, "first_response").state, "cancelled")
        self.assertEqual(self._clock(late, "first_response").state, "missed", "it was too late before he closed it")
        self._move(ticket, "open", 3)
        self.assertClock(self._clock(ticket, "first_response"), "running", due=6)
        self._move(ticket, "resolved", 4)
        self.assertEqual(self._clock(ticket, "first_response").state, "met")
        self._move(ticket, "open", 5)
        self._move(ticket.with_user(portal).sudo(), "closed", 5)
        self.assertEqual(self._clock(ticket, "first_response").state, "met", "a colleague had resolved it before")

    def test_a_merged_ticket_owes_nothing_until_the_merger_is_taken_back(self):
        ticket, survivor = self._open_ticket(), self._open_ticket()

        with self._at(1):
            ticket._merge(survivor)
        self.assertEqual(ticket.sla_ids.mapped("state"), ["cancelled", "cancelled"])
        self.assertEqual(survivor.sla_ids.mapped("state"), ["running", "running"])
        with self._at(2):
            ticket.action_unmerge()

        self.assertClock(self._clock(ticket), "running", due=24 + 1)

    def test_a_cancelled_ticket_taken_up_again_goes_on(self):
        ticket = self._open_ticket()

        self._move(ticket, "cancelled", 1)
        self.assertEqual(ticket.sla_ids.mapped("state"), ["cancelled", "cancelled"])
        self.assertFalse(self._pending(ticket))
        self._move(ticket, "open", 24)

        self.assertClock(self._clock(ticket), "running", due=24 + 7)
