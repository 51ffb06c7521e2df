from odoo import models


class PsaAsset(models.Model):
    """Tickets are searched by the serial number of an asset, however it is written."""

    _inherit = "psa.asset"

    _serial_lower_idx = models.Index("(lower(serial)) WHERE serial IS NOT NULL")
