from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common_sales import PsaSalesCommon

# What an outside rep finds of each kind, by who it belongs to.
SEES = {
    'res.partner': {'own': True, 'led': True, 'colleague': False, 'nobody': False},
    'crm.lead': {'own': True, 'colleague': False, 'nobody': False},
    'sale.order': {'own': True, 'colleague': False, 'nobody': False},
}


@tagged('post_install', '-at_install')
class TestOutsideRep(PsaSalesCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        values = {'company_id': cls.company.id}
        clients = {
            'own': cls._new_client("Own Client", user_id=cls.rep.id, **values),
            'led': cls._new_client("Client of a Lead", **values),
            'colleague': cls._new_client("Client of a Colleague", user_id=cls.other_rep.id, **values),
            'nobody': cls._new_client("Client of Nobody", **values),
        }
        cls.managed = cls._new_client("Managed Client", psa_account_manager_id=cls.rep.id, **values)
        cls.people = {
            who: cls._new_contact(f"Person of {client.name}", f'{who}@clients.test', client) for who, client in clients.items()}
        cls.records = {
            'res.partner': clients,
            'crm.lead': {
                'own': cls._new_lead(user_id=cls.rep.id, partner_id=clients['led'].id),
                'colleague': cls._new_lead(user_id=cls.other_rep.id, partner_id=clients['colleague'].id),
                'nobody': cls._new_lead(user_id=False, partner_id=clients['nobody'].id),
            },
        }
        cls.product = cls.env['product.product'].create({'name': "Phone"})
        cls.records['sale.order'] = {
            who: cls.env['sale.order'].create({
                'company_id': cls.company.id, 'partner_id': clients[who].id, 'user_id': user,
                'order_line': [Command.create({'product_id': cls.product.id})]})
            for who, user in (('own', cls.rep.id), ('colleague', cls.other_rep.id), ('nobody', False))
        }
        cls.env.flush_all()

    def _as_rep(self, records):
        return records.with_user(self.rep)

    def test_an_outside_rep_finds_only_his_own(self):
        for model, rows in SEES.items():
            records = self.records[model]
            for who, sees in rows.items():
                record, name = self._as_rep(records[who]), records[who].display_name
                model_as_rep = self._as_rep(self.env[model])
                one = [('id', '=', record.id)]
                ways = {
                    'search': lambda m=model_as_rep, one=one: bool(m.search(one)),
                    'search_count': lambda m=model_as_rep, one=one: bool(m.search_count(one)),
                    'search_read': lambda m=model_as_rep, one=one: bool(m.search_read(one, ['display_name'])),
                    'read_group': lambda m=model_as_rep, one=one: bool(m.formatted_read_group(one, ['create_uid'], ['__count'])),
                    'name_search': lambda m=model_as_rep, one=one, name=name: bool(m.name_search(name, one)),
                    'export': lambda m=model_as_rep, one=one: bool(m.web_search_read(one, {'display_name': {}})['records']),
                }
                for way, attempt in ways.items():
                    with self.subTest(model=model, who=who, way=way):
                        self.assertEqual(attempt(), sees)

    def test_what_is_not_his_can_be_neither_read_nor_changed_nor_copied(self):
        changes = {'res.partner': {'comment': "x"}, 'crm.lead': {'name': "x"}, 'sale.order': {'note': "x"}}
        for model, rows in SEES.items():
            for who, sees in rows.items():
                record = self._as_rep(self.records[model][who])
                attempts = {
                    'read': lambda record=record: record.read(['display_name']),
                    'write': lambda record=record, model=model: record.write(changes[model]),
                    'copy': lambda record=record: record.copy(),
                    'message': lambda record=record: record.message_post(body="x"),
                }
                for way, attempt in attempts.items():
                    with self.subTest(model=model, who=who, way=way), mute_logger('odoo.addons.base.models.ir_rule'):
                        self.env.invalidate_all()
                        if sees:
                            with self.env.cr.savepoint() as savepoint:
                                attempt()
                                self.env.flush_all()
                                savepoint.rollback()
                            self.env.invalidate_all()
                        else:
                            with self.assertRaises(AccessError):
                                attempt()
                with self.subTest(model=model, who=who, way='unlink'), mute_logger('odoo.addons.base.models.ir_model'), \
                        mute_logger('odoo.addons.base.models.ir_rule'), self.assertRaises(AccessError):
                    record.unlink()

    def test_the_people_of_clients_are_seen_with_them(self):
        for who, sees in SEES['res.partner'].items():
            with self.subTest(who=who):
                self.assertEqual(self._as_rep(self.people[who]).has_access('read'), sees)
        self.assertTrue(self._as_rep(self.managed).has_access('read'), "its account manager")

    def test_colleagues_and_suppliers_are_seen(self):
        supplier = self.env['res.partner'].create({'name': "Wholesaler", 'supplier_rank': 1})
        supplier_and_client = self._new_client("Buys and Sells", supplier_rank=1)

        self.assertTrue(self._as_rep(supplier).has_access('read'))
        self.assertFalse(self._as_rep(supplier_and_client).has_access('read'))
        self.assertTrue(self._as_rep(self.other_rep.partner_id).has_access('read'))
        self.assertTrue(self._as_rep(self.company.partner_id).has_access('read'))

    def test_notes_on_the_clients_of_others_are_hidden(self):
        notes = {
            who: client.message_post(body="They are late with payments", subtype_xmlid='mail.mt_note')
            for who, client in self.records['res.partner'].items()}
        messages = self._as_rep(self.env['mail.message'])
        for who, sees in SEES['res.partner'].items():
            with self.subTest(who=who):
                self.assertEqual(bool(messages.search([('id', '=', notes[who].id)])), sees)

    def test_leads_lines_and_analyses_follow(self):
        domain = [('order_id', 'in', [order.id for order in self.records['sale.order'].values()])]
        self.assertEqual(
            self._as_rep(self.env['sale.order.line']).search(domain).order_id, self.records['sale.order']['own'])
        self.env.flush_all()
        report = self._as_rep(self.env['sale.report']).search([('product_id', '=', self.product.id)])
        self.assertEqual(report.user_id, self.rep)

    def test_he_cannot_reach_a_client_by_naming_it(self):
        foreign = self.records['res.partner']['colleague']
        lead, order = (self._as_rep(self.records[model]['own']) for model in ('crm.lead', 'sale.order'))
        own_contact = self._as_rep(self.people['own'])
        attempts = {
            'a new lead': lambda: self._new_lead(user=self.rep, partner_id=foreign.id),
            'a new lead by context': lambda: self.env['crm.lead'].with_user(self.rep).with_context(
                default_partner_id=foreign.id).create({'name': "x"}),
            'a new lead by company': lambda: self._new_lead(user=self.rep, commercial_partner_id=foreign.id),
            'his lead': lambda: lead.write({'partner_id': foreign.id}),
            'a new quote': lambda: self.env['sale.order'].with_user(self.rep).create({'partner_id': foreign.id}),
            'his quote': lambda: order.write({'partner_id': foreign.id}),
            'the address of his quote': lambda: order.write({'partner_shipping_id': foreign.id}),
            'a new contact': lambda: self.env['res.partner'].with_user(self.rep).create({
                'name': "x", 'parent_id': foreign.id, 'user_id': self.rep.id}),
            'his contact': lambda: own_contact.write({'parent_id': foreign.id}),
            'a conversion': lambda: self._new_conversion(lead, action='exist', partner_id=foreign.id),
            'the company of a conversion': lambda: self._new_conversion(lead, commercial_partner_id=foreign.id),
            'a conversion begun': lambda: self._new_conversion(lead).write({'partner_id': foreign.id}),
            'a child': lambda: self._as_rep(self.records['res.partner']['own']).write({
                'child_ids': [Command.link(self.people['colleague'].id)]}),
        }
        # Odoo runs the commands of a relation as the user of the request, which is the superuser in a test.
        self.patch(self.env.transaction, 'default_env', self.env(user=self.rep, su=False))
        for way, attempt in attempts.items():
            with self.subTest(way=way), mute_logger('odoo.addons.base.models.ir_rule'), self.assertRaises(AccessError):
                self.env.invalidate_all()
                attempt()
                self.env.flush_all()
        self.env.invalidate_all()
        self.assertFalse(self._as_rep(foreign).has_access('read'))

    def test_duplicates_that_he_may_not_see_are_neither_counted_nor_named(self):
        hidden, his = self.records['crm.lead']['colleague'], self.records['crm.lead']['own']
        lead = self._new_lead(user_id=self.rep.id, phone="+44 20 7946 0018", email_from=self.people['colleague'].email)
        (hidden | his).phone = lead.phone
        self.env.flush_all()
        self.env.invalidate_all()

        for user, found in ((self.rep, his), (self.sales, his | hidden), (self.company_admin, his | hidden)):
            with self.subTest(user=user.login):
                duplicates = lead.with_user(user).web_read({
                    'duplicate_lead_count': {}, 'duplicate_lead_ids': {'fields': {'display_name': {}}}})[0]
                self.assertEqual(duplicates['duplicate_lead_count'], len(found))
                self.assertEqual({row['id'] for row in duplicates['duplicate_lead_ids']}, set((found | lead).ids))
        with Form(self._as_rep(self.env['crm.lead'])) as form:
            form.name, form.phone = "The same again", lead.phone
            self.assertEqual(form.duplicate_lead_count, 2, "his own two")

    def test_duplicates_of_another_company_are_not_counted(self):
        lead = self._new_lead(phone="+44 20 7946 0018")
        self.env['crm.lead'].create({'name': "Theirs", 'phone': lead.phone, 'company_id': self.other_company.id})

        self.assertFalse(lead.with_user(self.company_admin).duplicate_lead_count)

    def test_converting_his_lead_suggests_nobody_elses_customer_or_lead(self):
        foreign = self.people['colleague']
        self.records['crm.lead']['colleague'].email_from = foreign.email
        lead = self._as_rep(self._new_lead(user_id=self.rep.id, email_from=foreign.email, type='lead'))
        self.env.flush_all()
        self.env.invalidate_all()

        wizard = self._new_conversion(lead)

        self.assertEqual(wizard.action, 'create')
        self.assertFalse(wizard.partner_id)
        self.assertEqual(wizard.duplicated_lead_ids, lead)
        self.assertFalse(lead._message_get_suggested_recipients(no_create=True)[0]['partner_id'])
        with self.assertRaises(AccessError), mute_logger('odoo.addons.base.models.ir_rule'), self.env.cr.savepoint():
            self._new_conversion(lead, name='merge', duplicated_lead_ids=[
                Command.set([lead.id, self.records['crm.lead']['colleague'].id])]).action_apply()
        wizard.action_apply()
        self.assertEqual(lead.type, 'opportunity')
        self.assertNotEqual(lead.partner_id, foreign)
        self.assertEqual(lead.partner_id.user_id, self.rep)

    def _new_conversion(self, lead, **values):
        return self.env['crm.lead2opportunity.partner'].with_user(self.rep).with_context(
            active_model='crm.lead', active_id=lead.id, active_ids=lead.ids).create(values)

    def test_he_cannot_take_what_is_a_colleagues(self):
        for model in ('crm.lead', 'sale.order'):
            with self.subTest(model=model), mute_logger('odoo.addons.base.models.ir_rule'), self.assertRaises(AccessError):
                self._as_rep(self.records[model]['colleague']).write({'user_id': self.rep.id})

    def test_a_contact_that_he_adds_is_his(self):
        prospect = self._as_rep(self.env['res.partner']).create({'name': "New Prospect", 'is_company': True})

        self.assertEqual(prospect.user_id, self.rep)
        self.assertTrue(prospect.read(['name']))
        person = self._as_rep(self.env['res.partner']).create({'name': "Her Boss", 'parent_id': prospect.id})
        self.assertTrue(person.read(['name']))

    def test_a_client_is_his_no_longer_when_the_lead_goes_to_a_colleague(self):
        self.records['crm.lead']['own'].user_id = self.other_rep

        self.assertFalse(self._as_rep(self.records['res.partner']['led']).has_access('read'))

    def test_clients_are_not_exported(self):
        self.rep.group_ids += self.env.ref('base.group_allow_export')

        with self.assertRaisesRegex(AccessError, "cannot export clients"):
            self._as_rep(self.records['res.partner']['own']).export_data(['name'])
        self.assertNotIn(self.env.ref('base.group_allow_export'), self.other_rep.all_group_ids)
        self.sales.group_ids += self.env.ref('base.group_allow_export')
        self.assertTrue(self.records['res.partner']['own'].with_user(self.sales).export_data(['name'])['datas'])

    def test_an_outside_rep_who_is_a_technician_too_sees_clients_like_one(self):
        self.rep.group_ids += self.env.ref('psa_crm.group_technician')

        self.assertTrue(self._as_rep(self.records['res.partner']['colleague']).has_access('read'))
        self.assertFalse(self._as_rep(self.records['crm.lead']['colleague']).has_access('read'))

    def test_everybody_else_is_not_held_to_own_clients(self):
        for user in (self.technician, self.billing, self.sales, self.company_admin):
            for who, client in self.records['res.partner'].items():
                with self.subTest(user=user.login, who=who):
                    self.assertTrue(client.with_user(user).has_access('read'))
        for user in (self.sales, self.company_admin):
            for who, lead in self.records['crm.lead'].items():
                with self.subTest(user=user.login, who=who):
                    self.assertTrue(lead.with_user(user).has_access('read'))

    def test_the_rule_costs_nobody_else_a_query(self):
        partners = self.env['res.partner'].with_user(self.technician)
        partners.search([], limit=1)

        with self.assertQueryCount(1):
            partners.search([('psa_is_client', '=', True)], limit=5)

    def test_the_rule_costs_a_rep_two_queries(self):
        partners = self._as_rep(self.env['res.partner'])
        partners.search([], limit=1)

        with self.assertQueryCount(3):
            partners.search([('psa_is_client', '=', True)], limit=5)

    def test_the_search_of_the_field_agrees_with_its_value(self):
        everyone = self.env['res.partner'].search([], limit=200)
        partners = self._as_rep(everyone).sudo()

        own = partners.filtered('psa_is_own_of_rep')

        self.assertEqual(own, partners.search([('psa_is_own_of_rep', '=', True), ('id', 'in', partners.ids)]))
        self.assertEqual(partners - own, partners.search([('psa_is_own_of_rep', '=', False), ('id', 'in', partners.ids)]))


# Who may do what with the models of sales: r(ead), w(rite), c(reate), d(elete).
MATRIX = {
    'psa.territory': {
        'plain_user': '', 'technician': 'r', 'billing': 'r', 'dispatcher': 'r', 'company_admin': 'rwcd', 'sales': 'r', 'rep': 'r',
        'client_employee': '', 'client_admin': '', 'public': ''},
    'psa.sales.quota': {
        'plain_user': '', 'technician': '', 'billing': '', 'dispatcher': '', 'company_admin': 'rwcd', 'sales': 'r', 'rep': 'r',
        'client_employee': '', 'client_admin': '', 'public': ''},
    'psa.sales.quota.report': {
        'plain_user': '', 'technician': '', 'billing': '', 'dispatcher': '', 'company_admin': 'r', 'sales': 'r', 'rep': 'r',
        'client_employee': '', 'client_admin': '', 'public': ''},
    'psa.territory.check': {
        'plain_user': '', 'technician': '', 'billing': '', 'dispatcher': '', 'company_admin': 'rwcd', 'sales': 'rwcd', 'rep': '',
        'client_employee': '', 'client_admin': '', 'public': ''},
    'psa.sale.confirm': {
        'plain_user': '', 'technician': '', 'billing': '', 'dispatcher': '', 'company_admin': 'rwcd', 'sales': 'rwcd', 'rep': 'rwcd',
        'client_employee': '', 'client_admin': '', 'public': ''},
    'crm.lead': {
        'plain_user': '', 'technician': '', 'company_admin': 'rwc', 'sales': 'rwc', 'rep': 'rwc',
        'client_employee': '', 'client_admin': '', 'public': ''},
}


@tagged('post_install', '-at_install')
class TestSalesAccess(PsaSalesCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        employee, administrator = cls._new_portal_users()
        cls.users = {
            'plain_user': cls.plain_user, 'technician': cls.technician, 'billing': cls.billing, 'dispatcher': cls.dispatcher,
            'company_admin': cls.company_admin, 'sales': cls.sales, 'rep': cls.rep,
            'client_employee': employee, 'client_admin': administrator, 'public': cls.env.ref('base.public_user'),
        }

    def test_each_role_has_exactly_its_rights_on_each_model(self):
        self._check_rights(MATRIX, self.users)

    def test_what_belongs_to_another_company_is_hidden(self):
        theirs = {
            'psa.territory': self.env['psa.territory'].create({
                'name': "Theirs", 'company_id': self.other_company.id,
                'team_id': self.env['crm.team'].create({'name': "Theirs", 'company_id': self.other_company.id}).id}),
        }
        theirs['psa.sales.quota'] = self.env['psa.sales.quota'].create({
            'company_id': self.other_company.id, 'team_id': theirs['psa.territory'].team_id.id, 'target': 1})
        self.env.flush_all()
        for role in ('company_admin', 'sales', 'rep'):
            for model, record in theirs.items():
                with self.subTest(role=role, model=model):
                    self.assertFalse(self.env[model].with_user(self.users[role]).search([('id', '=', record.id)]))
            with self.subTest(role=role, model='psa.sales.quota.report'):
                self.assertFalse(self.env['psa.sales.quota.report'].with_user(self.users[role]).search([
                    ('quota_id', '=', theirs['psa.sales.quota'].id)]))

    def test_no_territory_is_put_into_another_company(self):
        shared = self.env['crm.team'].create({'name': "Shared", 'company_id': False})
        territory = self._new_territory("Ours", team_id=shared.id, user_id=False)

        with self.assertRaises(AccessError), mute_logger('odoo.addons.base.models.ir_rule'):
            territory.with_user(self.company_admin).company_id = self.other_company

    def test_every_screen_of_sales_opens_for_those_who_have_its_menu(self):
        menus = self.env.ref('psa_crm.menu_psa_sales').child_id
        for role in ('company_admin', 'sales', 'rep'):
            visible = menus.browse(
                self.env['ir.ui.menu'].with_user(self.users[role])._visible_menu_ids() & set(menus.ids))
            self.assertIn(self.env.ref('psa_crm.menu_psa_pipeline'), visible)
            for menu in visible.sudo():
                action = menu.action
                model = self.env[action.res_model].with_user(self.users[role])
                for mode in action.view_mode.split(','):
                    with self.subTest(role=role, menu=menu.name, view=mode):
                        model.get_view(view_type=mode)
                if action.res_model != 'psa.territory.check':
                    with self.subTest(role=role, menu=menu.name, view='data'):
                        model.web_search_read([], {'display_name': {}}, limit=5)
        self.assertNotIn(
            self.env.ref('psa_crm.menu_psa_pipeline').id, self.env['ir.ui.menu'].with_user(self.technician)._visible_menu_ids())
