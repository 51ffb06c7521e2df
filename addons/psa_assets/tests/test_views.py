from odoo.tests import Form, tagged

from .common import PsaAssetsCommon


@tagged('post_install', '-at_install')
class TestViews(PsaAssetsCommon):

    def test_a_technician_enters_an_asset_in_the_form(self):
        with Form(self.env['psa.asset'].with_user(self.technician)) as form:
            form.name = "HDG-SRV-01"
            form.client_id = self.client_dental
            form.contact_id = self.zoe
            form.serial = ' SRV-77 '

        self.assertEqual(form.record.serial, 'SRV-77')
        self.assertEqual(form.record.contact_id, self.zoe)

    def test_the_form_empties_the_user_when_the_client_changes(self):
        with Form(self.laptop.with_user(self.technician)) as form:
            form.client_id = self._new_client("Other")
            self.assertFalse(form.contact_id)

    def test_the_button_of_a_client_opens_its_assets(self):
        action = self.client_dental.with_user(self.technician).action_psa_assets()
        self.assertEqual(self.env['psa.asset'].search(action['domain']), self.laptop)

        new = self.env['psa.asset'].with_user(self.technician).with_context(**action['context']).create({'name': "From the button"})
        self.assertEqual(new.client_id, self.client_dental)

    def test_the_button_of_a_person_opens_what_he_uses(self):
        action = self.zoe.with_user(self.technician).action_psa_assets()

        self.assertEqual(self.env['psa.asset'].search(action['domain']), self.laptop)
        self.assertFalse(self.env['psa.asset'].search(self.omar.action_psa_assets()['domain']))

    def test_every_status_is_a_column_of_the_board(self):
        groups = self.env['psa.asset'].with_user(self.technician).with_context(read_group_expand=True).web_read_group(
            [('id', '=', self.laptop.id)], ['status'], ['__count'])['groups']

        self.assertEqual([group['status'] for group in groups], ['in_stock', 'in_use', 'in_repair', 'retired'])

    def test_every_role_opens_clients_with_the_button(self):
        for user in (self.technician, self.dispatcher, self.billing, self.company_admin, self.plain_user):
            with self.subTest(user=user.login):
                self.assertTrue(Form(self.client_dental.with_user(user)).id)
