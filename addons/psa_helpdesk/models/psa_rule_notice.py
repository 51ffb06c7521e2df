from odoo import api, fields, models

from ..core import sla


class PsaRule(models.Model):
    """What keeps a rule from ever acting, said where it is made."""

    _inherit = "psa.rule"

    notice = fields.Char(compute="_compute_notice", help="Why the rule will not act as things are.")

    @api.depends("event", "sla_percent", "company_id")
    def _compute_notice(self):
        silent = self._events_nothing_raises()
        percents = {}
        for rule in self:
            rule.notice = False
            if rule.event in silent:
                rule.notice = self.env._(
                    "Nothing in this database reports “%s” yet; the rule waits until something does.",
                    dict(self._fields["event"]._description_selection(self.env))[rule.event],
                )
            elif rule.event == "sla_warning" and rule.sla_percent:
                if rule.company_id not in percents:
                    policies = self.env["psa.sla.policy"].sudo().search([("company_id", "=", rule.company_id.id)])
                    percents[rule.company_id] = {
                        percent for policy in policies for percent in sla.parse_percents(policy.warning_percents)
                    }
                if rule.sla_percent not in percents[rule.company_id]:
                    rule.notice = self.env._(
                        "No SLA policy warns at %s%%, so the rule never acts. Add it to the warnings of the policies, or choose another.",
                        rule.sla_percent,
                    )

    @api.model
    def _events_nothing_raises(self):
        """Return the events that other modules report and none that is installed does."""
        return {"approval"}
