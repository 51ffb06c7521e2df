from datetime import date
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_date

from ..core import quota as core

METRICS = [
    ('invoiced', "Invoiced revenue"),
    ('won', "Won revenue"),
    ('recurring', "New recurring revenue"),
]
PERIODS = [
    ('month', "Month"),
    ('quarter', "Quarter"),
    ('year', "Year"),
    ('custom', "Other dates"),
]


class PsaSalesQuota(models.Model):
    """What a sales rep or a sales team is to sell in a period; what was sold is read from invoices and won opportunities.

    A quota with a rep is the rep's, and is counted for the team he was in; one without a rep is the team's own.
    """

    _name = 'psa.sales.quota'
    _description = "Sales Quota"
    _order = 'date_from desc, id desc'
    _check_company_auto = True

    company_id = fields.Many2one('res.company', required=True, index=True, default=lambda self: self.env.company)
    currency_id = fields.Many2one(related='company_id.currency_id')
    user_id = fields.Many2one(
        'res.users', string="Sales Rep", index='btree_not_null', check_company=True, domain=[('share', '=', False)],
        help="Whose sales count. Empty: those of the whole team.")
    team_id = fields.Many2one(
        'crm.team', string="Sales Team", index='btree_not_null', check_company=True, compute='_compute_team_id', store=True,
        readonly=False, help="The team for which the quota counts. It stays when the rep moves to another team later.")
    metric = fields.Selection(
        METRICS, required=True, default='invoiced',
        help="Invoiced revenue: posted invoices less credit notes, without taxes, by invoice date, in the currency of the company.\n"
             "Won revenue: expected revenue of won opportunities, by the day they were won.\n"
             "New recurring revenue: expected monthly revenue of won opportunities, by the day they were won.")
    period = fields.Selection(PERIODS, required=True, default='quarter')
    date_from = fields.Date(string="From", required=True, default=lambda self: self._default_date_from())
    date_to = fields.Date(string="To", required=True, compute='_compute_date_to', store=True, readonly=False, precompute=True)
    target = fields.Monetary(required=True, help="What is to be reached in the period, in the currency of the company.")
    note = fields.Char(help="Such as what was agreed.")

    actual = fields.Monetary(compute='_compute_attainment', help="What was reached so far.")
    gap = fields.Monetary(compute='_compute_attainment', help="What is missing to the target; below zero when it is exceeded.")
    attainment = fields.Float(compute='_compute_attainment', help="What was reached, as a share of the target.")

    _order_idx = models.Index('(date_from DESC, id DESC)')
    _target_positive = models.Constraint('CHECK (target > 0)', "The Target of a quota must be more than zero.")
    _dates_in_order = models.Constraint('CHECK (date_from <= date_to)', "A quota must not end before it begins. Correct From or To.")
    # Two people who enter the same quota at the same time; overlaps in general are refused by the model.
    _rep_uniq = models.UniqueIndex(
        '(company_id, user_id, metric, date_from) WHERE user_id IS NOT NULL',
        "This sales rep already has a quota of this kind from that day on. Change that one instead.")
    _team_uniq = models.UniqueIndex(
        '(company_id, team_id, metric, date_from) WHERE user_id IS NULL',
        "This sales team already has a quota of this kind from that day on. Change that one instead.")

    @api.model
    def _default_date_from(self):
        return self._psa_period_of('quarter', fields.Date.context_today(self), self.env.company)[0]

    @api.depends('user_id', 'company_id')
    def _compute_team_id(self):
        for quota in self:
            if quota.user_id:
                quota.team_id = self.env['crm.team'].with_company(quota.company_id)._get_default_team_id(user_id=quota.user_id.id)

    @api.depends('period', 'date_from', 'company_id')
    def _compute_date_to(self):
        for quota in self:
            if quota.period != 'custom' and quota.date_from:
                quota.date_to = self._psa_period_of(quota.period, quota.date_from, quota.company_id)[1]
            else:
                quota.date_to = quota.date_to or quota.date_from

    @api.depends('user_id', 'team_id', 'metric', 'date_from', 'date_to', 'target', 'company_id')
    def _compute_attainment(self):
        actuals = self._psa_read_actuals()
        for quota in self:
            quota.actual = actuals.get(quota._origin.id, 0)
            if quota.target > 0:
                result = core.measure(Decimal(str(quota.target)), Decimal(str(quota.actual)))
                quota.gap, quota.attainment = float(result.gap), float(result.ratio)
            else:
                quota.gap, quota.attainment = 0, 0

    @api.depends('user_id', 'team_id', 'metric', 'period', 'date_from', 'date_to')
    def _compute_display_name(self):
        metrics = dict(self._fields['metric']._description_selection(self.env))
        for quota in self:
            quota.display_name = self.env._(
                "%(who)s: %(metric)s, %(period)s", who=quota.user_id.name or quota.team_id.name or "",
                metric=metrics.get(quota.metric, ""), period=quota._psa_period_name())

    @api.onchange('period', 'date_from', 'company_id')
    def _onchange_period(self):
        """A month, quarter or year begins on its first day, whichever of its days was picked."""
        if self.period != 'custom' and self.date_from:
            self.date_from = self._psa_period_of(self.period, self.date_from, self.company_id)[0]

    @api.constrains('user_id', 'team_id')
    def _check_somebody_sells(self):
        for quota in self:
            if not quota.user_id and not quota.team_id:
                raise ValidationError(self.env._("Choose a Sales Rep or a Sales Team for the quota."))

    @api.constrains('period', 'date_from', 'date_to', 'company_id')
    def _check_period(self):
        for quota in self:
            if quota.period == 'custom' or not quota.date_from:
                continue
            start, end = self._psa_period_of(quota.period, quota.date_from, quota.company_id)
            if (quota.date_from, quota.date_to) != (start, end):
                raise ValidationError(self.env._(
                    "%(quota)s: the period is from %(start)s to %(end)s. Enter these dates, or choose Other dates as Period.",
                    quota=quota.user_id.name or quota.team_id.name, start=format_date(self.env, start), end=format_date(self.env, end)))

    @api.constrains('user_id', 'team_id', 'metric', 'date_from', 'date_to', 'company_id')
    def _check_overlap(self):
        others = self.sudo().search([
            ('company_id', 'in', self.company_id.ids),
            '|', ('user_id', 'in', self.user_id.ids),
            '&', ('user_id', '=', False), ('team_id', 'in', self.filtered(lambda quota: not quota.user_id).team_id.ids),
        ])
        for quotas in (others | self).grouped(lambda quota: quota._psa_subject()).values():
            overlap = core.first_overlap([(quota.date_from, quota.date_to) for quota in quotas])
            if overlap:
                one, other = quotas[overlap[0]], quotas[overlap[1]]
                raise ValidationError(self.env._(
                    "%(who)s would have two quotas for the same days: %(one)s and %(other)s. Change the dates of one, or choose "
                    "another metric.",
                    who=one.user_id.name or one.team_id.name, one=one.display_name, other=other.display_name))

    def action_copy_to_next_period(self):
        """Give everybody the same quota for the period that follows. Who has one there already keeps it."""
        self.check_access('read')
        following = {quota: core.next_period(quota.date_from, quota.date_to) for quota in self}
        existing = self.sudo().search([
            ('company_id', 'in', self.company_id.ids),
            ('date_from', '<=', max((end for _start, end in following.values()), default=date.min)),
            ('date_to', '>=', min((start for start, _end in following.values()), default=date.max)),
        ]).grouped(lambda quota: quota._psa_subject())
        vals_list = [
            {**quota.copy_data()[0], 'team_id': quota.team_id.id, 'date_from': start, 'date_to': end}
            for quota, (start, end) in following.items()
            if not any(
                other.date_from <= end and start <= other.date_to
                for other in existing.get(quota._psa_subject(), self.browse()))
        ]
        if not vals_list:
            raise UserError(self.env._("All of them already have a quota in the next period."))
        quotas = self.create(vals_list)
        return {
            'type': 'ir.actions.act_window',
            'name': self.env._("Quotas of the Next Period"),
            'res_model': self._name,
            'view_mode': 'list,form',
            'domain': [('id', 'in', quotas.ids)],
        }

    def copy_data(self, default=None):
        """A copy is for the next period: two for the same days are refused."""
        result = super().copy_data(default)
        if default and 'date_from' in default:
            return result
        for quota, vals in zip(self, result, strict=True):
            vals['date_from'], vals['date_to'] = core.next_period(quota.date_from, quota.date_to)
        return result

    def _psa_subject(self):
        """Return whose quota of what it is: only one of these may hold a day."""
        self.ensure_one()
        return (self.company_id.id, self.metric, self.user_id.id, False if self.user_id else self.team_id.id)

    def _psa_read_actuals(self):
        """Return what was sold, as a dictionary by quota id: in one query for all."""
        saved = self._origin
        if not saved:
            return {}
        rows = self.env['psa.sales.quota.report'].sudo()._read_group(
            [('quota_id', 'in', saved.ids)], ['quota_id'], ['actual:sum'])
        return {quota.id: actual for quota, actual in rows}

    def _psa_period_name(self):
        """Return the period in words: January 2027, Q1 2027, 2027, or its dates."""
        self.ensure_one()
        if not self.date_from or not self.date_to:
            return ""
        if self.period == 'month':
            return format_date(self.env, self.date_from, date_format='LLLL yyyy')
        if self.period == 'quarter' and self.date_from.month % 3 == 1:
            return self.env._(
                "Q%(number)s %(year)s", number=(self.date_from.month + 2) // 3, year=self.date_from.year)
        if self.period == 'year' and self.date_from.month == 1:
            return str(self.date_from.year)
        return self.env._(
            "%(start)s to %(end)s", start=format_date(self.env, self.date_from), end=format_date(self.env, self.date_to))

    @api.model
    def _psa_period_of(self, period, day, company):
        """Return the first and last day of the month, quarter or business year that holds the day."""
        # A business year that ends within a month is taken to end with it: quotas are for whole months.
        first_month = int(company.sudo().fiscalyear_last_month or 12) % 12 + 1
        return core.period_of(period, day, first_month)
