from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.misc import format_duration, format_time

from ..core import timesheet

HOURS_OF_DAY = 24
# No entry is longer than a day, so that an overlap begins no earlier than that.
REACH = timedelta(days=1)


class AccountAnalyticLine(models.Model):
    """What looks wrong is flagged, not forbidden: entries that overlap, and days that are too long."""

    _inherit = "account.analytic.line"

    psa_is_flagged = fields.Boolean("Looks Wrong", compute="_compute_psa_flags", search="_search_psa_is_flagged")
    psa_flag_text = fields.Char("Why It Looks Wrong", compute="_compute_psa_flags", groups="base.group_user")

    @api.depends(
        "user_id", "date", "unit_amount", "psa_start", "psa_end", "psa_approval_state", "project_id", "company_id.psa_day_limit_hours"
    )
    def _compute_psa_flags(self):
        overlaps, long_days = self._psa_overlaps(), self._psa_long_days()
        for line in self:
            texts = []
            others = overlaps.get(line._origin.id) if line._origin else None
            if others:
                times = ", ".join(
                    f"{format_time(self.env, start, time_format='short')}–{format_time(self.env, end, time_format='short')}"
                    for start, end in others[:3]
                )
                texts.append(self.env._("It overlaps with other time of the same person: %s.", times))
            total, limit = long_days.get((line.user_id.id, line.date, line.company_id.id), (0.0, 0.0))
            if total:
                texts.append(self.env._(
                    "%(total)s on this day are more than %(limit)s.",
                    total=format_duration(total), limit=format_duration(limit),
                ))
            line.psa_flag_text = " ".join(texts)
            line.psa_is_flagged = bool(texts)

    def _search_psa_is_flagged(self, operator, value):
        if operator not in ("in", "not in"):
            return NotImplemented
        self.flush_model(["user_id", "date", "unit_amount", "psa_start", "psa_end", "project_id", "company_id"])
        self.env["res.company"].flush_model(["psa_day_limit_hours"])
        found = Domain("id", "in", SQL(
            """(SELECT a.id FROM account_analytic_line a
                  JOIN account_analytic_line b ON b.user_id = a.user_id AND b.id <> a.id
                   AND b.psa_start > a.psa_start - interval '1 day' AND b.psa_start < a.psa_end
                   AND least(a.psa_end, b.psa_end) - greatest(a.psa_start, b.psa_start) > %(tolerance)s
                 WHERE a.psa_start IS NOT NULL
                 UNION
                SELECT a.id FROM account_analytic_line a
                  JOIN (SELECT user_id, date, sum(unit_amount) AS hours FROM account_analytic_line
                         WHERE project_id IS NOT NULL GROUP BY user_id, date) day ON day.user_id = a.user_id AND day.date = a.date
                  JOIN res_company c ON c.id = a.company_id
                 WHERE a.project_id IS NOT NULL
                   AND day.hours > coalesce(nullif(least(c.psa_day_limit_hours, 24), 0), 24) + 0.001)""",
            tolerance=timesheet.TOLERANCE,
        ))
        # True and False partition the time of clients; other lines are neither.
        wanted = (True in value) if operator == "in" else (False in value)
        both = True in value and False in value
        if both:
            return Domain.TRUE if operator == "in" else Domain.FALSE
        return found if wanted else ~found

    def _psa_overlaps(self):
        """Return ``{line id: [(start, end) of each entry of the same person it overlaps with]}``."""
        lines = self.filtered("psa_start")
        if not lines:
            return {}
        first = min(lines.mapped("psa_start")) - REACH
        last = max(lines.mapped("psa_end"))
        around = self.sudo().search_fetch(
            [("user_id", "in", lines.user_id.ids), ("psa_start", ">=", first), ("psa_start", "<", last)],
            ["user_id", "psa_start", "psa_end"],
        )
        found = {}
        for of_user in around.grouped("user_id").values():
            periods = {line.id: (line.psa_start, line.psa_end) for line in of_user}
            overlaps = timesheet.overlapping((key, *period) for key, period in periods.items())
            found.update({key: sorted(periods[other] for other in others) for key, others in overlaps.items()})
        return found

    def _psa_long_days(self):
        """Return ``{(user, day, company): (hours, limit)}`` of the days that have more hours than the company allows."""
        lines = self.filtered(lambda line: line.project_id and line.date and line.user_id)
        if not lines:
            return {}
        dates = lines.mapped("date")
        totals = {
            (user.id, fields.Date.to_date(day)): hours
            for user, day, hours in self.sudo()._read_group(
                [("user_id", "in", lines.user_id.ids), ("date", ">=", min(dates)), ("date", "<=", max(dates)), ("project_id", "!=", False)],
                ["user_id", "date:day"],
                ["unit_amount:sum"],
            )
        }
        limits = {company: company._psa_day_limit() for company in lines.company_id.sudo()}
        return {
            (line.user_id.id, line.date, line.company_id.id): (total, limits[line.company_id])
            for line in lines
            if (total := totals.get((line.user_id.id, line.date), 0.0)) > limits[line.company_id] + 0.001
        }
