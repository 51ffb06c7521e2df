from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..core import sla
from .psa_sla_policy import HOURS_SELECTION

BUDGETS = {sla.RESPONSE: "response_hours", sla.RESOLUTION: "resolution_hours", sla.UPDATE: "update_hours"}


class PsaSlaTarget(models.Model):
    """One row of a policy: how fast tickets of these priorities and severities are answered and resolved."""

    _name = "psa.sla.target"
    _inherit = "psa.cached.mixin"
    _description = "SLA Target"
    _order = "policy_id, sequence, id"
    _psa_shipped_rows_are_fixed = True
    _check_company_auto = True

    _policy_idx = models.Index("(policy_id, sequence, id)")
    _positive = models.Constraint(
        "CHECK(response_hours >= 0 AND resolution_hours >= 0 AND update_hours >= 0)",
        "A target is some time in the future: correct the hours that are less than zero.",
    )

    policy_id = fields.Many2one("psa.sla.policy", required=True, ondelete="cascade")
    sequence = fields.Integer(default=10, aggregator=None)
    company_id = fields.Many2one("res.company", related="policy_id.company_id", store=True, precompute=True, index=True)
    severity_ids = fields.Many2many(
        "psa.ticket.option", "psa_sla_target_severity_rel", "target_id", "option_id", string="Severities",
        domain="[('attribute', '=', 'severity'), ('company_id', 'in', [False, company_id])]", check_company=True,
        help="Empty: every severity.",
    )
    priority_ids = fields.Many2many(
        "psa.ticket.option", "psa_sla_target_priority_rel", "target_id", "option_id", string="Priorities",
        domain="[('attribute', '=', 'priority'), ('company_id', 'in', [False, company_id])]", check_company=True,
        help="Empty: every priority.",
    )
    response_hours = fields.Float(
        "First Response", aggregator=None, help="Within how many hours a person answers so that the client reads it. 0: no target."
    )
    resolution_hours = fields.Float("Resolution", aggregator=None, help="Within how many hours the ticket is resolved. 0: no target.")
    update_hours = fields.Float(
        "Next Update", aggregator=None,
        help="After each answer, within how many hours the client hears of us again until it is resolved. 0: no target.",
    )
    hours = fields.Selection(
        HOURS_SELECTION, help="In which hours these clocks run. Empty: as the policy says. The most urgent ones often run round the clock.",
    )

    @api.model
    def _criteria(self):
        """Return ``[(name of the criterion, field)]``, the weightier one first; all of them come after those of the policy."""
        return [("severity", "severity_ids"), ("priority", "priority_ids")]

    @api.depends("policy_id", "priority_ids", "severity_ids")
    def _compute_display_name(self):
        for target in self:
            parts = [", ".join(target[fname].mapped("name")) for __, fname in reversed(self._criteria()) if target[fname]]
            target.display_name = " · ".join(parts) or self.env._("Every priority")

    @api.constrains("response_hours", "resolution_hours", "update_hours")
    def _check_hours(self):
        for target in self:
            if not target._budgets():
                raise ValidationError(self.env._(
                    "Target “%(target)s” of “%(policy)s” promises nothing. Fill in First Response, Resolution or Next Update, or tick "
                    "No SLA on a policy without targets.", target=target.display_name, policy=target.policy_id.name,
                ))

    @api.constrains("hours", "policy_id")
    def _check_own_hours(self):
        for target in self:
            if target.hours == "own" and not target.policy_id.calendar_id:
                raise ValidationError(self.env._(
                    "Target “%s” counts the hours chosen in its policy: choose them there in Own Hours.", target.display_name
                ))

    def _budgets(self):
        """Return {kind: seconds} of what is promised."""
        self.ensure_one()
        return {kind: round(self[fname] * 60) * 60 for kind, fname in BUDGETS.items() if round(self[fname] * 60) > 0}
