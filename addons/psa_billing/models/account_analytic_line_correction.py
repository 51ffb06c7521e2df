from odoo import fields, models


class AccountAnalyticLine(models.Model):
    """Corrections of approved time: signed entries beside the original, which is never edited."""

    _inherit = "account.analytic.line"

    psa_corrects_id = fields.Many2one(
        "account.analytic.line", "Corrects", readonly=True, copy=False, index="btree_not_null", ondelete="restrict",
        help="The approved entry that this one corrects: its time is added to that one's, and may be negative.",
    )
    psa_correction_ids = fields.One2many("account.analytic.line", "psa_corrects_id", "Corrections")
    psa_correction_reason = fields.Char("Corrected Because", readonly=True, copy=False)
