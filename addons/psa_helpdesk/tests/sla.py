from datetime import datetime, timedelta

from odoo.tests import freeze_time

from .common import HelpdeskCommon

MONDAY = datetime(2026, 3, 2, 9)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class SlaCommon(HelpdeskCommon):
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
                timers = self.env["psa.timer"].search([
                    ("kind", "=", "sla"), ("state", "=", "pending"), ("due_at", "<=", MONDAY + moment * HOUR),
                ])
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
