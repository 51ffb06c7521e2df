from odoo import models


class PsaAccessRule(models.Model):
    _inherit = "psa.access.rule"

    def _check_access(self, operation):
        refusal = super()._check_access(operation)
        return refusal or self.env["psa.desk"]._refusal_to_configure(self, operation)

    def write(self, vals):
        result = super().write(vals)
        if self._psa_statement_fields() & vals.keys():
            # Odoo checks the rule as it was: who administers a desk makes no rule about another one, or about clients.
            self.check_access("write")
        return result
