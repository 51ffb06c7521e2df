from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger
from psycopg2 import IntegrityError

from .common import PsaCrmCommon


@tagged('post_install', '-at_install')
class TestAccessRule(PsaCrmCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.premier, cls.jeopardy = cls.env['psa.client.class'].create([{'name': "Premier X"}, {'name': "Jeopardy X"}])
        cls.bakery = cls._new_client("Corner Bakery", company_id=cls.company.id, psa_client_class_id=cls.jeopardy.id)
        cls.baker = cls._new_contact("Bo Baker", 'bo@bakery.test', cls.bakery)
        cls.quarry = cls._new_client("Quarry", company_id=cls.company.id)
        cls.theirs = cls._new_client("Their Client", company_id=cls.other_company.id)
        cls.second = cls._new_staff('psa_second_technician', 'psa_crm.group_technician')
        cls.team = cls.env['psa.team'].create({'name': "Night Shift X", 'member_ids': [Command.link(cls.second.id)]})
        cls.clients = cls.bakery | cls.quarry | cls.theirs

    def _rule(self, level='refuse', **values):
        if 'client_id' in values:
            values['resource'] = 'client'
        for fname, subject in (('user_id', 'user'), ('team_id', 'team'), ('group_id', 'group')):
            if fname in values:
                values['subject'] = subject
        return self.env['psa.access.rule'].create({'level': level, 'company_id': self.company.id, **values})

    def _sees(self, user, records=None):
        records = self.clients if records is None else records
        found = records.with_user(user).search([('id', 'in', records.ids)])
        # Lists and single records are decided by different code; they must agree.
        self.assertEqual(found, records.with_user(user)._filtered_access('read'))
        return found.with_user(self.env.user)

    def _may_change(self, user, record):
        return record.with_user(user).has_access('write')

    def _technicians(self):
        return self.env.ref('psa_crm.group_technician')

    def test_without_rules_everybody_sees_the_clients_of_his_company(self):
        self.assertEqual(self._sees(self.technician), self.bakery | self.quarry)
        self.assertEqual(self._sees(self.plain_user), self.bakery | self.quarry)

    def test_refused_clients_and_their_people_vanish(self):
        self._rule('refuse', client_id=self.bakery.id, user_id=self.technician.id)

        self.assertEqual(self._sees(self.technician), self.quarry)
        self.assertFalse(self._sees(self.technician, self.baker))
        self.assertEqual(self._sees(self.second, self.baker), self.baker)
        with self.assertRaises(AccessError):
            self.baker.with_user(self.technician).read(['name'])

    def test_read_only_is_read_only_for_people_and_addresses_too(self):
        self._rule('read', client_id=self.bakery.id, user_id=self.technician.id)

        self.assertEqual(self._sees(self.technician), self.bakery | self.quarry)
        for record in (self.bakery, self.baker):
            self.assertFalse(self._may_change(self.technician, record))
        with self.assertRaises(AccessError):
            self.env['res.partner'].with_user(self.technician).create({'name': "New", 'parent_id': self.bakery.id})
        self.assertTrue(self._may_change(self.technician, self.quarry))

    def test_a_personal_rule_beats_that_of_the_team_and_the_group(self):
        self._rule('refuse', client_id=self.bakery.id, group_id=self._technicians().id)
        self._rule('refuse', client_id=self.bakery.id, team_id=self.team.id)
        self.assertNotIn(self.bakery, self._sees(self.second))

        self._rule('full', resource='all', user_id=self.second.id)

        self.assertIn(self.bakery, self._sees(self.second))
        self.assertNotIn(self.bakery, self._sees(self.technician))

    def test_rules_follow_the_class_of_a_client(self):
        self._rule('refuse', resource='class', class_id=self.jeopardy.id, group_id=self._technicians().id)
        self.assertEqual(self._sees(self.technician), self.quarry)

        self.bakery.psa_client_class_id = self.premier
        self.quarry.psa_client_class_id = self.jeopardy

        self.assertEqual(self._sees(self.technician), self.bakery)
        self.assertFalse(self.env['psa.access']._psa_check())

    def test_new_clients_of_a_refused_class_are_refused_from_the_start(self):
        self._rule('refuse', resource='class', class_id=self.jeopardy.id, user_id=self.technician.id)

        new = self._new_client("Newcomer", company_id=self.company.id, psa_client_class_id=self.jeopardy.id)

        self.assertFalse(self._sees(self.technician, new))

    def test_need_to_know_shows_what_is_opened_only(self):
        self.company.psa_access_default = 'need_to_know'
        outsider = self.env['res.partner'].create({'name': "A Supplier"})
        self.assertFalse(self._sees(self.technician))
        self.assertTrue(self._sees(self.technician, outsider), "a contact that is nobody's client stays visible")

        self._rule('read', client_id=self.bakery.id, user_id=self.technician.id)

        self.assertEqual(self._sees(self.technician), self.bakery)
        self.assertEqual(self._sees(self.company_admin), self.bakery | self.quarry)

    def test_who_answers_for_a_client_sees_it_where_others_need_to_know(self):
        self.company.psa_access_default = 'need_to_know'
        self.bakery.psa_account_manager_id = self.technician
        self.quarry.psa_primary_technician_id = self.technician
        self.assertEqual(self._sees(self.technician), self.bakery | self.quarry)

        self._rule('refuse', client_id=self.quarry.id, user_id=self.technician.id)
        self.bakery.psa_account_manager_id = self.second

        self.assertFalse(self._sees(self.technician))
        self.assertEqual(self._sees(self.second), self.bakery)

    def test_administrators_cannot_lock_themselves_out(self):
        self._rule('refuse', resource='all', user_id=self.company_admin.id)
        self._rule('refuse', client_id=self.bakery.id, user_id=self.company_admin.id)

        self.assertEqual(self._sees(self.company_admin), self.bakery | self.quarry)
        self.assertTrue(self._may_change(self.company_admin, self.bakery))

    def test_joining_and_leaving_a_team_counts_at_once(self):
        self._rule('refuse', client_id=self.bakery.id, team_id=self.team.id)
        self.assertIn(self.bakery, self._sees(self.technician))

        self.team.member_ids |= self.technician
        self.assertNotIn(self.bakery, self._sees(self.technician))
        self.team.member_ids -= self.technician
        self.assertIn(self.bakery, self._sees(self.technician))

    def test_a_promotion_counts_at_once(self):
        self._rule('refuse', client_id=self.bakery.id, user_id=self.technician.id)

        self.technician.group_ids |= self.env.ref('psa_crm.group_company_admin')
        self.assertIn(self.bakery, self._sees(self.technician))
        self.env.ref('psa_crm.group_company_admin').user_ids -= self.technician
        self.assertNotIn(self.bakery, self._sees(self.technician))

    def test_archived_and_deleted_rules_count_no_more(self):
        rule = self._rule('refuse', client_id=self.bakery.id, user_id=self.technician.id)
        rule.active = False
        self.assertIn(self.bakery, self._sees(self.technician))
        rule.active = True
        self.assertNotIn(self.bakery, self._sees(self.technician))
        rule.unlink()
        self.assertIn(self.bakery, self._sees(self.technician))

    def test_when_the_named_class_or_team_is_deleted_the_next_rule_counts(self):
        self._rule('refuse', resource='all', user_id=self.second.id)
        self._rule('full', resource='class', class_id=self.jeopardy.id, user_id=self.second.id)
        self.assertEqual(self._sees(self.second), self.bakery)

        self.bakery.psa_client_class_id = False
        self.jeopardy.unlink()

        self.assertFalse(self._sees(self.second))
        self.assertFalse(self.env['psa.access']._psa_check())

    def test_a_client_that_changes_its_company_is_seen_by_the_new_one(self):
        self.bakery.company_id = self.other_company
        stranger = self._new_staff('psa_stranger', 'psa_crm.group_technician')
        stranger.write({'company_ids': [Command.set(self.other_company.ids)], 'company_id': self.other_company.id})

        self.assertNotIn(self.bakery, self._sees(self.technician))
        self.assertEqual(self._sees(stranger), self.bakery | self.theirs)
        self.assertEqual(self.baker.company_id, self.other_company)

    def test_people_of_a_client_are_in_its_company_wherever_they_are_made(self):
        contact = self.env['res.partner'].create({'name': "Cy", 'parent_id': self.theirs.id, 'company_id': self.company.id})
        self.assertEqual(contact.company_id, self.other_company)

        contact.parent_id = self.bakery
        self.assertEqual(contact.company_id, self.company)

    def test_staff_of_other_companies_is_hidden_with_and_without_company(self):
        stranger = self._new_staff('psa_stranger', 'psa_crm.group_technician')
        stranger.write({'company_ids': [Command.set(self.other_company.ids)], 'company_id': self.other_company.id})
        stranger.partner_id.company_id = False

        self.assertFalse(self._sees(self.technician, stranger.partner_id))
        self.assertFalse(self._sees(self.technician, self.other_company.partner_id))
        self.assertTrue(self._sees(self.technician, self.second.partner_id))
        self.assertTrue(self.env.ref('base.partner_root').with_user(self.technician).has_access('read'))

    def test_naming_a_company_in_the_context_opens_nothing(self):
        partners = self.clients.with_user(self.technician).with_context(
            allowed_company_ids=[self.company.id, self.other_company.id])

        # Odoo refuses to search so; the rules are checked with full rights, so they must not believe it either.
        self.assertFalse(partners.sudo().browse(self.theirs.id).psa_can_read)

    def test_each_wrong_rule_is_refused_with_the_remedy(self):
        stranger = self._new_staff('psa_stranger', 'psa_crm.group_technician')
        stranger.write({'company_ids': [Command.set(self.other_company.ids)], 'company_id': self.other_company.id})
        portal_user, __ = self._new_portal_users()
        cases = (
            ("not complete", {'resource': 'class', 'user_id': self.technician.id}),
            ("not complete", {'client_id': self.bakery.id, 'subject': 'team'}),
            ("does not belong to", {'client_id': self.bakery.id, 'user_id': stranger.id}),
            ("no member of the staff", {'client_id': self.bakery.id, 'user_id': portal_user.id}),
            ("is not a group of the staff", {'client_id': self.bakery.id, 'group_id': self.env.ref('base.group_portal').id}),
            ("is not a client", {'client_id': self.baker.id, 'user_id': self.technician.id}),
        )
        for message, values in cases:
            with self.subTest(message=message), self.assertRaisesRegex(ValidationError, message):
                self._rule('refuse', **values)

    def test_a_second_rule_about_the_same_is_refused(self):
        self._rule('refuse', client_id=self.bakery.id, user_id=self.technician.id)

        with mute_logger('odoo.sql_db'), self.assertRaisesRegex(IntegrityError, 'statement_uniq'), self.env.cr.savepoint():
            self._rule('read', client_id=self.bakery.id, user_id=self.technician.id)

    def test_choosing_another_subject_drops_the_first(self):
        rule = self._rule('refuse', client_id=self.bakery.id, user_id=self.technician.id)

        rule.write({'subject': 'team', 'team_id': self.team.id})

        self.assertFalse(rule.user_id)
        self.assertIn(self.bakery, self._sees(self.technician))
        self.assertNotIn(self.bakery, self._sees(self.second))

    def test_only_administrators_write_rules_and_nobody_the_table(self):
        rule = self._rule('refuse', client_id=self.bakery.id, user_id=self.technician.id)
        for user in (self.technician, self.dispatcher, self.billing, self.plain_user):
            # Who administers a desk reads and writes the rules of that desk; those of clients are nobody's.
            for operation in ('read', 'write', 'unlink'):
                self.assertFalse(rule.with_user(user).has_access(operation), (user.login, operation))
            with self.assertRaises(AccessError):
                rule.with_user(user).copy()
        self.assertTrue(self.env['psa.access.rule'].with_user(self.company_admin).has_access('create'))
        for operation in ('read', 'write', 'create', 'unlink'):
            self.assertFalse(self.env['psa.access'].with_user(self.company_admin).has_access(operation))

    def test_each_change_is_noted_on_the_rule(self):
        rule = self._rule('refuse', client_id=self.bakery.id, user_id=self.technician.id)
        self.env.flush_all()
        self.env.cr.precommit.run()
        rule.level = 'read'
        self.env.flush_all()
        self.env.cr.precommit.run()

        self.assertEqual(rule.message_ids.tracking_value_ids.new_value_char, "Read Only")

    def test_a_list_asks_for_access_without_a_query_of_its_own(self):
        self._rule('refuse', client_id=self.bakery.id, user_id=self.technician.id)
        partners = self.env['res.partner'].with_user(self.technician)
        partners.search([('psa_is_client', '=', True)])

        with self.assertQueryCount(1):
            partners.search([('psa_is_client', '=', True)])
        with self.assertQueryCount(1):
            partners.search_count([('psa_is_client', '=', True)])
