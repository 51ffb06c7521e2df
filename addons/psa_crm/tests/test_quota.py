from datetime import date, datetime

from odoo.addons.account.tests.common import AccountTestInvoicingCommon
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged

TODAY = date(2027, 2, 10)
QUARTER = {'period': 'quarter', 'date_from': date(2027, 1, 1), 'date_to': date(2027, 3, 31)}


@tagged('post_install', '-at_install')
class TestQuota(AccountTestInvoicingCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.company_data['company']
        cls.env = cls.env(su=True, context={**cls.env.context, 'allowed_company_ids': cls.company.ids, 'tracking_disable': True})
        cls.company = cls.company.with_env(cls.env)
        staff = {'company_id': cls.company.id, 'company_ids': [Command.set(cls.company.ids)]}
        cls.rep = new_test_user(cls.env, 'quota_rep', groups='psa_crm.group_outside_rep', **staff)
        cls.other = new_test_user(cls.env, 'quota_other', groups='psa_crm.group_outside_rep', **staff)
        cls.admin = new_test_user(cls.env, 'quota_admin', groups='psa_crm.group_company_admin', **staff)
        cls.west, cls.east = cls.env['crm.team'].create([
            {'name': "West", 'company_id': cls.company.id, 'member_ids': [Command.set([cls.rep.id, cls.other.id])]},
            {'name': "East", 'company_id': cls.company.id},
        ])
        cls.quota = cls._new_quota(user_id=cls.rep.id, target=1000)

    @classmethod
    def _new_quota(cls, **values):
        return cls.env['psa.sales.quota'].create({'company_id': cls.company.id, 'metric': 'invoiced', **QUARTER, 'target': 1000, **values})

    def _invoice(self, amount, day=TODAY, move_type='out_invoice', post=True, user=None, team=None, **values):
        move = self.env['account.move'].create({
            'move_type': move_type, 'partner_id': self.partner_a.id, 'invoice_date': day, 'date': day,
            'invoice_user_id': (user or self.rep).id, 'team_id': (team or self.west).id,
            'invoice_line_ids': [Command.create({'name': "Work", 'quantity': 1, 'price_unit': amount})], **values})
        if post:
            move.action_post()
        return move

    def _won(self, when, **values):
        lead = self.env['crm.lead'].create({
            'name': "Deal", 'company_id': self.company.id, 'user_id': self.rep.id, 'team_id': self.west.id, **values})
        lead.action_set_won()
        lead.date_closed = when
        return lead

    def _actual(self, quota=None):
        quota = quota or self.quota
        quota.invalidate_recordset(['actual', 'gap', 'attainment'])
        return quota.actual

    def test_posted_invoices_count_without_taxes(self):
        self._invoice(600)
        self._invoice(50, post=False)
        self._invoice(70, post=False).button_cancel()

        self.assertEqual(self._actual(), 600)
        self.assertEqual((self.quota.gap, self.quota.attainment), (400, 0.6))

    def test_credit_notes_take_away(self):
        self._invoice(600)
        self._invoice(150, move_type='out_refund')

        self.assertEqual(self._actual(), 450)

    def test_a_target_can_be_exceeded_and_missed_below_zero(self):
        self._invoice(1500)
        self.assertEqual((self._actual(), self.quota.gap, self.quota.attainment), (1500, -500, 1.5))

        self._invoice(1600, move_type='out_refund')
        self.assertEqual((self._actual(), self.quota.gap), (-100, 1100))

    def test_vendor_bills_and_the_sales_of_others_do_not_count(self):
        self._invoice(600, move_type='in_invoice')
        self._invoice(600, user=self.other)

        self.assertEqual(self._actual(), 0)

    def test_foreign_currencies_count_in_that_of_the_company(self):
        currency = self.setup_other_currency('EUR', rates=[('2027-01-01', 2.0)])

        self._invoice(600, currency_id=currency.id)

        self.assertEqual(self._actual(), 300)
        self.assertEqual(self.quota.currency_id, self.company.currency_id)

    def test_the_first_and_the_last_day_of_the_period_belong_to_it(self):
        for day, amount in (
            (date(2026, 12, 31), 1), (date(2027, 1, 1), 10), (date(2027, 3, 31), 100), (date(2027, 4, 1), 1000)):
            self._invoice(amount, day=day)

        self.assertEqual(self._actual(), 110)

    def test_a_win_counts_on_the_day_of_the_companys_clock(self):
        self.company.partner_id.tz = 'America/Los_Angeles'
        quota = self._new_quota(user_id=self.rep.id, metric='won')
        # Eight hours behind: the year begins and the quarter ends later there.
        self._won(datetime(2027, 1, 1, 7, 59), expected_revenue=1)
        self._won(datetime(2027, 1, 1, 8, 0), expected_revenue=10)
        self._won(datetime(2027, 4, 1, 6, 59), expected_revenue=100)
        self._won(datetime(2027, 4, 1, 7, 0), expected_revenue=1000)

        self.assertEqual(self._actual(quota), 110)

    def test_recurring_revenue_is_measured_by_the_month(self):
        yearly = self.env['crm.recurring.plan'].create({'name': "Yearly", 'number_of_months': 12})
        quota = self._new_quota(user_id=self.rep.id, metric='recurring')
        self._won(datetime(2027, 2, 1), recurring_revenue=1200, recurring_plan=yearly.id, expected_revenue=99)

        self.assertEqual(self._actual(quota), 100)

    def test_lost_and_open_opportunities_do_not_count(self):
        quota = self._new_quota(user_id=self.rep.id, metric='won')
        lost, _still_open = self.env['crm.lead'].create([
            {'name': name, 'user_id': self.rep.id, 'expected_revenue': 7} for name in ("Lost", "Open")])
        lost.action_set_lost()

        self.assertEqual(self._actual(quota), 0)

    def test_a_rep_who_changes_team_leaves_his_sales_with_the_former_team(self):
        team_quota = self._new_quota(team_id=self.west.id, user_id=False)
        self._invoice(600, day=date(2027, 1, 20))

        self.west.member_ids -= self.rep
        self.east.member_ids += self.rep
        self._invoice(100, day=date(2027, 2, 20), team=self.east)

        self.assertEqual(self._actual(), 700, "his own quota follows him")
        self.assertEqual(self._actual(team_quota), 600)
        self.assertEqual(self.quota.team_id, self.west, "the quota stays where it was agreed")
        self.assertEqual(
            self._new_quota(user_id=self.rep.id, date_from=date(2027, 4, 1), date_to=date(2027, 6, 30)).team_id, self.east)

    def test_a_team_is_measured_by_its_reps_or_by_its_own_quota(self):
        self._new_quota(user_id=self.other.id, target=500)

        def teams():
            return self.env['psa.sales.quota.report']._read_group(
                [('counts_for_team', '=', True), ('company_id', '=', self.company.id)], ['team_id'], ['target:sum'])

        self.assertEqual(teams(), [(self.west, 1500)])
        self._new_quota(team_id=self.west.id, user_id=False, target=2000)
        self.env.flush_all()
        self.assertEqual(teams(), [(self.west, 2000)])

    def test_the_attainment_of_several_quotas_is_that_of_their_sums(self):
        self._new_quota(user_id=self.other.id, target=3000)
        self._invoice(1000)

        (row,) = self.env['psa.sales.quota.report'].formatted_read_group(
            [('company_id', '=', self.company.id)], [], ['target:sum', 'actual:sum', 'gap:sum', 'attainment:avg'])

        self.assertEqual((row['target:sum'], row['actual:sum'], row['gap:sum']), (4000, 1000, 3000))
        self.assertEqual(float(row['attainment:avg']), 0.25)

    def test_the_analysis_agrees_with_the_quota(self):
        self._invoice(333.33)
        self._actual()

        row = self.env['psa.sales.quota.report'].browse(self.quota.id)

        self.assertEqual(
            (row.target, row.actual, row.gap, row.attainment),
            (self.quota.target, self.quota.actual, self.quota.gap, self.quota.attainment))
        self.assertEqual(row.action_open_quota()['res_id'], self.quota.id)

    def test_many_quotas_are_measured_in_one_query(self):
        quotas = self.quota
        for month in range(4, 13):
            quotas |= self._new_quota(user_id=self.rep.id, **self._month(month))
        quotas.mapped('actual')
        self.env.flush_all()
        quotas.invalidate_recordset(['actual', 'gap', 'attainment'])

        # One for the quotas and their company, one for all amounts.
        with self.assertQueryCount(2):
            quotas.mapped('actual')

    def _month(self, number):
        start, end = self.env['psa.sales.quota']._psa_period_of('month', date(2027, number, 5), self.company)
        return {'period': 'month', 'date_from': start, 'date_to': end}

    def test_overlapping_quotas_of_a_rep_are_refused(self):
        with self.assertRaisesRegex(ValidationError, "quota_rep.* would have two quotas for the same days"), self.env.cr.savepoint():
            self._new_quota(user_id=self.rep.id, **self._month(3))
        self._new_quota(user_id=self.rep.id, metric='won', **self._month(3))
        self._new_quota(user_id=self.rep.id, **self._month(4))
        self._new_quota(user_id=self.other.id, **self._month(3))

    def test_overlapping_quotas_of_a_team_are_refused_but_not_with_its_reps(self):
        self._new_quota(team_id=self.west.id, user_id=False)

        with self.assertRaisesRegex(ValidationError, "West would have two quotas"):
            self._new_quota(team_id=self.west.id, user_id=False, **self._month(2))

    def test_a_quota_cannot_be_moved_onto_another(self):
        april = self._new_quota(user_id=self.rep.id, **self._month(4))

        with self.assertRaisesRegex(ValidationError, "two quotas"):
            april.write(self._month(2))

    def test_a_quota_is_somebodys(self):
        with self.assertRaisesRegex(ValidationError, "Sales Rep or a Sales Team"):
            self._new_quota(user_id=False, team_id=False)

    def test_a_period_is_a_whole_one(self):
        with self.assertRaisesRegex(ValidationError, "Other dates"), self.env.cr.savepoint():
            self._new_quota(user_id=self.other.id, date_from=date(2027, 1, 2))
        self._new_quota(user_id=self.other.id, period='custom', date_from=date(2027, 1, 2), date_to=date(2027, 1, 9))

    def test_the_form_finds_the_period_of_the_picked_day(self):
        with Form(self.env['psa.sales.quota'].with_user(self.admin)) as form:
            form.user_id = self.other
            form.period = 'quarter'
            form.date_from = date(2027, 8, 17)
            form.target = 5
            self.assertEqual((str(form.date_from), str(form.date_to)), ('2027-07-01', '2027-09-30'))

        self.assertEqual(form.record.team_id, self.west)
        self.assertIn("Q3 2027", form.record.display_name)

    def test_the_year_is_the_business_year_of_the_company(self):
        self.company.write({'fiscalyear_last_month': '3', 'fiscalyear_last_day': 31})

        period = self.env['psa.sales.quota']._psa_period_of('year', date(2027, 2, 1), self.company)

        self.assertEqual(period, (date(2026, 4, 1), date(2027, 3, 31)))

    def test_quotas_are_copied_to_the_next_period_once(self):
        other = self._new_quota(user_id=self.other.id, target=500)
        self._new_quota(user_id=self.other.id, target=800, date_from=date(2027, 4, 1), date_to=date(2027, 6, 30))
        both = (self.quota | other).with_user(self.admin)

        action = both.action_copy_to_next_period()

        copies = self.env['psa.sales.quota'].search(action['domain'])
        self.assertRecordValues(copies, [{
            'user_id': self.rep.id, 'target': 1000, 'date_from': date(2027, 4, 1), 'date_to': date(2027, 6, 30)}])
        with self.assertRaisesRegex(UserError, "already have a quota"):
            both.action_copy_to_next_period()

    def test_a_duplicate_is_for_the_next_period(self):
        self.assertEqual(self.quota.copy().date_from, date(2027, 4, 1))

    def test_reps_see_their_own_quotas_only(self):
        theirs = self._new_quota(user_id=self.other.id)
        for model in ('psa.sales.quota', 'psa.sales.quota.report'):
            found = self.env[model].with_user(self.rep).search([('company_id', '=', self.company.id)])
            self.assertEqual(found.ids, self.quota.ids)
        self.assertTrue(self.quota.with_user(self.rep).read(['actual', 'gap']))
        self.assertNotIn(theirs.id, self.env['psa.sales.quota'].with_user(self.rep).search([]).ids)

    def test_the_revenue_of_a_rep_and_of_a_team_has_an_index(self):
        self.env.cr.execute("SELECT indexdef FROM pg_indexes WHERE tablename = 'account_move' AND indexname LIKE '%psa%'")
        definitions = ' '.join(row[0] for row in self.env.cr.fetchall())
        for columns in ('(invoice_user_id, invoice_date)', '(team_id, invoice_date)'):
            self.assertIn(columns, definitions)

    def test_two_people_cannot_enter_the_same_quota_at_the_same_time(self):
        self.env.cr.execute(
            "SELECT indexdef FROM pg_indexes WHERE tablename = 'psa_sales_quota' AND indexdef LIKE 'CREATE UNIQUE%'")
        self.assertEqual(sum('metric' in row[0] for row in self.env.cr.fetchall()), 2)
