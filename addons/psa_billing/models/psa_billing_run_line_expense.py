from odoo import models


class PsaBillingRunLine(models.Model):
    """Re-billed expenses are invoiced with the taxes of what is sold: those of an expense are the taxes of the receipt."""

    _inherit = "psa.billing.run.line"

    def _psa_own_taxes(self, sources):
        return super()._psa_own_taxes([source for source in sources if source[1] != "hr.expense"])
