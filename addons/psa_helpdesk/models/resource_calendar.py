from contextlib import contextmanager
from datetime import timezone

from odoo import api, fields, models, tools
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..core import calendar_version, clock

UTC = timezone.utc

# What working time is made of, apart from rows of its own.
CLOCK_FIELDS = {
    "tz", "two_weeks_calendar", "company_id", "attendance_ids", "attendance_ids_1st_week", "attendance_ids_2nd_week", "leave_ids",
    "global_leave_ids",
}
# Where it is kept that a calendar is being created, which no caller's context can say.
BEING_CREATED = "psa_helpdesk.calendars_being_created"


class ResourceCalendar(models.Model):
    """Working hours that a clock can be measured by, each moment by the hours that were valid then."""

    _inherit = "resource.calendar"

    psa_version_ids = fields.One2many("psa.calendar.version", "calendar_id", "Versions")
    psa_version_count = fields.Integer("Versions of the Hours", compute="_compute_psa_version_count")

    def _compute_psa_version_count(self):
        counts = dict(self.env["psa.calendar.version"]._read_group([("calendar_id", "in", self.ids)], ["calendar_id"], ["__count"]))
        for calendar in self:
            calendar.psa_version_count = counts.get(calendar._origin, 0)

    @api.model_create_multi
    def create(self, vals_list):
        # Rows that come with a new calendar change nothing that anybody was measured by.
        data = self.env.cr.precommit.data
        data[BEING_CREATED] = data.get(BEING_CREATED, 0) + 1
        try:
            return super().create(vals_list)
        finally:
            data[BEING_CREATED] = data.get(BEING_CREATED, 1) - 1

    def write(self, vals):
        if not CLOCK_FIELDS & vals.keys():
            return super().write(vals)
        with self._psa_keeping_versions():
            return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_clock_in_use(self):
        for calendar in self:
            users = calendar.sudo()._psa_clock_users()
            if users:
                raise UserError(self.env._(
                    "“%(calendar)s” cannot be deleted: time is measured by it for %(users)s. Choose other working hours there first, "
                    "or archive it.",
                    calendar=calendar.name, users=", ".join(users[:5]) + (", …" if len(users) > 5 else ""),
                ))

    def action_psa_versions(self):
        """Open the hours the calendar had and has."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_helpdesk.action_psa_calendar_version")
        name = self.env._("Hours of %s", self.name)
        return {**action, "name": name, "display_name": name, "domain": [("calendar_id", "=", self.id)], "context": {}}

    def action_psa_days_off(self):
        """Open the holidays and other times off of everybody in these working hours."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("resource.resource_calendar_leaves_action_from_calendar")
        name = self.env._("Days Off in %s", self.name)
        return {
            **action,
            "name": name,
            "display_name": name,
            "domain": [
                ("calendar_id", "in", [self.id, False]), ("company_id", "in", [self.company_id.id, False]), ("resource_id", "=", False),
            ],
            "context": {"default_calendar_id": self.id, "default_company_id": self.company_id.id},
        }

    @tools.ormcache("self.id", "tz")
    def _psa_clock(self, tz=None):
        """Return the calendar as the clock measures by it (``core/clock.py``), with the hours of each time.

        Without a calendar, every minute counts. It is kept until the hours change, with all that was laid out for it.

        :param tz: measure in this time zone instead of the calendar's own, as ``res.partner._psa_calendar_and_tz()`` tells it
        """
        calendar = self.sudo().exists()
        if not calendar:
            return clock.ALWAYS
        versions = self.env["psa.calendar.version"].sudo().search([("calendar_id", "=", calendar.id)])
        if versions:
            return clock.Calendar(versions._clock_versions(tz))
        schedule = calendar._psa_schedules()[calendar]
        return clock.Calendar(((None, calendar_version.load(calendar_version.dump(schedule), tz)),))

    def _psa_has_working_time(self):
        """Tell whether there is a working hour in the weeks to come by which a promise could be measured."""
        try:
            clock.due(1, [clock.Interval(fields.Datetime.now().replace(tzinfo=UTC), None, True)], self._psa_clock())
        except clock.NoWorkingTime:
            return False
        return True

    def _psa_clock_users(self):
        """Return the names of what measures time by this calendar; models that do add theirs."""
        self.ensure_one()
        return self.env["res.partner"].search([("psa_calendar_id", "=", self.id)], limit=6).mapped("display_name")

    def _psa_clock_changed(self):
        """Forget what was laid out for these calendars. Who keeps moments computed by them extends this to compute them anew."""
        self.env.registry.clear_cache()

    @contextmanager
    def _psa_keeping_versions(self):
        """Keep the hours as they were before what is done inside, if it changes them."""
        calendars = self.sudo()
        if not calendars or self.env.cr.precommit.data.get(BEING_CREATED):
            yield
            return
        before = calendars._psa_schedules()
        yield
        calendars = calendars.exists()
        after = calendars._psa_schedules()
        changes = {calendar: (before[calendar], after[calendar]) for calendar in calendars if before[calendar] != after[calendar]}
        if changes:
            self.env["psa.calendar.version"].sudo()._record(changes)
            calendars.browse(calendar.id for calendar in changes)._psa_clock_changed()

    def _psa_schedules(self):
        """Return the present hours of each calendar, times off of single people left out."""
        attendances = self.env["resource.calendar.attendance"].search_fetch(
            [("calendar_id", "in", self.ids), ("display_type", "=", False), ("day_period", "!=", "lunch")],
            ["calendar_id", "dayofweek", "hour_from", "hour_to", "week_type"],
        ).grouped("calendar_id")
        leaves = self.env["resource.calendar.leaves"].search_fetch(
            Domain("resource_id", "=", False) & Domain("time_type", "=", "leave") & (
                Domain("calendar_id", "in", self.ids)
                | (Domain("calendar_id", "=", False) & Domain("company_id", "in", self.company_id.ids))
            ),
            ["calendar_id", "company_id", "date_from", "date_to"],
        )
        return {
            calendar: calendar_version.schedule_of(
                [
                    (int(row.dayofweek), row.hour_from, row.hour_to, int(row.week_type or 0) if calendar.two_weeks_calendar else None)
                    for row in attendances.get(calendar, ())
                ],
                [
                    (leave.date_from.replace(tzinfo=UTC), leave.date_to.replace(tzinfo=UTC)) for leave in leaves
                    if leave.calendar_id == calendar or (not leave.calendar_id and leave.company_id == calendar.company_id)
                ],
                calendar.tz or "UTC",
            )
            for calendar in self
        }
