from odoo import fields, models


class ResCompany(models.Model):
    """A company has policies for what its people lay out."""

    _inherit = "res.company"

    psa_expense_policy_ids = fields.One2many(
        "psa.expense.policy", "company_id", "Expense Policies", groups="psa_crm.group_billing"
    )
