from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged

from .common import PsaCrmCommon


class MoveCommon(PsaCrmCommon):
    """Ingrid works alone in her one-man company and serves a bakery."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.own = cls.env['res.company'].create({'name': "Ingrid Dahl", 'country_id': cls.env.ref('base.us').id})
        cls.env.user.company_ids -= cls.own
        cls.pro = new_test_user(
            cls.env, 'ingrid', groups='psa_crm.group_company_admin', email='ingrid@fjord-it.test', name="Ingrid Dahl",
            company_id=cls.own.id, company_ids=[Command.set(cls.own.ids)])
        cls.own._psa_load_books()  # only where the class says so
        kind = cls.env['psa.client.class'].create({'name': "Gold", 'company_id': cls.own.id})
        cls.bakery = cls._new_client(
            "Mill Bakery", company_id=cls.own.id, psa_client_class_id=kind.id,
            psa_mail_domain_ids=[(0, 0, {'name': 'mill-bakery.test'})])
        cls.baker = cls._new_contact("Bo Baker", 'bo@mill-bakery.test', cls.bakery, company_id=cls.own.id)

    def _wizard(self, user=None, **vals):
        return self.env['psa.service.company'].with_user(user or self.pro).create({
            'name': "Fjord IT", 'country_id': self.env.ref('base.us').id, **vals})

    def _create(self, **vals):
        self._wizard(**vals).action_create()
        return self.env['res.company'].search([('name', '=', "Fjord IT")])


@tagged('post_install', '-at_install')
class TestClientMovesWithInvoices(MoveCommon):

    loads_books = True

    def test_posted_invoices_stay_and_can_still_be_paid_and_credited(self):
        invoice = self.env['account.move'].with_company(self.own).create({
            'move_type': 'out_invoice', 'partner_id': self.bakery.id,
            'invoice_line_ids': [Command.create({'name': "Work", 'price_unit': 100, 'tax_ids': []})],
        })
        invoice.action_post()

        self._create(client_ids=[Command.set(self.bakery.ids)])

        self.assertEqual(invoice.company_id, self.own)
        self.env['account.payment.register'].with_company(self.own).with_context(
            active_model='account.move', active_ids=invoice.ids).create({})._create_payments()
        self.assertIn(invoice.payment_state, ('paid', 'in_payment'))

    def test_what_is_in_the_way_is_said_before_anything_happens(self):
        self.env['account.move'].with_company(self.own).create({'move_type': 'out_invoice', 'partner_id': self.bakery.id})
        wizard = self._wizard(client_ids=[Command.set(self.bakery.ids)])
        self.assertIn("1 draft invoices", wizard.obstacles)

        with self.assertRaises(UserError) as caught, self.env.cr.savepoint():
            wizard.action_create()

        self.assertIn("1 draft invoices. Post or delete them.", caught.exception.args[0])
        self.assertFalse(self.env['res.company'].search([('name', '=', "Fjord IT")]))
        self.assertEqual(self.pro.company_ids, self.own)
        self.assertEqual(self.bakery.company_id, self.own)


@tagged('post_install', '-at_install')
class TestServiceCompanyWizard(MoveCommon):

    def test_a_professional_who_works_alone_creates_his_company(self):
        company = self._create(city="Bergen", email='hello@fjord-it.test')

        self.assertEqual(self.pro.company_id, company)
        self.assertEqual(self.pro.company_ids, self.own | company)
        self.assertTrue(self.pro.has_group('psa_crm.group_owner'))
        self.assertEqual(company.city, "Bergen")

    def test_the_client_moves_with_people_domains_and_opportunities(self):
        self.baker.psa_portal_role = 'employee'
        lead = self.env['crm.lead'].create({'name': "New oven", 'partner_id': self.baker.id, 'company_id': self.own.id,
            'user_id': self.pro.id})
        self.bakery.psa_account_manager_id = self.technician

        company = self._create(client_ids=[Command.set(self.bakery.ids)])

        self.assertEqual((self.bakery | self.baker).company_id, company)
        self.assertEqual(self.bakery.psa_mail_domain_ids.company_id, company)
        self.assertEqual(self.baker.user_ids.company_ids, company)
        self.assertEqual(lead.company_id, company)
        self.assertEqual(self.bakery.psa_account_manager_id, self.pro)
        self.assertEqual(self.bakery.psa_client_class_id.company_id, company)
        self.assertEqual(self.bakery.psa_client_class_id.name, "Gold")
        self.assertIn("Moved from Ingrid Dahl to Fjord IT", self.bakery.message_ids[:1].body)

    def test_a_client_of_everybody_and_a_person_of_ours_do_not_move(self):
        self.bakery.company_id = False
        self.assertIn("served by every company", self.bakery._psa_move_obstacles(self.own)[0])

        self.technician.partner_id.parent_id = self.bakery
        self.assertIn("works for a service company", ' '.join(self.bakery._psa_move_obstacles(self.own)))

    def test_nobody_takes_the_clients_of_a_company_with_colleagues(self):
        self.pro.company_ids = [Command.link(self.company.id)]
        self.client_dental.company_id = self.company
        with self.assertRaisesRegex(AccessError, "together with others"):
            self._create()
        self.pro.company_ids = [Command.unlink(self.company.id)]
        with self.assertRaises(AccessError):
            self._create(client_ids=[Command.set(self.client_dental.ids)])

    def test_nobody_makes_somebody_else_an_owner(self):
        with self.assertRaisesRegex(AccessError, "yourself only"):
            self._create(owner_id=self.technician.id)
        with self.assertRaisesRegex(AccessError, "together with others"):
            self._wizard(self.technician).action_create()

    def test_the_administrator_of_the_platform_chooses_the_owner(self):
        admin = new_test_user(self.env, 'platform', groups='base.group_system', email='platform@x.test')

        self._wizard(admin, owner_id=self.pro.id).action_create()

        self.assertEqual(self.pro.company_id.name, "Fjord IT")
        self.assertNotIn(self.pro.company_id, admin.company_ids)

    def test_the_form_takes_the_currency_of_the_country_and_tells_about_the_books(self):
        with Form(self.env['psa.service.company'].with_user(self.pro)) as form:
            form.name = "Fjord IT"
            form.country_id = self.env.ref('base.no')
            self.assertEqual(form.currency_id, self.env.ref('base.NOK'))
            self.assertIn("accounting of Norway is not installed", form.books_info)
