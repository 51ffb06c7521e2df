from odoo import fields, models


class AccountAnalyticLine(models.Model):
    """Time from a start to an end: exact over midnight and daylight saving, and split where other terms begin.

    What crosses local midnight, or the opening or closing of the hours of its work type, is saved as several entries that
    know of each other.
    """

    _inherit = "account.analytic.line"

    _psa_period_order = models.Constraint(
        "CHECK((psa_start IS NULL) = (psa_end IS NULL) AND (psa_end IS NULL OR psa_end >= psa_start))",
        "An entry needs a start and an end, and the end cannot be before the start.",
    )
    _psa_period_idx = models.Index("(user_id, psa_start) WHERE psa_start IS NOT NULL")

    psa_start = fields.Datetime("Start", copy=False)
    psa_end = fields.Datetime("End", copy=False)
    psa_split_key = fields.Char(
        "Entered Together As", readonly=True, copy=False, index="btree_not_null", groups=fields.NO_ACCESS,
        help="Entries made of one that crossed midnight or closing time share this.",
    )
