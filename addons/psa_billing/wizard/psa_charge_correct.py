from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core import charges
from ..tools import to_decimal


class PsaChargeCorrect(models.TransientModel):
    """Say what an approved charge should have been; signed charges make up the difference."""

    _name = "psa.charge.correct"
    _inherit = "psa.wizard.mixin"
    _description = "Correct Charge"

    charge_id = fields.Many2one("psa.charge", required=True, readonly=True, ondelete="cascade")
    currency_id = fields.Many2one(related="charge_id.currency_id", related_sudo=False)
    quantity = fields.Float(
        compute="_compute_values",
        compute_sudo=False,
        store=True,
        readonly=False,
        precompute=True,
        digits="Product Unit",
        help="What should have been charged. 0 takes the charge back.",
    )
    price_unit = fields.Float(
        "Unit Price",
        digits=0,
        min_display_digits="Product Price",
        compute="_compute_values",
        compute_sudo=False,
        store=True,
        readonly=False,
        precompute=True,
    )
    reason = fields.Char(required=True)
    difference = fields.Monetary(compute="_compute_difference", help="What is added to the next invoice, or credited on it.")

    @api.depends("charge_id")
    def _compute_values(self):
        for wizard in self:
            quantity, price_unit = wizard._now()
            wizard.quantity, wizard.price_unit = float(quantity), float(price_unit)

    @api.depends("quantity", "price_unit")
    def _compute_difference(self):
        for wizard in self:
            wizard.difference = sum(
                wizard.currency_id.round(float(line.quantity * line.price_unit)) for line in wizard._lines()
            )

    def action_correct(self):
        """Make the correction."""
        self.ensure_one()
        lines = self._lines()
        if self.quantity < 0:
            raise UserError(self.env._("The quantity cannot be negative: 0 takes the charge back."))
        if not lines:
            raise UserError(self.env._("Nothing changes: correct Quantity or Unit Price."))
        self.charge_id._psa_correct(lines, self.reason)
        return {"type": "ir.actions.act_window_close"}

    def _now(self):
        """Return quantity and price that are charged by now, with the earlier corrections."""
        charge = self.charge_id
        charged = charge._psa_charged()
        latest = charge.correction_ids.filtered(lambda line: line.quantity > 0).sorted("id")[-1:] or charge
        return sum((quantity for quantity, __ in charged.values()), to_decimal(0)), charged[latest][1]

    def _lines(self):
        quantity, price_unit = self._now()
        return charges.corrections(quantity, price_unit, to_decimal(self.quantity), to_decimal(self.price_unit))
