import secrets
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools.misc import format_time

from ..core import after_hours, rating, timesheet
from ..tools import hours_to_minutes

UTC = timezone.utc

PERIOD_FIELDS = {"psa_start", "psa_end", "unit_amount", "date"}
SECONDS_PER_HOUR = 3600


class AccountAnalyticLine(models.Model):
    """Time from a start to an end: exact over midnight and daylight saving, and split where other terms begin.

    What crosses local midnight, or the opening or closing of the hours of its work type, is saved as several entries that
    know of each other.
    """

    _inherit = "account.analytic.line"

    _psa_period_order = models.Constraint(
        "CHECK((psa_start IS NULL) = (psa_end IS NULL) AND (psa_end IS NULL OR psa_end >= psa_start))",
        "An entry needs a start and an end, and the end cannot be before the start.",
    )
    _psa_period_idx = models.Index("(user_id, psa_start) WHERE psa_start IS NOT NULL")

    psa_start = fields.Datetime("Start", copy=False)
    psa_end = fields.Datetime("End", copy=False)
    psa_period_hint = fields.Char(compute="_compute_psa_period_hint")
    psa_split_key = fields.Char(
        "Entered Together As", readonly=True, copy=False, index="btree_not_null",
        help="Entries made of one that crossed midnight or closing time share this.",
    )
    psa_split_count = fields.Integer("Parts", compute="_compute_psa_split_count")

    @api.depends("psa_start", "psa_end", "psa_work_type_id", "psa_is_service_time")
    def _compute_psa_period_hint(self):
        for line in self:
            line.psa_period_hint = False
            if line._origin or not line.psa_is_service_time or not line.psa_start or not line.psa_end:
                continue
            if not timedelta() < line.psa_end - line.psa_start <= timedelta(days=1):
                continue
            company = line.company_id or self.env.company
            parts = self._psa_cut(line.psa_start, line.psa_end, line.psa_work_type_id, company)
            if len(parts) > 1 or parts[0][1] != line.psa_work_type_id:
                line.psa_period_hint = self.env._("Saved as %s", " + ".join(
                    f"{self._psa_clock_text(part.start)}–{self._psa_clock_text(part.end)} {work_type.name or ''}".strip()
                    for part, work_type in parts
                ))

    @api.depends("psa_split_key")
    def _compute_psa_split_count(self):
        keys = [key for key in self.mapped("psa_split_key") if key]
        counts = dict(self._read_group([("psa_split_key", "in", keys)], ["psa_split_key"], ["__count"])) if keys else {}
        for line in self:
            line.psa_split_count = counts.get(line.psa_split_key, 0)

    @api.onchange("psa_start", "psa_end")
    def _onchange_psa_period(self):
        if self.psa_start and not self.psa_end and self.unit_amount:
            self.psa_end = self.psa_start + timedelta(hours=self.unit_amount)
        if self.psa_start and self.psa_end and self.psa_end >= self.psa_start:
            self.unit_amount = self._psa_hours_between(self.psa_start, self.psa_end)
            self.date = self._psa_local(self.psa_start, self.company_id or self.env.company).date()

    @api.onchange("unit_amount")
    def _onchange_psa_unit_amount(self):
        if self.psa_start and self.unit_amount >= 0:
            self.psa_end = self.psa_start + timedelta(minutes=hours_to_minutes(self.unit_amount))

    @api.model_create_multi
    def create(self, vals_list):
        vals_list = [dict(vals) for vals in vals_list]
        self._psa_fill_work(vals_list)
        service = {id(vals) for vals in self._psa_service_vals(vals_list)}
        further = []
        for vals in vals_list:
            start, end = self._psa_period_of(vals)
            if not start:
                continue
            company = self._psa_company_of(vals)
            work_type = self.env["psa.work.type"].browse(vals.get("psa_work_type_id") or [])
            if id(vals) in service:
                work_type = work_type or self.env["psa.work.type"]._psa_default(company)
                parts = self._psa_parts(vals, start, end, work_type, company)
            else:
                parts = [self._psa_part_vals(start, end, company)]
            if len(parts) > 1:
                vals.pop("psa_billable_hours", None)
            further.extend({**vals, **part} for part in parts[1:])
            vals.update(parts[0])
        return super().create(vals_list + further)[: len(vals_list)]

    def write(self, vals):
        with_period = self.browse() if not PERIOD_FIELDS & vals.keys() else self.filtered(
            lambda line: line.psa_start or vals.get("psa_start")
        )
        if with_period != self:
            super(AccountAnalyticLine, self - with_period).write(vals)
        for line in with_period:
            line._psa_write_period(vals)
        return True

    def action_psa_undo_split(self):
        """Delete the entry together with the parts that were entered with it."""
        keys = [key for key in self.mapped("psa_split_key") if key]
        (self | self.search([("psa_split_key", "in", keys), ("user_id", "in", self.user_id.ids)])).unlink()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_billing.action_psa_time_mine")
        return {**action, "target": "main"}

    def action_psa_view_split(self):
        """Open the parts that were entered together."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_billing.action_psa_time")
        return {**action, "domain": [("psa_split_key", "=", self.psa_split_key)], "context": {}}

    def _psa_write_period(self, vals):
        """Write one entry that has, or gets, a start and an end; cut it anew."""
        self.ensure_one()
        if "psa_start" in vals and not vals["psa_start"]:
            return super().write({**vals, "psa_end": False})  # pylint: disable=super-method-mismatch
        duration = self.psa_end - self.psa_start if self.psa_start else timedelta(hours=self.unit_amount)
        known = {"psa_start": self.psa_start, "psa_end": self.psa_end, **vals}
        if not {"psa_start", "psa_end"} & vals.keys():
            if vals.get("date"):
                known["psa_start"] = self._psa_moved_to(fields.Date.to_date(vals["date"]))
            if "unit_amount" in vals:
                duration = timedelta(minutes=hours_to_minutes(vals["unit_amount"]))
                if duration < timedelta():
                    return super().write(vals)  # pylint: disable=super-method-mismatch
            known["psa_end"] = known["psa_start"] + duration
        elif not known["psa_end"]:
            known["unit_amount"] = vals.get("unit_amount", self.unit_amount)
        start, end = self._psa_period_of(known)
        company = self.company_id
        work_type = self.psa_work_type_id
        if "psa_work_type_id" in vals:
            work_type = work_type.browse(vals["psa_work_type_id"] or [])
        if self.psa_approval_state:
            parts = self._psa_parts({**vals, "psa_split_key": self.psa_split_key}, start, end, work_type, company)
        else:
            parts = [self._psa_part_vals(start, end, company)]
        further = []
        if len(parts) > 1:
            template = {**self.copy_data()[0], **vals}
            template.pop("psa_billable_hours", None)
            template.pop("psa_billable_minutes", None)
            further = [{**template, **part} for part in parts[1:]]
        super().write({**vals, **parts[0]})  # pylint: disable=super-method-mismatch
        self.create(further)
        return True

    @api.model
    def _psa_period_of(self, vals):
        """Return start and end that values name, or nothing; refuse what is no period."""
        start = fields.Datetime.to_datetime(vals.get("psa_start") or False)
        end = fields.Datetime.to_datetime(vals.get("psa_end") or False)
        hours = vals.get("unit_amount")
        if start and not end and hours and hours > 0:
            end = start + timedelta(minutes=hours_to_minutes(hours))
        if end and not start and hours and hours > 0:
            start = end - timedelta(minutes=hours_to_minutes(hours))
        if not start and not end:
            return None, None
        if not start or not end:
            raise ValidationError(self.env._("Enter both “Start” and “End”, or one of them and the time worked."))
        if end < start:
            raise ValidationError(self.env._(
                "The entry ends before it starts. Correct “Start” or “End”; work over midnight ends on the next day."
            ))
        if end - start > timedelta(days=1):
            raise ValidationError(self.env._(
                "From start to end it is more than 24 hours. Enter one entry for each stretch of work."
            ))
        # Time is entered and charged in whole minutes.
        return start.replace(second=0, microsecond=0), end.replace(second=0, microsecond=0)

    @api.model
    def _psa_parts(self, vals, start, end, work_type, company):
        """Return the values of each entry that this period makes."""
        if start == end:
            return [self._psa_part_vals(start, end, company)]
        cut = self._psa_cut(start, end, work_type, company)
        parts = [
            {**self._psa_part_vals(part.start, part.end, company), "psa_work_type_id": part_type.id} for part, part_type in cut
        ]
        if len(parts) == 1:
            return parts
        key = vals.get("psa_split_key") or secrets.token_hex(8)
        for part in parts:
            part["psa_split_key"] = key
        self._psa_share_charged(parts, [part.seconds // 60 for part, _type in cut], vals, work_type)
        return parts

    @api.model
    def _psa_share_charged(self, parts, worked, vals, work_type):
        """Give each part its share of the charged minutes, if the values of the whole name any.

        Minutes that follow from the rounding follow from it part by part; those that people agreed on are shared.
        """
        minutes = vals.get("psa_billable_minutes")
        if "psa_billable_hours" in vals:
            minutes = hours_to_minutes(vals["psa_billable_hours"])
        if minutes is None:
            return
        work_type = work_type.sudo()
        is_agreed = minutes != rating.billable_minutes(sum(worked), work_type.minimum_minutes, work_type.increment_minutes)
        if vals.get("psa_is_billable") is False:
            shares = [0] * len(parts)
        elif is_agreed:
            shares = timesheet.share(minutes, worked)
        else:
            types = work_type.browse(part["psa_work_type_id"] for part in parts)
            shares = [
                rating.billable_minutes(of_part, part_type.minimum_minutes, part_type.increment_minutes)
                if vals.get("psa_is_billable", part_type.is_billable) else 0
                for of_part, part_type in zip(worked, types, strict=True)
            ]
        for part, minutes_of_part in zip(parts, shares, strict=True):
            part.pop("psa_billable_hours", None)
            part["psa_billable_minutes"] = minutes_of_part

    @api.model
    def _psa_cut(self, start, end, work_type, company):
        """Cut a period at midnight and where the hours of the work type begin or end.

        :return: ``[(part, work type)]``
        """
        work_type = work_type.sudo()
        variant = work_type.after_hours_type_id
        business = None
        if variant:
            calendar = work_type.after_hours_calendar_id or company.sudo().resource_calendar_id
            business = calendar._psa_open_between
        zone = ZoneInfo(self._psa_zone(company))
        parts = after_hours.split(start.replace(tzinfo=UTC), end.replace(tzinfo=UTC), business, zone)
        return [(part, variant if part.is_after_hours else work_type) for part in parts]

    @api.model
    def _psa_part_vals(self, start, end, company):
        start, end = (
            moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment for moment in (start, end)
        )
        return {
            "psa_start": start,
            "psa_end": end,
            "unit_amount": self._psa_hours_between(start, end),
            "date": self._psa_local(start, company).date(),
        }

    @api.model
    def _psa_hours_between(self, start, end):
        return (end - start).total_seconds() / SECONDS_PER_HOUR

    @api.model
    def _psa_clock_text(self, moment):
        """Return what the user's clock shows at an aware moment."""
        return format_time(self.env, moment.astimezone(UTC).replace(tzinfo=None), time_format="short")

    @api.model
    def _psa_zone(self, company):
        """Return the name of the time zone in which the days of a service company begin."""
        return company._psa_zone()

    @api.model
    def _psa_local(self, moment, company):
        return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(self._psa_zone(company)))

    def _psa_moved_to(self, day):
        """Return the start of this entry at the same time of another day."""
        local = self._psa_local(self.psa_start, self.company_id)
        moved = datetime.combine(day, local.time(), tzinfo=local.tzinfo)
        return moved.astimezone(UTC).replace(tzinfo=None)
