from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged

from .common import PsaCrmCommon


class ServiceCompanyCommon(PsaCrmCommon):
    """Ingrid has signed up and has no company yet."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pro = new_test_user(cls.env, 'ingrid', groups='base.group_user', email='ingrid@fjord-it.test', name="Ingrid Dahl")

    def _create_company(self, owner=None, **vals):
        return self.env['res.company']._psa_create_service_company(
            {'name': "Fjord IT", 'country_id': self.env.ref('base.us').id, **vals}, owner or self.pro)


@tagged('post_install', '-at_install')
class TestServiceCompanyBooks(ServiceCompanyCommon):

    loads_books = True

    def test_the_company_can_invoice_from_the_first_day(self):
        company = self._create_company()

        self.assertTrue(company.chart_template)
        journals = self.env['account.journal'].search([('company_id', '=', company.id)])
        self.assertLessEqual({'sale', 'purchase', 'bank'}, set(journals.mapped('type')))

    def test_a_country_whose_accounting_is_not_installed_gets_the_generic_chart(self):
        company = self._create_company(country_id=self.env.ref('base.no').id)

        self.assertEqual(company.chart_template, 'generic_coa')
        self.assertEqual(company.currency_id, self.env.ref('base.NOK'))
        self.assertEqual(company.country_id, self.env.ref('base.no'))


@tagged('post_install', '-at_install')
class TestServiceCompany(ServiceCompanyCommon):

    def test_who_signs_up_becomes_owner_of_his_company_and_of_nothing_else(self):
        company = self._create_company()

        self.assertEqual(self.pro.company_ids, company)
        self.assertEqual(self.pro.company_id, company)
        self.assertTrue(self.pro.has_group('psa_crm.group_owner'))
        self.assertFalse(self.pro.has_group('base.group_erp_manager'))

    def test_a_portal_user_becomes_an_internal_one(self):
        visitor = new_test_user(self.env, 'visitor', groups='base.group_portal', email='visitor@x.test')

        self._create_company(visitor)

        self.assertTrue(visitor._is_internal())
        self.assertFalse(visitor.share)

    def test_the_details_are_kept(self):
        company = self._create_company(
            street="Quay 4", city="Bergen", zip="5003", phone="+47 55 00 00 00", email='hello@fjord-it.test',
            currency_id=self.env.ref('base.EUR').id)

        self.assertRecordValues(company, [{
            'name': "Fjord IT", 'street': "Quay 4", 'city': "Bergen", 'zip': "5003", 'phone': "+47 55 00 00 00",
            'email': 'hello@fjord-it.test', 'currency_id': self.env.ref('base.EUR').id,
        }])

    def test_a_visitor_who_signs_up_is_not_put_into_the_company(self):
        public = self.env.ref('base.public_user')

        company = self.env['res.company'].with_user(public).sudo()._psa_create_service_company(
            {'name': "Fjord IT"}, self.pro.with_user(public).sudo())

        self.assertNotIn(company, public.sudo().company_ids)
        self.assertEqual(self.pro.company_ids, company)

    def test_the_only_member_of_a_company_keeps_it(self):
        own = self.env['res.company'].create({'name': "Ingrid Dahl"})
        self.pro.write({'company_ids': [(6, 0, own.ids)], 'company_id': own.id})
        self.pro._psa_set_role('technician')
        self.env.user.company_ids -= own

        company = self._create_company()

        self.assertEqual(self.pro.company_ids, own | company)
        self.assertTrue(self.pro.has_group('psa_crm.group_owner'))

    def test_a_colleague_of_others_does_not_get_the_rights_of_an_owner_over_them(self):
        with self.assertRaisesRegex(UserError, "same rights in each of its companies"):
            self._create_company(self.technician)

        self.assertFalse(self.technician.has_group('psa_crm.group_owner'))

    def test_a_client_does_not_become_an_owner_by_the_way(self):
        employee, __ = self._new_portal_users()

        with self.assertRaisesRegex(UserError, "signs in to the portal"):
            self._create_company(employee)

    def test_what_is_missing_or_wrong_is_named(self):
        for vals, error, message in (
            ({'name': " "}, ValidationError, "Enter the name"),
            ({'name': self.other_company.name}, ValidationError, "already is a company"),
            ({'email': "not an address"}, ValidationError, "Correct Email"),
            ({'parent_id': self.company.id}, AccessError, "parent_id"),
        ):
            with self.subTest(vals=vals), self.assertRaisesRegex(error, message):
                self._create_company(**vals)

    def test_nothing_is_left_of_a_company_that_failed(self):
        archived = new_test_user(self.env, 'gone', groups='base.group_user', email='gone@x.test')
        archived.active = False

        with self.assertRaisesRegex(UserError, "archived"):
            self._create_company(archived)

        self.assertFalse(self.env['res.company'].search([('name', '=', "Fjord IT")]))
