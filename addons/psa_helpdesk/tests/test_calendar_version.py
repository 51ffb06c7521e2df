from datetime import datetime, timedelta, timezone
from unittest.mock import patch

from freezegun import freeze_time
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from ..core import clock
from .common import HelpdeskCommon

UTC = timezone.utc

MONDAY = datetime(2027, 3, 1)  # of a week in which nothing changes


@tagged("post_install", "-at_install")
class TestCalendarVersion(HelpdeskCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.calendar = cls.env["resource.calendar"].create({
            "name": "Office", "company_id": cls.company.id, "tz": "UTC",
            "attendance_ids": [Command.clear(), *cls._hours(range(5), 8, 12), *cls._hours(range(5), 13, 17)],
        })

    @staticmethod
    def _hours(days, start, end):
        return [
            Command.create({"name": "Hours", "dayofweek": str(day), "hour_from": start, "hour_to": end, "day_period": "morning"})
            for day in days
        ]

    def _worked(self, day, days=1, calendar=None, tz=None):
        """Return the working hours from the start of a day of March 2027 on."""
        start = datetime(2027, 3, day, tzinfo=UTC)
        return clock.worked(start, start + timedelta(days=days), (calendar or self.calendar)._psa_clock(tz)) / 3600

    def _day_off(self, day, calendar=None, **values):
        return self.env["resource.calendar.leaves"].create({
            "name": "Holiday", "calendar_id": (calendar or self.calendar).id, "date_from": datetime(2027, 3, day),
            "date_to": datetime(2027, 3, day, 23, 59, 59), **values,
        })

    # ------------------------------------------------------------------ the clock of a calendar

    def test_clock_measures_by_the_hours_of_the_calendar(self):
        self.assertEqual(self._worked(1, 7), 40)
        self.assertFalse(self.calendar.psa_version_count, "hours that were always the same need no versions")

    def test_agrees_with_odoo(self):
        start = datetime(2027, 1, 1, tzinfo=UTC)
        self.calendar.tz = "Europe/Berlin"
        for days in (1, 7, 90):
            end = start + timedelta(days=days)
            self.assertAlmostEqual(
                clock.worked(start, end, self.calendar._psa_clock()) / 3600, self.calendar.get_work_hours_count(start, end), 3)

    def test_clock_is_kept_until_the_hours_change(self):
        self.calendar._psa_clock()

        with self.assertQueryCount(0):
            first = self.calendar._psa_clock()
        self.calendar.attendance_ids[0].hour_from = 9

        self.assertIsNot(self.calendar._psa_clock(), first)

    def test_no_calendar_counts_every_minute(self):
        self.assertEqual(self.env["resource.calendar"]._psa_clock(), clock.ALWAYS)

    def test_holidays_of_the_calendar_and_of_the_company(self):
        self._day_off(2)
        self._day_off(3, calendar=self.env["resource.calendar"], company_id=self.company.id)
        resource = self.env["resource.resource"].create({"name": "Vera", "calendar_id": self.calendar.id})
        self._day_off(4, resource_id=resource.id)

        self.assertEqual([self._worked(day) for day in (1, 2, 3, 4, 5)], [8, 0, 0, 8, 8])

    def test_holiday_is_a_day_off_at_sites_in_other_zones(self):
        self._day_off(2)

        calendar = self.calendar._psa_clock("Pacific/Auckland")

        # In Auckland, it is the 2nd of March from 11:00 UTC of the 1st on.
        self.assertEqual(clock.worked(datetime(2027, 3, 1, 11, tzinfo=UTC), datetime(2027, 3, 2, 11, tzinfo=UTC), calendar), 0)
        self.assertEqual(clock.worked(datetime(2027, 3, 2, 11, tzinfo=UTC), datetime(2027, 3, 3, 11, tzinfo=UTC), calendar), 8 * 3600)

    def test_two_week_rotation(self):
        rotation = self.env["resource.calendar"].create({
            "name": "Rotation", "company_id": self.company.id, "tz": "UTC", "two_weeks_calendar": True,
            "attendance_ids": [Command.clear()] + [Command.create({
                "name": "Shift", "dayofweek": "0", "hour_from": 8, "hour_to": 8 + hours, "day_period": "morning", "week_type": week,
            }) for week, hours in (("0", 4), ("1", 6))],
        })
        start = datetime(2027, 3, 1, tzinfo=UTC)

        self.assertEqual({self._worked(day, calendar=rotation) for day in (1, 8)}, {4, 6})
        self.assertAlmostEqual(
            clock.worked(start, start + timedelta(days=35), rotation._psa_clock()) / 3600,
            rotation.get_work_hours_count(start, start + timedelta(days=35)))

    def test_calendar_without_hours_is_told_apart(self):
        empty = self.env["resource.calendar"].create({"name": "Nothing", "attendance_ids": [Command.clear()]})

        self.assertFalse(empty._psa_has_working_time())
        self.assertTrue(self.calendar._psa_has_working_time())

    # ------------------------------------------------------------------ versions

    def test_changing_hours_never_rewrites_the_past(self):
        with freeze_time(datetime(2027, 3, 3, 10)):
            self.calendar.attendance_ids.filtered(lambda row: row.hour_from == 8).hour_from = 6

        self.assertEqual([self._worked(day) for day in (1, 2, 3, 4)], [8, 8, 8, 10], "on the 3rd, it was changed during the shift")
        former, current = self.calendar.psa_version_ids.sorted(lambda version: version.valid_from or datetime.min)
        self.assertEqual((former.valid_from, current.valid_from), (False, datetime(2027, 3, 3, 10)))
        self.assertIn("08:00 – 12:00", former.hours)
        self.assertIn("06:00 – 12:00", current.hours)

    def test_every_way_of_changing_hours_is_kept(self):
        changes = [
            self.calendar.attendance_ids[0].unlink,
            lambda: self.calendar.write({"attendance_ids": self._hours([5], 9, 11)}),
            lambda: self.calendar.write({"tz": "Europe/Berlin"}),
            lambda: self._day_off(9),
            lambda: self.env["resource.calendar.leaves"].search([("name", "=", "Holiday")]).write({"date_from": datetime(2027, 3, 8)}),
            lambda: self.env["resource.calendar.leaves"].search([("name", "=", "Holiday")]).unlink(),
            lambda: self._day_off(10, calendar=self.env["resource.calendar"], company_id=self.company.id),
        ]
        for number, change in enumerate(changes):
            with freeze_time(MONDAY + timedelta(days=number)), self.subTest(number=number):
                before = self.calendar._psa_clock()
                change()
                self.calendar.invalidate_recordset(["psa_version_ids"])
                self.assertEqual(len(self.calendar.psa_version_ids), number + 2)
                self.assertNotEqual(self.calendar._psa_clock(), before)

    def test_what_changes_no_hours_makes_no_version(self):
        with freeze_time(MONDAY):
            self.calendar.name = "Counter"
            self.calendar.attendance_ids[0].name = "Early"
            resource = self.env["resource.resource"].create({"name": "Vera", "calendar_id": self.calendar.id})
            self._day_off(4, resource_id=resource.id)

        self.assertFalse(self.calendar.psa_version_ids)

    def test_several_steps_of_one_edit_are_one_version(self):
        with freeze_time(MONDAY):
            for row in self.calendar.attendance_ids:
                row.hour_to += 0.5
            self.calendar.attendance_ids[0].unlink()

        self.assertEqual(len(self.calendar.psa_version_ids), 2)
        self.assertEqual(self._worked(2, 7), 10 * 4.5 - 4.5)

    def test_new_hours_can_hold_from_a_later_day_on(self):
        with freeze_time(MONDAY):
            self.calendar.attendance_ids.filtered(lambda row: row.hour_from == 8).hour_from = 6
            version = self.calendar.psa_version_ids.filtered("valid_from")
            version.with_user(self.administrator).valid_from = datetime(2027, 3, 4)
            self.assertEqual(version.status, "coming")
            self.calendar.attendance_ids.filtered(lambda row: row.hour_from == 6).hour_from = 7

        self.assertEqual([self._worked(day) for day in (1, 2, 3, 4)], [8, 8, 8, 9])
        self.assertEqual(len(self.calendar.psa_version_ids), 2)

    def test_a_day_off_does_not_wait_for_hours_to_come(self):
        with freeze_time(MONDAY):
            self.calendar.attendance_ids.filtered(lambda row: row.hour_from == 8).hour_from = 6
            self.calendar.psa_version_ids.filtered("valid_from").valid_from = datetime(2027, 3, 8)
        with freeze_time(MONDAY + timedelta(hours=2)):
            fair, late = self._day_off(3), self._day_off(9)
            self.calendar.invalidate_recordset(["psa_version_ids"])
            versions = self.calendar.psa_version_ids.sorted(lambda version: version.valid_from or datetime.min)
            self.assertEqual(versions.mapped("status"), ["former", "current", "coming"])
        self.assertEqual([self._worked(day) for day in (1, 2, 3, 4, 8, 9)], [8, 8, 0, 8, 10, 0])

        with freeze_time(MONDAY + timedelta(days=1)):
            (fair | late).unlink()

        self.assertEqual([self._worked(day) for day in (2, 3, 4, 8, 9)], [8, 8, 8, 10, 10])

    def test_the_past_is_not_to_be_had(self):
        with freeze_time(MONDAY):
            self.calendar.attendance_ids[0].hour_from = 7
        with freeze_time(MONDAY + timedelta(days=1)):
            self.calendar.attendance_ids[0].hour_from = 6
            first, second, third = self.calendar.psa_version_ids.sorted(lambda version: version.valid_from or datetime.min)
            self.assertEqual((first | second | third).mapped("status"), ["former", "former", "current"])
            for version, valid_from in (
                (third, MONDAY), (second, datetime(2027, 4, 1)), (first, datetime(2027, 4, 1)), (third, False),
            ):
                with self.assertRaises(UserError):
                    version.with_user(self.administrator).valid_from = valid_from
        with freeze_time(MONDAY + timedelta(days=2)), self.assertRaisesRegex(UserError, "valid already"):
            third.with_user(self.administrator).valid_from = datetime(2027, 4, 1)
        with self.assertRaises(UserError):
            third.with_user(self.administrator).data = {}

    def test_new_calendar_has_no_versions_for_being_filled_in(self):
        calendar = self.env["resource.calendar"].create({"name": "New", "attendance_ids": [Command.clear()]})
        for day in range(5):
            calendar.attendance_ids = self._hours([day], 8, 12)

        self.assertFalse(calendar.psa_version_ids)

    def test_who_keeps_moments_is_told_of_changed_hours(self):
        told = []

        def remember(calendars):
            told.append(calendars)

        with patch.object(self.registry["resource.calendar"], "_psa_clock_changed", remember), freeze_time(MONDAY):
            self.calendar.attendance_ids[0].hour_from = 7

        self.assertEqual(told, [self.calendar])

    # ------------------------------------------------------------------ deleting, access

    def test_hours_of_a_site_cannot_be_deleted(self):
        self.dental.psa_calendar_id = self.calendar

        with self.assertRaisesRegex(UserError, "Harbour Dental"):
            self.calendar.unlink()

        self.dental.psa_calendar_id = False
        self.calendar.unlink()

    def test_clock_of_a_calendar_that_is_gone_counts_every_minute(self):
        gone = self.calendar
        gone._psa_clock()
        gone.unlink()
        self.env.registry.clear_cache()

        self.assertEqual(gone._psa_clock(), clock.ALWAYS)

    def test_who_changes_hours(self):
        # user, reads versions, changes hours and days off
        expected = [
            (self.technician, True, False), (self.dispatcher, True, False), (self.billing, True, False),
            (self.administrator, True, True), (self.rival_technician, False, False),
        ]
        with freeze_time(MONDAY):
            self.calendar.attendance_ids[0].hour_from = 7
        version, day_off = self.calendar.psa_version_ids[0], self._day_off(9)

        for user, reads, changes in expected:
            with self.subTest(user=user.login):
                self.assertEqual(version.with_user(user).has_access("read"), reads)
                self.assertEqual(version.with_user(user).has_access("write"), changes)
                for record in (self.calendar, self.calendar.attendance_ids[0], day_off):
                    self.assertEqual(record.with_user(user).has_access("write"), changes, record)
                self.assertFalse(version.with_user(user).has_access("create"))
                self.assertFalse(version.with_user(user).has_access("unlink"))
        rival_admin = self._new_staff("calendar_rival", "psa_crm.group_company_admin", company=self.rival)
        with self.assertRaises(AccessError):
            self.calendar.with_user(rival_admin).tz = "Asia/Tokyo"
        self.calendar.with_user(self.administrator).write({"attendance_ids": self._hours([6], 9, 11)})
        self.env["resource.calendar.leaves"].with_user(self.administrator).create({
            "name": "Fair", "calendar_id": self.calendar.id, "date_from": MONDAY, "date_to": MONDAY + timedelta(hours=1),
        })
