from odoo import fields, models

from ..core import terms
from ..tools import to_decimal


class PsaContractRate(models.Model):
    """One line of a contract's rate table."""

    _name = "psa.contract.rate"
    _description = "Contract Rate"
    _inherit = ["psa.contract.line.mixin"]
    _order = "contract_id, version_id, role_id, work_type_id, id"
    _check_company_auto = True

    _role_work_type_uniq = models.UniqueIndex(
        "(version_id, COALESCE(role_id, 0), COALESCE(work_type_id, 0))",
        "The contract already has a rate for this role and work type. Change that line instead.",
    )
    _order_idx = models.Index("(contract_id, version_id, role_id, work_type_id, id)")
    _rate_not_negative = models.Constraint(
        "CHECK(hourly_rate >= 0)", "The hourly rate cannot be negative."
    )
    _is_about_something = models.Constraint(
        "CHECK(role_id IS NOT NULL OR work_type_id IS NOT NULL)",
        "A rate is for a role, a work type, or both. Choose at least one of them.",
    )

    version_id = fields.Many2one("psa.contract.version", required=True, ondelete="cascade", index=True)
    contract_id = fields.Many2one(related="version_id.contract_id", store=True, index=True)
    company_id = fields.Many2one(related="version_id.company_id", store=True)
    role_id = fields.Many2one(
        "psa.role",
        check_company=True,
        ondelete="restrict",
        help="Leave empty for every role that has no rate of its own.",
    )
    work_type_id = fields.Many2one(
        "psa.work.type",
        check_company=True,
        ondelete="restrict",
        help="Leave empty for every work type that has no rate of its own.",
    )
    hourly_rate = fields.Monetary(required=True)
    currency_id = fields.Many2one(related="version_id.currency_id")

    def _psa_replace_terms(self, terms):
        """Take other roles and work types: ``{role or work type: the one that takes its place}``."""
        for rate in self:
            vals = {
                fname: terms[rate[fname]].id
                for fname in ("role_id", "work_type_id")
                if rate[fname] in terms
            }
            if vals:
                rate.write(vals)

    def _psa_moved_vals(self, terms):
        """Return the values of such rates with other roles and work types; see ``_psa_replace_terms``."""
        return [
            {
                "role_id": terms.get(rate.role_id, rate.role_id).id,
                "work_type_id": terms.get(rate.work_type_id, rate.work_type_id).id,
                "hourly_rate": rate.hourly_rate,
            }
            for rate in self
        ]

    def _psa_term(self):
        """Return the rate as the rating core reads it."""
        self.ensure_one()
        return terms.RateClause(
            id=self.id,
            hourly_rate=to_decimal(self.hourly_rate),
            role_id=self.role_id.id or None,
            work_type_id=self.work_type_id.id or None,
        )
