from odoo import fields, models

OUTCOMES = [
    ("done", "Done"),
    ("failed", "Failed"),
    ("bound", "Chain ended"),
]


class PsaRuleLog(models.Model):
    """What a rule did to a ticket, or could not do."""

    _name = "psa.rule.log"
    _description = "Rule Log"
    _order = "id desc"
    _rec_name = "rule_name"
    _log_access = False

    _company_idx = models.Index("(company_id, id DESC)")
    _rule_idx = models.Index("(rule_id, id DESC)")
    _ticket_idx = models.Index("(ticket_id, id DESC)")
    _turn_uniq = models.UniqueIndex(
        "(rule_id, ticket_id, cycle, turn) WHERE cycle IS NOT NULL", "The rule has acted on this ticket for this moment."
    )

    rule_id = fields.Many2one("psa.rule", readonly=True, ondelete="set null")
    rule_name = fields.Char("Rule", readonly=True)
    ticket_id = fields.Many2one("psa.ticket", readonly=True, ondelete="cascade")
    desk_id = fields.Many2one("psa.desk", readonly=True, ondelete="cascade", index="btree_not_null")
    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="cascade")
    date = fields.Datetime(required=True, readonly=True)
    event = fields.Char(readonly=True)
    reason = fields.Text("Condition Met", readonly=True)
    outcome = fields.Selection(OUTCOMES, required=True, readonly=True)
    actions = fields.Text(readonly=True, help="What the rule did.")
    recipients = fields.Text(readonly=True, help="Whom it told.")
    error = fields.Text(readonly=True)
    depth = fields.Integer(readonly=True, aggregator=None)
    is_late = fields.Boolean("Late", readonly=True)
    cycle = fields.Integer(readonly=True, aggregator=None)
    turn = fields.Integer("Time", readonly=True, aggregator=None)
