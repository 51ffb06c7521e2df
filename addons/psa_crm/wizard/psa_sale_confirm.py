from odoo import fields, models


class PsaSaleConfirm(models.TransientModel):
    _name = 'psa.sale.confirm'
    _description = "Confirm a Quote with Expired Supplier Prices"

    order_ids = fields.Many2many('sale.order', string="Quotes", required=True)
    line_ids = fields.Many2many('sale.order.line', string="Expired Lines", compute='_compute_line_ids')

    def _compute_line_ids(self):
        for wizard in self:
            wizard.line_ids = wizard.order_ids.order_line.filtered('psa_supplier_is_expired')

    def action_confirm(self):
        """Confirm the quotes all the same; the chatter tells that the prices had expired."""
        self.ensure_one()
        return self.order_ids.with_context(psa_ask_before_confirm=False, validate_analytic=True).action_confirm()
