from odoo import fields, models


class PsaRuleTrialLine(models.TransientModel):
    """One time the rule would have acted."""

    _name = "psa.rule.trial.line"
    _description = "Try a Rule on History: One Time"
    _order = "date, id"

    trial_id = fields.Many2one("psa.rule.trial", required=True, ondelete="cascade", index=True)
    date = fields.Datetime("When", readonly=True)
    ticket_id = fields.Many2one("psa.ticket", readonly=True, ondelete="cascade")
    repetition = fields.Integer(readonly=True, aggregator=None)
    reason = fields.Char("Condition Met", readonly=True)
    actions = fields.Text("What", readonly=True)
    recipients = fields.Char("To Whom", readonly=True)
