from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .common import PsaCrmCommon

PROVIDER = {'name': 'provider', 'type': 'char', 'string': "Internet provider"}
BACKUP = {'name': 'backup', 'type': 'selection', 'string': "Backup", 'selection': [['cloud', "Cloud"], ['local', "Local"]]}
BIRTHDAY = {'name': 'birthday', 'type': 'date', 'string': "Birthday"}


@tagged('post_install', '-at_install')
class TestOwnFields(PsaCrmCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client_dental.company_id = cls.company
        cls.sets = {(item.company_id, item.applies_to): item for item in cls.env['psa.field.set'].search([])}
        cls.of_clients = cls.sets[cls.company, 'client']
        cls.of_clients.properties_definition = [PROVIDER, BACKUP]
        cls.sets[cls.company, 'contact'].properties_definition = [BIRTHDAY]

    def _labels(self, partner):
        return [field['string'] for field in partner.read(['psa_properties'])[0]['psa_properties']]

    def _values(self, partner):
        return {field['name']: field.get('value') for field in partner.read(['psa_properties'])[0]['psa_properties']}

    def test_clients_and_their_people_have_different_fields(self):
        site = self.env['res.partner'].create({
            'name': "Site", 'parent_id': self.client_dental.id, 'type': 'other', 'psa_is_site': True})

        self.assertEqual(self._labels(self.client_dental), ["Internet provider", "Backup"])
        self.assertEqual(self._labels(self.zoe), ["Birthday"])
        self.assertFalse(self._labels(site))

    def test_a_company_administrator_adds_a_field_and_a_dispatcher_does_not(self):
        definition = [{**PROVIDER, 'value': "Fiber", 'definition_changed': True},
                      {'name': 'seats', 'type': 'integer', 'string': "Seats", 'value': 4}]

        self.client_dental.with_user(self.company_admin).write({'psa_properties': definition})
        with self.assertRaises(AccessError):
            self.client_dental.with_user(self.dispatcher).write({
                'psa_properties': [{**PROVIDER, 'string': "Renamed", 'definition_changed': True}]})

        self.env.invalidate_all()
        self.assertEqual(self._labels(self.client_dental), ["Internet provider", "Seats"])
        self.client_dental.with_user(self.technician).write({'psa_properties': {'seats': 5}})
        self.assertEqual(self._values(self.client_dental), {'provider': "Fiber", 'seats': 5})

    def test_values_given_as_a_dict_are_merged(self):
        self.client_dental.psa_properties = {'provider': "Fiber", 'backup': 'cloud'}
        other = self._new_client("Other", company_id=self.company.id)
        other.psa_properties = {'backup': 'local'}

        (self.client_dental | other).write({'psa_properties': {'provider': "Cable"}})

        self.assertEqual(self._values(self.client_dental), {'provider': "Cable", 'backup': 'cloud'})
        self.assertEqual(self._values(other), {'provider': "Cable", 'backup': 'local'})

    def test_wrong_values_are_refused_by_name(self):
        with self.assertRaisesRegex(ValidationError, "no own field “nothing”"):
            self.client_dental.psa_properties = {'nothing': 1}
        with self.assertRaisesRegex(ValidationError, "“Backup” cannot take this value"):
            self.client_dental.psa_properties = {'backup': 'tape'}

    def test_own_fields_are_searched_and_grouped(self):
        self.client_dental.psa_properties = {'backup': 'cloud'}
        clients = self.env['res.partner'].with_user(self.technician)

        found = clients.search([('psa_properties.backup', '=', 'cloud')])
        groups = clients.formatted_read_group([('id', '=', self.client_dental.id)], ['psa_properties.backup'], ['__count'])

        self.assertEqual(found, self.client_dental)
        self.assertEqual([(group['psa_properties.backup'], group['__count']) for group in groups], [('cloud', 1)])

    def test_no_company_sees_the_fields_of_another(self):
        self.sets[self.other_company, 'client'].properties_definition = [{**PROVIDER, 'string': "CANARY"}]
        theirs = self._new_client("Theirs", company_id=self.other_company.id)

        for user in (self.technician, self.company_admin):
            sets = self.env['psa.field.set'].with_user(user).search([])
            self.assertEqual(sets.company_id, self.company)
            self.assertNotIn("CANARY", str(sets.read(['properties_definition'])))
            self.assertNotIn("CANARY", str(self.client_dental.with_user(user).read(['psa_properties'])))
            with self.assertRaises(AccessError):
                theirs.psa_field_set_id.with_user(user).write({'properties_definition': []})
        self.assertEqual(self._labels(theirs), ["CANARY"])

    def test_a_client_that_changes_its_company_gets_the_fields_of_the_new_one(self):
        self.client_dental.psa_properties = {'provider': "Fiber"}

        self.client_dental.company_id = self.other_company

        self.assertEqual(self.client_dental.psa_field_set_id, self.sets[self.other_company, 'client'])
        self.assertEqual(self.zoe.psa_field_set_id, self.sets[self.other_company, 'contact'])
        self.assertFalse(self._labels(self.client_dental))

    def test_people_of_the_client_do_not_read_them(self):
        self.client_dental.psa_properties = {'provider': "Fiber"}
        employee, administrator = self._new_portal_users()

        for user in (employee, administrator):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.client_dental.with_user(user).read(['psa_properties'])
        self.assertFalse(self.env['psa.field.set'].with_user(employee).has_access('read'))

    def test_a_user_of_two_companies_sees_both(self):
        self.technician.company_ids = [Command.link(self.other_company.id)]

        sets = self.env['psa.field.set'].with_user(self.technician).with_context(
            allowed_company_ids=[self.company.id, self.other_company.id]).search([])

        self.assertEqual(len(sets), 4)
