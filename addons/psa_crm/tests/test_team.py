from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .test_staff import StaffCommon


@tagged('post_install', '-at_install')
class TestTeam(StaffCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.team = cls.env['psa.team'].create({
            'name': "Field", 'leader_id': cls.technician.id, 'member_ids': [Command.set(cls.dispatcher.ids)]})

    def _invite_to_team(self, email='rival@rival.test', by=None):
        invitation = self.team.with_user(by or self.technician)._psa_invite([email])
        return self.env['psa.team.invitation']._psa_find_by_token(self._token()), invitation

    def test_the_leader_is_a_member(self):
        self.assertEqual(self.team.member_ids, self.technician | self.dispatcher)

        self.team.leader_id = self.company_admin

        self.assertIn(self.company_admin, self.team.member_ids)

    def test_a_professional_of_another_company_accepts_and_sees_the_team(self):
        found, invitation = self._invite_to_team()

        found._psa_accept(self.rival_owner)

        self.assertIn(self.rival_owner, self.team.member_ids)
        self.assertEqual(invitation.invitation_state, 'accepted')
        self.assertEqual(self.rival_owner.company_ids, self.other_company)
        mine = self.env['psa.team'].with_user(self.rival_owner).search([])
        self.assertEqual(mine, self.team)
        self.assertEqual(mine.company_name, self.company.name)
        self.assertTrue(mine.is_member)
        with self.assertRaises(AccessError):
            mine.name = "Taken over"

    def test_a_member_may_be_in_many_teams_and_leaves_one(self):
        other = self.env['psa.team'].create({'name': "Projects", 'member_ids': [Command.set(self.dispatcher.ids)]})

        self.team.with_user(self.dispatcher).action_leave()

        self.assertNotIn(self.dispatcher, self.team.member_ids)
        self.assertIn(self.dispatcher, other.member_ids)
        with self.assertRaisesRegex(UserError, "not a member"):
            self.team.with_user(self.dispatcher).action_leave()

    def test_the_leader_hands_over_before_he_leaves(self):
        with self.assertRaisesRegex(UserError, "Choose another Leader"):
            self.team.with_user(self.technician).action_leave()
        with self.assertRaises(ValidationError):
            self.team.member_ids = [Command.unlink(self.technician.id)]

        self.team.with_user(self.technician).leader_id = self.dispatcher
        self.team.with_user(self.technician).action_leave()

        self.assertEqual(self.team.member_ids, self.dispatcher)

    def test_nobody_of_another_company_is_made_a_member_unasked(self):
        with self.assertRaisesRegex(ValidationError, "only an invitation"):
            self.team.member_ids = [Command.link(self.rival_owner.id)]
        with self.assertRaisesRegex(ValidationError, "only an invitation"):
            self.team.leader_id = self.rival_owner

    def test_who_left_does_not_come_back_by_the_former_invitation(self):
        found, __ = self._invite_to_team()
        found._psa_accept(self.rival_owner)

        self.team.with_user(self.technician).member_ids = [Command.unlink(self.rival_owner.id)]

        self.assertEqual(found.invitation_state, 'ended')
        with self.assertRaisesRegex(ValidationError, "only an invitation"):
            self.team.with_user(self.technician).member_ids = [Command.link(self.rival_owner.id)]

    def test_an_answered_expired_or_withdrawn_invitation_is_over(self):
        found, invitation = self._invite_to_team()
        found.date_expires = fields.Datetime.now() - timedelta(seconds=1)
        with self.assertRaisesRegex(UserError, "expired"):
            found._psa_accept(self.rival_owner)

        invitation.action_resend()
        found._psa_decline(self.rival_owner)
        with self.assertRaisesRegex(UserError, "answered"):
            found._psa_accept(self.rival_owner)

        invitation.action_resend()
        invitation.action_cancel()
        with self.assertRaisesRegex(UserError, "withdrawn"):
            found._psa_accept(self.rival_owner)

        self.assertNotIn(self.rival_owner, self.team.member_ids)

    def test_only_the_person_invited_accepts(self):
        found, __ = self._invite_to_team()
        with self.assertRaisesRegex(AccessError, "rival@rival.test"):
            found._psa_accept(self.billing)

        self._new_portal_users()
        found, __ = self._invite_to_team(self.zoe.email)
        with self.assertRaisesRegex(AccessError, "portal"):
            found._psa_accept(self.zoe.user_ids)

    def test_leaders_and_administrators_invite_and_nobody_else(self):
        for user in (self.technician, self.company_admin, self.owner):
            self._invite_to_team(f'{user.login}@x.test', by=user)
        for user in (self.dispatcher, self.billing):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self._invite_to_team(f'{user.login}@x.test', by=user)

    def test_many_are_invited_at_once_and_a_slip_is_named(self):
        wizard = self.env['psa.team.invite'].with_user(self.technician).create({
            'team_id': self.team.id, 'emails': "Ann <ann@x.test>, ben@x.test\ncleo@x.test;ANN@x.test"})
        wizard.action_invite()
        self.assertEqual({mail[0] for mail in self.mails[-3:]}, {'ann@x.test', 'ben@x.test', 'cleo@x.test'})

        wizard.emails = "dora@x.test, not an address"
        with self.assertRaisesRegex(ValidationError, "not an address"):
            wizard.action_invite()

    def test_teams_do_not_lead_each_other_in_a_circle(self):
        above = self.env['psa.team'].create({'name': "Above", 'leader_id': self.dispatcher.id})
        self.team.parent_id = above
        with self.assertRaisesRegex(ValidationError, "part of itself"):
            above.parent_id = self.team
        with self.assertRaisesRegex(ValidationError, "part of itself"):
            above.parent_id = above

    def test_leaders_do_not_lead_each_other_in_a_circle(self):
        above = self.env['psa.team'].create({'name': "Above", 'leader_id': self.dispatcher.id})
        self.team.parent_id = above
        lower = self.env['psa.team'].create({'name': "Lower", 'leader_id': self.dispatcher.id})
        higher = self.env['psa.team'].create({'name': "Higher", 'leader_id': self.technician.id})

        with self.assertRaisesRegex(ValidationError, "in a circle"):
            lower.parent_id = higher

    def test_a_team_of_another_company_is_not_above(self):
        theirs = self.env['psa.team'].create({'name': "Theirs", 'company_id': self.other_company.id})
        with self.assertRaisesRegex(ValidationError, "another company"):
            self.team.parent_id = theirs
        with self.assertRaisesRegex(UserError, "stays with its company"):
            self.owner.company_ids |= self.other_company
            self.team.with_user(self.owner).company_id = self.other_company

    @mute_logger('odoo.addons.base.models.ir_rule', 'odoo.addons.base.models.ir_model')
    def test_who_sees_and_changes_a_team(self):
        for login, allowed in {
            'plain_user': '', 'billing': 'r', 'dispatcher': 'r', 'technician': 'rw', 'company_admin': 'rwcd', 'owner': 'rwcd',
            'rival_owner': '',
        }.items():
            user = getattr(self, login)
            team = self.team.with_user(user)
            attempts = {
                'r': lambda team=team: team.read(['name']),
                'w': lambda team=team: team.write({'name': "Changed"}),
                'c': lambda team=team: team.create({'name': "New", 'company_id': self.company.id}),
                'd': lambda team=team: team.unlink(),
            }
            for letter, attempt in attempts.items():
                with self.subTest(user=login, right=letter):
                    self.env.invalidate_all()
                    if letter in allowed:
                        with self.env.cr.savepoint() as savepoint:
                            attempt()
                            savepoint.rollback()
                    else:
                        with self.assertRaises(AccessError):
                            attempt()

    def test_the_lists_do_not_ask_team_by_team(self):
        def read(count):
            teams = self.env['psa.team'].create([
                {'name': f"Team {count} {number}", 'member_ids': [Command.set(self.dispatcher.ids)]} for number in range(count)])
            self.env.flush_all()
            self.env.invalidate_all()
            with patch.object(self.env.registry['psa.team'], '_check_leaders', lambda self: None):
                before = self.env.cr.sql_log_count
                teams.with_user(self.company_admin).read(['name', 'member_count', 'pending_count', 'is_leader', 'is_member'])
                return self.env.cr.sql_log_count - before

        read(2)
        self.assertEqual(read(5), read(25))

    def test_the_form_makes_a_team(self):
        with Form(self.env['psa.team'].with_user(self.owner)) as form:
            form.name = "Night Shift"
            form.leader_id = self.dispatcher

        self.assertEqual(form.record.member_ids, self.dispatcher)
