from datetime import timezone

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core import timer as timer_core


class PsaWorkTimer(models.Model):
    """A stopwatch of one person on one ticket. It lives in the database, not in the browser."""

    _name = "psa.work.timer"
    _description = "Work Timer"
    _order = "is_running desc, id desc"
    _rec_name = "ticket_id"

    _one_running = models.UniqueIndex(
        "(user_id) WHERE is_running", "You already have a running timer. Pause it first."
    )
    _one_per_ticket = models.UniqueIndex(
        "(ticket_id, user_id)", "There already is a timer of this person on this ticket."
    )
    _seconds_not_negative = models.Constraint(
        "CHECK(seconds_before >= 0)", "A timer cannot have negative time."
    )
    _running_has_start = models.Constraint(
        "CHECK(is_running = (started_at IS NOT NULL))", "A running timer needs its start."
    )

    user_id = fields.Many2one(
        "res.users",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
        default=lambda self: self.env.user,
    )
    ticket_id = fields.Many2one(
        "psa.ticket", required=True, readonly=True, ondelete="cascade"
    )
    client_id = fields.Many2one(related="ticket_id.client_id")
    company_id = fields.Many2one(related="ticket_id.company_id", store=True, index=True)
    is_running = fields.Boolean("Running", readonly=True, default=False)
    started_at = fields.Datetime(readonly=True)
    seconds_before = fields.Integer("Seconds Earlier", readonly=True)
    seconds_worked = fields.Integer("Time Worked", compute="_compute_seconds_worked")

    @api.depends("is_running", "started_at", "seconds_before")
    def _compute_seconds_worked(self):
        now = self._now()
        for timer in self:
            timer.seconds_worked = timer_core.elapsed_seconds(timer._to_core(), now)

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
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_billing.action_psa_time_log")
        action["context"] = {"default_ticket_id": self.ticket_id.id, "default_timer_id": self.id}
        return action

    def action_discard(self):
        """Throw the measured time away."""
        if self.filtered(lambda timer: timer.user_id != self.env.user):
            raise UserError(self.env._("You can discard your own timers only."))
        self.unlink()
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    @api.model
    def _get_or_create(self, ticket):
        """Return the current user's timer on the ticket."""
        own = [("ticket_id", "=", ticket.id), ("user_id", "=", self.env.uid)]
        return self.search(own, limit=1) or self.create({"ticket_id": ticket.id})

    def _pause(self, now):
        for timer in self.filtered("is_running"):
            timer._store(timer_core.pause(timer._to_core(), now))
        # One timer per person may run: the database must hear of the pause before the next start.
        self.flush_recordset(["is_running", "started_at", "seconds_before"])

    def _to_core(self):
        started_at = self.started_at.replace(tzinfo=timezone.utc) if self.started_at else None
        return timer_core.Timer(self.seconds_before, started_at)

    def _store(self, state):
        self.write(
            {
                "is_running": state.is_running,
                "seconds_before": state.seconds_before,
                "started_at": state.started_at and state.started_at.replace(tzinfo=None),
            }
        )

    @api.model
    def _now(self):
        return fields.Datetime.now().replace(tzinfo=timezone.utc)
