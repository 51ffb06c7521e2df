import json

from odoo import api, fields, models, tools
from odoo.fields import Domain

READY_RULES = "psa_helpdesk/data/ready_rules.json"


class PsaRule(models.Model):
    """Ready rules: what most desks want sooner or later. They come archived; whoever wants one looks at it and switches it on."""

    _inherit = "psa.rule"

    _ready_uniq = models.UniqueIndex(
        "(company_id, ready_key) WHERE ready_key IS NOT NULL", "The company has this ready rule already. Change that one, or copy it."
    )

    ready_key = fields.Char(readonly=True, copy=False, help="Which of the ready rules it was made of.")

    @api.model
    def _add_ready_rules(self, companies=None):
        """Give companies the ready rules they do not have, archived; what they point to is found by name or left open."""
        with tools.file_open(READY_RULES, "rb") as file:
            document = json.load(file)
        rules = self.browse()
        for company in companies if companies is not None else self.env["res.company"].search(Domain.TRUE):
            Rule = self.with_company(company)
            present = set(Rule.with_context(active_test=False).search([
                ("company_id", "=", company.id), ("ready_key", "!=", False)
            ]).mapped("ready_key"))
            wanted = [rule for rule in document["rules"] if rule["ready_key"] not in present]
            for rule in wanted:
                plain = {name: value for name, value in rule.items() if name != "ready_key"}
                text = json.dumps({**document, "rules": [plain]})
                made = Rule._import_text(text, "json", company, leave_open=True)
                made.sudo().ready_key = rule["ready_key"]
                rules |= made
        return rules

    @api.model
    def action_add_ready_rules(self):
        """Add the ready rules the user's company does not have yet, and show all of them."""
        self.check_access("create")
        self._add_ready_rules(self.env.company)
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_helpdesk.action_psa_rule")
        return {
            **action, "name": self.env._("Ready Rules"), "domain": [("company_id", "=", self.env.company.id), ("ready_key", "!=", False)],
            "context": {"active_test": False}, "path": False,
        }
