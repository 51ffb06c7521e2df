from datetime import datetime, timedelta

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import freeze_time, new_test_user, tagged
from odoo.tools import mute_logger
from psycopg2 import IntegrityError

from .common import PsaCrmCommon

NOW = datetime(2026, 3, 2, 10, 0)


@tagged('post_install', '-at_install')
class TestClientShare(PsaCrmCommon):
    """Brightwater lends its client Corner Bakery to people of Rival IT, who must see that client and nothing else."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = cls._new_staff('psa_manager', 'psa_crm.group_technician')
        cls.bakery = cls._new_client("Corner Bakery", company_id=cls.company.id, psa_account_manager_id=cls.manager.id)
        cls.baker = cls._new_contact("Bo Baker", 'bo@bakery.test', cls.bakery)
        cls.quarry = cls._new_client("Quarry", company_id=cls.company.id, psa_primary_technician_id=cls.technician.id)
        cls.rival = cls._new_rival('rival_technician', 'psa_crm.group_technician')
        cls.rival_second = cls._new_rival('rival_second', 'psa_crm.group_technician')
        cls.rival_admin = cls._new_rival('rival_admin', 'psa_crm.group_company_admin')
        cls.team = cls.env['psa.team'].create({
            'name': "Rival Nights", 'company_id': cls.other_company.id, 'leader_id': cls.rival.id,
            'member_ids': [Command.link(cls.rival_second.id)]})
        # Who gives to a team of another company is in it, or he would not know it.
        cls.team.with_user(cls.rival)._psa_invite([cls.manager.email])
        cls.env['psa.team.invitation'].search([('team_id', '=', cls.team.id)])._psa_accept(cls.manager)
        cls.clients = cls.bakery | cls.quarry

    @classmethod
    def _new_rival(cls, login, groups):
        return new_test_user(
            cls.env, login, groups=groups, email=f'{login}@rival.test', company_id=cls.other_company.id,
            company_ids=[Command.set(cls.other_company.ids)])

    def _share(self, giver=None, **values):
        if not values.keys() & {'user_id', 'team_id', 'to_company_id'}:
            values['user_id'] = self.rival.id
        values = self._with_code(values, giver or self.manager)
        return self.env['psa.client.share'].with_user(giver or self.manager).create({'client_id': self.bakery.id, **values})

    def _accepted(self, **values):
        share = self._share(**values)
        share.with_user(share._psa_deciders()[:1]).action_accept()
        return share

    def _sees(self, user):
        clients = self.clients.with_user(user)
        found = clients.search([('id', 'in', clients.ids)])
        self.assertEqual(found, clients._filtered_access('read'))
        return found.with_user(self.env.user)

    def test_an_offer_opens_nothing_until_it_is_accepted(self):
        share = self._share()
        self.assertEqual(share.state, 'offered')
        self.assertFalse(self._sees(self.rival))

        share.with_user(self.rival).action_accept()

        self.assertEqual(share.state, 'active')
        self.assertEqual(self._sees(self.rival), self.bakery)
        self.assertTrue(self.baker.with_user(self.rival).has_access('write'))
        self.assertFalse(self.bakery.with_user(self.rival).has_access('write'), "who works for a client does not change it")
        self.assertFalse(self._sees(self.rival_second))

    def test_full_lets_change_the_client_and_read_nothing(self):
        self._accepted(level='full')
        self._accepted(level='read', user_id=self.rival_second.id)

        self.assertTrue(self.bakery.with_user(self.rival).has_access('write'))
        self.assertFalse(self.baker.with_user(self.rival_second).has_access('write'))
        self.assertTrue(self.baker.with_user(self.rival_second).has_access('read'))

    def test_revoked_means_at_once(self):
        share = self._accepted()

        share.with_user(self.manager).action_revoke()

        self.assertEqual(share.state, 'revoked')
        self.assertFalse(self._sees(self.rival))

    def test_the_receiver_returns_what_he_no_longer_needs(self):
        share = self._accepted()

        share.with_user(self.rival).action_return()

        self.assertEqual(share.state, 'ended')
        self.assertFalse(self._sees(self.rival))

    def test_a_declined_offer_opens_nothing_and_leaves_no_task(self):
        share = self._share()
        self.assertEqual(share.activity_ids.user_id, self.rival)

        share.with_user(self.rival).action_decline()

        self.assertEqual(share.state, 'declined')
        self.assertFalse(share.activity_ids)
        self.assertFalse(self._sees(self.rival))

    def test_a_share_is_dead_the_minute_it_expires_without_the_cron(self):
        with freeze_time(NOW):
            share = self._accepted(date_to=NOW + timedelta(hours=2))
            self.assertEqual(self._sees(self.rival), self.bakery)
        with freeze_time(NOW + timedelta(hours=2) - timedelta(seconds=1)):
            self.env.invalidate_all()
            self.assertEqual(self._sees(self.rival), self.bakery)
        with freeze_time(NOW + timedelta(hours=2)):
            self.env.invalidate_all()
            self.assertFalse(self._sees(self.rival))
            self.assertEqual(share.state, 'active', "the state follows later")

    def test_a_share_begins_at_its_moment_and_not_before(self):
        with freeze_time(NOW):
            share = self._accepted(date_from=NOW + timedelta(days=1), date_to=NOW + timedelta(days=2))
            self.assertEqual(share.state, 'accepted')
            self.assertFalse(self._sees(self.rival))
        with freeze_time(NOW + timedelta(days=1)):
            self.env.invalidate_all()
            self.assertEqual(self._sees(self.rival), self.bakery)

    def test_the_state_follows_the_dates_by_cron(self):
        with freeze_time(NOW):
            later = self._accepted(date_from=NOW + timedelta(days=1), date_to=NOW + timedelta(days=2))
            offered = self._share(user_id=self.rival_second.id, date_to=NOW + timedelta(days=1))
        with freeze_time(NOW + timedelta(days=1)):
            self._run_cron()
            self.assertEqual((later.state, offered.state), ('active', 'ended'))
            self.assertFalse(offered.activity_ids)
        with freeze_time(NOW + timedelta(days=2)):
            self._run_cron()
            self.assertEqual(later.state, 'ended')

    def _run_cron(self):
        self.env['psa.client.share'].search([])._psa_follow_dates()

    def test_a_shorter_end_counts_at_once(self):
        with freeze_time(NOW):
            share = self._accepted(date_to=NOW + timedelta(days=5))
            share.with_user(self.manager).date_to = NOW + timedelta(days=1)
        with freeze_time(NOW + timedelta(days=1)):
            self.env.invalidate_all()
            self.assertFalse(self._sees(self.rival))

    def test_sharing_with_a_team_reaches_its_people_and_only_them(self):
        share = self._share(team_id=self.team.id)
        with self.assertRaises(AccessError):
            share.with_user(self.rival_second).action_accept()
        share.with_user(self.rival).action_accept()

        self.assertEqual(self._sees(self.rival_second), self.bakery)
        self.assertFalse(self._sees(self.rival_admin))
        self.team.member_ids -= self.rival_second
        self.assertFalse(self._sees(self.rival_second))

    def test_a_team_beyond_the_wall_is_refused_like_a_receiver_who_is_not_there(self):
        stranger = self.env['psa.team'].create({'name': "Rival Days", 'company_id': self.other_company.id})

        for team_id in (stranger.id, stranger.id + 1000):
            with self.subTest(team_id=team_id), self.enter_registry_test_mode(), self.assertRaisesRegex(UserError, "no receiver"):
                self._share(team_id=team_id)

    def test_sharing_with_a_company_reaches_its_people_and_those_to_come(self):
        share = self._share(to_company_id=self.other_company.id)
        with self.assertRaises(AccessError):
            share.with_user(self.rival).action_accept()
        share.with_user(self.rival_admin).action_accept()

        newcomer = self._new_rival('rival_newcomer', 'psa_crm.group_technician')
        self.assertEqual(self._sees(newcomer), self.bakery)
        newcomer.active = False
        self.assertFalse(self.env['psa.access'].sudo().search([('user_id', '=', newcomer.id)]))

    def test_a_colleague_is_assigned_without_being_asked(self):
        self.company.psa_access_default = 'need_to_know'
        share = self._share(user_id=self.dispatcher.id)

        self.assertEqual(share.state, 'active')
        self.assertEqual(self._sees(self.dispatcher), self.bakery)

    def test_who_may_share(self):
        self._share(giver=self.company_admin)
        for stranger in (self.technician, self.billing):
            with self.subTest(stranger.login), self.assertRaises(AccessError):
                self._share(giver=stranger, user_id=self.rival_second.id)
        self._share(giver=self.technician, client_id=self.quarry.id, user_id=self.dispatcher.id)
        with self.assertRaisesRegex(AccessError, "account manager"):
            self._share(giver=self.technician, client_id=self.quarry.id)

    def test_what_is_lent_is_not_passed_on(self):
        self._accepted(level='full')
        self._accepted(level='full', to_company_id=self.other_company.id)

        for receiver in (self.rival, self.rival_admin):
            with self.subTest(receiver.login), self.assertRaisesRegex(AccessError, "lent to you"):
                self._share(giver=receiver, user_id=self.rival_second.id)
        for values in ({'company_id': self.other_company.id}, {'psa_is_client': False}, {'psa_account_manager_id': self.rival.id}):
            with self.subTest(values), self.assertRaises(AccessError):
                self.bakery.with_user(self.rival).write(values)
        with self.assertRaises(AccessError):
            self.bakery.with_user(self.rival).unlink()

    def test_each_wrong_share_is_refused_with_the_reason(self):
        portal_user, __ = self._new_portal_users()
        archived = self._new_staff('psa_gone', 'psa_crm.group_technician')
        archived.active = False
        cases = (
            (ValidationError, "with yourself", {'user_id': self.manager.id}),
            (ValidationError, "belongs to .* already", {'to_company_id': self.company.id}),
            (ValidationError, "no member of the staff", {'user_id': portal_user.id}),
            (ValidationError, "is archived", {'user_id': archived.id}),
            (ValidationError, "is not a client", {'client_id': self.baker.id, 'giver': self.company_admin}),
            (ValidationError, "no service company", {'client_id': self.client_dental.id}),
            (ValidationError, "over already", {'date_to': NOW - timedelta(days=1)}),
        )
        with freeze_time(NOW):
            for error, message, values in cases:
                with self.subTest(message), self.assertRaisesRegex(error, message), self.env.cr.savepoint():
                    self._share(**values)
        self.assertFalse(self.env['psa.client.share'].search([('client_id', 'in', self.clients.ids)]), "no half state")

    @mute_logger('odoo.sql_db')
    def test_shares_that_contradict_themselves_are_refused(self):
        for error, values in (
            (IntegrityError, {'date_from': NOW + timedelta(days=1), 'date_to': NOW + timedelta(days=1)}),
            (IntegrityError, {'date_from': NOW + timedelta(days=2), 'date_to': NOW + timedelta(days=1)}),
            (IntegrityError, {'target': 'team'}),
            (IntegrityError, {'share_tickets': False, 'share_assets': False, 'share_documents': False}),
        ):
            with self.subTest(values), freeze_time(NOW), self.assertRaises(error), self.env.cr.savepoint():
                self._share(**values)

    def test_overlapping_shares_with_the_same_receiver_are_refused(self):
        with freeze_time(NOW):
            self._share(date_from=NOW, date_to=NOW + timedelta(days=5))
            with self.assertRaisesRegex(ValidationError, "in this time already"), self.env.cr.savepoint():
                self._share(date_from=NOW + timedelta(days=4))
            self._share(date_from=NOW + timedelta(days=5), date_to=NOW + timedelta(days=6))
            self._share(user_id=self.rival_second.id)

    def test_a_client_that_moves_takes_its_shares_to_an_end(self):
        share = self._accepted()

        self.bakery.company_id = self.env['res.company'].create({'name': "Third IT"})

        self.assertEqual(share.state, 'ended')
        self.assertFalse(self._sees(self.rival))
        self.assertIn("no longer belongs", share.message_ids[0].body)

    def test_shares_with_people_who_leave_end(self):
        share, of_team = self._accepted(), self._accepted(team_id=self.team.id)

        self.rival.active = False
        self.team.active = False

        self.assertEqual((share.state, of_team.state), ('ended', 'ended'))

    def test_nobody_writes_the_state_by_hand(self):
        share = self._share()

        for user, values in (
            (self.rival, {'state': 'active'}), (self.manager, {'state': 'active'}), (self.rival, {'level': 'full'}),
            (self.rival, {'date_to': '2099-01-01'}),
        ):
            with self.subTest(values), self.assertRaises(AccessError):
                share.with_user(user).write(values)
        with self.assertRaises(UserError):
            share.with_user(self.manager).user_id = self.rival_second
        with self.assertRaises(AccessError):
            self._share(giver=self.technician, giver_id=self.manager.id, user_id=self.rival_second.id)
        created = self._share(state='active', user_id=self.rival_second.id)
        self.assertEqual(created.state, 'offered')

    def test_answering_twice_is_refused(self):
        share = self._accepted()

        with self.assertRaises(UserError):
            share.with_user(self.rival).action_accept()
        share.with_user(self.manager).action_revoke()
        with self.assertRaises(UserError):
            share.with_user(self.manager).action_revoke()

    def test_a_share_is_seen_by_its_two_sides_only(self):
        share = self._share()

        for user in (self.manager, self.company_admin, self.rival):
            self.assertTrue(share.with_user(user).has_access('read'), user.login)
        for user in (self.technician, self.rival_second, self.rival_admin, self.plain_user):
            self.assertFalse(share.with_user(user).has_access('read'), user.login)

    def test_both_sides_have_it_in_writing(self):
        self.env['mail.message'].search([]).flush_recordset()
        share = self._accepted(reason="Holiday cover")

        self.assertIn("Shared with", self.bakery.message_ids[0].body)
        told = share.message_ids.filtered(lambda message: self.rival.partner_id in message.notified_partner_ids)
        notified = self.env['mail.message'].search([
            ('model', '=', 'psa.client.share'), ('res_id', '=', share.id), ('notified_partner_ids', 'in', self.rival.partner_id.ids)])
        self.assertTrue(told | notified)
        self.assertIn("Corner Bakery", notified[:1].body)
        self.env.flush_all()
        self.env.cr.precommit.run()
        share.with_user(self.manager).with_context(tracking_disable=True).action_revoke()
        self.env.flush_all()
        self.env.cr.precommit.run()
        self.assertIn("No longer shared", self.bakery.message_ids[0].body)
        self.assertTrue(share.sudo().message_ids.tracking_value_ids, "nothing in the context switches the history off")

    def test_sharing_thirty_clients_with_one_person_writes_one_mail(self):
        clients = self.env['res.partner'].create([
            {'name': f"C{number}", 'is_company': True, 'psa_is_client': True, 'company_id': self.company.id,
             'psa_account_manager_id': self.manager.id} for number in range(30)])

        shares = self.env['psa.client.share'].with_user(self.manager).create([
            {'client_id': client.id, 'receiver_code': self.rival.psa_share_code} for client in clients])

        messages = self.env['mail.message'].search([
            ('model', '=', 'psa.client.share'), ('res_id', 'in', shares.ids), ('message_type', '=', 'user_notification')])
        self.assertEqual(len(messages.filtered(lambda m: self.rival.partner_id in m.notified_partner_ids and "C29" in m.body)), 1)
