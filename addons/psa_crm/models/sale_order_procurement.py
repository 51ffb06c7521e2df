from odoo import api, fields, models


class SaleOrder(models.Model):
    _inherit = 'sale.order'

    psa_margin = fields.Monetary(
        string="Margin", compute='_compute_psa_margin', groups='base.group_user', help="What is left for us of all lines.")

    @api.depends('order_line.psa_margin')
    def _compute_psa_margin(self):
        for order in self:
            order.psa_margin = sum(order.order_line.mapped('psa_margin'))

    def action_confirm(self):
        """Ask before a quote is confirmed whose supplier's price no longer holds.

        The button of the form asks. Everything else that confirms, such as the signature of the customer, cannot be asked: it goes
        on, and the salesperson is told.
        """
        expired = self.filtered(lambda order: order.state in ('draft', 'sent'))._psa_expired_lines()
        if expired and self.env.context.get('psa_ask_before_confirm'):
            return {
                'type': 'ir.actions.act_window',
                'name': self.env._("Supplier Prices Have Expired"),
                'res_model': 'psa.sale.confirm',
                'view_mode': 'form',
                'target': 'new',
                'context': {'default_order_ids': self.ids},
            }
        result = super().action_confirm()
        expired._psa_tell_expired()
        return result

    def _psa_expired_lines(self):
        """Return the lines whose supplier's price no longer holds."""
        return self.order_line.sudo().filtered(
            lambda line: not line.display_type and line.product_uom_qty and line.psa_supplier_is_expired)
