from odoo import fields, models
from odoo.fields import Command

from ..core import role_rates, terms
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

    def copy_data(self, default=None):
        """Copy the rates by date along; those of one company go over to the company of the copy."""
        default = dict(default or {})
        vals_list = super().copy_data(default)
        for role, vals in zip(self, vals_list, strict=True):
            if "rate_ids" not in default:
                vals["rate_ids"] = [
                    Command.create({**rate, **({"company_id": vals.get("company_id")} if rate.get("company_id") else {})})
                    for rate in role.rate_ids.copy_data({"role_id": False})
                ]
        return vals_list

    def _psa_fact(self, company=None):
        """Return this role as the rating core reads it, for work done for a company; nothing if there is none.

        Rates by date of the company go before those for all companies, and these before the role's default rate, which is there
        as the rate without id.
        """
        if not self:
            return None
        company = company or self.company_id or self.env.company
        rates = self.sudo().rate_ids._psa_counting(company)
        default = to_decimal(self.hourly_rate)
        layers = [
            [rate._psa_fact() for rate in rates if rate.company_id == company],
            [rate._psa_fact() for rate in rates if not rate.company_id],
            [terms.RoleRate(0, self.currency_id.id, default)] if default else [],
        ]
        return terms.Role(self.id, role_rates.layered(layers), to_decimal(self.multiplier))
