from odoo import fields, models

RELEASED_BY = ("account_manager", "service_manager", "project_manager")


class ResCompany(models.Model):
    """Who looks at rows of the ledger before they are invoiced."""

    _inherit = "res.company"

    psa_released_by = fields.Selection(
        [
            ("billing", "Billing"),
            ("account_manager", "Account manager"),
            ("service_manager", "Service manager"),
            ("project_manager", "Project manager"),
        ],
        "Rows Are Released By",
        default="billing",
        required=True,
        help="Billing: members of the group “PSA / Billing”. Otherwise also the one responsible for the contract (else the account "
        "manager of the client), for the queue or desk of the ticket, or for the project: each sees and releases his own rows under "
        "“Rows I Approve”.",
    )
    psa_released_at_sign_off = fields.Boolean(
        "Release with the Time",
        help="Approved time that could be priced is released at once, without a review. A contract may say otherwise; rows "
        "below cost and rows that cannot be priced always wait for the review.",
    )
