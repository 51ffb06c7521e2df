from odoo import fields, models


class PsaSlaPolicy(models.Model):
    """What was agreed in a contract outweighs whatever is promised to the client otherwise."""

    _inherit = "psa.sla.policy"

    contract_ids = fields.Many2many(
        "psa.contract",
        "psa_sla_policy_contract_rel",
        "policy_id",
        "contract_id",
        string="Contracts",
        domain="[('company_id', '=', company_id)]",
        check_company=True,
        groups="psa_crm.group_billing",
        help="The ticket's client has one of these contracts, and it runs on the day.",
    )

    def _criteria(self):
        return [("contract", "contract_ids"), *super()._criteria()]
