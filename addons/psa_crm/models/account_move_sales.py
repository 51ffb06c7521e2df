from odoo import models


class AccountMove(models.Model):
    _inherit = 'account.move'

    # Quotas are measured by what a rep or a team invoiced in a period.
    _psa_rep_revenue_idx = models.Index(
        "(invoice_user_id, invoice_date) WHERE state = 'posted' AND move_type IN ('out_invoice', 'out_refund', 'out_receipt')")
    _psa_team_revenue_idx = models.Index(
        "(team_id, invoice_date) WHERE state = 'posted' AND move_type IN ('out_invoice', 'out_refund', 'out_receipt')")
