from odoo import fields, models


class PsaContractRate(models.Model):
    """One line of a contract's rate table."""

    _name = "psa.contract.rate"
    _description = "Contract Rate"
    _order = "contract_id, role_id, work_type_id, id"
    _check_company_auto = True

    _role_work_type_uniq = models.UniqueIndex(
        "(contract_id, role_id, COALESCE(work_type_id, 0))",
        "The contract already has a rate for this role and work type. Change that line instead.",
    )
    _rate_not_negative = models.Constraint(
        "CHECK(hourly_rate >= 0)", "The hourly rate cannot be negative."
    )

    contract_id = fields.Many2one("psa.contract", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="contract_id.company_id", store=True)
    role_id = fields.Many2one("psa.role", required=True, check_company=True, ondelete="restrict")
    work_type_id = fields.Many2one(
        "psa.work.type",
        check_company=True,
        ondelete="restrict",
        help="Leave empty for every work type that has no rate of its own.",
    )
    hourly_rate = fields.Monetary(required=True)
    currency_id = fields.Many2one(related="contract_id.currency_id")

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
