from odoo import fields, models

from ..models.psa_ticket_sla import STATE_SELECTION


class PsaSlaTrialLine(models.TransientModel):
    """What a policy would have meant for one ticket."""

    _name = "psa.sla.trial.line"
    _description = "Ticket of a Trial of an SLA Policy"

    trial_id = fields.Many2one("psa.sla.trial", required=True, ondelete="cascade", index=True)
    ticket_id = fields.Many2one("psa.ticket", required=True, ondelete="cascade")
    company_id = fields.Many2one(related="trial_id.company_id")
    target_id = fields.Many2one("psa.sla.target", ondelete="cascade")
    response_state = fields.Selection(STATE_SELECTION, "First Response")
    response_hours = fields.Float("Answered after")
    response_due_at = fields.Datetime("Response Due")
    resolution_state = fields.Selection(STATE_SELECTION, "Resolution")
    resolution_hours = fields.Float("Resolved after")
    resolution_due_at = fields.Datetime("Resolution Due")
    update_count = fields.Integer("Updates Owed")
    update_missed_count = fields.Integer("Updates Missed")
