from odoo import fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    psa_work_details = fields.Selection(
        [("none", "Not on the Invoice"), ("table", "Table After the Totals")],
        "Work Details",
        default="table",
        help="Whether printed invoices list the work behind them. Contracts may say otherwise.",
    )
