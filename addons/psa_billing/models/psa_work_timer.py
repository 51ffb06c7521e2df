from datetime import timezone

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core import timer as timer_core

UTC = timezone.utc


class PsaWorkTimer(models.Model):
    """A stopwatch of one person on one ticket or task. It lives in the database, not in the browser."""

    _name = "psa.work.timer"
    _description = "Work Timer"
    _order = "is_running desc, id desc"

    _one_running = models.UniqueIndex(
        "(user_id) WHERE is_running", "You already have a running timer. Pause it first."
    )
    _one_per_ticket = models.UniqueIndex(
        "(ticket_id, user_id)", "There already is a timer of this person on this ticket."
    )
    _one_per_task = models.UniqueIndex(
        "(task_id, user_id)", "There already is a timer of this person on this task."
    )
    _seconds_not_negative = models.Constraint(
        "CHECK(seconds_before >= 0)", "A timer cannot have negative time."
    )
    _running_has_start = models.Constraint(
        "CHECK(is_running = (started_at IS NOT NULL))", "A running timer needs its start."
    )
    _one_thing_worked_on = models.Constraint(
        "CHECK((ticket_id IS NULL) <> (task_id IS NULL))", "A timer runs on one ticket or one task."
    )

    user_id = fields.Many2one(
        "res.users",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
        default=lambda self: self.env.user,
    )
    ticket_id = fields.Many2one("psa.ticket", readonly=True, ondelete="cascade")
    task_id = fields.Many2one("project.task", readonly=True, ondelete="cascade")
    client_id = fields.Many2one("res.partner", compute="_compute_work", store=True, index="btree_not_null")
    company_id = fields.Many2one("res.company", compute="_compute_work", store=True, index=True)
    is_running = fields.Boolean("Running", readonly=True, default=False)
    started_at = fields.Datetime(readonly=True)
    seconds_before = fields.Integer("Seconds Earlier", readonly=True)
    seconds_worked = fields.Integer("Time Worked", compute="_compute_seconds_worked")
    runs = fields.Json(readonly=True, help="When it ran: pairs of start and end.")

    @api.depends("ticket_id.client_id", "ticket_id.company_id", "task_id.partner_id", "task_id.project_id.partner_id", "task_id.company_id")
    def _compute_work(self):
        for timer in self:
            task = timer.task_id
            timer.client_id = timer.ticket_id.client_id or (task.partner_id or task.project_id.partner_id).commercial_partner_id
            timer.company_id = timer.ticket_id.company_id or task.company_id or task.project_id.company_id or timer.user_id.company_id

    @api.depends("ticket_id", "task_id")
    def _compute_display_name(self):
        for timer in self:
            timer.display_name = (timer.ticket_id or timer.task_id).display_name

    @api.depends("is_running", "started_at", "seconds_before")
    def _compute_seconds_worked(self):
        now = self._now()
        for timer in self:
            timer.seconds_worked = timer_core.elapsed_seconds(timer._to_core(), now)

    @api.model_create_multi
    def create(self, vals_list):
        timers = super().create(vals_list)
        timers._psa_check_work()
        for task in timers.task_id:
            if not task.project_id or not task.sudo().project_id.allow_timesheets:
                raise UserError(self.env._(
                    "“%s” is on no project with timesheets. Switch them on in the settings of the project first.", task.display_name
                ))
        return timers

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {"ticket_id", "task_id"}:
            self._psa_check_work()
        return result

    def _psa_check_work(self):
        """A timer tells subject and client of what it runs on: it runs only on what one may read."""
        for work in (self.ticket_id, self.task_id):
            if work:
                work.check_access("read")

    def action_start(self):
        """Start or go on with the timer; another one that runs is paused."""
        self.ensure_one()
        now = self._now()
        self.search([("user_id", "=", self.user_id.id), ("is_running", "=", True)])._pause(now)
        self._store(timer_core.start(self._to_core(), now))
        return True

    def action_pause(self):
        """Pause the timers and keep what they gathered."""
        self._pause(self._now())
        return True

    def action_stop(self):
        """Pause the timer and ask what was done; the timer goes once the time is logged."""
        self.ensure_one()
        self._pause(self._now())
        return self._action_log()

    def action_discard(self):
        """Throw the measured time away."""
        if self.filtered(lambda timer: timer.user_id != self.env.user):
            raise UserError(self.env._("You can discard your own timers only."))
        self.unlink()
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_open_work(self):
        """Open the ticket or task."""
        self.ensure_one()
        work = self.ticket_id or self.task_id
        return {"type": "ir.actions.act_window", "res_model": work._name, "res_id": work.id, "views": [(False, "form")]}

    @api.model
    def _get_or_create(self, work):
        """Return the current user's timer on the ticket or task."""
        name = "task_id" if work._name == "project.task" else "ticket_id"
        own = [(name, "=", work.id), ("user_id", "=", self.env.uid)]
        return self.search(own, limit=1) or self.create({name: work.id})

    def _action_log(self):
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_billing.action_psa_time_log")
        return {**action, "context": {
            "default_ticket_id": self.ticket_id.id, "default_task_id": self.task_id.id, "default_timer_id": self.id,
        }}

    def _pause(self, now):
        for timer in self.filtered("is_running"):
            run = [fields.Datetime.to_string(moment) for moment in (timer.started_at, now.replace(tzinfo=None))]
            timer._store(timer_core.pause(timer._to_core(), now))
            if run[0] < run[1]:
                timer.runs = [*(timer.runs or []), run]
        # One timer per person may run: the database must hear of the pause before the next start.
        self.flush_recordset(["is_running", "started_at", "seconds_before"])

    def _stretches(self, work_type):
        """Return what entries the runs of this timer make with a work type."""
        self.ensure_one()
        Line = self.env["account.analytic.line"]
        runs = [
            tuple(fields.Datetime.to_datetime(moment).replace(tzinfo=UTC) for moment in run) for run in self.runs or []
        ]

        def cut(start, end):
            naive = (moment.replace(tzinfo=None) for moment in (start, end))
            return [part for part, _type in Line._psa_cut(*naive, work_type, self.company_id)]

        return timer_core.stretches(runs, cut)

    def _to_core(self):
        started_at = self.started_at.replace(tzinfo=timezone.utc) if self.started_at else None
        return timer_core.Timer(self.seconds_before, started_at)

    def _store(self, state):
        return self.write(
            {
                "is_running": state.is_running,
                "seconds_before": state.seconds_before,
                "started_at": state.started_at and state.started_at.replace(tzinfo=None),
            }
        )

    @api.model
    def _now(self):
        return fields.Datetime.now().replace(tzinfo=timezone.utc)
