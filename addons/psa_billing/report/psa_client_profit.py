from dateutil.relativedelta import relativedelta
from odoo import api, fields, models
from odoo.addons.psa_crm.core import access
from odoo.tools import SQL, format_amount

from .psa_profitability import RATIOS

# Which period is looked at, by the key ``psa_profit_period`` of the context: months back, the present one included.
PERIODS = {"month": 1, "quarter": 3, "half": 6, "year": 12, "two_years": 24}


class PsaClientProfit(models.Model):
    """What each client brings and costs, over the last twelve months or another period."""

    _name = "psa.client.profit"
    _description = "Profit by Client"
    _inherit = ["psa.access.mixin"]
    _auto = False
    _rec_name = "client_id"
    _order = "margin, id"
    _psa_access_part = access.CONTRACTS
    _psa_access_write_level = access.FULL
    _psa_access_lent = False

    client_id = fields.Many2one("res.partner", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    date_from = fields.Date("From", readonly=True)
    revenue = fields.Monetary(readonly=True)
    labour_revenue = fields.Monetary("Revenue of Labour", readonly=True)
    covered_value = fields.Monetary(readonly=True, help="Worth of the work the contract pays for.")
    labour_cost = fields.Monetary(readonly=True)
    other_cost = fields.Monetary("Charges and Expenses", readonly=True)
    margin = fields.Monetary(readonly=True)
    worked_hours = fields.Float("Worked", readonly=True)
    billable_hours = fields.Float("Billable", readonly=True)
    margin_rate = fields.Float("Margin (%)", readonly=True, aggregator="avg")
    effective_rate = fields.Monetary("Effective Hourly Rate", readonly=True, aggregator="avg")
    margin_target = fields.Float(related="company_id.psa_margin_target", string="Target")
    standing = fields.Selection(
        [("losing", "Costs Money"), ("weak", "Below Target"), ("fine", "On Target")],
        readonly=True,
        help="Costs money: the margin is below zero. Below target: the share of the revenue that is left is smaller "
        "than “Margin Expected” on the company.",
    )
    summary = fields.Char(compute="_compute_summary")

    _depends = {
        "psa.profitability": [
            "billable_hours", "charge_cost", "client_id", "company_id", "covered_value", "currency_id", "date", "expense_cost",
            "labour_cost", "labour_revenue", "margin", "revenue", "worked_hours",
        ],
        "res.company": ["psa_margin_target"],
        "res.partner": ["psa_is_client"],
    }  # fmt: skip

    @property
    def _table_query(self):
        date_from, date_to = self._period()
        return SQL(
            """
            SELECT total.*, %(date_from)s AS date_from,
                   total.margin / NULLIF(total.revenue, 0) AS margin_rate,
                   total.labour_revenue / NULLIF(total.worked_hours, 0) AS effective_rate,
                   CASE WHEN total.margin < 0 THEN 'losing'
                        WHEN total.margin < total.revenue * COALESCE(company.psa_margin_target, 0) THEN 'weak'
                        ELSE 'fine' END AS standing
              FROM (
                   SELECT MIN(fact.id) AS id, fact.client_id, fact.company_id, fact.currency_id,
                          SUM(fact.revenue) AS revenue, SUM(fact.labour_revenue) AS labour_revenue,
                          SUM(fact.covered_value) AS covered_value, SUM(fact.labour_cost) AS labour_cost,
                          SUM(fact.charge_cost + fact.expense_cost) AS other_cost, SUM(fact.margin) AS margin,
                          SUM(fact.worked_hours) AS worked_hours, SUM(fact.billable_hours) AS billable_hours
                     FROM (%(facts)s) fact
                    WHERE fact.client_id IS NOT NULL AND fact.date BETWEEN %(date_from)s AND %(date_to)s
                    GROUP BY fact.client_id, fact.company_id, fact.currency_id
                   ) total
              JOIN res_company company ON company.id = total.company_id
              JOIN res_partner client ON client.id = total.client_id AND client.psa_is_client
            """,
            date_from=date_from,
            date_to=date_to,
            facts=self.env["psa.profitability"]._table_query,
        )

    @api.model
    def _period(self):
        """Return first and last day of the period looked at. It limits nothing but the days."""
        months = PERIODS.get(self.env.context.get("psa_profit_period"), PERIODS["year"])
        today = fields.Date.context_today(self)
        return today + relativedelta(day=1, months=1 - months), today + relativedelta(day=31)

    @api.depends("worked_hours", "effective_rate")
    def _compute_summary(self):
        for profit in self:
            profit.summary = self.env._(
                "%(hours).1f h at %(rate)s an hour",
                hours=profit.worked_hours,
                rate=format_amount(self.env, profit.effective_rate, profit.currency_id),
            )

    def _read_group_select(self, aggregate_spec, query):
        """The ratio of several clients is that of their sums."""
        name, _sep, function = aggregate_spec.partition(":")
        if name not in RATIOS or function != "avg":
            return super()._read_group_select(aggregate_spec, query)
        above, below = RATIOS[name]
        return SQL(
            "SUM(%(above)s) / NULLIF(SUM(%(below)s), 0)",
            above=self._field_to_sql(self._table, above, query),
            below=self._field_to_sql(self._table, below, query),
        )

    def action_open_rows(self):
        """Open what the figures are made of."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_billing.action_psa_profitability")
        action["domain"] = [("client_id", "=", self.client_id.id), ("date", ">=", self.date_from)]
        action["context"] = {"search_default_group_contract": 1, "search_default_group_month": 2}
        action["views"] = [(False, "pivot"), (False, "list"), (False, "graph")]
        action["display_name"] = self.env._("Profitability of %s", self.client_id.display_name)
        return action

    def action_open_client(self):
        """Open the client."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "res.partner",
            "res_id": self.client_id.id,
            "views": [(self.env.ref("psa_crm.view_partner_form").id, "form")],
        }
