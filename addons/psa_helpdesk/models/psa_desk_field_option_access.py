from odoo import models


class PsaDeskFieldOption(models.Model):
    _inherit = "psa.desk.field.option"

    def _check_access(self, operation):
        refusal = super()._check_access(operation)
        return refusal or self.env["psa.desk"]._refusal_to_configure(self, operation)
