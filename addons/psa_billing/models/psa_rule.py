from odoo import api, fields, models
from odoo.fields import Domain


class PsaRule(models.Model):
    """Rules go by the contracts of the client, too."""

    _inherit = "psa.rule"

    contract_cover = fields.Selection(
        [("with", "Clients with a contract"), ("without", "Clients without a contract")],
        "Contract",
        tracking=True,
        help="By whether the client has a contract in force. Empty: all clients.",
    )
    contract_ids = fields.Many2many(
        "psa.contract",
        "psa_rule_contract_rel",
        "rule_id",
        "contract_id",
        "One of These Contracts",
        check_company=True,
        copy=False,  # see copy()
        groups="psa_crm.group_billing",
        help="Only clients with one of these contracts in force. Empty: any contract.",
    )

    @api.depends("contract_cover", "contract_ids")
    def _compute_condition_text(self):
        return super()._compute_condition_text()

    def copy(self, default=None):
        copies = super().copy(default)
        # A desk administrator does not see the contracts; without them his copy would be about more clients than the rule was.
        for rule, copied in zip(self.sudo(), copies.sudo(), strict=True):
            if "contract_ids" not in (default or {}):
                copied.contract_ids = rule.contract_ids
        return copies

    def _condition(self):
        condition = super()._condition()
        contracts = self.sudo().contract_ids
        if not self.contract_cover and not contracts:
            return condition
        today = fields.Date.context_today(self)
        in_force = (
            Domain("state", "=", "active")
            & Domain("date_start", "<=", today)
            & (Domain("date_end", "=", False) | Domain("date_end", ">=", today))
        )
        if contracts:
            in_force &= Domain("id", "in", contracts.ids)
        operator = "not any" if self.contract_cover == "without" else "any"
        return condition & Domain("client_id.psa_contract_ids", operator, in_force)

    def _condition_text(self, ticket=None):
        words = [super()._condition_text(ticket)]
        if self.contract_cover == "without":
            words.append(self.env._("no contract is in force"))
        elif self.contract_cover or self.sudo().contract_ids:
            words.append(self.env._("a contract is in force"))
        return "; ".join(filter(None, words))

    @api.model
    def _trigger_fields(self):
        return super()._trigger_fields() | {"contract_cover", "contract_ids"}

    @api.model
    def _events_nothing_raises(self):
        return super()._events_nothing_raises() - {"approval"}
