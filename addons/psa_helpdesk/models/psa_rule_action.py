from odoo import fields, models

from ..core.rules import Outcome


class PsaRuleAction(models.Model):
    """One thing a rule does to a ticket."""

    _name = "psa.rule.action"
    _description = "Rule Action"
    _order = "rule_id, sequence, id"
    _check_company_auto = True

    _rule_idx = models.Index("(rule_id, sequence, id)")

    rule_id = fields.Many2one("psa.rule", required=True, ondelete="cascade")
    company_id = fields.Many2one(related="rule_id.company_id", store=True, precompute=True, index=True)
    sequence = fields.Integer(default=10, aggregator=None)
    kind = fields.Selection([("note", "Add an internal note")], default="note", required=True)
    body = fields.Text("Text")

    def _run(self, tickets, firing):
        """Do it to the tickets, which have full rights; return {ticket id: [Outcome]}."""
        self.ensure_one()
        for ticket in tickets:
            ticket._add_entry(self.body, is_internal=True)
        return self._describe(tickets, firing)

    def _describe(self, tickets, firing):
        """Return what :meth:`_run` would, without doing it."""
        self.ensure_one()
        return {ticket.id: [Outcome(self.env._("Internal note: %s", self.body or ""))] for ticket in tickets}
