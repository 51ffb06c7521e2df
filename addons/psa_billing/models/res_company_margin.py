from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    _psa_margin_target_is_share = models.Constraint(
        "CHECK(psa_margin_target < 1)", "The margin expected is a share of the revenue: less than 100 %."
    )

    psa_margin_target = fields.Float(
        "Margin Expected",
        default=0.2,
        help="Which share of the revenue is to be left of a client. Clients below it are marked in “Clients That Cost Money”.",
    )
