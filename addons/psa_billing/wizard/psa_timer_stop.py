from datetime import timezone

from odoo import api, fields, models
from odoo.exceptions import UserError

UTC = timezone.utc


class PsaTimerStop(models.TransientModel):
    """Stop a timer that was forgotten at the moment when work really ended."""

    _name = "psa.timer.stop"
    _inherit = "psa.wizard.mixin"
    _description = "Stop a Forgotten Timer"

    timer_id = fields.Many2one("psa.work.timer", required=True, readonly=True, ondelete="cascade")
    started_at = fields.Datetime(related="timer_id.started_at", related_sudo=False)
    stopped_at = fields.Datetime(
        "I Stopped at", required=True, compute="_compute_stopped_at", compute_sudo=False, store=True, readonly=False, precompute=True
    )

    @api.depends("timer_id")
    def _compute_stopped_at(self):
        for wizard in self:
            wizard.stopped_at = wizard.timer_id.quiet_since or fields.Datetime.now()

    def action_stop(self):
        """Stop the timer then, and ask what was done."""
        self.ensure_one()
        timer = self.timer_id
        if timer.user_id != self.env.user or not timer.is_running:
            raise UserError(self.env._("This timer does not run any more."))
        if not timer.started_at <= self.stopped_at <= fields.Datetime.now():
            raise UserError(self.env._("“I Stopped at” must lie between the start of the timer and now."))
        timer._pause(self.stopped_at.replace(tzinfo=UTC))
        return timer._action_log()
