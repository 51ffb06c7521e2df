import threading
from datetime import datetime, timedelta, timezone
from unittest.mock import patch

from freezegun import freeze_time
from odoo import fields
from odoo.tests import BaseCase, tagged

from ..models import psa_timer_alarm
from .common import HelpdeskCommon

UTC = timezone.utc

DATABASE = "alarms_of_a_test"


@tagged("post_install", "-at_install")
class TestAlarm(BaseCase):
    """One alarm a process and database: the earliest."""

    def setUp(self):
        super().setUp()
        self.rung = threading.Event()
        self.startPatcher(patch.object(psa_timer_alarm, "ring", lambda database: self.rung.set()))
        self.addCleanup(self._forget)

    def _forget(self):
        alarm = psa_timer_alarm._alarms.pop(DATABASE, None)
        if alarm:
            alarm.cancel()

    def _set(self, seconds):
        due_at = datetime.now(UTC).replace(tzinfo=None) + timedelta(seconds=seconds)
        psa_timer_alarm.set_alarm(DATABASE, due_at)
        return psa_timer_alarm._alarms[DATABASE], due_at

    def test_it_rings_when_it_is_time(self):
        alarm, __ = self._set(0.1)

        self.assertTrue(self.rung.wait(60))
        self.assertTrue(alarm.daemon, "no server waits for it to end")

    def test_the_earliest_counts(self):
        first, __ = self._set(50)
        later, __ = self._set(60)
        sooner, __ = self._set(40)

        self.assertIs(later, first)
        self.assertIsNot(sooner, first)
        self.assertTrue(first.finished.is_set(), "taken back")
        sooner.cancel()

    def test_one_that_has_rung_is_no_hindrance(self):
        self._set(0)
        self.assertTrue(self.rung.wait(60))

        alarm, due_at = self._set(30)

        self.assertEqual(alarm.due_at, due_at)


@tagged("post_install", "-at_install")
class TestTimerAlarm(HelpdeskCommon):
    """Timers that are due before the scheduler looks for work next."""

    def setUp(self):
        super().setUp()
        self.Timer = self.env["psa.timer"]
        self.env.cr.execute("DELETE FROM psa_timer")
        self.cron = self.env.ref("psa_helpdesk.ir_cron_fire_timers")
        self.env["ir.cron.trigger"].search([("cron_id", "=", self.cron.id)]).unlink()
        self.ticket = self._new_ticket()
        self.env.flush_all()
        self.env.cr.execute("DELETE FROM psa_timer")
        self.now = fields.Datetime.now()
        self.enterContext(freeze_time(self.now))

    def _schedule(self, seconds, **context):
        self.Timer.with_context(**context)._schedule([{
            "kind": "rule", "ticket_id": self.ticket.id, "res_id": seconds, "due_at": self.now + timedelta(seconds=seconds),
        }])

    def _triggers(self):
        return self.env["ir.cron.trigger"].search([("cron_id", "=", self.cron.id)]).mapped("call_at")

    def _looked_ahead(self):
        """Return the moments a sweep of the scheduler has alarms set for."""
        with (
            patch.object(psa_timer_alarm, "set_alarm") as set_alarm,
            patch.object(psa_timer_alarm.module, "current_test", False),
        ):
            self.Timer.with_context(cron_id=self.cron.id)._look_ahead()
        return [call.args[1] for call in set_alarm.call_args_list]

    def test_a_sweep_looks_ahead_for_what_is_due_before_the_next(self):
        for seconds in (-5, 20, 40, 600):
            self._schedule(seconds)

        self.assertEqual(self._looked_ahead(), [self.now + timedelta(seconds=20)], "what is overdue is with somebody else")

    def test_what_is_due_later_is_left_to_the_sweeps_to_come(self):
        self._schedule(600)

        self.assertEqual(self._looked_ahead(), [])
        self.assertEqual(self._triggers(), [self.now + timedelta(seconds=600)])

    def test_what_is_scheduled_for_soon_has_the_sweep_look_at_once(self):
        self._schedule(30)

        self.assertLessEqual(min(self._triggers()), self.now + timedelta(seconds=5))

    def test_a_sweep_that_schedules_needs_no_other_to_look(self):
        self._schedule(30, cron_id=self.cron.id)

        self.assertEqual(self._triggers(), [self.now + timedelta(seconds=30)])

    def test_what_woke_the_sweep_does_not_hinder_it_from_coming_again(self):
        # The scheduler takes a trigger away in a transaction that ends after the sweep.
        self.env["ir.cron.trigger"].create({"cron_id": self.cron.id, "call_at": self.now})
        self._schedule(90, cron_id=self.cron.id)
        self.Timer._wake_sweep()

        self.assertEqual(sorted(self._triggers()), [self.now, self.now + timedelta(seconds=90)])

    def test_nobody_but_the_scheduler_sets_alarms(self):
        self._schedule(30)
        with patch.object(psa_timer_alarm, "set_alarm") as set_alarm, patch.object(psa_timer_alarm.module, "current_test", False):
            self.Timer._look_ahead()

        set_alarm.assert_not_called()
