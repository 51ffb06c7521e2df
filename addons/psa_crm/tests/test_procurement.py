import io
import json
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Command
from odoo.http import Request
from odoo.tests import Form, HttpCase, tagged
from odoo.tools import mute_logger
from openpyxl import load_workbook

from .common_sales import PsaSalesCommon

# What the customer must not learn.
SECRETS = ('Wholesaler', 'Q-2317', 'supplier.example', '77.31', '22.69')


@tagged('post_install', '-at_install')
class TestProcurement(PsaSalesCommon, HttpCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = fields.Date.today()
        cls.wholesaler = cls.env['res.partner'].create({'name': "Wholesaler", 'supplier_rank': 1})
        cls.product = cls.env['product.product'].create({'name': "Phone"})
        cls.order = cls._new_order()
        cls.line = cls.order.order_line

    @classmethod
    def _new_order(cls, **line_values):
        return cls.env['sale.order'].create({
            'company_id': cls.company.id, 'partner_id': cls.zoe.id, 'user_id': cls.sales.id,
            'order_line': [Command.create({
                'product_id': cls.product.id, 'price_unit': 100, 'product_uom_qty': 1, 'psa_cost': 77.31, 'tax_ids': False,
                'psa_supplier_id': cls.wholesaler.id, 'psa_supplier_quote': 'Q-2317',
                'psa_supplier_quote_link': 'supplier.example/quotes/2317',
                'psa_supplier_valid_until': cls.today + timedelta(days=5), **line_values})],
        })

    def _ask(self, orders):
        return orders.with_user(self.sales).with_context(psa_ask_before_confirm=True).action_confirm()

    def _notes(self, order):
        return ' '.join(str(body) for body in order.message_ids.mapped('body'))

    def test_a_line_knows_its_supplier_and_its_margin(self):
        self.assertEqual(self.line.psa_supplier_quote_link, 'https://supplier.example/quotes/2317')
        self.assertAlmostEqual(self.line.psa_margin, 22.69)

    def test_a_link_that_is_none_is_refused(self):
        for link in ('javascript:alert(1)', 'Q-2317', 'file:///etc/passwd'):
            with self.subTest(link=link), self.assertRaisesRegex(ValidationError, "is not the address of a web page"):
                self.line.psa_supplier_quote_link = link

    def test_quotes_are_found_by_the_number_of_the_supplier(self):
        arch = self.env['sale.order'].with_user(self.sales).get_view(self.env.ref('sale.view_sales_order_filter').id, 'search')['arch']
        self.assertIn('order_line.psa_supplier_quote', arch)

        found = self.env['sale.order'].with_user(self.sales).search([('order_line.psa_supplier_quote', 'ilike', 'q-2317')])

        self.assertIn(self.order, found)

    def test_a_price_that_holds_is_confirmed_without_asking(self):
        self.line.psa_supplier_valid_until = self.today

        self.assertIs(self._ask(self.order), True)

        self.assertEqual(self.order.state, 'sale')
        self.assertNotIn("expired", self._notes(self.order))

    def test_an_expired_price_asks_before_the_quote_is_confirmed(self):
        self.line.psa_supplier_valid_until = self.today - timedelta(days=1)

        action = self._ask(self.order)

        self.assertEqual((action['res_model'], self.order.state), ('psa.sale.confirm', 'draft'))
        wizard = self.env['psa.sale.confirm'].with_user(self.sales).with_context(**action['context']).create({})
        self.assertEqual(wizard.line_ids, self.line)
        wizard.action_confirm()
        self.assertEqual(self.order.state, 'sale')
        self.assertIn("the supplier's price had expired: Phone (Wholesaler, quote Q-2317", self._notes(self.order))

    def test_the_button_of_the_form_asks(self):
        arch = self.env['sale.order'].with_user(self.sales).get_view(self.env.ref('sale.view_order_form').id, 'form')['arch']

        self.assertEqual(arch.count('psa_ask_before_confirm'), arch.count('name="action_confirm"'))

    def test_a_line_without_quantity_does_not_ask(self):
        self.line.write({'psa_supplier_valid_until': self.today - timedelta(days=1), 'product_uom_qty': 0})

        self.assertIs(self._ask(self.order), True)

    def test_the_signature_of_the_customer_confirms_and_the_salesperson_is_told(self):
        self.line.psa_supplier_valid_until = self.today - timedelta(days=1)

        self.order._validate_order()

        self.assertEqual(self.order.state, 'sale')
        self.assertIn("Ask the supplier for a new price", self._notes(self.order))
        self.assertEqual(self.order.activity_ids.user_id, self.sales)

    def test_the_form_takes_the_supplier(self):
        with Form(self.env['sale.order'].with_user(self.sales)) as form:
            form.partner_id = self.zoe
            with form.order_line.new() as line:
                line.product_id = self.product
                line.psa_supplier_id = self.wholesaler
                line.psa_supplier_quote = 'Q-1'
                line.psa_supplier_quote_link = 'https://supplier.example/1'
                line.psa_supplier_valid_until = self.today

        self.assertEqual(form.record.order_line.psa_supplier_quote, 'Q-1')

    def test_the_customer_reads_nothing_of_it(self):
        customer, _admin = self._new_portal_users()
        line = self.line.with_user(customer)
        self.order.message_subscribe(self.zoe.ids)
        self.assertTrue(line.read(['name']), "his own quote")
        for name in (
            'psa_supplier_id', 'psa_supplier_quote', 'psa_supplier_quote_link', 'psa_supplier_valid_until', 'psa_supplier_is_expired',
            'psa_cost', 'psa_margin', 'psa_margin_ratio'):
            with self.subTest(field=name), self.assertRaises(AccessError), mute_logger('odoo.addons.base.models.ir_rule'):
                self.env.invalidate_all()
                line.read([name])
        with self.assertRaises(AccessError):
            self.env['sale.order.line'].with_user(customer).search([('psa_supplier_quote', '=', 'Q-2317')])

    def test_the_print_shows_nothing_of_it(self):
        html, _type = self.env['ir.actions.report'].with_user(self.sales)._render_qweb_html('sale.report_saleorder', self.order.ids)

        text = html.decode()
        self.assertIn('Phone', text)
        for secret in SECRETS:
            self.assertNotIn(secret, text)

    def test_the_portal_shows_nothing_of_it(self):
        self.order.action_quotation_sent()
        url = self.order.get_portal_url()
        self.env.flush_all()

        text = self.url_open(url).text

        self.assertIn('Phone', text)
        for secret in SECRETS:
            self.assertNotIn(secret, text)

    def test_quotas_leave_as_numbers_for_excel(self):
        self.company_admin.group_ids += self.env.ref('base.group_allow_export')
        quota = self.env['psa.sales.quota'].create({
            'company_id': self.company.id, 'user_id': self.sales.id, 'metric': 'won', 'target': 1000.5})
        self._new_lead(user_id=self.sales.id, expected_revenue=250).action_set_won()
        quota.write({'period': 'custom', 'date_from': self.today - timedelta(days=2), 'date_to': self.today + timedelta(days=2)})
        self.env.flush_all()
        self.authenticate(self.company_admin.login, self.company_admin.login)
        for model in ('psa.sales.quota', 'psa.sales.quota.report'):
            with self.subTest(model=model):
                reply = self.url_open('/web/export/xlsx', data={
                    'csrf_token': Request.csrf_token(self),
                    'data': json.dumps({
                        'model': model, 'ids': quota.ids, 'domain': [], 'import_compat': False, 'groupby': [],
                        'context': {'allowed_company_ids': self.company.ids},
                        'fields': [
                            {'name': name, 'label': name, 'store': True, 'type': 'monetary'}
                            for name in ('target', 'actual', 'gap', 'attainment')],
                    })})
                reply.raise_for_status()
                row = list(load_workbook(io.BytesIO(reply.content)).active.values)[1]
                self.assertEqual([type(value) for value in row], [float if value % 1 else int for value in row])
                self.assertEqual(row[:3], (1000.5, 250, 750.5))
