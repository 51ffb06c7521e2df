from odoo import models
from odoo.fields import Command

from ..core import periods
from ..tools import to_decimal


class PsaContractComponent(models.Model):
    """Prices that rise."""

    _inherit = "psa.contract.component"

    def _psa_index(self, percent, day, note):
        """Raise the price from a day on. A price somebody agreed for that very day stays."""
        self.ensure_one()
        if self.step_ids.filtered(lambda step: step.date_from == day):
            return
        step = periods.step_on(self._psa_steps(), day)
        if step is None or not step.price_unit:
            return
        digits = self.env["decimal.precision"].precision_get("Product Price")
        price = periods.indexed(step.price_unit, to_decimal(percent), to_decimal(10**-digits))
        self.step_ids = [
            Command.create(
                {
                    "date_from": day,
                    "quantity": float(step.quantity),
                    "price_unit": float(price),
                    "origin": "index",
                    "note": note,
                }
            )
        ]
