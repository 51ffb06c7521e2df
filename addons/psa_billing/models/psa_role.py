from odoo import fields, models

from ..core import rating
from ..tools import to_decimal


class PsaRole(models.Model):
    """In which capacity somebody works; contracts price by role."""

    _name = "psa.role"
    _description = "Role"
    _order = "sequence, id"
    _psa_shipped_rows_are_fixed = True

    _rate_not_negative = models.Constraint(
        "CHECK(hourly_rate >= 0)", "The hourly rate of a role cannot be negative."
    )

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", index=True, help="Leave empty to offer it in every company."
    )
    currency_id = fields.Many2one(
        "res.currency", required=True, default=lambda self: self.env.company.currency_id
    )
    hourly_rate = fields.Monetary(
        "Default Hourly Rate",
        help="Charged where the contract names no rate for this role, and to clients without a "
        "contract, in this currency only. Leave at zero for none: such time is then held back "
        "in the review until somebody sets a rate.",
    )

    def _psa_fact(self):
        """Return this role as the rating core reads it; nothing if there is none."""
        if not self:
            return None
        hourly_rate = to_decimal(self.hourly_rate)
        own = rating.RoleRate(self.id, self.currency_id.id, hourly_rate)
        return rating.Role(self.id, (own,) if hourly_rate else ())
