from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core import rating
from ..core import timer as timer_core
from ..tools import hours_to_minutes


class PsaTimeLog(models.TransientModel):
    """Ask what was done, and make a time entry of it."""

    _name = "psa.time.log"
    _description = "Log Time"

    ticket_id = fields.Many2one("psa.ticket", required=True, readonly=True, ondelete="cascade")
    client_id = fields.Many2one(related="ticket_id.client_id")
    company_id = fields.Many2one(related="ticket_id.company_id")
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
    name = fields.Text("What Was Done", required=True)
    invoice_text = fields.Text(help="Only if the client shall read something else than the above.")
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

    @api.depends("timer_id")
    def _compute_hours(self):
        for wizard in self:
            seconds = wizard.timer_id.seconds_worked
            wizard.hours = timer_core.minutes_worked(seconds) / 60

    @api.depends("ticket_id")
    def _compute_defaults(self):
        for wizard in self:
            company = wizard.ticket_id.company_id or self.env.company
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
        self._make_entry().action_psa_submit()
        return {"type": "ir.actions.act_window_close"}

    def _make_entry(self):
        self.ensure_one()
        minutes = hours_to_minutes(self.hours)
        if minutes <= 0:
            raise UserError(self.env._("Nothing to log: enter the time worked under “Worked”."))
        line = self.env["account.analytic.line"].create(self._prepare_line_vals(minutes))
        if self.timer_id and self.timer_id.user_id == self.env.user:
            self.timer_id.unlink()
        return line

    def _prepare_line_vals(self, minutes):
        return {
            "psa_ticket_id": self.ticket_id.id,
            "date": self.date,
            "unit_amount": minutes / 60,
            "name": self.name,
            "user_id": self.env.uid,
            "psa_work_type_id": self.work_type_id.id,
            "psa_role_id": self.role_id.id,
            "psa_is_billable": self.is_billable,
            "psa_billable_minutes": hours_to_minutes(self.billable_hours),
            "psa_invoice_text": self.invoice_text,
        }
