from odoo import fields, models


class PsaRoleRate(models.Model):
    """What an hour of a role costs and is charged at, in one currency and for a range of days."""

    _name = "psa.role.rate"
    _description = "Rate of a Role"
    _order = "role_id, currency_id, date_from desc, id desc"

    _rate_not_negative = models.Constraint("CHECK(hourly_rate >= 0)", "The hourly rate of a role cannot be negative.")
    _cost_not_negative = models.Constraint("CHECK(hourly_cost >= 0)", "The hourly cost of a role cannot be negative.")
    _dates_in_order = models.Constraint(
        "CHECK(date_from IS NULL OR date_to IS NULL OR date_from <= date_to)", "A rate cannot end before it starts."
    )
    _role_idx = models.Index("(role_id, currency_id, date_from DESC, id DESC)")

    role_id = fields.Many2one("psa.role", required=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", index=True, help="Leave empty for every company.")
    currency_id = fields.Many2one("res.currency", required=True, default=lambda self: self.env.company.currency_id)
    date_from = fields.Date("From", help="Empty: from ever.")
    date_to = fields.Date("Until", help="The last day. Empty: until further notice.")
    hourly_rate = fields.Monetary("Charged per Hour")
    hourly_cost = fields.Monetary("Cost per Hour", groups="psa_crm.group_billing")
