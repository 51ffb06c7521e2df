from datetime import datetime, timedelta

from odoo.addons.mail.tools.discuss import Store
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, freeze_time, new_test_user, tagged
from odoo.tools import SQL
from odoo.tools.safe_eval import safe_eval

from .common import PsaCrmCommon

NOW = datetime(2026, 3, 2, 10, 0)
WRONG = 'P-2222-2222'


@tagged('post_install', '-at_install')
class TestShareCode(PsaCrmCommon):
    """The owner of Brightwater wants to lend Corner Bakery to people of Rival IT, of whom he sees nobody."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.owner = cls._new_staff('psa_owner', 'psa_crm.group_owner')
        cls.bakery = cls._new_client("Corner Bakery", company_id=cls.company.id, psa_account_manager_id=cls.owner.id)
        cls.pro = cls._new_rival('rival_pro', 'psa_crm.group_technician')
        cls.rival_owner = cls._new_rival('rival_owner', 'psa_crm.group_owner')
        cls.Share = cls.env['psa.client.share']

    @classmethod
    def _new_rival(cls, login, groups):
        return new_test_user(
            cls.env, login, groups=groups, email=f'{login}@rival.test', company_id=cls.other_company.id,
            company_ids=[Command.set(cls.other_company.ids)])

    def _specification(self, user, view='form', model='psa.client.share'):
        """Return what the web client asks for to show a view."""
        model = self.env[model].with_user(user)
        names = model.get_view(view_type=view)['models'][model._name]
        return {
            name: {'fields': {'display_name': {}}} if model._fields[name].relational else {}
            for name in names if name in model._fields
        }

    def _save(self, values, giver=None, model='psa.client.share'):
        """Save a form as the web client does; return what it shows then."""
        giver = giver or self.owner
        return self.env[model].with_user(giver).web_save(
            values, self._specification(giver, model=model))[0]

    def _share(self, code, giver=None, **values):
        shown = self._save({'client_id': self.bakery.id, 'receiver_code': code, **values}, giver)
        return self.Share.browse(shown['id'])

    def _lists(self, user, action):
        """Return the shares in the list that an action opens."""
        company_ids = user.company_ids.ids
        # The web client evaluates it.
        domain = safe_eval(self.env.ref(action).domain, {'uid': user.id, 'allowed_company_ids': company_ids})
        rows = self.Share.with_user(user).with_context(allowed_company_ids=company_ids).web_search_read(
            domain, self._specification(user, 'list'))['records']
        return self.Share.browse(row['id'] for row in rows)

    def _refusal(self, code, giver=None):
        """Return in which words the code is refused. No savepoint is rolled back, so that the count of failures stays."""
        try:
            self.Share.with_user(giver or self.owner).create({'client_id': self.bakery.id, 'receiver_code': code})
        except UserError as refusal:
            return str(refusal)
        return self.fail("the code was taken")

    def test_a_pro_of_another_company_receives_a_client_by_his_code(self):
        self.assertNotIn(self.pro.id, [row[0] for row in self.env['res.users'].with_user(self.owner).name_search('rival_pro')])

        share = self._share(self.pro.psa_share_code.lower().replace('-', ' '))

        self.assertEqual((share.user_id, share.target, share.state), (self.pro, 'user', 'offered'))
        self.assertFalse(self.bakery.with_user(self.pro).has_access('read'), "a code is an address, not a key")
        self.assertEqual(self._lists(self.pro, 'psa_crm.action_psa_client_share_received'), share)
        share.with_user(self.pro).action_accept()
        self.assertTrue(self.bakery.with_user(self.pro).has_access('read'))

    def test_a_company_receives_a_client_by_its_code(self):
        share = self._share(self.other_company.psa_share_code, target='company')

        self.assertEqual((share.to_company_id, share.target), (self.other_company, 'company'))
        self.assertEqual(self._lists(self.rival_owner, 'psa_crm.action_psa_client_share_received'), share)
        share.with_user(self.rival_owner).action_accept()
        self.assertTrue(self.bakery.with_user(self.pro).has_access('read'))

    def test_the_letter_in_front_says_whose_code_it_is(self):
        share = self._share(self.other_company.psa_share_code, target='user')

        self.assertEqual((share.to_company_id, share.target, share.user_id), (self.other_company, 'company', self.env['res.users']))

    def test_both_sides_open_list_and_form(self):
        shares = self._share(self.pro.psa_share_code) | self._share(self.other_company.psa_share_code, target='company')

        for user, seen in ((self.owner, shares), (self.company_admin, shares), (self.rival_owner, shares[1]), (self.pro, shares)):
            with self.subTest(user.login):
                self.env.invalidate_all()
                rows = shares.with_user(user)._filtered_access('read')
                self.assertEqual(rows.with_user(self.env.user) & seen, rows.with_user(self.env.user))
                self.assertTrue(rows)
                for row in rows.web_read(self._specification(user)):
                    self.assertTrue(row['receiver_name'])
                    self.assertFalse(row['receiver_code'])
        self.assertEqual(self._lists(self.owner, 'psa_crm.action_psa_client_share_given'), shares)
        groups = self.Share.with_user(self.owner).web_read_group([('id', 'in', shares.ids)], ['user_id'], ['__count'])
        self.assertEqual(sum(group['__count'] for group in groups['groups']), 2)

    def test_both_sides_open_the_chatter_with_the_task_to_answer(self):
        share = self._share(self.pro.psa_share_code)

        for user, stranger in ((self.owner, self.pro), (self.pro, self.owner)):
            with self.subTest(user.login):
                self.env.invalidate_all()
                store = Store()
                store.add(share.with_user(user), as_thread=True, request_list=[
                    'activities', 'attachments', 'contact_fields', 'followers', 'scheduledMessages', 'suggestedRecipients'])
                shown = {row['id']: row for row in store.get_result()['res.partner']}
                self.assertEqual(shown[stranger.partner_id.id]['name'], stranger.name)
                self.assertNotIn('email', shown[stranger.partner_id.id])

    def test_the_form_shows_the_receiver_after_it_was_saved(self):
        with Form(self.Share.with_user(self.owner)) as form:
            form.client_id = self.bakery
            form.receiver_code = self.pro.psa_share_code
        self.assertEqual(form.record.receiver_name, self.pro.display_name)
        shown = self._save({'client_id': self.bakery.id, 'receiver_code': self.rival_owner.psa_share_code})
        self.assertEqual((shown['receiver_name'], shown['receiver_code']), (self.rival_owner.display_name, False))
        self.Share.browse(shown['id']).with_user(self.owner).web_save(
            {'reason': "Holiday"}, self._specification(self.owner))

    def test_all_useless_codes_are_refused_in_the_same_words(self):
        portal_user, __ = self._new_portal_users()
        gone = self._new_rival('rival_gone', 'psa_crm.group_technician')
        gone.active = False
        closed = self.env['res.company'].create({'name': "Closed IT"})
        closed.active = False
        with self.enter_registry_test_mode():
            refusals = {
                self._refusal(code)
                for code in (WRONG, 'nonsense', portal_user.psa_share_code, gone.psa_share_code, closed.psa_share_code)}

        self.assertEqual(len(refusals), 1)
        self.assertIn("Receiver's Code", refusals.pop())

    def test_who_guesses_is_stopped_for_an_hour(self):
        with self.enter_registry_test_mode():
            for __ in range(10):
                self.assertIn("no receiver", self._refusal(WRONG))
            self.assertIn("within an hour", self._refusal(self.pro.psa_share_code), "no code helps any more")
            self.assertIn("no receiver", self._refusal(WRONG, self.company_admin), "others are not stopped")

            self.env.cr.execute("UPDATE psa_share_code_failure SET create_date = create_date - interval '61 minutes'")
            self.env.invalidate_all()
            self.assertTrue(self._share(self.pro.psa_share_code))

        self.env.cr.execute("UPDATE psa_share_code_failure SET create_date = create_date - interval '2 days'")
        self.env['psa.share.code.failure']._gc_failures()
        self.assertFalse(self.env['psa.share.code.failure'].search([('user_id', '=', self.owner.id)]))

    def test_ids_are_no_way_round_the_code(self):
        with self.enter_registry_test_mode():
            for values in ({'user_id': self.pro.id}, {'target': 'company', 'to_company_id': self.other_company.id}):
                with self.subTest(values):
                    try:
                        self.Share.with_user(self.owner).create({'client_id': self.bakery.id, **values})
                    except UserError as refusal:
                        self.assertIn("no receiver", str(refusal))
                    else:
                        self.fail("somebody unseen was chosen")
            absence = self.env['psa.client.absence'].with_user(self.owner)
            try:
                absence.create({'cover_user_id': self.pro.id, 'date_to': '2099-01-01'})
            except UserError as refusal:
                self.assertIn("no receiver", str(refusal))
            else:
                self.fail("somebody unseen was chosen")
        self.assertEqual(
            self.env['psa.share.code.failure'].search_count([('user_id', '=', self.owner.id)]), 3)

    def test_choosing_and_typing_at_once_is_refused(self):
        with self.assertRaisesRegex(UserError, "not both"):
            self._share(self.pro.psa_share_code, user_id=self.technician.id)
        share = self._share(self.pro.psa_share_code)
        with self.assertRaisesRegex(UserError, "stay as they are"):
            share.with_user(self.owner).write({'receiver_code': self.rival_owner.psa_share_code})

    def test_a_renewed_code_makes_the_old_one_useless(self):
        old, of_company = self.pro.psa_share_code, self.other_company.psa_share_code
        share = self._share(old)

        action = self.pro.with_user(self.pro).action_psa_renew_share_code()
        self.assertEqual((action['res_model'], action['res_id']), ('res.users', self.pro.id), "which show the new one")
        self.rival_owner.with_user(self.rival_owner).action_psa_renew_company_share_code()

        with self.enter_registry_test_mode():
            self.assertEqual(self._refusal(old), self._refusal(of_company))
        self.assertEqual(share.state, 'offered', "what is shared stays")
        share.with_user(self.owner).action_revoke()
        self.assertTrue(self._share(self.pro.psa_share_code))

    def test_only_the_holder_renews(self):
        with self.assertRaises(AccessError):
            self.pro.with_user(self.rival_owner).action_psa_renew_share_code()
        with self.assertRaises(AccessError):
            self.pro.with_user(self.pro).action_psa_renew_company_share_code()

    def test_everybody_reads_his_own_code_in_his_preferences(self):
        for user in (self.pro, self.rival_owner, self.plain_user):
            with self.subTest(user.login):
                view = self.env.ref('base.view_users_form_simple_modif')
                names = self.env['res.users'].with_user(user).get_view(view.id, 'form')['models']['res.users']
                shown = user.with_user(user).read(
                    [name for name in ('psa_share_code', 'psa_company_share_code') if name in names])[0]
                self.assertEqual(shown['psa_share_code'], user.psa_share_code)
                self.assertRegex(shown['psa_share_code'], r'^P-[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}$')
                self.assertEqual(
                    shown.get('psa_company_share_code') or False,
                    self.other_company.psa_share_code if user == self.rival_owner else False)

    def test_the_owner_finds_the_code_of_his_company_under_my_company(self):
        form = Form(self.env['psa.company.profile'].with_user(self.rival_owner))
        self.assertEqual(form.share_code, self.other_company.psa_share_code)
        profile = form.save()
        old = profile.share_code

        profile.action_renew_share_code()

        self.assertNotEqual(self.other_company.psa_share_code, old)
        self.assertRegex(self.other_company.psa_share_code, r'^C-')

    def test_nobody_reads_the_codes_of_others(self):
        readers = self.owner | self.company_admin | self.technician | self.rival_owner
        readers.group_ids += self.env.ref('base.group_allow_export')
        for reader in readers:
            for holder in (self.pro, self.other_company, self.dispatcher):
                if holder == reader:
                    continue
                own = holder.with_user(reader)
                code = holder.psa_share_code
                model = self.env[holder._name].with_user(reader)
                with self.subTest(reader=reader.login, holder=holder.display_name):
                    for leak in (
                        lambda own=own: own.read(['psa_share_code']),
                        lambda own=own: own.web_read({'psa_share_code': {}}),
                        lambda own=own: own.export_data(['psa_share_code']),
                        lambda own=own: own.psa_share_code,
                        lambda model=model: model.search_read([], ['psa_share_code']),
                        lambda model=model, code=code: model.search([('psa_share_code', '=', code)]),
                        lambda model=model, code=code: model.search_count([('psa_share_code', '=like', code[:3] + '%')]),
                        lambda model=model: model.search([], order='psa_share_code'),
                        lambda model=model: model._read_group([], ['psa_share_code']),
                    ):
                        with self.assertRaises(AccessError):
                            leak()
                    self.assertFalse(model.name_search(code))
        with self.assertRaises(AccessError):
            self.env['res.partner'].with_user(self.owner).search([('create_uid.psa_share_code', '=like', 'P-%')])

    def test_nothing_the_caller_says_chooses_a_code(self):
        chosen = 'C-2345-2345'
        company = self.env['res.company'].with_context(default_psa_share_code=chosen).create({'name': "Chosen IT"})

        self.assertNotEqual(company.psa_share_code, chosen)
        with self.assertRaises(AccessError):
            self.owner.with_user(self.owner).write({'psa_share_code': 'P-2345-2345'})

    def test_those_who_were_here_before_get_a_code(self):
        for name in ('res.users', 'res.company'):
            model = self.env[name].with_context(active_test=False)
            self.env.cr.execute(SQL("UPDATE %s SET psa_share_code = NULL", SQL.identifier(model._table)))
            model.init()
            self.env.invalidate_all()

            holders = model.search([])
            self.assertEqual(len(set(holders.mapped('psa_share_code')) - {False}), len(holders))

    def test_reading_users_and_companies_asks_nothing_more(self):
        for holders in (self.env['res.users'].search([], limit=20), self.env['res.company'].search([])):
            self.env.invalidate_all()
            with self.assertQueryCount(1):
                holders.fetch(['create_date'])
                holders.mapped('create_date')
            self.assertFalse(holders._fields['psa_share_code']._get_cache(self.env), "read for nobody who did not ask")

    def test_who_stands_in_may_be_of_another_company(self):
        with freeze_time(NOW):
            shown = self._save({
                'receiver_code': self.pro.psa_share_code, 'date_from': NOW, 'date_to': NOW + timedelta(days=7),
                'client_ids': [Command.set(self.bakery.ids)],
            }, model='psa.client.absence')
            self.assertEqual(shown['cover_user_id'], {'id': self.pro.id, 'display_name': self.pro.display_name})
            absence = self.env['psa.client.absence'].browse(shown['id'])
            absence.with_user(self.owner).action_share()

            for user in (self.owner, self.pro):
                self.env.invalidate_all()
                specification = self._specification(user, 'list', 'psa.client.absence')
                rows = absence.with_user(user).web_search_read([('id', '=', absence.id)], specification)['records']
                self.assertEqual(len(rows), 1, user.login)
                absence.with_user(user).web_read(self._specification(user, model='psa.client.absence'))
            absence.with_user(self.pro).action_accept()
            self.assertTrue(self.bakery.with_user(self.pro).has_access('read'))

    def test_a_wrong_code_of_who_stands_in_is_refused(self):
        Absence = self.env['psa.client.absence'].with_user(self.owner)
        with self.enter_registry_test_mode():
            try:
                Absence.create({'receiver_code': WRONG, 'date_to': '2099-01-01'})
            except UserError as refusal:
                self.assertIn("no receiver", str(refusal))
            else:
                self.fail("the code was taken")
        with self.assertRaisesRegex(UserError, "A person stands in"):
            Absence.create({'receiver_code': self.other_company.psa_share_code, 'date_to': '2099-01-01'})
