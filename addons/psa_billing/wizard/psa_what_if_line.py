from odoo import fields, models
from odoo.tools import SQL

from ..report.psa_profitability import RATIOS


class PsaWhatIfLine(models.TransientModel):
    """A month on one of the two sides."""

    _name = "psa.what.if.line"
    _inherit = "psa.wizard.mixin"
    _description = "What-If Result"
    _order = "what_if_id, month, side, id"

    _order_idx = models.Index("(what_if_id, month, side, id)")

    what_if_id = fields.Many2one("psa.what.if", required=True, ondelete="cascade")
    month = fields.Date(readonly=True)
    side = fields.Selection([("present", "As in the Books"), ("tried", "Under the Other Terms")], readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    revenue = fields.Monetary(readonly=True)
    labour_cost = fields.Monetary(readonly=True)
    other_cost = fields.Monetary("Charges and Expenses", readonly=True)
    labour_revenue = fields.Monetary("Revenue of Labour", readonly=True)
    margin = fields.Monetary(readonly=True)
    overage = fields.Monetary(readonly=True)
    covered = fields.Monetary("Covered Value", readonly=True)
    worked_hours = fields.Float("Worked", readonly=True)
    drawn_hours = fields.Float("Drawn", readonly=True)
    margin_rate = fields.Float("Margin (%)", readonly=True, aggregator="avg")
    effective_rate = fields.Monetary("Effective Hourly Rate", readonly=True, aggregator="avg")

    def _read_group_select(self, aggregate_spec, query):
        """The ratio of several months is that of their sums."""
        name, _sep, function = aggregate_spec.partition(":")
        if name not in RATIOS or function != "avg":
            return super()._read_group_select(aggregate_spec, query)
        above, below = RATIOS[name]
        return SQL(
            "SUM(%(above)s) / NULLIF(SUM(%(below)s), 0)",
            above=self._field_to_sql(self._table, above, query),
            below=self._field_to_sql(self._table, below, query),
        )
