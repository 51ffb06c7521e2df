from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, tagged

from ..hooks import uninstall_hook
from .common import PsaCrmCommon


@tagged('post_install', '-at_install')
class TestChecklist(PsaCrmCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = cls._new_staff('psa_manager', 'psa_crm.group_technician')
        cls.client_dental.write({
            'company_id': cls.company.id, 'psa_client_status': 'prospect',
            'psa_account_manager_id': cls.manager.id, 'psa_primary_technician_id': cls.technician.id,
        })
        cls.env['mail.activity.plan'].search([('psa_is_checklist', '=', True)]).active = False
        cls.plan = cls._new_plan("Take over")

    @classmethod
    def _new_plan(cls, name, company=None, **values):
        return cls.env['mail.activity.plan'].create({
            'name': name, 'psa_is_checklist': True, 'company_id': (company or cls.company).id,
            'template_ids': [
                Command.create({'summary': summary, 'responsible_type': role, 'delay_count': days, 'delay_unit': 'days',
                                'delay_from': 'after_plan_date', **extra})
                for summary, role, days, extra in (
                    ("Kick-off", 'psa_account_manager', 0, {}),
                    ("Inventory", 'psa_primary_technician', 5, {}),
                    ("Portal", 'psa_dispatcher', 2, {}),
                    ("Contract", 'other', 1, {'responsible_id': cls.billing.id}),
                )
            ],
            **values,
        })

    def _start(self, user=None):
        return self.plan.with_user(user or self.technician)._psa_start(self.client_dental.with_user(user or self.technician))

    def test_each_item_is_an_activity_of_whoever_has_the_role(self):
        run = self._start()

        today = fields.Date.today()
        self.assertRecordValues(run.item_ids.sudo(), [
            {'name': "Kick-off", 'user_id': self.manager.id, 'date_deadline': today, 'state': 'open'},
            {'name': "Inventory", 'user_id': self.technician.id, 'date_deadline': today + timedelta(days=5), 'state': 'open'},
            {'name': "Portal", 'user_id': self.env['res.partner']._psa_dispatcher(self.company).id,
             'date_deadline': today + timedelta(days=2), 'state': 'open'},
            {'name': "Contract", 'user_id': self.billing.id, 'date_deadline': today + timedelta(days=1), 'state': 'open'},
        ])
        self.assertEqual(self.client_dental.activity_ids, run.item_ids.activity_id)
        self.assertEqual(run.item_ids.activity_id.user_id, run.item_ids.user_id)

    def test_where_nobody_has_the_role_the_next_one_does_it(self):
        self.client_dental.psa_account_manager_id = False

        run = self._start()

        self.assertEqual(run.item_ids[0].user_id, self.technician)

    def test_it_starts_when_the_client_becomes_active(self):
        self.plan.psa_start_status = 'active'

        self.client_dental.with_user(self.dispatcher).psa_client_status = 'onboarding'
        self.assertFalse(self.client_dental.psa_checklist_ids)
        self.client_dental.with_user(self.dispatcher).psa_client_status = 'active'

        self.assertEqual(self.client_dental.psa_checklist_ids.plan_id, self.plan)
        self.assertEqual(self.client_dental.psa_checklist_ids.user_id, self.dispatcher)

    def test_it_starts_for_a_client_entered_as_active_but_not_for_imported_ones(self):
        self.plan.psa_start_status = 'active'

        new = self._new_client("New", company_id=self.company.id)
        imported = self.env['res.partner'].with_context(import_file=True).create({
            'name': "Old", 'is_company': True, 'psa_is_client': True, 'company_id': self.company.id})

        self.assertEqual(new.psa_checklist_ids.state, 'running')
        self.assertFalse(imported.psa_checklist_ids)

    def test_it_does_not_start_twice(self):
        self.plan.psa_start_status = 'active'
        self.client_dental.psa_client_status = 'active'
        first = self.client_dental.psa_checklist_ids

        self.client_dental.psa_client_status = 'suspended'
        self.client_dental.psa_client_status = 'active'
        self.assertEqual(self.client_dental.psa_checklist_ids, first)

        first.action_cancel()
        self.client_dental.psa_client_status = 'suspended'
        self.client_dental.psa_client_status = 'active'
        self.assertEqual(self.client_dental.psa_checklist_ids, first)
        self.assertFalse(self._start() & first)

    def test_a_running_one_is_not_started_by_hand_again(self):
        self._start()

        self.assertFalse(self._start())

    def test_the_checklist_of_another_company_does_not_start(self):
        self._new_plan("Theirs", self.other_company, psa_start_status='active')

        self.client_dental.psa_client_status = 'active'

        self.assertFalse(self.client_dental.psa_checklist_ids)

    def test_progress_is_kept_when_activities_are_done(self):
        run = self._start()

        run.item_ids[0].activity_id.with_user(self.manager).action_feedback(feedback="Met them")

        item = run.item_ids[0]
        self.assertEqual((item.state, item.done_by_id), ('done', self.manager))
        self.assertEqual((run.progress, run.done_count, run.item_count, run.state), (25, 1, 4, 'running'))
        client = self.client_dental.with_user(self.technician)
        self.assertEqual((client.psa_checklist_progress, client.psa_checklist_running_count), (25, 1))

    def test_an_item_ticked_off_on_the_list_is_done_as_an_activity(self):
        run = self._start()
        activity = run.item_ids[1].activity_id

        run.item_ids[1].action_done()

        self.assertFalse(activity.active)
        self.assertEqual(run.item_ids[1].done_by_id, self.technician)

    def test_it_is_over_when_nothing_is_open(self):
        run = self._start()

        run.item_ids[:3].action_done()
        run.item_ids[3].action_skip()

        self.assertEqual((run.state, run.progress, run.date_done), ('done', 100, fields.Date.today()))
        self.assertFalse(self.client_dental.activity_ids)
        run.item_ids[0].action_reopen()
        self.assertEqual((run.state, run.progress), ('running', 66))
        self.assertEqual(self.client_dental.activity_ids, run.item_ids[0].activity_id)

    def test_an_activity_cancelled_or_moved_is_so_on_the_list(self):
        run = self._start()
        later = fields.Date.today() + timedelta(days=40)

        run.item_ids[0].activity_id.with_user(self.manager).unlink()
        run.item_ids[1].activity_id.with_user(self.technician).write({'date_deadline': later, 'user_id': self.manager.id})

        self.assertEqual(run.item_ids[0].state, 'skipped')
        self.assertEqual((run.item_ids[1].date_deadline, run.item_ids[1].user_id), (later, self.manager))
        self.assertEqual(run.date_next, fields.Date.today() + timedelta(days=1))

    def test_a_cancelled_one_takes_its_items_off_everybodys_list(self):
        run = self._start()
        run.item_ids[0].action_done()

        run.action_cancel()

        self.assertEqual(run.state, 'cancelled')
        self.assertEqual(run.item_ids.mapped('state'), ['done', 'skipped', 'skipped', 'skipped'])
        self.assertFalse(self.client_dental.activity_ids)
        with self.assertRaisesRegex(UserError, "was cancelled"):
            run.item_ids[0].action_reopen()
        self.assertTrue(self._start())

    def test_the_button_of_a_client_starts_the_only_one_and_asks_among_several(self):
        client = self.client_dental.with_user(self.technician)

        action = client.action_psa_start_checklist()
        self.assertEqual(action['res_model'], 'psa.checklist')
        self._new_plan("Leave")
        action = client.action_psa_start_checklist()
        self.assertEqual(action['res_model'], 'psa.checklist.start')
        with Form(self.env[action['res_model']].with_user(self.technician).with_context(**action['context'])) as form:
            form.plan_id = self.env['mail.activity.plan'].search([('name', '=', "Leave")])
        form.record.action_start()

        self.assertEqual(len(client.psa_checklist_ids), 2)

    def test_a_template_is_copied_without_starting_by_itself(self):
        self.plan.psa_start_status = 'active'

        copy = self.plan.with_user(self.company_admin).copy()

        self.assertEqual(copy.name, "Take over (copy)")
        self.assertEqual(copy.template_ids.mapped('responsible_type'), self.plan.template_ids.mapped('responsible_type'))
        self.assertFalse(copy.psa_start_status)

    def test_company_administrators_maintain_templates_of_their_company_only(self):
        with Form(self.plan.with_user(self.company_admin), view='psa_crm.view_psa_checklist_template_form') as form:
            form.name = "Taken over"
        theirs = self._new_plan("Theirs", self.other_company)
        of_odoo = self.env['mail.activity.plan'].create({'name': "Of Odoo", 'res_model': 'res.partner'})

        for plan, user in ((theirs, self.company_admin), (of_odoo, self.company_admin), (self.plan, self.dispatcher)):
            with self.subTest(plan=plan.name, user=user.login), self.assertRaises(AccessError):
                plan.with_user(user).write({'name': "Mine"})
        with self.assertRaises(AccessError):
            theirs.with_user(self.company_admin).read(['name'])
        with self.assertRaises(AccessError):
            theirs.template_ids.with_user(self.company_admin).read(['summary'])

    def test_the_wizard_does_not_start_what_one_may_not_read(self):
        theirs = self._new_plan("Theirs", self.other_company)
        wizard = self.env['psa.checklist.start'].with_user(self.technician).create({
            'client_id': self.client_dental.id, 'plan_id': theirs.id})

        with self.assertRaises(AccessError):
            wizard.action_start()

    def test_nobody_ticks_off_by_writing(self):
        run = self._start()

        for user in (self.technician, self.dispatcher, self.company_admin):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                run.item_ids.with_user(user).write({'state': 'done'})
        with self.assertRaises(AccessError):
            self.env['psa.checklist'].with_user(self.technician).create({
                'name': "Mine", 'client_id': self.client_dental.id, 'company_id': self.company.id,
                'date_start': fields.Date.today()})

    def test_a_checklist_moves_with_its_client_and_leaves_its_template_behind(self):
        run = self._start()
        premier = self.env['psa.client.class'].search([('company_id', '=', self.company.id)], limit=1)
        calendar = self.company.resource_calendar_id
        self.client_dental.write({'psa_client_class_id': premier.id, 'psa_calendar_id': calendar.id})

        self.client_dental.company_id = self.other_company

        self.assertEqual((run.company_id, run.item_ids.company_id), (self.other_company, self.other_company))
        self.assertFalse(run.plan_id)
        self.assertFalse(self.client_dental.psa_client_class_id)
        self.assertFalse(self.client_dental.psa_calendar_id)

    def test_uninstalling_takes_the_templates_along(self):
        of_odoo = self.env['mail.activity.plan'].create({'name': "Of Odoo", 'res_model': 'res.partner'})

        uninstall_hook(self.env)

        self.assertFalse(self.plan.exists())
        self.assertTrue(of_odoo.exists())

    def test_a_new_company_has_its_own_start(self):
        company = self.env['res.company'].create({'name': "Fresh IT"})

        plan = self.env['mail.activity.plan'].search([('psa_is_checklist', '=', True), ('company_id', '=', company.id)])
        classes = self.env['psa.client.class'].search([('company_id', '=', company.id)])

        self.assertEqual(len(plan.template_ids), 8)
        self.assertFalse(plan.psa_start_status)
        self.assertEqual(classes.mapped('name'), ["Premier", "Standard", "Jeopardy"])
        company._psa_create_client_defaults()
        self.assertEqual(self.env['psa.client.class'].search_count([('company_id', '=', company.id)]), 3)
