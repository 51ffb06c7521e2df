from odoo import fields, models


class ProjectMilestone(models.Model):
    """A milestone may be sold under a contract; it is charged once it is reached and signed off."""

    _inherit = "project.milestone"

    psa_component_id = fields.Many2one(
        "psa.contract.component",
        "Contract Component",
        index="btree_not_null",
        ondelete="restrict",
        groups="psa_crm.group_billing",
    )
    psa_currency_id = fields.Many2one(related="psa_component_id.currency_id", groups="psa_crm.group_billing")
    psa_amount = fields.Monetary(
        "Amount to Charge", currency_field="psa_currency_id", groups="psa_crm.group_billing"
    )
    psa_signed_off_on = fields.Date("Signed Off On", copy=False, readonly=True, groups="psa_crm.group_billing")
    psa_signed_off_by = fields.Char("Signed Off By", copy=False, groups="psa_crm.group_billing")
