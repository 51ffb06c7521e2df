from odoo import fields, models


class PsaAsset(models.Model):
    """Assets know the charge they were delivered with."""

    _inherit = "psa.asset"

    psa_charge_id = fields.Many2one(
        "psa.charge",
        "Delivered With",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        groups="psa_crm.group_technician,psa_crm.group_billing",
        help="The charge the client pays or paid for it.",
    )
    psa_was_in_stock = fields.Boolean(readonly=True, copy=False, export_string_translation=False)
