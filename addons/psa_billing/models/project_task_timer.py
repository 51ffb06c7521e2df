from odoo import api, fields, models
from odoo.exceptions import UserError


class ProjectTask(models.Model):
    """My timer on a task, as on a ticket."""

    _inherit = "project.task"

    psa_timer_state = fields.Selection(
        [("none", "No timer"), ("running", "Running"), ("paused", "Paused")],
        compute="_compute_psa_timer",
        groups="base.group_user",
    )
    psa_timer_seconds = fields.Integer("My Timer", compute="_compute_psa_timer", groups="base.group_user")

    @api.depends_context("uid")
    def _compute_psa_timer(self):
        timers = {
            timer.task_id.id: timer
            for timer in self.env["psa.work.timer"]
            .sudo()
            .search([("task_id", "in", self.ids), ("user_id", "=", self.env.uid)])
        }
        for task in self:
            timer = timers.get(task.id)
            task.psa_timer_seconds = timer.seconds_worked if timer else 0
            if not timer:
                task.psa_timer_state = "none"
            else:
                task.psa_timer_state = "running" if timer.is_running else "paused"

    def action_psa_timer_start(self):
        """Start or go on with my timer on this task."""
        self.ensure_one()
        return self.env["psa.work.timer"]._get_or_create(self).action_start()

    def action_psa_timer_pause(self):
        """Pause my timer on this task."""
        self.ensure_one()
        return self._psa_my_timer().action_pause()

    def action_psa_timer_stop(self):
        """Stop my timer on this task and log the time."""
        self.ensure_one()
        return self._psa_my_timer().action_stop()

    def action_psa_log_time(self):
        """Log time by hand."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_billing.action_psa_time_log")
        return {**action, "context": {"default_task_id": self.id}}

    def _psa_my_timer(self):
        timer = self.env["psa.work.timer"].search(
            [("task_id", "=", self.id), ("user_id", "=", self.env.uid)], limit=1
        )
        if not timer:
            raise UserError(
                self.env._("You have no timer on %s. Start one first.", self.display_name)
            )
        return timer
