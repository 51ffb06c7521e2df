from odoo import models
from odoo.addons.psa_crm.core import access


class PsaAsset(models.Model):
    """Assets are seen and changed by whom the access to their client lets; those in stock by the whole company."""

    _name = 'psa.asset'
    _inherit = ['psa.asset', 'psa.access.mixin']

    _psa_access_part = access.ASSETS
