from odoo import fields, models


class AccountAnalyticLine(models.Model):
    """Each entry belongs to the week of its person, which is handed in and approved as a whole."""

    _inherit = "account.analytic.line"

    psa_week_id = fields.Many2one(
        "psa.time.week", "Week", readonly=True, copy=False, index="btree_not_null", ondelete="set null"
    )
