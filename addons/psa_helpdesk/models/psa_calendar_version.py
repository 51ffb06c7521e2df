from datetime import timedelta, timezone

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core import calendar_version

UTC = timezone.utc

# Changes of hours so close to each other are one change.
ONE_EDIT = timedelta(minutes=1)


class PsaCalendarVersion(models.Model):
    """Working hours as they were from a moment on.

    Rows are written when the hours, the days off or the time zone of a calendar change. What was measured before stays measured by
    the hours of that time: a version never reaches back behind the moment of the change.
    """

    _name = "psa.calendar.version"
    _description = "Version of Working Hours"
    _order = "calendar_id, valid_from desc nulls last, id desc"
    _rec_name = "calendar_id"

    _valid_from_uniq = models.UniqueIndex(
        "(calendar_id, valid_from DESC NULLS LAST)", "This calendar already has other hours from that moment on."
    )
    _company_idx = models.Index("(company_id)")

    calendar_id = fields.Many2one("resource.calendar", "Working Hours", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one(related="calendar_id.company_id", store=True)
    valid_from = fields.Datetime(help="Empty for the hours the calendar had before they were changed for the first time.")
    user_id = fields.Many2one("res.users", "Changed by", readonly=True, ondelete="set null", default=lambda self: self.env.user)
    data = fields.Json(required=True, readonly=True)
    hours = fields.Text(compute="_compute_hours")
    tz = fields.Char("Time Zone", compute="_compute_hours")
    day_off_count = fields.Integer("Days Off", compute="_compute_hours", help="How many holidays and other times off it knows.")
    status = fields.Selection(
        [("former", "Former"), ("current", "Now"), ("coming", "To come")], compute="_compute_status"
    )

    @api.depends("data")
    @api.depends_context("lang")
    def _compute_hours(self):
        days = dict(self.env["resource.calendar.attendance"]._fields["dayofweek"]._description_selection(self.env))
        weeks = [self.env._("First week"), self.env._("Second week")]
        for version in self:
            schedule = calendar_version.load(version.data or {"tz": "UTC", "weekly": [], "holidays": []})
            lines = []
            for week, weekdays, hours in calendar_version.summary(schedule):
                names = ", ".join(days[str(weekday)] for weekday in weekdays)
                times = ", ".join(f"{start} – {end}" for start, end in hours)
                lines.append(f"{names}: {times}" if week is None else f"{weeks[week]}, {names}: {times}")
            version.hours = "\n".join(lines) or self.env._("No working hours")
            version.tz = schedule.tz
            version.day_off_count = len(schedule.holidays)

    @api.depends("valid_from", "calendar_id")
    def _compute_status(self):
        now = fields.Datetime.now()
        current = {}
        for version in self.search([("calendar_id", "in", self.calendar_id.ids)]):
            if not version.valid_from or version.valid_from <= now:
                current.setdefault(version.calendar_id, version)
        for version in self:
            if version.valid_from and version.valid_from > now:
                version.status = "coming"
            else:
                version.status = "current" if current.get(version.calendar_id) == version._origin else "former"

    def write(self, vals):
        if vals.keys() - {"valid_from"} and not self.env.su:
            raise UserError(self.env._("Only the moment from which hours are valid can be changed here; change the hours in the calendar."))
        if "valid_from" in vals:
            self._check_valid_from(fields.Datetime.to_datetime(vals["valid_from"]))
        result = super().write(vals)
        if "valid_from" in vals:
            self.sudo().calendar_id._psa_clock_changed()
        return result

    def _check_valid_from(self, valid_from):
        """Refuse what would change how time was measured that is past."""
        now = fields.Datetime.now()
        latest = self.sudo()._latest_of(self.calendar_id)
        for version in self:
            if latest[version.calendar_id] != version or not version.valid_from:
                raise UserError(self.env._(
                    "Only the latest hours of “%s” can be put off; those before are history.", version.calendar_id.name
                ))
            if not valid_from or valid_from < now - ONE_EDIT:
                raise UserError(self.env._(
                    "The hours of “%s” cannot be valid from a moment that is past: what was measured stays. Choose a later Valid From.",
                    version.calendar_id.name,
                ))
            before = latest.get((version.calendar_id, "current"))
            if version.valid_from < now - ONE_EDIT and before == version:
                raise UserError(self.env._(
                    "The hours of “%s” are valid already. Change the hours in the calendar, and then from when the new ones are valid.",
                    version.calendar_id.name,
                ))

    @api.model
    def _latest_of(self, calendars):
        """Return the last version of each calendar; by (calendar, "current") the one that is valid now."""
        now = fields.Datetime.now()
        latest = {}
        for version in self.search([("calendar_id", "in", calendars.ids)]):
            latest.setdefault(version.calendar_id, version)
            if not version.valid_from or version.valid_from <= now:
                latest.setdefault((version.calendar_id, "current"), version)
        return latest

    @api.model
    def _record(self, changes):
        """Keep how hours changed: {calendar: (schedule before, schedule after)}."""
        now = fields.Datetime.now().replace(microsecond=0)
        latest = self._latest_of(self.env["resource.calendar"].union(*changes))
        rows = []
        for calendar, (before, after) in changes.items():
            version = latest.get(calendar)
            data = calendar_version.dump(after)
            if version and version.valid_from and version.valid_from > now and before.tz == after.tz:
                rows += self._record_days_off(latest.get((calendar, "current")), before, after, now)
            if version and version.valid_from and version.valid_from > now - ONE_EDIT:
                # One edit in several steps, or hours to come that are still being decided on.
                version.write({"data": data, "user_id": self.env.uid})
            elif version:
                rows.append({"calendar_id": calendar.id, "valid_from": now, "data": data})
            elif before.weekly and calendar.create_date < now - ONE_EDIT:
                rows.append({"calendar_id": calendar.id, "valid_from": False, "data": calendar_version.dump(before), "user_id": False})
                rows.append({"calendar_id": calendar.id, "valid_from": now, "data": data})
        self.create(rows)

    @api.model
    def _record_days_off(self, current, before, after, now):
        """Keep changed days off with the present hours, too, while others are to come; return rows to be made.

        What is changed in the calendar are the hours to come; a day off does not wait for them.
        """
        added, removed = set(after.holidays) - set(before.holidays), set(before.holidays) - set(after.holidays)
        if not current or not added | removed:
            return []
        data = calendar_version.dump(calendar_version.with_days_off(calendar_version.load(current.data), added, removed))
        if current.valid_from and current.valid_from > now - ONE_EDIT:
            current.write({"data": data, "user_id": self.env.uid})
            return []
        return [{"calendar_id": current.calendar_id.id, "valid_from": now, "data": data}]

    def _clock_versions(self, tz=None):
        """Return the versions as a calendar of the clock takes them."""
        return tuple(
            (version.valid_from.replace(tzinfo=UTC) if version.valid_from else None, calendar_version.load(version.data, tz))
            for version in self
        )
