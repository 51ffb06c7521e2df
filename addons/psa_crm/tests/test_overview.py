from datetime import timedelta

from odoo import fields
from odoo.tests import Form, tagged

from .common import PsaCrmCommon


@tagged('post_install', '-at_install')
class TestOverview(PsaCrmCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client_dental.company_id = cls.company

    def _sections(self, user=None):
        self.env.invalidate_all()
        overview = self.client_dental.with_user(user or self.technician).psa_overview
        return {section['key']: section for section in overview['sections']}

    def _new_notes(self, count):
        return self.env['psa.client.note'].with_user(self.technician).create([
            {'name': f"Note {number}", 'client_id': self.client_dental.id, 'contact_id': self.zoe.id,
             'follow_up_date': fields.Date.today() + timedelta(days=number)}
            for number in range(count)
        ])

    def test_it_says_what_is_going_on(self):
        self._new_notes(7)
        plan = self.env['mail.activity.plan'].search([('psa_is_checklist', '=', True), ('company_id', '=', self.company.id)], limit=1)
        plan.with_user(self.dispatcher)._psa_start(self.client_dental.with_user(self.dispatcher))

        sections = self._sections()

        self.assertEqual([row['title'] for row in sections['notes']['rows']], [f"Note {number}" for number in range(6, 1, -1)])
        self.assertEqual(sections['notes']['count'], 7)
        self.assertEqual(len(sections['activities']['rows']), 5)
        self.assertEqual(sections['checklists']['rows'][0]['detail'], "0 of 8 done")
        for section in sections.values():
            for row in section['rows']:
                self.assertIn('title', row)

    def test_who_sells_sees_opportunities_and_quotes(self):
        seller = self._new_staff('psa_seller', 'psa_crm.group_technician,sales_team.group_sale_salesman_all_leads')
        self.env['crm.lead'].create({'name': "New server", 'type': 'opportunity', 'partner_id': self.client_dental.id})
        self.env['sale.order'].create({'partner_id': self.client_dental.id})

        sections = self._sections(seller)

        self.assertEqual(sections['opportunities']['rows'][0]['title'], "New server")
        self.assertEqual(sections['quotes']['count'], 1)
        self.assertFalse({'opportunities', 'quotes'} & self._sections().keys())

    def test_it_is_empty_for_who_is_no_client_and_for_a_new_one(self):
        self.assertEqual(self.zoe.with_user(self.technician).psa_overview, {'sections': []})
        with Form(self.env['res.partner'].with_user(self.technician).with_context(default_psa_is_client=True)) as form:
            form.name = "New"

    def test_every_role_opens_it(self):
        self._new_notes(2)
        for user in (self.technician, self.dispatcher, self.billing, self.company_admin):
            with self.subTest(user=user.login):
                self.assertIn('notes', self._sections(user))

    def test_the_form_takes_as_many_queries_for_many_notes_as_for_few(self):
        client = self.client_dental.with_user(self.technician)
        view = client.get_view(view_type='form')
        names = [
            name for name in view['models']['res.partner']
            if name.startswith('psa_') and name != 'psa_site_ids' and client._has_field_access(client._fields[name], 'read')
        ]

        def open_form():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            client.web_read({name: {} for name in names})
            return self.cr.sql_log_count - before

        self._new_notes(6)
        open_form()
        few = open_form()
        self._new_notes(60)
        many = open_form()

        self.assertLessEqual(many, few)
