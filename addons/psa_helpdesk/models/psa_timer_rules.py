from odoo import models

from .psa_rule_queue import RuleQueue


class PsaTimer(models.Model):
    _inherit = "psa.timer"

    def _fire_rule(self):
        """Run rules whose moment has come."""
        Rule = self.env["psa.rule"]
        existing = Rule.browse(set(self.mapped("res_id"))).exists().filtered("active")
        with RuleQueue.of(self.env.cr).step(self.env):
            by_rule = self.grouped("res_id")
            for rule in existing.sorted():
                for timers in by_rule[rule.id].grouped("threshold").values():
                    rule._as_system()._act_on_timers(timers)

    def _describe_rule(self):
        rules_by_id = {rule.id: rule for rule in self.env["psa.rule"].sudo().browse(set(self.mapped("res_id"))).exists()}
        return {timer: rules_by_id[timer.res_id].name for timer in self if timer.res_id in rules_by_id}
