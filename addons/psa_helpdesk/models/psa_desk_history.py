from odoo import models


class PsaDesk(models.Model):
    _name = "psa.desk"
    _inherit = ["psa.desk", "psa.history.name.mixin"]
