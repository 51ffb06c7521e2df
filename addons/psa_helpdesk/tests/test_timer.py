from datetime import datetime, timedelta, timezone

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from ..models import psa_timer_sweep
from . import timers
from .common import HelpdeskCommon

UTC = timezone.utc

NOON = datetime(2026, 11, 25, 12)
SWEEP = "odoo.addons.psa_helpdesk.models.psa_timer_sweep"


def minutes(count):
    return NOON + timedelta(minutes=count)


@tagged("post_install", "-at_install")
class TestTimer(HelpdeskCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tickets = cls.env["psa.ticket"].create([
            {"name": f"Printer {number}", "desk_id": cls.desk.id, "partner_id": cls.zoe.id} for number in range(4)
        ])
        cls.ticket = cls.tickets[0]
        cls.Timer = cls.env["psa.timer"]
        cls.env.cr.execute("DELETE FROM psa_timer")

    def setUp(self):
        super().setUp()
        self.fired = []
        self.poison = self.env["psa.ticket"]
        timers.add_kind(self, "probe", self._fire_probe)

    def _fire_probe(self, due):
        self.fired.append(due.ticket_id.ids)
        due.ticket_id._log_history("rule", description="Probed")
        if due.ticket_id & self.poison.with_env(due.env):
            raise ValueError("This ticket is poison")

    def _schedule(self, due_at, tickets=None, **values):
        self.Timer._schedule([
            {"ticket_id": ticket.id, "kind": "probe", "due_at": due_at, **values} for ticket in tickets or self.ticket
        ])
        return self.Timer.search([("kind", "=", "probe"), ("ticket_id", "in", (tickets or self.ticket).ids)], order="id")

    def _probed(self, tickets=None):
        """Return how often each ticket was probed, by its history."""
        history = self.env["psa.ticket.history"].search([("description", "=", "Probed")])
        return [len(history.filtered(lambda row, ticket=ticket: row.ticket_id == ticket)) for ticket in tickets or self.ticket]

    # ------------------------------------------------------------------ scheduling

    def test_scheduling_many_is_one_query(self):
        self.env["ir.model.data"]._xmlid_to_res_id("psa_helpdesk.ir_cron_fire_timers")

        with self.assertQueryCount(1):
            self.Timer._schedule([
                {"ticket_id": ticket.id, "kind": "probe", "threshold": threshold, "due_at": fields.Datetime.now() + timedelta(hours=1)}
                for ticket in self.tickets for threshold in (50, 75, 100)
            ])

        self.assertEqual(self.Timer.search_count([("kind", "=", "probe")]), 12)

    @freeze_time(NOON)
    def test_thousands_of_timers_wake_the_sweep_once(self):
        cron = self.env.ref("psa_helpdesk.ir_cron_fire_timers")
        waiting = [("cron_id", "=", cron.id)]
        self.env["ir.cron.trigger"].search(waiting).unlink()

        self._schedule(minutes(60), self.tickets)
        self._schedule(minutes(90), self.tickets, threshold=90)
        self.assertEqual(self.env["ir.cron.trigger"].search(waiting).mapped("call_at"), [minutes(60)])

        self._schedule(minutes(30), threshold=10)
        self.assertEqual(self.env["ir.cron.trigger"].search(waiting).mapped("call_at"), [minutes(60), minutes(30)])

    def test_scheduling_again_moves_the_timer(self):
        timer = self._schedule(minutes(10))

        self.assertEqual(self._schedule(minutes(20)), timer)

        self.assertEqual((timer.due_at, timer.next_try, timer.state), (minutes(20), minutes(20), "pending"))
        timers.sweep(self, minutes(15))
        self.assertEqual(self.fired, [])

    def test_aware_moments_are_kept_in_utc(self):
        timer = self._schedule(NOON.replace(tzinfo=UTC).astimezone(tz=None))

        self.assertEqual(timer.due_at, NOON)

    def test_the_same_timer_twice_in_one_call_is_one(self):
        row = {"ticket_id": self.ticket.id, "kind": "probe"}

        self.Timer._schedule([{**row, "due_at": minutes(1)}, {**row, "due_at": minutes(2)}])

        self.assertEqual(self.Timer.search([("kind", "=", "probe")]).due_at, minutes(2))

    def test_timers_without_a_ticket_are_unique_as_well(self):
        row = {"kind": "probe", "res_id": self.technician.id, "company_id": self.company.id}

        self.Timer._schedule([{**row, "due_at": minutes(1)}])
        self.Timer._schedule([{**row, "due_at": minutes(2)}])

        timer = self.Timer.search([("kind", "=", "probe")])
        self.assertEqual((timer.due_at, timer.company_id), (minutes(2), self.company))

    def test_timer_of_a_ticket_that_is_gone_is_not_made(self):
        ticket = self._new_ticket()
        gone = ticket.id
        ticket.unlink()

        self.Timer._schedule([{"ticket_id": gone, "kind": "probe", "due_at": NOON}])

        self.assertFalse(self.Timer.search([("kind", "=", "probe")]))

    def test_timers_go_with_their_ticket_and_move_with_it_to_another_company(self):
        self.Timer._schedule([{"ticket_id": self.ticket.id, "kind": "probe", "due_at": NOON}])
        timer = self.Timer.search([("kind", "=", "probe")])
        self.assertEqual(timer.company_id, self.company)

        self.ticket.unlink()

        self.assertFalse(timer.exists())

    def test_cancelled_timer_does_not_fire_and_scheduling_revives_it(self):
        timer = self._schedule(NOON, res_id=7)

        self.Timer._cancel("probe", res_ids=[7])
        timers.sweep(self, minutes(1))
        self.assertEqual((timer.state, self.fired), ("cancelled", []))

        self._schedule(minutes(5), res_id=7)
        timers.sweep(self, minutes(6))
        self.assertEqual((timer.state, self.fired), ("fired", [self.ticket.ids]))

    def test_cancelling_takes_just_what_is_named(self):
        first, second = self._schedule(NOON, self.tickets[:2], res_id=1)
        third = self._schedule(NOON, self.tickets[:1], res_id=2) - first

        self.Timer._cancel("probe", ticket_ids=self.ticket.ids, res_ids=[1])

        self.assertEqual((first.state, second.state, third.state), ("cancelled", "pending", "pending"))
        with self.assertRaises(ValueError):
            self.Timer._cancel("probe")

    def test_long_cancelled_timers_are_deleted_and_fired_ones_kept(self):
        old, done = self._schedule(NOON, self.tickets[:2])
        done.state, old.state = "fired", "cancelled"
        (old | done).due_at = NOON - timedelta(days=1000)

        self.Timer._gc_cancelled()

        self.assertEqual((old | done).exists(), done)

    # ------------------------------------------------------------------ firing

    def test_due_timer_fires_once(self):
        timer = self._schedule(NOON)

        timers.sweep(self, minutes(-1))
        self.assertEqual(self.fired, [])
        timers.sweep(self, minutes(1))
        timers.sweep(self, minutes(2))

        self.assertEqual((self.fired, self._probed()), ([self.ticket.ids], [1]))
        self.assertEqual((timer.state, timer.is_late, timer.attempts, timer.error), ("fired", False, 0, False))
        self.assertEqual(timer.fired_at, minutes(1))

    def test_what_fired_does_not_fire_for_being_scheduled_again(self):
        timer = self._schedule(NOON)
        timers.sweep(self, minutes(1))

        self._schedule(minutes(5))
        timers.sweep(self, minutes(6))

        self.assertEqual((timer.due_at, self._probed()), (NOON, [1]))

    def test_next_cycle_and_next_threshold_fire_on_their_own(self):
        for values in ({}, {"cycle": 1}, {"threshold": 75}):
            self._schedule(NOON, **values)

        timers.sweep(self, minutes(1))

        self.assertEqual(len(self.Timer.search([("kind", "=", "probe"), ("state", "=", "fired")])), 3)

    def test_all_that_is_due_fires_together(self):
        self._schedule(NOON, self.tickets)

        timers.sweep(self, minutes(1))

        self.assertEqual(self.fired, [self.tickets.ids])

    def test_batches_are_no_larger_than_they_should(self):
        self.patch(psa_timer_sweep, "BATCH", 3)
        self._schedule(NOON, self.tickets)

        timers.sweep(self, minutes(1))

        self.assertEqual([len(ids) for ids in self.fired], [3, 1])

    def test_clock_that_steps_back_fires_nothing_twice(self):
        self._schedule(NOON)
        timers.sweep(self, minutes(1))

        for at in (-60, -1, 0, 1, 60):
            timers.sweep(self, minutes(at))

        self.assertEqual(self._probed(), [1])

    def test_server_that_was_down_for_a_day_makes_up_for_it_once_and_says_late(self):
        timer = self._schedule(NOON)

        timers.sweep(self, NOON + timedelta(days=1))
        timers.sweep(self, NOON + timedelta(days=1, minutes=1))

        self.assertEqual((self._probed(), timer.is_late), ([1], True))

    def test_timer_that_schedules_the_next_one_has_it_fire_in_its_turn(self):
        def fire(due):
            self.fired.append(due.mapped("cycle"))
            due._schedule([
                {"ticket_id": timer.ticket_id.id, "kind": "repeat", "cycle": timer.cycle + 1, "due_at": timer.due_at + timedelta(minutes=5)}
                for timer in due if timer.cycle < 3
            ])

        timers.add_kind(self, "repeat", fire)
        self.Timer._schedule([{"ticket_id": self.ticket.id, "kind": "repeat", "due_at": NOON}])

        timers.sweep(self, minutes(6))
        self.assertEqual(self.fired, [[0], [1]])
        timers.sweep(self, minutes(60))
        self.assertEqual(self.fired, [[0], [1], [2], [3]])

    def test_timer_that_is_not_due_yet_can_wait(self):
        timers.add_kind(self, "patient", lambda due: due._postpone(minutes(30)))
        self.Timer._schedule([{"ticket_id": self.ticket.id, "kind": "patient", "due_at": NOON}])
        timer = self.Timer.search([("kind", "=", "patient")])

        timers.sweep(self, minutes(1))

        self.assertEqual((timer.state, timer.due_at, timer.next_try, timer.fired_at), ("pending", minutes(30), minutes(30), False))

    # ------------------------------------------------------------------ poison

    @mute_logger(SWEEP)
    def test_poison_keeps_nothing_else_from_being_done(self):
        self.poison = self.tickets[2]
        poisoned = self._schedule(NOON, self.tickets)[2]

        timers.sweep(self, minutes(1))

        self.assertEqual(self._probed(self.tickets), [1, 1, 0, 1], "what the poison did was undone")
        self.assertEqual((poisoned.state, poisoned.attempts, poisoned.error), ("pending", 1, "ValueError: This ticket is poison"))
        self.assertEqual(poisoned.next_try, minutes(2))

    @mute_logger(SWEEP)
    def test_poison_is_tried_at_longer_and_longer_intervals_and_set_aside(self):
        self.poison = self.ticket
        timer = self._schedule(NOON)

        tries, at = [], 0
        while timer.state == "pending" and at < 100:
            self.fired.clear()
            timers.sweep(self, minutes(at))
            tries += [at] * len(self.fired)
            at += 1

        self.assertEqual(tries, [0, 1, 6, 21, 81])
        self.assertEqual((timer.state, timer.attempts, timer.error), ("failed", 5, "ValueError: This ticket is poison"))
        timers.sweep(self, minutes(5000))
        self.assertEqual(self.fired, [self.ticket.ids], "nothing is tried after that")

    @mute_logger(SWEEP)
    def test_poison_that_was_tried_before_does_not_spoil_the_next_batch(self):
        self.poison = self.ticket
        self._schedule(NOON)
        timers.sweep(self, NOON)
        self.fired.clear()
        self._schedule(NOON, self.tickets[1:])

        timers.sweep(self, minutes(1))

        self.assertEqual(self.fired, [self.tickets[1:].ids, self.ticket.ids])

    @mute_logger(SWEEP)
    def test_who_was_killed_with_others_is_tried_alone(self):
        """A claim without an outcome is what a killed process leaves; see also tests/test_timers.py, which kills one."""
        all_timers = self._schedule(NOON, self.tickets)
        all_timers.write({"attempts": 1, "next_try": minutes(1)})

        timers.sweep(self, minutes(1))

        self.assertEqual(self.fired, [ticket.ids for ticket in self.tickets])
        self.assertEqual(all_timers.mapped("state"), ["fired"] * 4)

    @mute_logger(SWEEP)
    def test_timer_that_kills_its_process_each_time_is_set_aside(self):
        timer = self._schedule(NOON)
        timer.write({"attempts": psa_timer_sweep.TRIES, "next_try": minutes(1)})

        timers.sweep(self, minutes(1))

        self.assertEqual((self.fired, timer.state), ([], "failed"))
        self.assertIn("process ended", timer.error)

    @mute_logger(SWEEP)
    def test_kind_nobody_fires_is_set_aside_with_its_reason(self):
        self.Timer._schedule([{"ticket_id": self.ticket.id, "kind": "orphan", "due_at": NOON}])
        timer = self.Timer.search([("kind", "=", "orphan")])

        for at in range(0, 100, 1):
            timers.sweep(self, minutes(at))

        self.assertEqual(timer.state, "failed")
        self.assertIn("“orphan”", timer.error)

    @mute_logger(SWEEP)
    def test_administrator_tries_again_or_gives_up(self):
        tried, dropped = self._schedule(NOON, self.tickets[:2])
        (tried | dropped).write({"state": "failed", "attempts": 5, "error": "ValueError: No"})

        tried.with_user(self.administrator).action_try_again()
        dropped.with_user(self.administrator).action_give_up()
        timers.sweep(self)

        self.assertEqual((tried.state, dropped.state), ("fired", "cancelled"))
        with self.assertRaises(UserError):
            tried.with_user(self.administrator).action_try_again()

    # ------------------------------------------------------------------ access

    def test_who_sees_and_who_tries_again(self):
        # user, sees the timers of a ticket, sees those without one, may try again
        self.desk.member_ids = self.technician
        desk_admin = self._new_staff("timer_desk_admin", "psa_crm.group_technician")
        self.desk.admin_ids = desk_admin
        portal = self._new_staff("timer_portal", "base.group_portal")
        expected = [
            (self.technician, True, False, False),
            (self.dispatcher, True, False, False),
            (self.billing, True, False, False),
            (desk_admin, True, False, True),
            (self.administrator, True, True, True),
            (self.rival_technician, False, False, False),
            (portal, False, False, False),
        ]
        of_ticket = self._schedule(NOON)
        self.Timer._schedule([{"kind": "probe", "due_at": NOON, "company_id": self.company.id}])
        without = self.Timer.search([("kind", "=", "probe"), ("ticket_id", "=", False)])

        for user, sees, sees_without, tries in expected:
            of_ticket.write({"state": "failed"})
            seen = of_ticket.with_user(user)
            with self.subTest(user=user.login):
                self.assertEqual(seen.has_access("read"), sees)
                self.assertEqual(without.with_user(user).has_access("read"), sees_without)
                for operation in ("write", "create", "unlink"):
                    self.assertFalse(seen.has_access(operation))
                if tries:
                    seen.action_try_again()
                    self.assertEqual(of_ticket.state, "pending")
                else:
                    for button in ("action_try_again", "action_give_up"):
                        with self.assertRaises(AccessError):
                            getattr(seen, button)()
