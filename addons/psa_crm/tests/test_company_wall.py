from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import PsaCrmCommon

EVERYBODY = ('technician', 'dispatcher', 'billing', 'company_admin')


@tagged('post_install', '-at_install')
class TestCompanyWall(PsaCrmCommon):
    """What "Rival IT" has, made by its people, and nobody of our company sees."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        rival = {'company_id': cls.other_company.id, 'company_ids': [Command.set(cls.other_company.ids)]}
        cls.rita = cls._new_rival('rita', **rival)
        cls.rob = cls._new_rival('rob', **rival)
        cls.as_rita = cls.env(user=cls.rita)
        cls.client_rival = cls.as_rita['res.partner'].create({
            'name': "Rival Client", 'is_company': True, 'psa_is_client': True, 'company_id': cls.other_company.id})

    @classmethod
    def _new_rival(cls, login, **vals):
        return new_test_user(
            cls.env, login, groups='psa_crm.group_owner,sales_team.group_sale_manager,mail.group_mail_template_editor',
            email=f'{login}@rival.test', **vals)

    def test_who_came_by_a_link_sees_himself_and_is_seen_by_colleagues(self):
        visitor = self.env.ref('base.public_user')
        groups = (self.env.ref('psa_crm.group_owner') | self.env.ref('base.group_user')).ids
        accounts = self.env(user=visitor)['res.users'].sudo().with_context(no_reset_password=True).create([
            {'name': name, 'login': f'{name}@rival.test', 'group_ids': [Command.set(groups)],
             'company_id': self.other_company.id, 'company_ids': [Command.set(self.other_company.ids)]}
            for name in ('nora', 'ned')])
        nora, ned = accounts
        nora.partner_id.company_id = False

        self.env.invalidate_all()

        self.assertEqual(nora.with_user(nora).read(['name', 'company_ids'])[0]['company_ids'], self.other_company.ids)
        self.assertEqual(self.env['res.users'].with_user(ned).search([('id', '=', nora.id)]), nora)
        self.assertFalse(self.env['res.users'].with_user(self.technician).search([('id', 'in', accounts.ids)]))

    def test_who_runs_the_system_finds_the_accounts_of_every_company(self):
        administrator = new_test_user(self.env, 'wall_admin', groups='base.group_system', company_id=self.company.id)

        found = self.env['res.users'].with_user(administrator).search([('id', 'in', (self.rita | self.technician).ids)])

        self.assertEqual(found, self.rita | self.technician)

    def _assert_hidden(self, records, roles=EVERYBODY):
        """Assert that our people neither find nor read nor change the records, and that their maker does."""
        self.assertEqual(records.with_user(self.rita).search([('id', 'in', records.ids)]), records)
        for role in roles:
            theirs = records.with_user(getattr(self, role))
            with self.subTest(role=role, model=records._name):
                self.env.invalidate_all()
                self.assertFalse(theirs.with_context(active_test=False).search([('id', 'in', records.ids)]))
                with self.assertRaises(AccessError), mute_logger('odoo.addons.base.models.ir_rule'):
                    theirs.read(['display_name'])
                self.assertFalse(theirs.has_access('write'))

    # What says nothing of a company belongs to the company of its maker

    def test_a_tag_is_one_of_the_company_that_invented_it(self):
        self._assert_hidden(self.as_rita['res.partner.category'].create({'name': "Late payer"}))

    def test_a_mail_template_stays_in_the_company_of_its_author(self):
        self._assert_hidden(self.as_rita['mail.template'].create({
            'name': "Offer", 'model_id': self.env['ir.model']._get_id('res.partner'), 'subject': "Leave Brightwater"}))

    def test_a_filter_for_everybody_is_for_everybody_of_the_company(self):
        self._assert_hidden(self.as_rita['ir.filters'].create({'name': "To poach", 'model_id': 'res.partner'}))

    def test_campaigns_and_their_sources_stay_in_the_company(self):
        self._assert_hidden(self.as_rita['utm.campaign'].create({'name': "Poach", 'title': "Poach"}), roles=['technician'])

    def test_an_archived_colleague_leaves_his_tags_to_the_company(self):
        tag = self.env(user=self.rob)['res.partner.category'].create({'name': "Late payer"})
        self.rob.active = False

        self.assertTrue(tag.with_user(self.rita).search([('id', '=', tag.id)]))
        self._assert_hidden(tag)

    def test_what_the_system_made_is_for_every_company(self):
        tag = self.env['res.partner.category'].create({'name': "Dentist"})
        for user in (self.technician, self.rita):
            self.assertEqual(tag.with_user(user).read(['name'])[0]['name'], "Dentist")

    def test_what_has_a_company_follows_the_company_and_not_the_maker(self):
        hours = self.env['resource.calendar'].create({'name': "Night shift", 'company_id': self.other_company.id})

        self._assert_hidden(hours)
        self._assert_hidden(hours.attendance_ids)

    def test_who_runs_the_system_sees_both_sides(self):
        admin = self.env.ref('base.user_admin')
        tag = self.as_rita['res.partner.category'].create({'name': "Late payer"})

        self.assertTrue(tag.with_user(admin).search([('id', '=', tag.id)]))

    def test_no_context_opens_the_wall(self):
        tag = self.as_rita['res.partner.category'].create({'name': "Late payer"})
        for context in (
            {'allowed_company_ids': [self.other_company.id]}, {'install_mode': True}, {'module': 'base'}, {'uid': 1}, {'su': True},
        ):
            with self.subTest(context=context), self.assertRaises(AccessError), mute_logger('odoo.addons.base.models.ir_rule'):
                tag.with_user(self.technician).with_context(**context).read(['name'])

    # People

    def test_users_of_another_company_are_unknown(self):
        self._assert_hidden(self.rita | self.rob)

    def test_a_user_knows_himself_and_his_colleagues(self):
        known = self.env['res.users'].with_user(self.technician).search([])
        self.assertLessEqual(self.technician | self.dispatcher | self.billing, known)

    def test_somebody_in_both_companies_is_a_colleague_of_both(self):
        self.rob.company_ids = [Command.link(self.company.id)]
        self.assertIn(self.rob, self.env['res.users'].with_user(self.technician).search([]))

    def test_who_changed_a_row_for_everybody_stays_unnamed(self):
        tag = self.env['res.partner.category'].create({'name': "Dentist"})
        tag.with_user(self.rita).color = 3
        self.env.flush_all()
        self.env.invalidate_all()

        ours = tag.with_user(self.technician)
        self.assertFalse(ours.read(['write_uid'])[0]['write_uid'])
        self.assertNotIn("rita", str(ours.formatted_read_group([('id', '=', tag.id)], ['write_uid'])))
        self.assertEqual(tag.with_user(self.rob).read(['write_uid'])[0]['write_uid'][0], self.rita.id)

    # Calendar

    def _visit(self, **vals):
        return self.as_rita['calendar.event'].create({
            'name': "Secret visit", 'start': '2030-05-01 10:00:00', 'stop': '2030-05-01 11:00:00', **vals})

    def test_events_of_another_company_are_hidden_with_their_attendees(self):
        event = self._visit(partner_ids=[Command.set([self.rita.partner_id.id, self.client_rival.id])])

        self._assert_hidden(event)
        self._assert_hidden(event.attendee_ids)

    def test_who_is_invited_across_the_wall_sees_that_one_event(self):
        event = self._visit()
        event.sudo().partner_ids = self.rita.partner_id | self.technician.partner_id

        self.assertEqual(event.with_user(self.technician).read(['name'])[0]['name'], "Secret visit")
        self.assertFalse(self.env['calendar.event'].with_user(self.env.ref('base.public_user')).has_access('read'))

    # Talk

    def test_a_channel_is_open_to_the_company_of_who_opened_it(self):
        channel = self.as_rita['discuss.channel'].create({'name': "War room", 'channel_type': 'channel'})
        channel.message_post(body="Attack at dawn", message_type='comment')

        self._assert_hidden(channel)
        self.assertFalse(self.env['mail.message'].with_user(self.technician).search([('body', 'ilike', "at dawn")]))
        self.assertFalse(self.env['discuss.channel.member'].with_user(self.technician).search([('channel_id', '=', channel.id)]))

    def test_the_channel_for_everybody_does_not_take_people_of_another_company(self):
        general = self.env.ref('mail.channel_all_employees').sudo()

        self.assertIn(self.technician.partner_id, general.channel_partner_ids)
        self.assertNotIn(self.rita.partner_id, general.channel_partner_ids)

    def test_mail_on_a_client_is_hidden_with_the_client(self):
        self.client_rival.message_post(body="They pay late", message_type='comment', partner_ids=self.rob.partner_id.ids)
        note = self.client_rival.message_ids[0]
        activity = self.client_rival.activity_schedule(summary="Call again", user_id=self.rita.id)
        file = self.as_rita['ir.attachment'].create({
            'name': "debts.txt", 'raw': b"much", 'res_model': 'res.partner', 'res_id': self.client_rival.id})
        for records in (note, activity, file):
            for role in EVERYBODY:
                with self.subTest(model=records._name, role=role):
                    ours = records.with_user(getattr(self, role))
                    self.assertFalse(ours.search([('id', 'in', records.ids)]))
                    with self.assertRaises(AccessError):
                        ours.read(['display_name'])

    def test_addresses_of_another_company_are_not_listed(self):
        team = self.as_rita['crm.team'].create({'name': "Raiders", 'alias_name': 'raiders'})

        self.assertTrue(team.alias_id)
        self._assert_hidden(team.alias_id, roles=['technician'])

    # Speed

    def test_the_wall_costs_a_list_the_same_for_many_rows_as_for_few(self):
        self.as_rita['res.partner.category'].create([{'name': f"Theirs {number}"} for number in range(50)])
        tags = self.env(user=self.technician)['res.partner.category']
        tags.create([{'name': f"Ours {number}"} for number in range(50)])

        def count(limit):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            tags.search_read([], ['name', 'write_uid'], limit=limit)
            return self.cr.sql_log_count - before

        count(5)
        self.assertEqual(count(5), count(50))
