from odoo import fields, models

from ..core import terms
from ..tools import to_decimal


class PsaWhatIfRate(models.TransientModel):
    """An hourly rate to try."""

    _name = "psa.what.if.rate"
    _inherit = "psa.wizard.mixin"
    _description = "What-If Rate"
    _order = "what_if_id, id"

    _order_idx = models.Index("(what_if_id, id)")

    what_if_id = fields.Many2one("psa.what.if", required=True, ondelete="cascade")
    company_id = fields.Many2one(related="what_if_id.company_id", related_sudo=False)
    currency_id = fields.Many2one(related="what_if_id.currency_id", related_sudo=False)
    role_id = fields.Many2one("psa.role", help="Empty: any role.")
    work_type_id = fields.Many2one("psa.work.type", help="Empty: any work type.")
    hourly_rate = fields.Monetary()

    def _psa_term(self):
        self.ensure_one()
        return terms.RateClause(
            id=self.id,
            hourly_rate=to_decimal(self.hourly_rate),
            role_id=self.role_id.id or None,
            work_type_id=self.work_type_id.id or None,
        )
