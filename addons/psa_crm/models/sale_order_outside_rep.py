from odoo import models


class SaleOrder(models.Model):
    _name = 'sale.order'
    _inherit = ['psa.outside.rep.mixin', 'sale.order']

    _psa_partner_fields = ('partner_id', 'partner_invoice_id', 'partner_shipping_id')
