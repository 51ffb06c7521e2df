from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import format_date

from ..core import procurement


class SaleOrderLine(models.Model):
    """Where a line of a quote comes from, what it costs us, and what is left. None of it is for the customer."""

    _inherit = 'sale.order.line'

    psa_supplier_id = fields.Many2one(
        'res.partner', string="Supplier", index='btree_not_null', check_company=True, groups='base.group_user',
        domain="[('psa_is_client', '=', False)]", help="Who offered it to us.")
    psa_supplier_quote = fields.Char(
        string="Supplier Quote", index='trigram', groups='base.group_user',
        help="The number of the supplier's quote; quotes and orders are found by it.")
    psa_supplier_quote_link = fields.Char(
        string="Supplier Quote Link", groups='base.group_user', help="Web page of the supplier's quote.")
    psa_supplier_valid_until = fields.Date(
        string="Supplier Price Until", groups='base.group_user',
        help="Last day on which the supplier's price holds. A quote is not confirmed after it without asking.")
    psa_supplier_is_expired = fields.Boolean(
        string="Supplier Price Expired", compute='_compute_psa_supplier_is_expired', groups='base.group_user')

    psa_cost = fields.Float(
        string="Cost", digits='Product Price', compute='_compute_psa_cost', store=True, readonly=False, precompute=True, copy=True,
        groups='base.group_user',
        help="What one piece costs us, in the currency of the quote: the cost of the product, until the supplier's price is entered.")
    psa_margin = fields.Monetary(
        string="Margin", compute='_compute_psa_margin', store=True, precompute=True, groups='base.group_user',
        help="What is left for us: the amount without taxes less the cost.")
    psa_margin_ratio = fields.Float(
        string="Margin (%)", compute='_compute_psa_margin', store=True, precompute=True, aggregator=None, groups='base.group_user')

    @api.depends('product_id', 'product_uom_id', 'company_id', 'currency_id')
    def _compute_psa_cost(self):
        for line in self:
            product = line.product_id.with_company(line.company_id)
            if not product:
                line.psa_cost = 0
                continue
            cost = product.uom_id._compute_price(product.standard_price, line.product_uom_id or product.uom_id)
            line.psa_cost = product.cost_currency_id._convert(
                cost, line.currency_id, line.company_id, line.order_id.date_order or fields.Date.today(), round=False,
            ) if line.currency_id else cost

    @api.depends('price_subtotal', 'psa_cost', 'product_uom_qty', 'currency_id')
    def _compute_psa_margin(self):
        for line in self:
            rounding = line.currency_id.rounding or 0.01
            result = procurement.margin(*(
                Decimal(str(value or 0)) for value in (line.price_subtotal, line.psa_cost, line.product_uom_qty, rounding)))
            line.psa_margin = float(result.amount)
            line.psa_margin_ratio = float(result.ratio or 0)

    @api.depends('psa_supplier_valid_until')
    def _compute_psa_supplier_is_expired(self):
        today = fields.Date.context_today(self)
        for line in self:
            line.psa_supplier_is_expired = procurement.is_expired(line.psa_supplier_valid_until or None, today)

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._psa_normalize_vals(vals) for vals in vals_list])

    def write(self, vals):
        return super().write(self._psa_normalize_vals(vals))

    @api.model
    def _psa_normalize_vals(self, vals):
        """Return the values with the link in a form that is safe to open."""
        if not vals.get('psa_supplier_quote_link'):
            return vals
        try:
            return {**vals, 'psa_supplier_quote_link': procurement.normalize_link(vals['psa_supplier_quote_link'])}
        except procurement.InvalidLink as error:
            raise ValidationError(self.env._(
                "“%s” is not the address of a web page. Enter the Supplier Quote Link as your browser shows it, such as "
                "https://supplier.example/quotes/17.", error.text)) from error

    def _psa_tell_expired(self):
        """Tell in the chatter of the orders, and by an activity of the salesperson, that they were confirmed on expired prices."""
        for order, lines in self.grouped('order_id').items():
            text = self.env._(
                "Confirmed although the supplier's price had expired: %s. Ask the supplier for a new price.",
                '; '.join(line._psa_expired_text() for line in lines))
            order._message_log(body=text)
            if order.user_id and order.user_id != self.env.user:
                order.activity_schedule(
                    'psa_crm.mail_activity_type_rfq', summary=self.env._("Supplier's price has expired"), note=text,
                    user_id=order.user_id.id)

    def _psa_expired_text(self):
        """Return the line with the supplier's quote, in one sentence."""
        self.ensure_one()
        return self.env._(
            "%(line)s (%(supplier)s, quote %(quote)s, until %(date)s)",
            line=self.product_id.display_name or self.name, supplier=self.psa_supplier_id.name or self.env._("no supplier"),
            quote=self.psa_supplier_quote or self.env._("without number"),
            date=format_date(self.env, self.psa_supplier_valid_until))
