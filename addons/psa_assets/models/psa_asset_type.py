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
    asset_count = fields.Integer(compute='_compute_asset_count', help="Assets of this type that are not archived.")

    def _compute_asset_count(self):
        counts = dict(self.env['psa.asset']._read_group([('type_id', 'in', self.ids)], ['type_id'], ['__count']))
        for asset_type in self:
            asset_type.asset_count = counts.get(asset_type._origin, 0)

    def action_open_assets(self):
        """Open the assets of this type."""
        self.ensure_one()
        action = self.env['ir.actions.act_window']._for_xml_id('psa_assets.action_psa_asset')
        return {**action, 'name': self.name, 'domain': [('type_id', '=', self.id)], 'context': {'default_type_id': self.id}}
