from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL
from odoo.tools.misc import format_date

from ..core import timesheet


class PsaTimeWeek(models.Model):
    """The time of one person in one company from Monday to Sunday: handed in, approved or sent back as a whole.

    Rows are made by the first entry of a week. Their state follows from the entries, until an approver closes the week.
    """

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
    date_to = fields.Date("Week To", readonly=True)
    line_ids = fields.One2many("account.analytic.line", "psa_week_id", "Time", readonly=True)
    state = fields.Selection(
        [("draft", "Open"), ("submitted", "To Approve"), ("approved", "Approved")],
        compute="_compute_state", store=True, readonly=True, default="draft",
    )
    worked_hours = fields.Float("Worked", compute="_compute_hours", store=True)
    billable_hours = fields.Float("Billable", compute="_compute_hours", store=True)
    flagged_count = fields.Integer("Looks Wrong", compute="_compute_flagged_count")
    is_locked = fields.Boolean("Closed", compute="_compute_is_locked")
    return_reason = fields.Char("Sent Back Because", readonly=True, copy=False)
    approved_by_id = fields.Many2one("res.users", readonly=True, copy=False, ondelete="restrict")
    approved_on = fields.Datetime(readonly=True, copy=False)
    row_keys = fields.Json(readonly=True, copy=False)

    @api.depends("line_ids.psa_approval_state", "approved_on")
    def _compute_state(self):
        states = {}
        for week, state in self.env["account.analytic.line"].sudo()._read_group(
            [("psa_week_id", "in", self.ids)], ["psa_week_id", "psa_approval_state"]
        ):
            states.setdefault(week.id, set()).add(state)
        for week in self:
            of_week = states.get(week.id, set())
            if week.approved_on or of_week == {"approved"}:
                week.state = "approved"
            elif "draft" in of_week or not of_week:
                week.state = "draft"
            else:
                week.state = "submitted"

    @api.depends("line_ids.unit_amount", "line_ids.psa_billable_minutes")
    def _compute_hours(self):
        sums = {
            week.id: (worked, minutes)
            for week, worked, minutes in self.env["account.analytic.line"].sudo()._read_group(
                [("psa_week_id", "in", self.ids)], ["psa_week_id"], ["unit_amount:sum", "psa_billable_minutes:sum"]
            )
        }
        for week in self:
            worked, minutes = sums.get(week.id, (0.0, 0))
            week.worked_hours, week.billable_hours = worked, minutes / 60

    def _compute_flagged_count(self):
        for week in self:
            week.flagged_count = len(week.line_ids.filtered("psa_is_flagged"))

    @api.depends("approved_on")
    def _compute_is_locked(self):
        for week in self:
            week.is_locked = bool(week.approved_on)

    @api.depends("user_id", "date_from")
    def _compute_display_name(self):
        for week in self:
            week.display_name = self.env._(
                "%(person)s, week of %(day)s",
                person=week.user_id.sudo().name, day=format_date(self.env, week.date_from) if week.date_from else "",
            )

    def action_submit(self):
        """Hand the weeks in for approval."""
        self.check_access("read")
        drafts = self.line_ids.filtered(lambda line: line.psa_approval_state == "draft")
        if not drafts:
            raise UserError(self.env._("There is nothing to hand in: enter time first."))
        drafts.action_psa_submit()
        self.sudo().return_reason = False
        return True

    def action_approve(self):
        """Approve everything in the weeks and close them."""
        self._psa_check_approver()
        for week in self.filtered(lambda week: week.state != "approved"):
            if week.state == "draft":
                raise UserError(self.env._(
                    "“%s” was not handed in yet. Ask for it, or approve single entries in the list.", week.display_name
                ))
        self.line_ids.filtered(lambda line: line.psa_approval_state == "submitted").action_psa_approve()
        self.sudo().write(
            {"approved_by_id": self.env.uid, "approved_on": fields.Datetime.now(), "return_reason": False}
        )
        return True

    def action_return(self):
        """Ask for the reason, then send the weeks back."""
        self._psa_check_approver()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_billing.action_psa_time_refuse")
        return {**action, "context": {"default_week_ids": [fields.Command.set(self.ids)]}}

    def action_reopen(self):
        """Open closed weeks again; what is neither invoiced nor settled goes back to approval."""
        self._psa_check_approver()
        self._psa_unlock()
        lines = (self.line_ids - self.line_ids._psa_billed()).filtered(
            lambda line: line.psa_approval_state == "approved"
            and not line.psa_correction_ids
            and not line.psa_corrects_id
        )
        lines.action_psa_unapprove()
        return True

    def action_open_grid(self):
        """Open the week as a grid."""
        self.ensure_one()
        action = self.env["ir.actions.client"]._for_xml_id("psa_billing.action_psa_week_grid")
        return {**action, "params": {"date": fields.Date.to_string(self.date_from), "user_id": self.user_id.id}}

    def action_open_lines(self):
        """Open the entries of the weeks."""
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_billing.action_psa_time")
        return {**action, "domain": [("psa_week_id", "in", self.ids)], "context": {"search_default_group_date": 1}}

    def _psa_return(self, reason):
        """Send what was handed in back to the technicians and tell each of them once."""
        self._psa_check_approver()
        lines = self.line_ids.filtered(lambda line: line.psa_approval_state == "submitted")
        if not lines:
            raise UserError(self.env._("There is nothing to send back: no time of these weeks waits for approval."))
        lines._psa_refuse(reason, notifies=False)
        self._psa_unlock()
        self.sudo().return_reason = reason
        for week in self:
            partner = week.user_id.sudo().partner_id - self.env.user.partner_id
            if partner:
                self.env["mail.thread"].message_notify(
                    partner_ids=partner.ids,
                    subject=self.env._("Your week of %s was sent back", format_date(self.env, week.date_from)),
                    body=self.env._("Your week was not approved: %s", reason),
                )

    def _psa_unlock(self):
        self.sudo().filtered("approved_on").write({"approved_by_id": False, "approved_on": False})

    def _psa_check_approver(self):
        self.env["account.analytic.line"]._psa_check_approver()
        self.check_access("read")
        if not self.env.su and self.company_id - self.env.companies:
            raise AccessError(self.env._("Weeks are approved by billing of the company the work was done for."))

    @api.model
    def _psa_get_or_make(self, keys):
        """Return ``{(user, company, Monday): week}``, making those that are missing; two at once make one."""
        if not keys:
            return {}
        self.flush_model()
        found = self._psa_find(keys)
        missing = [key for key in keys if key not in found]
        if missing:
            self.env.cr.execute(SQL(
                """INSERT INTO psa_time_week (user_id, company_id, date_from, date_to, state, worked_hours, billable_hours,
                                              create_uid, create_date, write_uid, write_date)
                   VALUES %s ON CONFLICT (user_id, company_id, date_from) DO NOTHING""",
                SQL(", ").join(
                    SQL(
                        "(%s, %s, %s, %s, 'draft', 0, 0, %s, now() AT TIME ZONE 'UTC', %s, now() AT TIME ZONE 'UTC')",
                        user_id, company_id, monday, monday + timedelta(days=6), self.env.uid, self.env.uid,
                    )
                    for user_id, company_id, monday in sorted(missing)
                ),
            ))
            found = self._psa_find(keys)
        return found

    @api.model
    def _psa_find(self, keys):
        user_ids, company_ids, mondays = (set(values) for values in zip(*keys, strict=True))
        weeks = self.sudo().search_fetch(
            [("user_id", "in", user_ids), ("company_id", "in", company_ids), ("date_from", "in", mondays)],
            ["user_id", "company_id", "date_from", "approved_on"],
        )
        return {
            key: week for week in weeks
            if (key := (week.user_id.id, week.company_id.id, week.date_from)) in keys
        }

    @api.model
    def _psa_monday(self, day=None):
        return timesheet.monday(fields.Date.to_date(day) or fields.Date.context_today(self))
