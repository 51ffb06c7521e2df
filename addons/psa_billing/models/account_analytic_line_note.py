from odoo import fields, models


class AccountAnalyticLine(models.Model):
    _inherit = "account.analytic.line"

    psa_internal_note = fields.Text(
        "Internal Note", groups="base.group_user", help="For colleagues only: it never reaches the client."
    )
