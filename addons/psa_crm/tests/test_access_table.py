import random
from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger
from psycopg2 import IntegrityError
from psycopg2.errors import LockNotAvailable

from ..core import access
from .common import PsaCrmCommon

NOW = '2026-03-02 10:00:00'


@tagged('post_install', '-at_install')
class TestAccessTable(PsaCrmCommon):
    """Whatever happens to rules, shares, people and clients: the table says what the resolution says."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.third_company = cls.env['res.company'].create({'name': "Third IT"})
        cls.companies = cls.company | cls.other_company | cls.third_company
        cls.classes = cls.env['psa.client.class'].create([{'name': f"Class {number}", 'company_id': False} for number in range(2)])
        cls.staff = cls.env['res.users']
        for number in range(5):
            user = cls._new_staff(f'psa_random_{number}', 'psa_crm.group_technician')
            company = cls.companies[number % 3]
            user.write({'company_ids': [Command.set(company.ids)], 'company_id': company.id})
            cls.staff |= user
        cls.admin = cls._new_staff('psa_random_admin', 'psa_crm.group_company_admin')
        cls.clients = cls.env['res.partner'].create([
            {
                'name': f"Client {number}", 'is_company': True, 'psa_is_client': True,
                'company_id': cls.companies[number % 3].id, 'psa_client_class_id': cls.classes[number % 2].id,
            }
            for number in range(6)
        ])
        cls.teams = cls.env['psa.team'].create([
            {'name': f"Team {number}", 'company_id': cls.companies[number].id} for number in range(2)])

    def _operations(self, dice):
        Rule, Share = self.env['psa.access.rule'], self.env['psa.client.share']
        mine = Rule.with_context(active_test=False).search([('company_id', 'in', self.companies.ids)])
        shares = Share.search([('company_id', 'in', self.companies.ids)])
        groups = self.env.ref('psa_crm.group_technician') | self.env.ref('psa_crm.group_dispatcher')

        def new_rule():
            company = dice.choice(self.companies)
            subject, resource = dice.choice(['user', 'team', 'group']), dice.choice(['client', 'class', 'all'])
            Rule.create({
                'company_id': company.id, 'level': dice.choice(['full', 'read', 'refuse']), 'subject': subject, 'resource': resource,
                'user_id': dice.choice(self.staff.filtered(lambda user: company in user.company_ids) or self.admin).id,
                'team_id': dice.choice(self.teams.filtered(lambda team: team.company_id == company) or self.teams).id,
                'group_id': dice.choice(groups).id, 'class_id': dice.choice(self.classes).id,
                'client_id': dice.choice(self.clients.filtered(lambda c: c.company_id == company) or self.clients).id,
            })

        def new_share():
            target = dice.choice(['user', 'team', 'company'])
            start = fields.Datetime.now() + timedelta(days=dice.randint(-3, 3))
            share = Share.create({
                'client_id': dice.choice(self.clients).id, 'target': target, 'level': dice.choice(['read', 'work', 'full']),
                'user_id': dice.choice(self.staff).id, 'team_id': dice.choice(self.teams).id,
                'to_company_id': dice.choice(self.companies).id, 'date_from': start,
                'date_to': dice.choice([False, start + timedelta(days=dice.randint(4, 8))]),
                'share_assets': dice.random() < 0.5, 'share_contracts': dice.random() < 0.5,
            })
            if share.state == 'offered':
                share._psa_accept()

        def new_client():
            self.clients |= self.env['res.partner'].create({
                'name': "New", 'is_company': True, 'psa_is_client': True, 'company_id': dice.choice(self.companies).id,
                'psa_client_class_id': dice.choice(self.classes).id})

        def move_user():
            company = dice.choice(self.companies)
            dice.choice(self.staff).write({'company_ids': [Command.set(company.ids)], 'company_id': company.id})

        def membership():
            dice.choice(self.teams).member_ids = [dice.choice([Command.link, Command.unlink])(dice.choice(self.staff).id)]

        def promote():
            dice.choice(self.staff).group_ids = [
                dice.choice([Command.link, Command.unlink])(self.env.ref('psa_crm.group_company_admin').id)]

        return [
            new_rule, new_rule, new_rule, new_share, new_share, new_client, move_user, membership, promote,
            lambda: mine and dice.choice(mine).write({'level': dice.choice(['full', 'read', 'refuse'])}),
            lambda: mine and dice.choice(mine).write({'active': dice.random() < 0.5}),
            lambda: mine and dice.choice(mine).unlink(),
            lambda: shares and dice.choice(shares).write({'level': dice.choice(['read', 'full'])}),
            lambda: shares and dice.choice(shares)._psa_finish('revoked', "x"),
            lambda: dice.choice(self.clients).write({'psa_client_class_id': dice.choice([False, *self.classes.ids])}),
            lambda: dice.choice(self.clients).write({'company_id': dice.choice(self.companies).id}),
            lambda: dice.choice(self.staff).write({'active': dice.random() < 0.7}),
            lambda: dice.choice(self.companies).write({'psa_access_default': dice.choice(['open', 'need_to_know'])}),
            lambda: dice.choice(self.clients).write({'psa_account_manager_id': dice.choice(self.staff).id}),
            lambda: dice.choice(self.teams).write({'leader_id': dice.choice(self.staff).id}),
        ]

    def _random_life(self, seed, steps):
        dice = random.Random(seed)
        done = 0
        for step in range(steps):
            operation = dice.choice(self._operations(dice))
            try:
                with self.env.cr.savepoint():
                    operation()
                    self.env.flush_all()
                done += 1
            except (UserError, IntegrityError):
                continue  # a combination that is not allowed; nothing of it may stay
            self.assertFalse(self.env['psa.access']._psa_check(self.companies), f"seed {seed}, step {step}: {operation}")
        return done

    def test_the_table_is_right_after_anything(self):
        clients = self.clients
        for seed in range(3):
            self.clients = clients
            with self.subTest(seed=seed), freeze_time(NOW), self.env.cr.savepoint() as savepoint:
                done = self._random_life(seed, 40)
                self._compare_with_the_resolution()
                savepoint.rollback()
            self.assertGreater(done, 15)

    def _compare_with_the_resolution(self):
        """What a user finds and what he may read is what the core decides from the grants, for every user and client."""
        Access = self.env['psa.access']
        everybody = self.staff.filtered('active') | self.admin
        self.env.flush_all()
        for moment in ('2026-03-02 10:00:00', '2026-03-04 10:00:00', '2026-03-08 10:00:00', '2026-03-20 10:00:00'):
            with freeze_time(moment):
                self.env.invalidate_all()
                for user in everybody:
                    expected = set()
                    for client in self.clients:
                        facts = Access._psa_facts(client.company_id, user, 'client', {client.id})
                        person = facts['people'].get(user.id)
                        if person is None:
                            continue
                        common, by_class, by_item = Access._psa_grants_of(user.id, person, facts)
                        grants = [*common, *by_class.get(client.psa_client_class_id.id, ()), *by_item.get(client.id, ())]
                        default = Access._psa_kind_default('client', client.company_id) if person['member'] else access.REFUSE
                        level = access.FULL if person['administrator'] else access.decide(
                            grants, default, Access._psa_now(), access.CLIENT).level
                        if level >= access.READ:
                            expected.add(client.id)
                    clients = self.clients.with_user(user).with_context(allowed_company_ids=user.company_ids.ids)
                    self.assertEqual(set(clients.search([('id', 'in', clients.ids)]).ids), expected, (moment, user.login))
                    self.assertEqual(set(clients._filtered_access('read').ids), expected, (moment, user.login))

    def test_only_what_a_rule_touches_is_written(self):
        client = self.clients[0]
        self.env['psa.access.rule'].create({
            'company_id': client.company_id.id, 'level': 'refuse', 'subject': 'group', 'resource': 'all',
            'group_id': self.env.ref('psa_crm.group_dispatcher').id})
        self.env.cr.execute("SELECT max(id), count(*) FROM psa_access")
        last, count = self.env.cr.fetchone()

        self.env['psa.access.rule'].create({
            'company_id': client.company_id.id, 'level': 'refuse', 'client_id': client.id, 'user_id': self.staff[0].id})

        self.env.cr.execute("SELECT user_id, client_id, level FROM psa_access WHERE id > %s", [last])
        self.assertEqual(self.env.cr.fetchall(), [(self.staff[0].id, client.id, access.REFUSE)])
        self.env.cr.execute("SELECT count(*) FROM psa_access")
        self.assertEqual(self.env.cr.fetchone()[0], count + 1)

    def test_refusing_nearly_everything_lists_what_is_left(self):
        company = self.companies[0]
        self.env['psa.access.rule'].create([
            {'company_id': company.id, 'level': 'refuse', 'resource': 'all', 'user_id': self.staff[0].id},
            {'company_id': company.id, 'level': 'read', 'client_id': self.clients[0].id, 'user_id': self.staff[0].id},
        ])

        self.env.cr.execute(
            "SELECT client_id, level FROM psa_access WHERE user_id = %s AND company_id = %s AND kind = 'client' ORDER BY id",
            [self.staff[0].id, company.id])
        self.assertCountEqual(self.env.cr.fetchall(), [(None, access.REFUSE), (self.clients[0].id, access.READ)])

    def test_a_second_change_waits_for_the_first_one(self):
        self.env['psa.access']._psa_lock(self.company)

        # Had the first one committed meanwhile, the database would not let the second one go on from what it saw before.
        with self.registry.cursor() as other, mute_logger('odoo.sql_db'):
            other.execute("SET LOCAL lock_timeout = '200ms'")
            with self.assertRaises(LockNotAvailable):
                self.env(cr=other)['psa.access']._psa_lock(self.company.with_env(self.env(cr=other)))

    def test_each_change_leaves_its_mark_for_others_to_collide_with(self):
        before = self._revision(self.companies[0])
        self.env['psa.access.rule'].create({
            'company_id': self.companies[0].id, 'level': 'refuse', 'resource': 'all', 'user_id': self.staff[0].id})

        self.assertGreater(self._revision(self.companies[0]), before)

    def _revision(self, company):
        self.env.cr.execute("SELECT revision FROM psa_access_revision WHERE company_id = %s", [company.id])
        return self.env.cr.fetchone()[0]

    def test_what_is_over_is_swept_up(self):
        client = self.clients[0]
        with freeze_time(NOW):
            share = self.env['psa.client.share'].create({
                'client_id': client.id, 'user_id': self.staff[1].id, 'date_to': '2026-03-03 10:00:00'})
            share._psa_accept()
        with freeze_time('2026-03-10 10:00:00'):
            self.env['psa.access']._gc_expired()

        self.assertFalse(self.env['psa.access'].search([('share_id', '=', share.id)]))
