from odoo import fields, models


class PsaBillingItem(models.Model):
    """Which version, component and prepaid hours or money of the contract a row falls under."""

    _inherit = "psa.billing.item"

    version_id = fields.Many2one(
        "psa.contract.version", "Terms", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    component_id = fields.Many2one(
        "psa.contract.component", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    prepaid_id = fields.Many2one(
        "psa.contract.prepaid",
        "Drawn From",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        help="The block of hours or the retainer that pays for the row.",
    )
