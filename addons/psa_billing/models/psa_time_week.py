from odoo import fields, models


class PsaTimeWeek(models.Model):
    """The time of one person in one company from Monday to Sunday: handed in, approved or sent back as a whole."""

    _name = "psa.time.week"
    _description = "Timesheet Week"
    _order = "date_from desc, id desc"

    _person_week_uniq = models.UniqueIndex(
        "(user_id, company_id, date_from)", "This person already has a timesheet of that week."
    )
    _date_idx = models.Index("(date_from DESC, id DESC)")
    _open_idx = models.Index("(company_id, date_from) WHERE state = 'submitted'")

    user_id = fields.Many2one("res.users", "Technician", required=True, readonly=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    date_from = fields.Date("Week From", required=True, readonly=True)
    date_to = fields.Date("Week To", compute="_compute_date_to", store=True)
    line_ids = fields.One2many("account.analytic.line", "psa_week_id", "Time", readonly=True)
    state = fields.Selection(
        [("draft", "Open"), ("submitted", "To Approve"), ("approved", "Approved")], required=True, readonly=True, default="draft"
    )
    return_reason = fields.Char("Sent Back Because", readonly=True, copy=False)
    approved_by_id = fields.Many2one("res.users", readonly=True, copy=False, ondelete="restrict")
    approved_on = fields.Datetime(readonly=True, copy=False)

    def _compute_date_to(self):
        for week in self:
            week.date_to = week.date_from and fields.Date.add(week.date_from, days=6)
