from odoo import api, fields, models


class PsaDesk(models.Model):
    """The rules of a desk, and what of them needs attention."""

    _inherit = "psa.desk"

    rule_ids = fields.One2many("psa.rule", "desk_id", "Workflow Rules", copy=False)
    rule_count = fields.Integer("Rules", compute="_compute_rule_counts")
    rule_attention_count = fields.Integer(
        "Rules to Look At", compute="_compute_rule_counts", help="What rules could not do on tickets of the desk."
    )

    @api.depends("rule_ids")
    def _compute_rule_counts(self):
        counts = dict(self.env["psa.rule"]._read_group([("desk_id", "in", self.ids)], ["desk_id"], ["__count"]))
        failures = dict(self.env["psa.rule.log"]._read_group(
            [("desk_id", "in", self.ids), ("outcome", "!=", "done"), ("is_settled", "=", False)], ["desk_id"], ["__count"]
        ))
        for desk in self:
            desk.rule_count = counts.get(desk._origin, 0)
            desk.rule_attention_count = failures.get(desk._origin, 0)

    def action_view_rules(self):
        """Open the rules of this desk."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_helpdesk.action_psa_rule")
        return {
            **action,
            "name": self.env._("Rules of %s", self.name),
            "domain": [("desk_id", "=", self.id)],
            "context": {"default_desk_id": self.id, "default_company_id": self.company_id.id},
        }

    def action_view_rule_attention(self):
        """Open what rules could not do on tickets of this desk."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_helpdesk.action_psa_rule_attention")
        return {**action, "domain": [("desk_id", "=", self.id)]}
