from odoo import fields, models


class PsaContract(models.Model):
    """Prices that rise by an agreed share once a year."""

    _inherit = "psa.contract"

    index_percent = fields.Float("Indexation (%)", help="By how much prices rise each time.")
    index_next_date = fields.Date("Next Indexation", copy=False)
    index_name = fields.Char("By", help="e.g. consumer price index")
