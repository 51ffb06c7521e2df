from odoo import api, fields, models
from odoo.exceptions import UserError


class PsaTicket(models.Model):
    _inherit = "psa.ticket"

    psa_time_ids = fields.One2many(
        "account.analytic.line", "psa_ticket_id", "Time", groups="hr_timesheet.group_hr_timesheet_user"
    )
    psa_worked_hours = fields.Float("Hours Worked", compute="_compute_psa_hours", groups="base.group_user")
    psa_billable_hours = fields.Float("Hours Billable", compute="_compute_psa_hours", groups="base.group_user")
    psa_timer_ids = fields.One2many(
        "psa.work.timer", "ticket_id", "Timers", groups="psa_crm.group_technician"
    )
    psa_timer_state = fields.Selection(
        [("none", "No timer"), ("running", "Running"), ("paused", "Paused")],
        compute="_compute_psa_timer",
        groups="base.group_user",
    )
    psa_timer_seconds = fields.Integer("My Timer", compute="_compute_psa_timer", groups="base.group_user")

    @api.depends("psa_time_ids.unit_amount", "psa_time_ids.psa_billable_minutes")
    def _compute_psa_hours(self):
        # The total is everybody's, also for those who see their own entries only.
        totals = {
            ticket.id: (worked, billable)
            for ticket, worked, billable in self.env["account.analytic.line"]
            .sudo()
            ._read_group(
                [("psa_ticket_id", "in", self.ids)],
                ["psa_ticket_id"],
                ["unit_amount:sum", "psa_billable_hours:sum"],
            )
        }
        for ticket in self:
            ticket.psa_worked_hours, ticket.psa_billable_hours = totals.get(ticket.id, (0.0, 0.0))

    @api.depends_context("uid")
    def _compute_psa_timer(self):
        timers = {
            timer.ticket_id.id: timer
            for timer in self.env["psa.work.timer"]
            .sudo()
            .search([("ticket_id", "in", self.ids), ("user_id", "=", self.env.uid)])
        }
        for ticket in self:
            timer = timers.get(ticket.id)
            ticket.psa_timer_seconds = timer.seconds_worked if timer else 0
            if not timer:
                ticket.psa_timer_state = "none"
            else:
                ticket.psa_timer_state = "running" if timer.is_running else "paused"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_with_time(self):
        if (
            self.env["account.analytic.line"]
            .sudo()
            .search_count([("psa_ticket_id", "in", self.ids)], limit=1)
        ):
            raise UserError(
                self.env._("A ticket with time on it cannot be deleted. Cancel the ticket instead.")
            )

    def action_timer_start(self):
        """Start or go on with my timer on this ticket."""
        self.ensure_one()
        return self.env["psa.work.timer"]._get_or_create(self).action_start()

    def action_timer_pause(self):
        """Pause my timer on this ticket."""
        self.ensure_one()
        return self._psa_my_timer().action_pause()

    def action_timer_stop(self):
        """Stop my timer on this ticket and log the time."""
        self.ensure_one()
        return self._psa_my_timer().action_stop()

    def action_log_time(self):
        """Log time by hand."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_billing.action_psa_time_log")
        action["context"] = {"default_ticket_id": self.id}
        return action

    def action_view_psa_time(self):
        """Open the time worked on these tickets."""
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_billing.action_psa_time")
        action["domain"] = [("psa_ticket_id", "in", self.ids)]
        action["context"] = {"default_psa_ticket_id": self[:1].id}
        return action

    def _psa_my_timer(self):
        timer = self.env["psa.work.timer"].search(
            [("ticket_id", "=", self.id), ("user_id", "=", self.env.uid)], limit=1
        )
        if not timer:
            raise UserError(
                self.env._("You have no timer on %s. Start one first.", self.display_name)
            )
        return timer
