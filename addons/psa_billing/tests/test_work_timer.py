from datetime import datetime, timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger
from psycopg2.errors import UniqueViolation

from .common import PsaBillingCommon

NINE = datetime(2026, 3, 10, 9, 0)


@tagged("post_install", "-at_install")
class TestWorkTimer(PsaBillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_ticket = cls._new_ticket("No network")

    def _timer(self, ticket, user=None):
        return self.env["psa.work.timer"].search(
            [("ticket_id", "=", ticket.id), ("user_id", "=", (user or self.technician).id)]
        )

    def test_starting_on_a_second_ticket_pauses_the_first(self):
        with freeze_time(NINE):
            self.ticket.with_user(self.technician).action_timer_start()
        with freeze_time(NINE + timedelta(minutes=10)):
            self.other_ticket.with_user(self.technician).action_timer_start()

        self.assertRecordValues(
            self._timer(self.ticket), [{"is_running": False, "seconds_before": 600}]
        )
        self.assertTrue(self._timer(self.other_ticket).is_running)
        ticket = self.ticket.with_user(self.technician)
        self.assertEqual((ticket.psa_timer_state, ticket.psa_timer_seconds), ("paused", 600))

    def test_two_people_may_work_on_one_ticket_at_a_time(self):
        with freeze_time(NINE):
            self.ticket.with_user(self.technician).action_timer_start()
            self.ticket.with_user(self.colleague).action_timer_start()

        self.assertTrue(self._timer(self.ticket).is_running)
        self.assertTrue(self._timer(self.ticket, self.colleague).is_running)

    def test_starting_twice_does_not_lose_the_first_start(self):
        with freeze_time(NINE):
            self.ticket.with_user(self.technician).action_timer_start()
        with freeze_time(NINE + timedelta(minutes=5)):
            self.ticket.with_user(self.technician).action_timer_start()
            self.assertEqual(self.ticket.with_user(self.technician).psa_timer_seconds, 300)

        self.assertEqual(len(self._timer(self.ticket)), 1)

    def test_the_database_allows_one_running_timer_a_person(self):
        self.ticket.with_user(self.technician).action_timer_start()
        with mute_logger("odoo.sql_db"), self.assertRaises(UniqueViolation):
            self.env["psa.work.timer"].create(
                {
                    "user_id": self.technician.id,
                    "ticket_id": self.other_ticket.id,
                    "is_running": True,
                    "started_at": NINE,
                }
            )

    def test_leaving_the_log_window_keeps_the_time(self):
        with freeze_time(NINE):
            self.ticket.with_user(self.technician).action_timer_start()
        with freeze_time(NINE + timedelta(minutes=7)):
            self.ticket.with_user(self.technician).action_timer_stop()

        self.assertRecordValues(
            self._timer(self.ticket), [{"is_running": False, "seconds_before": 420}]
        )

    def test_stopping_without_a_timer_says_so(self):
        with self.assertRaisesRegex(UserError, "no timer"):
            self.ticket.with_user(self.technician).action_timer_stop()

    def test_timers_are_private(self):
        self.ticket.with_user(self.technician).action_timer_start()
        timer = self._timer(self.ticket)

        with self.assertRaises(AccessError):
            timer.with_user(self.colleague).action_pause()
        self.assertFalse(self.ticket.with_user(self.colleague).psa_timer_ids)
        self.assertEqual(self.ticket.with_user(self.colleague).psa_timer_state, "none")
