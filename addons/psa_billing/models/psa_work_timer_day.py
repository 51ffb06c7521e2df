from odoo import api, fields, models
from odoo.addons.psa_helpdesk.core import lifecycle

from ..tools import hours_to_minutes

# What somebody has in front of him, not a search.
MAX_TICKETS = 20


class PsaWorkTimer(models.Model):
    """My day: what was entered, what runs, and what waits."""

    _inherit = "psa.work.timer"

    @api.model
    def get_my_day(self):
        """Return what "My Day" shows, in a constant number of queries."""
        today = fields.Date.context_today(self)
        Line = self.env["account.analytic.line"]
        lines = Line.search(
            [("user_id", "=", self.env.uid), ("date", "=", today), ("project_id", "!=", False)], order="psa_start NULLS LAST, id"
        )
        timers = self.search([("user_id", "=", self.env.uid)])
        Ticket = self.env["psa.ticket"]
        tickets = Ticket.search(
            [("user_id", "=", self.env.uid), ("state", "in", lifecycle.OPEN_STATES)], order="date_deadline, id", limit=MAX_TICKETS
        )
        return {
            "today": fields.Date.to_string(today),
            "entries": [line._psa_day_entry() for line in lines],
            "timers": [timer._psa_day_timer() for timer in timers],
            "tickets": [ticket._psa_day_ticket() for ticket in tickets if ticket not in timers.ticket_id],
            "more_tickets": len(tickets) == MAX_TICKETS,
            "warning": next((line.psa_flag_text for line in lines if line.psa_flag_text), ""),
        }

    @api.model
    def start_on(self, model, res_id):
        """Start my timer on a ticket or task, and return my day."""
        if model not in ("psa.ticket", "project.task"):
            model = "psa.ticket"
        work = self.env[model].browse(int(res_id))
        work.check_access("read")
        self._get_or_create(work).action_start()
        return self.get_my_day()

    @api.model
    def pause_all(self):
        """Pause what runs of mine, and return my day."""
        self.search([("user_id", "=", self.env.uid), ("is_running", "=", True)]).action_pause()
        return self.get_my_day()

    def _psa_day_timer(self):
        self.ensure_one()
        work = (self.ticket_id or self.task_id).sudo()
        return {
            "id": self.id,
            "name": work.display_name,
            "client": self.client_id.sudo().name or "",
            "res_model": work._name,
            "res_id": work.id,
            "seconds": self.seconds_worked,
            "is_running": self.is_running,
            "asks": bool(self.reminded_at),
        }


class AccountAnalyticLine(models.Model):
    _inherit = "account.analytic.line"

    def _psa_day_entry(self):
        """Return this entry as "My Day" shows it."""
        self.ensure_one()
        start, end = (
            fields.Datetime.context_timestamp(self, moment).strftime("%H:%M") if moment else ""
            for moment in (self.psa_start, self.psa_end)
        )
        work = self._psa_work().sudo()
        return {
            "id": self.id,
            "name": self.name if self.name != "/" else "",
            "work": f"{work.number} {work.name}" if work._name == "psa.ticket" else work.display_name,
            "client": self.partner_id.sudo().commercial_partner_id.name or "",
            "work_type": self.psa_work_type_id.sudo().name or "",
            "start": start,
            "end": end,
            "minutes": hours_to_minutes(self.unit_amount),
            "billable_minutes": self.psa_billable_minutes,
            "state": self.psa_approval_state or "none",
            "is_flagged": self.psa_is_flagged,
        }


class PsaTicket(models.Model):
    _inherit = "psa.ticket"

    def _psa_day_ticket(self):
        """Return this ticket as "My Day" shows it."""
        self.ensure_one()
        deadline = self.date_deadline
        return {
            "id": self.id,
            "number": self.number,
            "name": self.name,
            "client": self.client_id.sudo().name or "",
            "priority": self.priority_id.sudo().name or "",
            "state": dict(self._fields["state"]._description_selection(self.env)).get(self.state, ""),
            "deadline": fields.Datetime.to_string(deadline) if deadline else "",
            "worked_minutes": hours_to_minutes(self.psa_worked_hours),
        }
