import re
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from .common import PsaCrmCommon


class StaffCommon(PsaCrmCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.owner = cls._new_staff('psa_owner', 'psa_crm.group_owner')
        cls.rival_owner = new_test_user(
            cls.env, 'rival_owner', groups='psa_crm.group_owner', email='rival@rival.test', name="Rita Rival",
            company_id=cls.other_company.id, company_ids=[Command.set(cls.other_company.ids)])
        cls.mails = []

        def keep(mails, *args, **kwargs):
            cls.mails += [(mail.email_to, mail.subject, mail.body_html) for mail in mails]

        cls.startClassPatcher(patch.object(cls.env.registry['mail.mail'], 'send', keep))

    def _staff_of(self, user, company=None):
        return self.env['psa.staff'].search([
            ('user_id', '=', user.id), ('company_id', '=', (company or self.company).id)])

    def _invite(self, email='ingrid@fjord-it.test', by=None, **vals):
        """Invite somebody; return the row as the owner sees it and the token in the mail."""
        member = self.env['psa.staff'].with_user(by or self.owner).create(
            {'name': "Ingrid Dahl", 'email': email, 'role': 'technician', **vals})
        return member, self._token()

    def _token(self):
        return re.search(r'/psa/invitation/(?:staff|team)/([\w-]+)', self.mails[-1][2])[1]


@tagged('post_install', '-at_install')
class TestStaff(StaffCommon):

    def test_people_who_have_a_role_are_on_the_list(self):
        self.assertRecordValues(self._staff_of(self.technician), [{
            'name': self.technician.name, 'email': 'psa_technician@brightwater.test', 'role': 'technician', 'state': 'active',
        }])
        self.assertFalse(self._staff_of(self.plain_user))

    def test_a_change_in_the_settings_shows_on_the_list(self):
        self.technician.group_ids = [Command.link(self.env.ref('psa_crm.group_dispatcher').id)]
        self.assertEqual(self._staff_of(self.technician).role, 'dispatcher')

        self.technician.active = False
        self.assertEqual(self._staff_of(self.technician).state, 'inactive')

    def test_the_platform_administrator_is_nobodys_staff(self):
        self.assertFalse(self._staff_of(self.env.ref('base.user_admin')))
        self.assertFalse(self._staff_of(self.env.ref('base.user_root')))

    def test_owner_invites_a_technician_who_sets_a_password_and_signs_in(self):
        member, token = self._invite(phone="+47 1", skills="VoIP")
        self.assertEqual(member.state, 'invited')
        self.assertEqual(self.mails[-1][0], 'ingrid@fjord-it.test')

        user = self.env['psa.staff']._psa_find_by_token(token)._psa_accept_new("Ingrid Dahl", 'a-good-password')

        self.assertEqual(member.state, 'active')
        self.assertEqual(user.company_ids, self.company)
        self.assertTrue(user.has_group('psa_crm.group_technician'))
        self.assertFalse(user.has_group('psa_crm.group_dispatcher'))
        signed_in = user.with_user(user)._check_credentials(
            {'type': 'password', 'login': user.login, 'password': 'a-good-password'}, {'interactive': True})
        self.assertEqual(signed_in['uid'], user.id)

    def test_the_mail_has_no_password_and_the_database_no_token(self):
        member, token = self._invite()

        self.assertNotIn('password', self.mails[-1][2].lower())
        self.env.flush_all()
        self.env.cr.execute('SELECT row_to_json(psa_staff)::text FROM psa_staff WHERE id = %s', [member.id])
        self.assertNotIn(token, self.env.cr.fetchone()[0])
        with self.assertRaises(AccessError):
            member.read(['token_hash'])

    def test_a_link_works_once_and_not_after_its_time(self):
        member, token = self._invite()
        invited = self.env['psa.staff']._psa_find_by_token(token)

        invited.date_expires = fields.Datetime.now() - timedelta(seconds=1)
        with self.assertRaisesRegex(UserError, "expired"):
            invited._psa_accept_new("Ingrid", 'a-good-password')
        invited.date_expires = fields.Datetime.now() + timedelta(days=1)
        invited._psa_accept_new("Ingrid", 'a-good-password')
        with self.assertRaisesRegex(UserError, "answered"):
            invited._psa_accept_new("Ingrid", 'another-password')

        self.assertEqual(member.state, 'active')

    def test_sending_again_ends_the_former_link(self):
        member, first = self._invite()

        member.action_resend()

        self.assertFalse(self.env['psa.staff']._psa_find_by_token(first))
        self.assertEqual(self.env['psa.staff']._psa_find_by_token(self._token()), member)

    def test_a_changed_address_gets_its_own_link_and_the_former_one_ends(self):
        member, first = self._invite()

        member.email = 'Ingrid.Dahl@Fjord-IT.test'

        self.assertFalse(self.env['psa.staff']._psa_find_by_token(first))
        self.assertEqual(self.mails[-1][0], 'ingrid.dahl@fjord-it.test')

    def test_a_withdrawn_or_declined_invitation_opens_no_door(self):
        member, token = self._invite()
        member.action_cancel()
        self.assertEqual(member.state, 'closed')
        self.assertFalse(self.env['psa.staff']._psa_find_by_token(token))

        member.action_resend()
        invited = self.env['psa.staff']._psa_find_by_token(self._token())
        invited._psa_decline()
        with self.assertRaises(UserError):
            invited._psa_accept_new("Ingrid", 'a-good-password')

    def test_a_forged_token_finds_nothing(self):
        self._invite()
        for token in ('', 'x', 'x' * 5000, False, '\udc80', "' OR 1=1 --"):
            with self.subTest(token=token):
                self.assertFalse(self.env['psa.staff']._psa_find_by_token(token))

    def test_the_inviter_cannot_tell_who_has_an_account_elsewhere(self):
        shown = []
        for email in ('rival@rival.test', 'nobody@rival.test'):
            member, __ = self._invite(email=email)
            shown.append([
                value for name, value in member.read()[0].items()
                if name not in ('id', 'email', 'display_name', 'date_expires', 'create_date', 'write_date', 'message_ids',
                                '__last_update', 'message_partner_ids', 'message_follower_ids')
            ])
        self.assertEqual(*shown)

    def test_somebody_of_another_company_joins_with_the_same_role_only(self):
        tech = new_test_user(
            self.env, 'rival_tech', groups='psa_crm.group_technician', email='tech@rival.test',
            company_id=self.other_company.id, company_ids=[Command.set(self.other_company.ids)])
        member, token = self._invite(email='tech@rival.test', role='dispatcher')
        invited = self.env['psa.staff']._psa_find_by_token(token)
        with self.assertRaisesRegex(UserError, "same rights in each"):
            invited._psa_accept_join(tech)
        self.assertEqual(tech.company_ids, self.other_company)

        member.role = 'technician'
        invited._psa_accept_join(tech)

        self.assertEqual(member.state, 'active')
        self.assertEqual(tech.company_ids, self.company | self.other_company)
        with self.assertRaisesRegex(UserError, "works for another company"):
            member.role = 'dispatcher'

    def test_an_invitation_is_for_the_person_invited(self):
        __, token = self._invite(email='rival@rival.test', role='owner')

        with self.assertRaisesRegex(AccessError, "rival@rival.test"):
            self.env['psa.staff']._psa_find_by_token(token)._psa_accept_join(self.technician)

    def test_an_address_with_wildcards_does_not_stand_for_another_account(self):
        other = new_test_user(self.env, 'axb@x.test', groups='base.group_user', email='axb@x.test')
        member, __ = self._invite(email='a_b@x.test')

        self.assertNotEqual(member.sudo()._psa_account(), other)

    def test_a_client_of_the_portal_does_not_become_staff_with_the_same_account(self):
        self._new_portal_users()
        __, token = self._invite(email=self.zoe.email)

        with self.assertRaisesRegex(UserError, "portal as a client"):
            self.env['psa.staff']._psa_find_by_token(token)._psa_accept_join(self.zoe.user_ids)

    def test_owner_changes_a_role(self):
        member = self._staff_of(self.technician).with_user(self.owner)

        member.write({'role': 'dispatcher', 'has_billing': True})

        self.assertTrue(self.technician.has_group('psa_crm.group_dispatcher'))
        self.assertTrue(self.technician.has_group('psa_crm.group_billing'))
        self.assertIn("Technician → Dispatcher", member.message_ids[:1].body)
        member.write({'role': 'technician', 'has_billing': False})
        self.assertFalse(self.technician.has_group('psa_crm.group_dispatcher'))
        self.assertFalse(self.technician.has_group('psa_crm.group_billing'))

    def test_rights_that_are_no_roles_stay(self):
        extra = self.env['res.groups'].create({'name': "Something else"})
        self.technician.group_ids = [Command.link(extra.id)]

        self._staff_of(self.technician).with_user(self.owner).role = 'dispatcher'

        self.assertIn(extra, self.technician.group_ids)

    def test_the_last_owner_stays(self):
        self.env['psa.staff'].search([
            ('company_id', '=', self.company.id), ('role', '=', 'owner'), ('user_id', '!=', self.owner.id),
        ]).role = 'technician'
        owner = self._staff_of(self.owner).with_user(self.owner)
        with self.assertRaisesRegex(UserError, "only owner"):
            owner.role = 'dispatcher'

        self._staff_of(self.dispatcher).with_user(self.owner).role = 'owner'
        owner.role = 'dispatcher'

        self.assertFalse(self.owner.has_group('psa_crm.group_owner'))

    def test_administrators_of_the_company_do_not_touch_owners(self):
        owner = self._staff_of(self.owner).with_user(self.company_admin)
        technician = self._staff_of(self.technician).with_user(self.company_admin)

        for attempt in (
            lambda: owner.write({'role': 'technician'}),
            owner.action_deactivate,
            lambda: technician.write({'role': 'owner'}),
            lambda: technician.write({'role': 'company_admin'}),
            lambda: self._invite(by=self.company_admin, role='owner'),
        ):
            with self.subTest(attempt=attempt), self.assertRaises(AccessError):
                attempt()
        technician.role = 'dispatcher'
        self.assertTrue(self.dispatcher.has_group('psa_crm.group_dispatcher'))

    def test_deactivation_ends_everything_at_once_and_hands_over(self):
        self.client_dental.write({
            'psa_primary_technician_id': self.technician.id, 'psa_account_manager_id': self.technician.id})
        team = self.env['psa.team'].create({'name': "Field", 'leader_id': self.technician.id})
        key = self.env['res.users.apikeys'].with_user(self.technician)._generate(
            'rpc', "script", fields.Datetime.now() + timedelta(days=1))
        session = self.technician._compute_session_token('sid')
        member = self._staff_of(self.technician).with_user(self.owner)
        wizard = self.env['psa.staff.deactivate'].with_user(self.owner).create({'staff_id': member.id})
        self.assertIn("1 teams as leader", wizard.summary)
        with self.assertRaisesRegex(ValidationError, "Choose the Colleague"):
            wizard.action_deactivate()

        wizard.successor_id = self._staff_of(self.dispatcher)
        wizard.action_deactivate()

        self.assertFalse(self.technician.active)
        self.assertEqual(member.state, 'inactive')
        self.assertFalse(self.env['res.users.apikeys']._check_credentials(scope='rpc', key=key))
        self.assertNotEqual(self.technician._compute_session_token('sid'), session)
        self.assertEqual(self.client_dental.psa_primary_technician_id, self.dispatcher)
        self.assertEqual(self.client_dental.psa_account_manager_id, self.dispatcher)
        self.assertEqual(team.leader_id, self.dispatcher)
        self.assertNotIn(self.technician, team.member_ids)

    def test_who_was_deactivated_comes_back_by_invitation_with_the_role_alone(self):
        extra = self.env['res.groups'].create({'name': "Something else"})
        self.technician.group_ids = [Command.link(extra.id)]
        member = self._staff_of(self.technician).with_user(self.owner)
        member._psa_deactivate()

        member.action_resend()
        self.assertEqual(member.state, 'invited')
        self.assertFalse(self.technician.active)
        self.env['psa.staff']._psa_find_by_token(self._token())._psa_accept_new("x", 'a-new-password')

        self.assertEqual(member.state, 'active')
        self.assertTrue(self.technician.has_group('psa_crm.group_technician'))
        self.assertNotIn(extra, self.technician.group_ids)

    def test_an_account_of_two_companies_leaves_only_one(self):
        self.technician.company_ids = [Command.link(self.other_company.id)]

        self._staff_of(self.technician).with_user(self.owner)._psa_deactivate()

        self.assertTrue(self.technician.active)
        self.assertEqual(self.technician.company_ids, self.other_company)
        self.assertEqual(self.technician.company_id, self.other_company)
        self.assertEqual(self._staff_of(self.technician, self.other_company).state, 'active')

    def test_nobody_deactivates_himself(self):
        with self.assertRaisesRegex(UserError, "yourself"):
            self._staff_of(self.owner).with_user(self.owner).action_deactivate()

    def test_bad_input_is_named(self):
        self._invite()
        for vals, message in (
            ({'email': "nonsense"}, "Correct Email"),
            ({'email': False}, "Correct Email"),
            ({'email': 'ingrid@fjord-it.test'}, "on the staff list already"),
            ({'email': 'psa_technician@brightwater.test'}, "on the staff list already"),
        ):
            with self.subTest(vals=vals), self.assertRaisesRegex(ValidationError, message):
                self._invite(**vals)
        with self.assertRaisesRegex(UserError, "changed by himself"):
            self._staff_of(self.technician).with_user(self.owner).email = 'new@x.test'
        with self.assertRaisesRegex(UserError, "Deactivate the person"):
            self._staff_of(self.technician).with_user(self.owner).unlink()

    def test_invitations_past_their_time_are_noted_in_batches(self):
        members = self.env['psa.staff'].concat(*(self._invite(email=f'p{number}@x.test')[0] for number in range(3)))
        members.sudo().write({'date_expires': fields.Datetime.now() - timedelta(days=1)})
        kept, __ = self._invite(email='kept@x.test')

        with patch('odoo.addons.psa_crm.models.psa_invitation_mixin.BATCH', 2), \
                patch.object(self.env.registry['ir.cron'], '_commit_progress', return_value=60) as progress:
            self.env['psa.staff']._cron_expire_invitations()

        self.assertEqual(set(members.mapped('state')), {'closed'})
        self.assertEqual(kept.state, 'invited')
        self.assertEqual([call.kwargs['remaining'] for call in progress.call_args_list], [1, 0])

    def test_the_form_invites(self):
        with Form(self.env['psa.staff'].with_user(self.owner)) as form:
            form.name = "Noah Berg"
            form.email = 'noah@berg.test'
            form.role = 'billing'

        self.assertEqual(form.record.state, 'invited')
        self.assertEqual(self.mails[-1][0], 'noah@berg.test')

    @mute_logger('odoo.addons.base.models.ir_rule', 'odoo.addons.base.models.ir_model')
    def test_who_sees_and_changes_the_list(self):
        member = self._staff_of(self.technician)
        # Who may do what with a technician of the company: r(ead), w(rite), c(reate).
        for login, allowed in {
            'plain_user': '', 'technician': '', 'billing': '', 'dispatcher': '', 'company_admin': 'rwc', 'owner': 'rwc',
            'rival_owner': '',
        }.items():
            user = getattr(self, login)
            attempts = {
                'r': lambda user=user: member.with_user(user).read(['name']),
                'w': lambda user=user: member.with_user(user).write({'skills': "Printers"}),
                'c': lambda user=user: self.env['psa.staff'].with_user(user).create({
                    'name': "New", 'email': 'new@x.test', 'role': 'technician', 'company_id': self.company.id}),
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
