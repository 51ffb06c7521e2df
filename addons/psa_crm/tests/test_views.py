from odoo.tests import Form, tagged

from .common import PsaCrmCommon


@tagged('post_install', '-at_install')
class TestViews(PsaCrmCommon):

    def test_a_technician_enters_a_client_in_the_form(self):
        with Form(self.env['res.partner'].with_user(self.technician).with_context(
            default_psa_is_client=True, default_is_company=True,
        )) as form:
            form.name = "Mill Street Bakery"
            form.psa_primary_technician_id = self.technician

        client = form.record
        self.assertEqual(client.psa_client_status, 'active')
        self.assertTrue(client.is_company)

    def test_a_dispatcher_enters_mail_domains_in_the_form(self):
        with (
            Form(self.client_dental.with_user(self.dispatcher)) as form,
            form.psa_mail_domain_ids.new() as line,
        ):
            line.name = 'Harbour-Dental.example'

        self.assertIn('harbour-dental.example', self.client_dental.psa_mail_domain_ids.mapped('name'))

    def test_every_role_opens_the_form_of_a_client(self):
        for user in (self.technician, self.dispatcher, self.billing, self.company_admin, self.plain_user):
            with self.subTest(user=user.login):
                self.assertTrue(Form(self.client_dental.with_user(user)).id)

    def test_the_button_of_a_client_opens_its_people(self):
        action = self.client_dental.with_user(self.technician).action_psa_portal_users()

        self.assertEqual(self.env['res.partner'].search(action['domain']), self.omar | self.zoe)

    def test_each_filter_of_the_client_search_works(self):
        view = self.env.ref('psa_crm.view_res_partner_client_search')
        arch = self.env['res.partner'].with_user(self.technician).get_view(view.id, 'search')['arch']

        for name in ('my_clients', 'no_technician', 'served', 'former', 'group_status', 'inactive'):
            self.assertIn(f'name="{name}"', arch)
