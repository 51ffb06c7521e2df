from odoo.tests import tagged

from .common_sales import PsaSalesCommon


@tagged('post_install', '-at_install')
class TestWonClient(PsaSalesCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls.env['res.partner'].create({'name': "Saffron Kitchens", 'is_company': True})
        cls.cook = cls.env['res.partner'].create({'name': "Nikhil", 'parent_id': cls.customer.id})

    def test_the_customer_of_a_won_opportunity_is_taken_into_service(self):
        lead = self._new_lead(partner_id=self.cook.id, user_id=self.sales.id)

        lead.with_user(self.sales).action_set_won()

        self.assertTrue(self.customer.psa_is_client)
        self.assertEqual(self.customer.psa_client_status, 'onboarding')
        self.assertEqual(self.customer.company_id, self.company)
        self.assertEqual(self.customer.user_id, self.sales)
        self.assertFalse(self.cook.psa_is_client)
        self.assertIn("New phones", str(self.customer.message_ids.mapped('body')))

    def test_a_prospect_is_taken_into_service_by_an_outside_rep(self):
        self.customer.write({'psa_is_client': True, 'psa_client_status': 'prospect', 'user_id': self.rep.id})
        lead = self._new_lead(user=self.rep, partner_id=self.customer.id)

        lead.action_set_won()

        self.assertEqual(self.customer.psa_client_status, 'onboarding')

    def test_a_client_in_service_stays_as_it_is(self):
        for status in ('onboarding', 'active', 'suspended', 'former'):
            with self.subTest(status=status):
                self.client_dental.psa_client_status = status
                self._win(self._new_lead(partner_id=self.zoe.id))
                self.assertEqual(self.client_dental.psa_client_status, status)

    def test_a_lost_opportunity_leaves_its_customer_alone(self):
        lead = self._new_lead(partner_id=self.cook.id)

        lead.action_set_lost()

        self.assertFalse(self.customer.psa_is_client)

    def test_a_customer_that_is_named_after_the_win_is_taken_into_service(self):
        lead = self._win(self._new_lead())

        lead.partner_id = self.cook

        self.assertEqual(self.customer.psa_client_status, 'onboarding')

    def test_a_lead_created_as_won_counts_too(self):
        self._new_lead(partner_id=self.cook.id, stage_id=self.env['crm.stage'].search([('is_won', '=', True)], limit=1).id, probability=100)

        self.assertTrue(self.customer.psa_is_client)
