from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ..core import rating, terms
from ..tools import to_decimal


class PsaWorkType(models.Model):
    """What kind of work time was spent on: it decides rounding, product and whether it is charged."""

    _name = "psa.work.type"
    _description = "Work Type"
    _order = "sequence, id"
    _psa_shipped_rows_are_fixed = True
    _check_company_auto = True

    _minimum_not_negative = models.Constraint(
        "CHECK(minimum_minutes >= 0)", "The minimum of a work type cannot be negative."
    )
    _increment_not_negative = models.Constraint(
        "CHECK(increment_minutes >= 0)", "The increment of a work type cannot be negative."
    )
    _multiplier_positive = models.Constraint("CHECK(multiplier > 0)", "The multiplier of a work type must be more than zero.")
    _is_not_own_variant = models.Constraint(
        "CHECK(after_hours_type_id <> id)", "A work type cannot be its own after-hours variant."
    )

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        index=True,
        default=lambda self: not self.env.su and self.env.company,  # what the system ships is for every company
        help="Leave empty to offer it in every company you work in.",
    )
    is_billable = fields.Boolean(
        "Billable",
        default=True,
        help="Time of a work type that is not billable is kept and counted, and not charged. "
        "It can be changed on a single entry.",
    )
    product_id = fields.Many2one(
        "product.product",
        check_company=True,
        domain=[("type", "=", "service")],
        default=lambda self: self.env.ref(
            "psa_billing.product_service_time", raise_if_not_found=False
        ),
        help="The product on the invoice line: it brings the income account and the taxes.",
    )
    minimum_minutes = fields.Integer(
        "Minimum (min)", help="Shorter work is charged at this many minutes."
    )
    increment_minutes = fields.Integer(
        "Increment (min)",
        help="Charged time is raised to the next multiple of this, for instance 15. "
        "0 charges the minutes as worked.",
    )
    multiplier = fields.Float(
        default=1.0, digits=(6, 3), help="How much more this work weighs than plain work: 1.5 counts an hour as one and a half."
    )
    is_travel = fields.Boolean("Travel")
    after_hours_type_id = fields.Many2one(
        "psa.work.type", "After Hours", ondelete="restrict", check_company=True,
        help="What work outside the working hours is entered as. An entry that crosses opening or closing time is split there.",
    )
    after_hours_calendar_id = fields.Many2one(
        "resource.calendar", "Working Hours", ondelete="restrict", check_company=True,
        help="The hours in which this work type counts. Empty takes the hours of the company.",
    )
    business_type_ids = fields.One2many("psa.work.type", "after_hours_type_id", "After-Hours Variant Of")
    is_after_hours = fields.Boolean(
        "Counts as After Hours", compute="_compute_is_after_hours", store=True, readonly=False,
        help="Contracts may cover working hours and after hours differently.",
    )
    rounding_example = fields.Char(compute="_compute_rounding_example")

    @api.depends("business_type_ids")
    def _compute_is_after_hours(self):
        for work_type in self:
            work_type.is_after_hours = work_type.is_after_hours or bool(work_type.business_type_ids)

    @api.depends("minimum_minutes", "increment_minutes", "is_billable")
    def _compute_rounding_example(self):
        for work_type in self:
            if not work_type.is_billable:
                work_type.rounding_example = self.env._("Not charged")
                continue
            charged = [
                rating.billable_minutes(
                    worked, work_type.minimum_minutes, work_type.increment_minutes
                )
                for worked in (7, 20, 65)
            ]
            work_type.rounding_example = self.env._(
                "7 min worked → %(first)s charged, 20 → %(second)s, 65 → %(third)s",
                first=charged[0],
                second=charged[1],
                third=charged[2],
            )

    @api.constrains("after_hours_type_id")
    def _check_after_hours_type(self):
        for work_type in self:
            if work_type.after_hours_type_id.after_hours_type_id or (work_type.after_hours_type_id and work_type.business_type_ids):
                raise ValidationError(self.env._(
                    "“%s” cannot have an after-hours variant that has one itself, or be one and have one.", work_type.name
                ))

    @api.model
    def _psa_default(self, company):
        """Return the work type a new entry starts with: the first one offered in the company."""
        # Somebody whom the client is lent to does not see the list, but starts with what the company starts with.
        own = Domain("company_id", "=", company.id) | (Domain("company_id", "=", False) & company._psa_domain_of_makers())
        return self.sudo().search(own, limit=1).sudo(self.env.su)

    def _psa_fact(self):
        """Return this work type as the rating core reads it; nothing if there is none."""
        if not self:
            return None
        return terms.WorkType(
            id=self.id,
            minimum_minutes=self.minimum_minutes,
            increment_minutes=self.increment_minutes,
            product_id=self.product_id.id or None,
            multiplier=to_decimal(self.multiplier),
            is_after_hours=self.is_after_hours,
        )
