from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core import rating
from ..core.terms import SECONDS_PER_HOUR, SECONDS_PER_MINUTE
from ..tools import hours_to_minutes


class PsaTimeCorrect(models.TransientModel):
    """Say what approved time should have been; the difference becomes an entry of its own."""

    _name = "psa.time.correct"
    _inherit = "psa.wizard.mixin"
    _description = "Correct Approved Time"

    line_id = fields.Many2one("account.analytic.line", "Entry", required=True, readonly=True, ondelete="cascade")
    date = fields.Date(related="line_id.date", related_sudo=False)
    billing_state = fields.Selection(related="line_id.psa_billing_state", related_sudo=False)
    is_billable = fields.Boolean(related="line_id.psa_is_billable", related_sudo=False)
    present_hours = fields.Float("Worked So Far", compute="_compute_present")
    present_billable_hours = fields.Float("Charged So Far", compute="_compute_present")
    hours = fields.Float("Worked", compute="_compute_hours", compute_sudo=False, store=True, readonly=False)
    billable_hours = fields.Float("Charged", compute="_compute_billable_hours", compute_sudo=False, store=True, readonly=False)
    difference = fields.Char(compute="_compute_difference")
    name = fields.Text("What Was Done", compute="_compute_text", compute_sudo=False, store=True, readonly=False)
    invoice_text = fields.Text(compute="_compute_text", compute_sudo=False, store=True, readonly=False)
    reason = fields.Char(required=True, help="Kept with the correction; the client does not read it.")

    @api.depends("line_id")
    def _compute_present(self):
        for wizard in self:
            wizard.present_hours = wizard.line_id.psa_corrected_hours
            wizard.present_billable_hours = wizard.line_id.psa_corrected_billable_hours

    @api.depends("line_id")
    def _compute_hours(self):
        for wizard in self:
            wizard.hours = wizard.line_id.psa_corrected_hours

    @api.depends("hours", "line_id")
    def _compute_billable_hours(self):
        for wizard in self:
            line = wizard.line_id
            if not wizard._difference_of(wizard.hours, wizard.present_hours):
                wizard.billable_hours = line.psa_corrected_billable_hours
            elif line.psa_is_billable:
                wizard.billable_hours = rating.billable_minutes(hours_to_minutes(wizard.hours), *line._psa_rounding()) / 60
            else:
                wizard.billable_hours = 0.0

    @api.depends("hours", "billable_hours", "line_id")
    def _compute_difference(self):
        for wizard in self:
            worked, charged = wizard._seconds()
            wizard.difference = self.env._(
                "%(worked)s worked, %(charged)s charged", worked=wizard._told(worked), charged=wizard._told(charged)
            ) if worked or charged else ""

    @api.depends("line_id")
    def _compute_text(self):
        for wizard in self:
            wizard.name = wizard.line_id.name
            wizard.invoice_text = wizard.line_id.psa_invoice_text

    def action_correct(self):
        """Enter the difference and hand it in for approval."""
        self.ensure_one()
        worked, charged = self._seconds()
        if self.hours < 0 or self.billable_hours < 0:
            raise UserError(self.env._("“Worked” and “Charged” say what the entry should be, and that is no less than zero."))
        if not worked and not charged:
            raise UserError(self.env._(
                "Neither “Worked” nor “Charged” changes. A text is changed on the row of the pre-bill review, or on the draft invoice."
            ))
        correction = self.env["account.analytic.line"].create(self._prepare_correction_vals(worked, charged))
        correction.action_psa_submit()
        return {"type": "ir.actions.act_window_close"}

    def _seconds(self):
        """Return the seconds worked and charged that are added to the entry, so that it is exactly what was entered."""
        return (
            self._difference_of(self.hours, self.present_hours),
            self._difference_of(self.billable_hours, self.present_billable_hours),
        )

    @api.model
    def _difference_of(self, wanted, present):
        # What is shown in minutes, and was not changed, does not lose its seconds; but nothing is nothing.
        if wanted and hours_to_minutes(wanted) == hours_to_minutes(present):
            return 0
        return round(wanted * SECONDS_PER_HOUR) - round(present * SECONDS_PER_HOUR)

    @api.model
    def _told(self, seconds):
        sign, (minutes, rest) = "-" if seconds < 0 else "+", divmod(abs(seconds), SECONDS_PER_MINUTE)
        if rest:
            return self.env._("%(minutes)s min %(seconds)s s", minutes=f"{sign}{minutes}", seconds=rest)
        return self.env._("%(minutes)s min", minutes=f"{sign}{minutes}")

    def _prepare_correction_vals(self, worked, charged):
        minutes = int(charged / SECONDS_PER_MINUTE)
        return {
            "psa_corrects_id": self.line_id.id,
            "unit_amount": worked / SECONDS_PER_HOUR,
            "psa_billable_minutes": minutes,
            "psa_billable_seconds": charged - minutes * SECONDS_PER_MINUTE,
            "name": self.name,
            "psa_invoice_text": self.invoice_text,
            "psa_correction_reason": self.reason,
        }
