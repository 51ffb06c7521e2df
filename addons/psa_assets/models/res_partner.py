from odoo import fields, models


class ResPartner(models.Model):
    _inherit = 'res.partner'

    psa_asset_ids = fields.One2many('psa.asset', 'client_id', string="Assets")
