from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .test_staff import StaffCommon


@tagged('post_install', '-at_install')
class TestOwner(StaffCommon):

    def _profile(self, user=None):
        return self.env['psa.company.profile'].with_user(user or self.owner).create(
            self.env['psa.company.profile'].with_user(user or self.owner).default_get(
                list(self.env['psa.company.profile']._fields)))

    def test_owner_changes_the_details_and_the_looks_of_his_company(self):
        profile = self._profile()
        self.assertEqual(profile.name, self.company.name)

        profile.write({'street': "Quay 4", 'phone': "+47 55", 'primary_color': '#123456', 'report_footer': "<p>Bank</p>"})
        profile.action_save()

        self.assertRecordValues(self.company, [{'street': "Quay 4", 'phone': "+47 55", 'primary_color': '#123456'}])
        self.assertIn("Bank", self.company.report_footer)

    def test_saving_without_a_change_writes_nothing(self):
        profile = self._profile()
        self.env.flush_all()
        before = self.company.write_date

        profile.action_save()

        self.assertEqual(self.company.write_date, before)

    def test_bad_details_are_named(self):
        profile = self._profile()
        for vals, message in (
            ({'name': " "}, "Enter the name"),
            ({'name': self.other_company.name}, "already is a company"),
            ({'name': "Fine", 'email': "nonsense"}, "Correct Email"),
        ):
            profile.write(vals)
            with self.subTest(vals=vals), self.assertRaisesRegex(ValidationError, message):
                profile.action_save()

    def test_only_the_owner_opens_my_company(self):
        for user in (self.technician, self.billing, self.company_admin):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self._profile(user)
        with self.assertRaises(AccessError):
            self.env['psa.company.profile'].with_user(self.owner).create({'company_id': self.other_company.id, 'name': "x"})
        with self.assertRaises(AccessError):
            self._profile().company_id = self.other_company

    @mute_logger('odoo.addons.base.models.ir_rule', 'odoo.addons.base.models.ir_model', 'odoo.models.unlink')
    def test_owner_gets_no_right_that_is_not_his_to_give(self):
        """Each attempt over the ORM, as RPC would make it, is refused and changes nothing."""
        env = self.env(user=self.owner)
        owner, technician, rival = (user.with_env(env) for user in (self.owner, self.technician, self.rival_owner))
        admin = self.env.ref('base.user_admin').with_env(env)
        system = self.env.ref('base.group_system')
        mine = self._staff_of(self.technician).with_env(env)
        theirs = self._staff_of(self.rival_owner, self.other_company).with_env(env)
        self.env['res.users.apikeys'].with_user(self.technician)._generate(
            'rpc', "script", fields.Datetime.now() + timedelta(days=1))
        key = self.env['res.users.apikeys'].search([('user_id', '=', self.technician.id)]).with_env(env)
        attempts = {
            'take the rights of the platform': lambda: owner.write({'group_ids': [Command.link(system.id)]}),
            'give them to a colleague': lambda: technician.write({'group_ids': [Command.link(system.id)]}),
            'through the group': lambda: system.with_env(env).write({'user_ids': [Command.link(owner.id)]}),
            'through implied groups': lambda: self.env.ref('psa_crm.group_owner').with_env(env).write(
                {'implied_ids': [Command.link(system.id)]}),
            'enter another company': lambda: owner.write({'company_ids': [Command.link(self.other_company.id)]}),
            'bring a colleague there': lambda: technician.write({'company_ids': [Command.link(self.other_company.id)]}),
            'create a user': lambda: env['res.users'].create({'name': "x", 'login': 'x', 'group_ids': [Command.set(system.ids)]}),
            'set a password': lambda: technician.write({'password': 'secret-secret'}),
            'set the password of the administrator': lambda: admin.write({'password': 'secret-secret'}),
            'redirect his mail': lambda: admin.partner_id.write({'email': 'owner@brightwater.test'}),
            'redirect a rival': lambda: rival.partner_id.write({'email': 'owner@brightwater.test'}),
            'reset a password': technician.action_reset_password,
            'read the keys of a colleague': lambda: key.read(['name', 'user_id']),
            'delete the keys of a colleague': key.unlink,
            'create a company': lambda: env['res.company'].create({'name': "x"}),
            'write a company': lambda: self.company.with_env(env).write({'name': "x"}),
            'write another company': lambda: self.other_company.with_env(env).write({'name': "x"}),
            'write a setting': lambda: env['ir.config_parameter'].set_param('web.base.url', 'https://evil.test'),
            'read settings': lambda: env['ir.config_parameter'].search([]).mapped('value'),
            'write code': lambda: env['ir.actions.server'].create({
                'name': "x", 'model_id': self.env['ir.model']._get('res.users').id, 'state': 'code', 'code': "pass"}),
            'write a cron': lambda: env['ir.cron'].search([], limit=1).write({'active': False}),
            'write a rule': lambda: env['ir.rule'].search([], limit=1).unlink(),
            'write access': lambda: env['ir.model.access'].create({
                'name': "x", 'model_id': self.env['ir.model']._get('res.users').id, 'perm_write': True}),
            'write a view': lambda: env['ir.ui.view'].search([], limit=1).write({'arch': '<form/>'}),
            'write a mail server': lambda: env['ir.mail_server'].create({'name': "x", 'smtp_host': 'evil.test'}),
            'install an addon': lambda: env['ir.module.module'].search([], limit=1).button_install(),
            'read staff of a rival': lambda: theirs.read(['name']),
            'invite into another company': lambda: env['psa.staff'].create({
                'name': "x", 'email': 'x@x.test', 'role': 'owner', 'company_id': self.other_company.id}),
            'move a row to another company': lambda: mine.write({'company_id': self.other_company.id}),
            'put another account on a row': lambda: mine.write({'user_id': admin.id}),
            'forge a row for an account': lambda: env['psa.staff'].create({
                'name': "x", 'email': 'x@x.test', 'role': 'owner', 'user_id': rival.id}),
            'forge a link': lambda: mine.write({'token_hash': 'x', 'invitation_state': 'pending'}),
            'deactivate a rival': theirs.action_deactivate,
            'invite for another team': lambda: self.env['psa.team'].create({
                'name': "Theirs", 'company_id': self.other_company.id}).with_env(env)._psa_invite(['x@x.test']),
            'create a service company for another': lambda: env['psa.service.company'].create({
                'name': "x", 'country_id': self.env.ref('base.us').id, 'owner_id': rival.id}).action_create(),
        }
        for what, attempt in attempts.items():
            with self.subTest(attempt=what):
                self.env.invalidate_all()
                with self.assertRaises(UserError), self.env.cr.savepoint():  # AccessError is one
                    attempt()
                    self.env.flush_all()
        self.env.invalidate_all()
        self.assertFalse(self.owner.has_group('base.group_erp_manager'))
        self.assertFalse(self.technician.has_group('base.group_erp_manager'))
        self.assertEqual(self.owner.company_ids, self.company)
        self.assertTrue(key.with_env(self.env).exists())

    def test_a_key_of_somebody_else_is_not_read_either(self):
        self.env['res.users.apikeys'].with_user(self.technician)._generate(
            'rpc', "script", fields.Datetime.now() + timedelta(days=1))

        self.assertFalse(self.env['res.users.apikeys'].with_user(self.owner).search([]))

    def test_the_context_does_not_open_doors(self):
        env = self.env(user=self.owner, context={
            'install_mode': True, 'no_reset_password': True, 'import_file': True, 'tracking_disable': True, 'su': True})
        with self.assertRaises(AccessError):
            env['psa.staff'].create({
                'name': "x", 'email': 'x@x.test', 'role': 'owner', 'user_id': self.rival_owner.id})
        member = self._staff_of(self.technician).with_env(env)
        member.role = 'dispatcher'
        self.assertIn("Technician → Dispatcher", member.message_ids[:1].body)
