from odoo import api, models

PARTNERS = ('partner_id', 'partner_invoice_id', 'partner_shipping_id')


class SaleOrder(models.Model):
    _inherit = 'sale.order'

    @api.model_create_multi
    def create(self, vals_list):
        self.env['res.partner']._psa_check_rep_may_use([
            vals.get(name) or self.env.context.get(f'default_{name}') for vals in vals_list for name in PARTNERS])
        return super().create(vals_list)

    def write(self, vals):
        self.env['res.partner']._psa_check_rep_may_use([vals.get(name) for name in PARTNERS])
        return super().write(vals)
