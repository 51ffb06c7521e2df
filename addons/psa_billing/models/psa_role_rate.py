from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..core import role_rates, terms
from ..tools import to_decimal


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
    company_id = fields.Many2one(
        "res.company",
        index=True,
        default=lambda self: not self.env.su and self.env.company,  # what the system ships is for every company
        help="Leave empty for every company you work in.",
    )
    currency_id = fields.Many2one("res.currency", required=True, default=lambda self: self.env.company.currency_id)
    date_from = fields.Date("From", help="Empty: from ever.")
    date_to = fields.Date("Until", help="The last day. Empty: until further notice.")
    hourly_rate = fields.Monetary("Charged per Hour")
    hourly_cost = fields.Monetary("Cost per Hour", groups="psa_crm.group_billing")

    @api.depends("role_id", "date_from", "date_to")
    def _compute_display_name(self):
        for rate in self:
            rate.display_name = self.env._(
                "%(role)s, %(since)s – %(until)s",
                role=rate.role_id.name, since=rate.date_from or "…", until=rate.date_to or "…",
            )

    @api.constrains("role_id", "company_id", "currency_id", "date_from", "date_to")
    def _check_no_overlap(self):
        roles = self.role_id.sudo()
        # Two people at once must not make rates that overlap.
        roles.lock_for_update(allow_referencing=True)
        all_rates = self.sudo().search([("role_id", "in", roles.ids)]).grouped(
            lambda rate: (rate.role_id, rate.company_id, rate.currency_id)
        )
        for rate in self.sudo():
            own_company = rate.role_id.company_id
            if own_company and rate.company_id and rate.company_id != own_company:
                raise ValidationError(self.env._(
                    "“%(role)s” is a role of %(company)s: its rates cannot be those of another company.",
                    role=rate.role_id.name, company=own_company.name,
                ))
            for other in all_rates[rate.role_id, rate.company_id, rate.currency_id] - rate:
                if role_rates.overlaps(rate._psa_fact(), other._psa_fact()):
                    raise ValidationError(self.env._(
                        "“%(rate)s” and “%(other)s” hold on the same days in %(currency)s. Correct “From” or “Until”, so that "
                        "one ends before the other starts.",
                        rate=rate.display_name, other=other.display_name, currency=rate.currency_id.name,
                    ))

    def _psa_counting(self, company):
        """Return the rates that count in a company: its own, and those without one that its people see."""
        strangers = self.filtered(lambda rate: not rate.company_id and not rate.role_id.company_id)
        if strangers:
            strangers = strangers.filtered_domain(~company._psa_domain_of_makers())
        return self.filtered(lambda rate: not rate.company_id or rate.company_id == company) - strangers

    def _psa_fact(self):
        """Return this rate as the rating core reads it."""
        return terms.RoleRate(
            self.id, self.currency_id.id, to_decimal(self.hourly_rate), self.date_from or None, self.date_to or None
        )
