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
    _multiplier_positive = models.Constraint("CHECK(multiplier > 0)", "The multiplier of a role must be more than zero.")

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
    rate_ids = fields.One2many("psa.role.rate", "role_id", "Rates by Date")
    multiplier = fields.Float(
        default=1.0, digits=(6, 3), help="How much more the work of this role weighs than plain work: 1.5 counts an hour as one and a half."
    )

    def _psa_fact(self):
        """Return this role as the rating core reads it; nothing if there is none."""
        if not self:
            return None
        return rating.Role(
            id=self.id,
            hourly_rate=to_decimal(self.hourly_rate) or None,
            currency_id=self.currency_id.id,
        )
