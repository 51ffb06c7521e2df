from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_date

from ..core import timesheet

WEEK_FIELDS = {
    "date", "user_id", "employee_id", "company_id", "project_id", "task_id", "psa_ticket_id", "psa_start", "psa_end",
}  # fmt: skip


class AccountAnalyticLine(models.Model):
    """Each entry belongs to the week of its person, which is handed in and approved as a whole.

    An approved week is closed: nothing is added to it but corrections, until it is opened again.
    """

    _inherit = "account.analytic.line"

    psa_week_id = fields.Many2one(
        "psa.time.week", "Week", readonly=True, copy=False, index="btree_not_null", ondelete="set null"
    )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            vals["psa_week_id"] = False
        lines = super().create(vals_list)
        lines._psa_join_weeks()
        return lines

    def write(self, vals):
        if "psa_week_id" in vals:
            vals = {name: value for name, value in vals.items() if name != "psa_week_id"}
        result = super().write(vals)
        if WEEK_FIELDS & vals.keys():
            self._psa_join_weeks()
        return result

    def action_psa_unapprove(self):
        result = super().action_psa_unapprove()
        self.sudo().psa_week_id._psa_unlock()
        return result

    def _psa_join_weeks(self):
        """Put the entries in their weeks; refuse to put one in a closed week."""
        Week = self.env["psa.time.week"]
        lines = self.sudo()
        keys = {
            line: (line.user_id.id, line.company_id.id, timesheet.monday(line.date))
            for line in lines
            if line.psa_approval_state and line.user_id
        }
        weeks = Week._psa_get_or_make(set(keys.values()))
        for week, of_week in lines.grouped(lambda line: weeks.get(keys.get(line), Week.sudo())).items():
            moved = of_week.filtered(lambda line, week=week: line.psa_week_id != week)
            entered = moved.filtered(lambda line: line.psa_approval_state != "approved" and not line.psa_corrects_id)
            if entered and week.is_locked:
                raise UserError(self.env._(
                    "The week of %(day)s of %(person)s is approved and closed. Correct an entry of it, or ask billing to open the "
                    "week again.",
                    day=format_date(self.env, week.date_from), person=week.user_id.name,
                ))
            moved._psa_write_approval({"psa_week_id": week.id})
