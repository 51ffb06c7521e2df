from odoo import fields, models


class PsaAssetType(models.Model):
    """A kind of asset, such as laptop, server or printer. Types are shared by all companies."""

    _name = 'psa.asset.type'
    _description = "Asset Type"
    _order = 'sequence, name, id'

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    color = fields.Integer(help="Colour of the type in lists and on cards.")
    active = fields.Boolean(default=True, help="Archived types stay on their assets, but cannot be chosen any more.")
