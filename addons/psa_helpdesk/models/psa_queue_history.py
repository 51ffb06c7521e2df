from odoo import models


class PsaQueue(models.Model):
    _name = "psa.queue"
    _inherit = ["psa.history.name.mixin", "psa.queue"]
