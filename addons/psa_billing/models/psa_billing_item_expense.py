from odoo import models


class PsaBillingItem(models.Model):
    """Rows of expenses that come back into the review: what was charged or credited beside them is charged by them again."""

    _inherit = "psa.billing.item"

    def action_back_to_review(self):
        expense_ids = self.sudo().filtered(lambda item: item.source_model == "hr.expense").mapped("source_id")
        result = super().action_back_to_review()
        self.env["hr.expense"].sudo().browse(expense_ids).exists()._psa_sync_ledger()
        return result
