from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core import periods
from ..tools import to_decimal


class PsaContractIndex(models.TransientModel):
    """Raise the prices of contracts by some per cent from a day on."""

    _name = "psa.contract.index"
    _inherit = "psa.wizard.mixin"
    _description = "Raise Prices"

    contract_ids = fields.Many2many("psa.contract", required=True, readonly=True, string="Contracts")
    company_id = fields.Many2one("res.company", compute="_compute_company_id")
    date_from = fields.Date("From", required=True, default=fields.Date.context_today)
    percent = fields.Float("Raise by (%)", required=True, help="Negative to lower them.")
    note = fields.Char("Why", help="e.g. the name of the index; it is kept with the new prices.")
    monthly_before = fields.Monetary("A Month Now", compute="_compute_monthly")
    monthly_after = fields.Monetary("A Month Then", compute="_compute_monthly")
    currency_id = fields.Many2one("res.currency", compute="_compute_company_id")

    @api.depends("contract_ids")
    def _compute_company_id(self):
        for wizard in self:
            wizard.company_id = wizard.contract_ids.company_id[:1]
            wizard.currency_id = wizard.contract_ids.currency_id[:1]

    @api.depends("contract_ids", "percent")
    def _compute_monthly(self):
        for wizard in self:
            same = wizard.contract_ids.grouped("currency_id").get(wizard.currency_id, wizard.contract_ids.browse())
            wizard.monthly_before = sum(same.mapped("monthly_value"))
            wizard.monthly_after = wizard.monthly_before * (1 + wizard.percent / 100)

    def action_apply(self):
        """Raise the prices. Done twice for one day, the second time is refused."""
        self.ensure_one()
        self.contract_ids.check_access("write")
        if not self.percent or self.percent <= -100:
            raise UserError(self.env._("Set by how much the prices rise: more than −100 %, and not zero."))
        self.contract_ids._psa_index(to_decimal(self.percent), self.date_from, self.note)
        for contract in self.contract_ids.filtered("index_next_date"):
            if contract.index_next_date <= self.date_from:
                contract.index_next_date = periods.add_months(self.date_from, 12)
        return {"type": "ir.actions.act_window_close"}
