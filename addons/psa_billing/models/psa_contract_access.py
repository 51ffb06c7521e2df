from odoo import models
from odoo.addons.psa_crm.core import access


class PsaContract(models.Model):
    """Contracts are seen by whom the access to their client lets; changing one takes full access."""

    _name = "psa.contract"
    _inherit = ["psa.contract", "psa.access.mixin"]

    _psa_access_part = access.CONTRACTS
    _psa_access_write_level = access.FULL
