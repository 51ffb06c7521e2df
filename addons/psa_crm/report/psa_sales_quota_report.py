from odoo import api, fields, models
from odoo.tools import SQL

from ..models.psa_sales_quota import METRICS, PERIODS


class PsaSalesQuotaReport(models.Model):
    """Quota against what was sold, one row for each quota.

    Each way to sell is a subselect of its own for reps and for teams, so that each finds its index.
    """

    _name = 'psa.sales.quota.report'
    _description = "Quota Analysis"
    _auto = False
    _rec_name = 'quota_id'
    _order = 'date_from desc, id desc'

    quota_id = fields.Many2one('psa.sales.quota', readonly=True)
    company_id = fields.Many2one('res.company', readonly=True)
    currency_id = fields.Many2one('res.currency', readonly=True)
    user_id = fields.Many2one('res.users', string="Sales Rep", readonly=True)
    team_id = fields.Many2one('crm.team', string="Sales Team", readonly=True)
    metric = fields.Selection(METRICS, readonly=True)
    period = fields.Selection(PERIODS, readonly=True)
    date_from = fields.Date(string="From", readonly=True)
    date_to = fields.Date(string="To", readonly=True)
    counts_for_team = fields.Boolean(
        string="Counts for the Team", readonly=True,
        help="A team is measured by its own quota; if it has none for these days, by the sum of its reps' quotas.")
    target = fields.Monetary(readonly=True)
    actual = fields.Monetary(readonly=True)
    gap = fields.Monetary(readonly=True)
    attainment = fields.Float(readonly=True, aggregator='avg')

    _depends = {
        'psa.sales.quota': ['company_id', 'user_id', 'team_id', 'metric', 'period', 'date_from', 'date_to', 'target'],
        'res.company': ['currency_id', 'partner_id'],
        'res.partner': ['tz'],
        'account.move': ['state', 'move_type', 'invoice_date', 'invoice_user_id', 'team_id', 'company_id'],
        'account.move.line': ['balance', 'display_type', 'move_id'],
        'crm.lead': [
            'won_status', 'date_closed', 'user_id', 'team_id', 'company_id', 'expected_revenue', 'recurring_revenue_monthly'],
    }

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT quota.id, quota.id AS quota_id, quota.company_id, company.currency_id, quota.user_id, quota.team_id,
                   quota.metric, quota.period, quota.date_from, quota.date_to, quota.target,
                   sold.amount AS actual, quota.target - sold.amount AS gap,
                   ROUND(sold.amount / quota.target, 4)::double precision AS attainment,
                   quota.user_id IS NULL OR NOT EXISTS (
                       SELECT 1 FROM psa_sales_quota own
                        WHERE own.team_id = quota.team_id AND own.user_id IS NULL AND own.metric = quota.metric
                          AND own.company_id = quota.company_id
                          AND own.date_from <= quota.date_to AND own.date_to >= quota.date_from
                   ) AS counts_for_team
              FROM psa_sales_quota quota
              JOIN res_company company ON company.id = quota.company_id
              JOIN res_partner seat ON seat.id = company.partner_id
              JOIN LATERAL (
                       SELECT COALESCE(SUM(part.amount), 0) AS amount
                         FROM (%(invoiced_by_rep)s UNION ALL %(invoiced_by_team)s
                               UNION ALL %(won_by_rep)s UNION ALL %(won_by_team)s) part
                   ) sold ON TRUE
            """,
            invoiced_by_rep=self._invoiced(SQL("quota.user_id IS NOT NULL AND move.invoice_user_id = quota.user_id")),
            invoiced_by_team=self._invoiced(SQL("quota.user_id IS NULL AND move.team_id = quota.team_id")),
            won_by_rep=self._won(SQL("quota.user_id IS NOT NULL AND lead.user_id = quota.user_id")),
            won_by_team=self._won(SQL("quota.user_id IS NULL AND lead.team_id = quota.team_id")),
        )

    @api.model
    def _invoiced(self, whose):
        """Return the revenue of posted invoices: balances are in the currency of the company, and credit notes take away."""
        return SQL(
            """
            SELECT SUM(-line.balance) AS amount
              FROM account_move move
              JOIN account_move_line line ON line.move_id = move.id AND line.display_type = 'product'
             WHERE quota.metric = 'invoiced' AND %s
               AND move.company_id = quota.company_id AND move.state = 'posted'
               AND move.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
               AND move.invoice_date BETWEEN quota.date_from AND quota.date_to
            """, whose)

    @api.model
    def _won(self, whose):
        """Return what won opportunities bring; their day is that of the company's clock."""
        return SQL(
            """
            SELECT SUM(CASE quota.metric WHEN 'won' THEN lead.expected_revenue ELSE lead.recurring_revenue_monthly END) AS amount
              FROM crm_lead lead
             WHERE quota.metric IN ('won', 'recurring') AND %s
               AND lead.won_status = 'won'
               AND (lead.company_id = quota.company_id OR lead.company_id IS NULL)
               AND lead.date_closed >= quota.date_from::timestamp AT TIME ZONE COALESCE(seat.tz, 'UTC') AT TIME ZONE 'UTC'
               AND lead.date_closed < (quota.date_to + 1)::timestamp AT TIME ZONE COALESCE(seat.tz, 'UTC') AT TIME ZONE 'UTC'
            """, whose)

    def _read_group_select(self, aggregate_spec, query):
        """The attainment of several quotas is that of their sums: a small quota does not weigh as much as a large one."""
        if aggregate_spec != 'attainment:avg':
            return super()._read_group_select(aggregate_spec, query)
        return SQL(
            "ROUND(SUM(%(actual)s) / NULLIF(SUM(%(target)s), 0), 4)",
            actual=self._field_to_sql(self._table, 'actual', query), target=self._field_to_sql(self._table, 'target', query))

    def action_open_quota(self):
        """Open the quota behind the row."""
        self.ensure_one()
        return {
            'type': 'ir.actions.act_window',
            'res_model': 'psa.sales.quota',
            'res_id': self.quota_id.id,
            'view_mode': 'form',
        }
