from odoo import fields, models


class PsaContract(models.Model):
    """Whether work under a contract needs a review before it is invoiced."""

    _inherit = "psa.contract"

    release = fields.Selection(
        [
            ("company", "As the company does"),
            ("review", "After a review"),
            ("sign_off", "With the approval of the time"),
        ],
        "Rows Are Released",
        default="company",
        required=True,
        help="With the approval of the time: rows that could be priced are released at once, without a review.",
    )

    def _psa_is_released_at_sign_off(self, company):
        """Say whether what falls under this contract (or under none) is released together with the approval of the time."""
        if self and self.release != "company":
            return self.release == "sign_off"
        return company.psa_released_at_sign_off
