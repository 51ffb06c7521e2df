from odoo import api, fields, models

WARNING = "mail.mail_activity_data_warning"


class PsaRule(models.Model):
    """What a rule did lately, and what of it needs somebody to look at it."""

    _inherit = "psa.rule"

    done_count = fields.Integer("Acted", compute="_compute_counts", help="On how many tickets, as far as its log goes back.")
    attention_count = fields.Integer(
        "Needs Attention", compute="_compute_counts", search="_search_attention_count",
        help="Failures, and chains of rules that were ended, nobody has seen to yet.",
    )
    last_acted = fields.Datetime("Acted Last", compute="_compute_counts")

    @api.depends("log_ids")
    def _compute_counts(self):
        Log = self.env["psa.rule.log"].sudo()
        done = {
            rule.id: (count, date) for rule, count, date in Log._read_group(
                [("rule_id", "in", self.ids), ("outcome", "=", "done")], ["rule_id"], ["__count", "date:max"]
            )
        }
        open_counts = dict(Log._read_group(
            [("rule_id", "in", self.ids), ("outcome", "!=", "done"), ("is_settled", "=", False)], ["rule_id"], ["__count"]
        ))
        for rule in self:
            rule.done_count, rule.last_acted = done.get(rule._origin.id, (0, False))
            rule.attention_count = open_counts.get(rule._origin.sudo(), 0)

    def _search_attention_count(self, operator, value):
        if operator not in (">", "=") or value != 0:
            return NotImplemented
        wanted = self.env["psa.rule.log"].sudo()._search([
            ("outcome", "!=", "done"), ("is_settled", "=", False), ("rule_id", "!=", False),
        ])
        return [("id", "in" if operator == ">" else "not in", wanted.subselect("rule_id"))]

    def action_view_log(self):
        """Open what the rule did."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_helpdesk.action_psa_rule_log")
        return {**action, "name": self.env._("Log of %s", self.name), "domain": [("rule_id", "=", self.id)], "context": {}}

    def action_view_attention(self):
        """Open what of the rule needs attention."""
        return {**self.action_view_log(), "context": {"search_default_attention": 1}}

    def action_try(self):
        """Open the dialog that tries the rule on history."""
        self.ensure_one()
        self.check_access("write")
        trial = self.env["psa.rule.trial"].create({"rule_id": self.id})
        return {
            "type": "ir.actions.act_window", "name": trial.display_name, "res_model": trial._name, "res_id": trial.id,
            "views": [(False, "form")], "target": "new", "context": {"dialog_size": "extra-large"},
        }

    def _settle_activities(self):
        """Close what reminds of rules that need no attention any more."""
        kind = self.env.ref(WARNING, raise_if_not_found=False)
        settled = self.filtered(lambda rule: not rule.attention_count)
        if kind and settled:
            self.env["mail.activity"].sudo().search([
                ("res_model", "=", self._name), ("res_id", "in", settled.ids), ("activity_type_id", "=", kind.id),
            ]).unlink()
