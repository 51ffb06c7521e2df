from odoo import api, fields, models

from ..core import rating
from ..tools import to_decimal


class PsaBillingAdjust(models.TransientModel):
    """Charge another quantity, price or text than rating says; what it was before stays beside it and in the history."""

    _name = "psa.billing.adjust"
    _inherit = "psa.wizard.mixin"
    _description = "Adjust a Ledger Row"

    item_id = fields.Many2one("psa.billing.item", "Row", required=True, readonly=True)
    uom_id = fields.Many2one(related="item_id.uom_id", related_sudo=False)
    currency_id = fields.Many2one(related="item_id.currency_id", related_sudo=False)
    old_quantity = fields.Float(related="item_id.quantity", related_sudo=False, digits="Product Unit", string="Quantity Now")
    old_price_unit = fields.Float(related="item_id.price_unit", related_sudo=False, string="Unit Price Now")
    old_amount = fields.Monetary(related="item_id.amount", related_sudo=False, string="Amount Now")
    old_name = fields.Text(related="item_id.name", related_sudo=False, string="Text Now")
    quantity = fields.Float("New Quantity", digits="Product Unit", compute="_compute_new", compute_sudo=False, store=True, readonly=False)
    price_unit = fields.Float("New Unit Price", digits=0, compute="_compute_new", compute_sudo=False, store=True, readonly=False)
    name = fields.Text("New Text", compute="_compute_new", compute_sudo=False, store=True, readonly=False)
    amount = fields.Monetary("New Amount", compute="_compute_amount")
    difference = fields.Monetary(compute="_compute_amount")
    reason = fields.Char(required=True, help="Kept on the row and in its history.")

    @api.depends("item_id")
    def _compute_new(self):
        for wizard in self:
            wizard.quantity = wizard.item_id.quantity
            wizard.price_unit = wizard.item_id.price_unit
            wizard.name = wizard.item_id.name

    @api.depends("quantity", "price_unit", "item_id")
    def _compute_amount(self):
        for wizard in self:
            rounding = to_decimal(wizard.currency_id.rounding or 0.01)
            amount = rating.round_money(to_decimal(wizard.quantity) * to_decimal(wizard.price_unit), rounding)
            wizard.amount = float(amount)
            wizard.difference = wizard.amount - wizard.old_amount

    def action_adjust(self):
        """Charge what was entered."""
        self.ensure_one()
        self.item_id._adjust(self.reason, self.quantity, self.price_unit, self.name)
        return {"type": "ir.actions.act_window_close"}
