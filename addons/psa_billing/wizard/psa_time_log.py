from datetime import timedelta, timezone

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_time

from ..core import rating
from ..core import timer as timer_core
from ..tools import hours_to_minutes

UTC = timezone.utc


class PsaTimeLog(models.TransientModel):
    """Ask what was done, and make a time entry of it."""

    _name = "psa.time.log"
    _inherit = "psa.wizard.mixin"
    _description = "Log Time"

    ticket_id = fields.Many2one("psa.ticket", readonly=True, ondelete="cascade")
    task_id = fields.Many2one("project.task", readonly=True, ondelete="cascade")
    client_id = fields.Many2one("res.partner", compute="_compute_work")
    company_id = fields.Many2one("res.company", compute="_compute_work")
    timer_id = fields.Many2one("psa.work.timer", readonly=True, ondelete="cascade")
    date = fields.Date(required=True, default=fields.Date.context_today)
    hours = fields.Float(
        "Worked",
        compute="_compute_hours",
        store=True,
        readonly=False,
        help="Time really worked; a begun minute of the timer counts as one.",
    )
    work_type_id = fields.Many2one(
        "psa.work.type",
        required=True,
        compute="_compute_defaults",
        store=True,
        readonly=False,
        precompute=True,
        domain="[('company_id', 'in', (company_id, False))]",
    )
    role_id = fields.Many2one(
        "psa.role",
        compute="_compute_defaults",
        store=True,
        readonly=False,
        precompute=True,
        domain="[('company_id', 'in', (company_id, False))]",
        help="The capacity you worked in; it decides the rate.",
    )
    start = fields.Datetime(compute="_compute_start", store=True, readonly=False)
    end = fields.Datetime(compute="_compute_start", store=True, readonly=False)
    times = fields.Char("Timer Ran", compute="_compute_times")
    name = fields.Text("What Was Done", required=True)
    invoice_text = fields.Text(help="Only if the client shall read something else than the above.")
    internal_note = fields.Text(help="For colleagues only: it never reaches the client.")
    is_billable = fields.Boolean(
        "Billable", compute="_compute_is_billable", store=True, readonly=False
    )
    billable_hours = fields.Float(
        "Charged",
        compute="_compute_billable_hours",
        store=True,
        readonly=False,
        help="Worked time raised to the minimum and increment of the work type.",
    )

    @api.depends("ticket_id", "task_id")
    def _compute_work(self):
        for wizard in self:
            task = wizard.task_id
            wizard.client_id = wizard.ticket_id.client_id or (task.partner_id or task.project_id.partner_id)
            wizard.company_id = (
                wizard.ticket_id.company_id or task.company_id or task.project_id.company_id or self.env.company
            )

    @api.depends("timer_id", "start", "end")
    def _compute_hours(self):
        for wizard in self:
            if wizard.start and wizard.end:
                wizard.hours = (wizard.end - wizard.start).total_seconds() / 3600
            elif wizard.hours and not wizard.timer_id:
                wizard.hours = wizard.hours
            else:
                wizard.hours = wizard._measured_minutes() / 60

    @api.depends("timer_id")
    def _compute_start(self):
        for wizard in self:
            runs = wizard.timer_id.runs or []
            wizard.start = wizard.end = False
            # Time gathered before runs were kept has no start.
            if len(runs) == 1 and wizard._has_all_runs():
                start = fields.Datetime.to_datetime(runs[0][0]).replace(second=0)
                wizard.start, wizard.end = start, start + timedelta(minutes=wizard._measured_minutes())
                wizard.date = self.env["account.analytic.line"]._psa_local(start, wizard.company_id).date()

    @api.depends("timer_id")
    def _compute_times(self):
        for wizard in self:
            wizard.times = ", ".join(
                "–".join(
                    format_time(self.env, fields.Datetime.to_datetime(moment), time_format="short") for moment in run
                )
                for run in wizard.timer_id.runs or []
            )

    @api.onchange("hours")
    def _onchange_hours(self):
        if self.start and self.hours > 0:
            self.end = self.start + timedelta(minutes=hours_to_minutes(self.hours))

    @api.depends("ticket_id", "task_id")
    def _compute_defaults(self):
        for wizard in self:
            company = wizard.company_id
            wizard.work_type_id = wizard.work_type_id or self.env["psa.work.type"]._psa_default(
                company
            )
            user = self.env.user.with_company(company).sudo()
            wizard.role_id = wizard.role_id or user.psa_role_id

    @api.depends("work_type_id")
    def _compute_is_billable(self):
        for wizard in self:
            wizard.is_billable = wizard.work_type_id.is_billable

    @api.depends("hours", "work_type_id", "is_billable")
    def _compute_billable_hours(self):
        for wizard in self:
            work_type = wizard.work_type_id
            minutes = rating.billable_minutes(
                hours_to_minutes(wizard.hours),
                work_type.minimum_minutes,
                work_type.increment_minutes,
            )
            wizard.billable_hours = minutes / 60 if wizard.is_billable else 0.0

    def action_log(self):
        """Make the entry and drop the timer."""
        self._make_entry()
        return {"type": "ir.actions.act_window_close"}

    def action_log_submit(self):
        """Make the entry and hand it in for approval."""
        self._make_entry().filtered("psa_approval_state").action_psa_submit()
        return {"type": "ir.actions.act_window_close"}

    def _make_entry(self):
        self.ensure_one()
        minutes = hours_to_minutes(self.hours)
        if minutes <= 0:
            raise UserError(self.env._("Nothing to log: enter the time worked under “Worked”."))
        lines = self.env["account.analytic.line"].create(self._prepare_line_vals_list(minutes))
        key = lines[:1].psa_split_key
        if key:
            # A part that was cut off is handed in with the rest.
            lines |= lines.search([("psa_split_key", "=", key), ("user_id", "=", self.env.uid)])
        if self.timer_id and self.timer_id.user_id == self.env.user:
            self.timer_id.unlink()
        return lines

    def _prepare_line_vals_list(self, minutes):
        """Return the values of the entries: one, or one for each day and kind of hours in which the timer ran."""
        vals = self._prepare_line_vals(minutes)
        if self.start or self.end:
            # The time worked is what counts, whatever the timer showed.
            duration = timedelta(minutes=minutes)
            start = self.start or self.end - duration
            return [{**vals, "psa_start": start, "psa_end": start + duration}]
        if not self.timer_id.runs or minutes != self._measured_minutes() or not self._has_all_runs():
            return [vals]
        parts = [
            {
                "date": stretch.day,
                "unit_amount": stretch.minutes / 60,
                "psa_work_type_id": (
                    self.work_type_id.sudo().after_hours_type_id if stretch.is_after_hours else self.work_type_id
                ).id,
                **({
                    "psa_start": stretch.start.astimezone(UTC).replace(tzinfo=None),
                    "psa_end": stretch.end.astimezone(UTC).replace(tzinfo=None),
                } if stretch.start else {}),
            }
            for stretch in self.timer_id._stretches(self.work_type_id)
        ]
        if len(parts) > 1:
            worked = [hours_to_minutes(part["unit_amount"]) for part in parts]
            self.env["account.analytic.line"]._psa_share_charged(parts, worked, vals, self.work_type_id)
        return [{**vals, **part} for part in parts] or [vals]

    def _psa_check_named(self, vals):
        # Somebody whom the client is lent to sees neither work types nor roles of the company, but starts with what it starts with.
        super()._psa_check_named({name: value for name, value in vals.items() if name not in ("work_type_id", "role_id")})
        ticket = self.env["psa.ticket"].browse(self._psa_named_ids(vals.get("ticket_id"))) or self[:1].ticket_id
        company = ticket.company_id or self.env.company
        start = {
            "work_type_id": self.env["psa.work.type"]._psa_default(company).ids,
            "role_id": self.env.user.with_company(company).sudo().psa_role_id.ids,
        }
        return super()._psa_check_named({
            name: vals[name] for name, ids in start.items() if vals.get(name) and self._psa_named_ids(vals[name]) != ids
        })

    def _prepare_line_vals(self, minutes):
        return {
            **({"psa_ticket_id": self.ticket_id.id} if self.ticket_id else {}),
            **({"task_id": self.task_id.id} if self.task_id else {}),
            "date": self.date,
            "unit_amount": minutes / 60,
            "name": self.name,
            "user_id": self.env.uid,
            "psa_work_type_id": self.work_type_id.id,
            "psa_role_id": self.role_id.id,
            "psa_is_billable": self.is_billable,
            "psa_billable_minutes": hours_to_minutes(self.billable_hours),
            "psa_invoice_text": self.invoice_text,
            "psa_internal_note": self.internal_note,
        }

    def _measured_minutes(self):
        return timer_core.minutes_worked(self.timer_id.seconds_worked)

    def _has_all_runs(self):
        """Say whether the runs of the timer are all the time it gathered."""
        seconds = sum(
            (fields.Datetime.to_datetime(end) - fields.Datetime.to_datetime(start)).total_seconds()
            for start, end in self.timer_id.runs or []
        )
        return abs(seconds - self.timer_id.seconds_before) < 1
