from odoo import models

from .res_company import SEQUENCE_CODE


class IrSequence(models.Model):
    _inherit = "ir.sequence"

    def write(self, vals):
        touches_tickets = self._psa_numbers_tickets()
        result = super().write(vals)
        if touches_tickets or self._psa_numbers_tickets():
            self.env.registry.clear_cache()
        return result

    def unlink(self):
        touches_tickets = self._psa_numbers_tickets()
        result = super().unlink()
        if touches_tickets:
            self.env.registry.clear_cache()
        return result

    def _psa_numbers_tickets(self):
        return any(sequence.code == SEQUENCE_CODE for sequence in self)
