from odoo import models


class PsaDesk(models.Model):
    _name = "psa.desk"
    _inherit = ["psa.history.name.mixin", "psa.desk"]
