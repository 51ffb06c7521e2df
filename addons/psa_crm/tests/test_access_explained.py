from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common import PsaCrmCommon


@tagged('post_install', '-at_install')
class TestAccessExplained(PsaCrmCommon):
    """Why can this person see this client?"""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bakery = cls._new_client("Corner Bakery", company_id=cls.company.id)
        cls.baker = cls._new_contact("Bo Baker", 'bo@bakery.test', cls.bakery)
        cls.stranger = cls._new_staff('psa_stranger', 'psa_crm.group_technician')
        cls.stranger.write({'company_ids': [Command.set(cls.other_company.ids)], 'company_id': cls.other_company.id})

    def _ask(self, user, record=None, asker=None):
        return (record or self.bakery).with_user(asker or self.company_admin).explain_access(user.id)

    def test_each_source_is_named(self):
        rule = self.env['psa.access.rule'].create({
            'company_id': self.company.id, 'level': 'refuse', 'client_id': self.bakery.id, 'user_id': self.technician.id,
            'note': "Conflict of interest"})
        share = self.env['psa.client.share'].create({'client_id': self.bakery.id, 'user_id': self.stranger.id, 'level': 'read'})
        share._psa_accept()
        self.bakery.psa_account_manager_id = self.dispatcher
        self.company.psa_access_default = 'need_to_know'

        for user, level, words in (
            (self.technician, 'refuse', [rule.name, "Conflict of interest"]),
            (self.stranger, 'read', ["shared the client", self.company.name]),
            (self.dispatcher, 'full', ["account manager"]),
            (self.company_admin, 'full', ["administrator"]),
            (self.billing, 'refuse', ["need to know"]),
        ):
            with self.subTest(user.login):
                answer = self._ask(user)
                self.assertEqual(answer['level'], level)
                for word in words:
                    self.assertIn(word, ' '.join(answer['reasons']))
                self.assertEqual(answer['can_read'], self.bakery.with_user(user).has_access('read'))

    def test_who_is_no_member_and_has_no_share_is_told_so(self):
        self.assertIn("does not belong to", ' '.join(self._ask(self.stranger)['reasons']))

    def test_people_of_a_client_are_explained_by_the_client(self):
        self.env['psa.access.rule'].create({
            'company_id': self.company.id, 'level': 'read', 'client_id': self.bakery.id, 'user_id': self.technician.id})

        answer = self._ask(self.technician, self.baker)

        self.assertEqual((answer['level'], answer['can_read'], answer['can_write']), ('read', True, False))

    def test_who_may_ask(self):
        self.assertTrue(self._ask(self.technician, asker=self.technician)['can_read'])
        for asker in (self.technician, self.dispatcher, self.stranger):
            with self.subTest(asker.login), self.assertRaises(AccessError):
                self._ask(self.billing, asker=asker)

    def test_asking_about_the_hidden_tells_nothing_of_it(self):
        rule = self.env['psa.access.rule'].create({
            'company_id': self.company.id, 'level': 'refuse', 'client_id': self.bakery.id, 'user_id': self.technician.id})

        for asker in (self.technician, self.stranger):
            told = ' '.join(self._ask(asker, asker=asker)['reasons'])
            self.assertNotIn("Bakery", told)
            self.assertNotIn(rule.name, told)

    def test_the_dialog_lists_people_for_administrators_only(self):
        for user, sees_list in ((self.company_admin, True), (self.technician, False)):
            action = self.bakery.with_user(user).action_psa_explain_access()
            dialog = self.env['psa.access.explain'].with_user(user).browse(action['res_id'])
            self.assertEqual(bool(dialog.people), sees_list)
            self.assertTrue(dialog.explanation)

    def test_only_what_is_ruled_by_clients_is_explained(self):
        dialog = self.env['psa.access.explain'].with_user(self.technician).create({'res_model': 'res.groups', 'res_id': 1})
        with self.assertRaises(UserError):
            dialog.mapped('explanation')

    def test_administrators_set_the_default_of_their_company(self):
        wizard = self.env['psa.access.default'].with_user(self.company_admin).create({'psa_access_default': 'need_to_know'})
        wizard.action_apply()
        self.assertEqual(self.company.psa_access_default, 'need_to_know')
        self.assertFalse(self.bakery.with_user(self.technician).has_access('read'))
        with self.assertRaises(AccessError):
            self.env['psa.access.default'].with_user(self.technician).create({'psa_access_default': 'open'})
