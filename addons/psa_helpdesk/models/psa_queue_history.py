from odoo import models


class PsaQueue(models.Model):
    _name = "psa.queue"
    _inherit = ["psa.queue", "psa.history.name.mixin"]
