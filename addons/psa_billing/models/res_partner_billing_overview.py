from dateutil.relativedelta import relativedelta
from odoo import fields, models
from odoo.tools import format_amount

ROWS = 5


class ResPartner(models.Model):
    """The client's money at a glance, for those who bill."""

    _inherit = "res.partner"

    def _psa_overview_builders(self):
        return {**super()._psa_overview_builders(), "billing": self._psa_overview_billing}

    def _psa_overview_billing(self):
        """Show what is to invoice, what contracts covered this month, what is left of prepaid hours, and the margin."""
        Item = self.env["psa.billing.item"]
        # Others read rows, too: those they release. What a client brings is for those who bill.
        if not self.env["psa.client.profit"].has_access("read"):
            return None
        rows = [*self._overview_open(Item), *self._overview_covered(Item), *self._overview_balances(), *self._overview_margin()]
        if not rows:
            return None
        return self._psa_overview_section(
            "billing", self.env._("Billing"), "fa-line-chart", 65, rows, count=0, action="action_view_psa_profitability"
        )

    def action_view_psa_profitability(self):
        """Open what the client brings and costs."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_billing.action_psa_profitability")
        action["domain"] = [("client_id", "=", self.id)]
        action["context"] = {"search_default_twelve_months": 1, "search_default_group_contract": 1}
        return action

    def _overview_open(self, Item):
        return [
            {
                "title": self.env._("To invoice"),
                "detail": self.env._("%s entries", count),
                "badge": format_amount(self.env, amount, currency),
                "tone": "info",
            }
            for currency, count, amount in Item._read_group(
                [("client_id", "=", self.id), ("state", "in", ("pending", "approved"))],
                ["currency_id"],
                ["__count", "amount:sum"],
            )
        ]

    def _overview_covered(self, Item):
        start = fields.Date.context_today(self) + relativedelta(day=1)
        return [
            {
                "title": self.env._("Covered this month"),
                "detail": self.env._("worth %s", format_amount(self.env, value, currency)),
                "badge": Item._time_text(seconds),
                "tone": "light",
            }
            for currency, seconds, value in Item._read_group(
                [("client_id", "=", self.id), ("state", "=", "covered"), ("date", ">=", start)],
                ["currency_id"],
                ["seconds:sum", "value:sum"],
            )
        ]

    def _overview_balances(self):
        rows = []
        for balance in self._psa_prepaid_balances()[:ROWS]:
            if balance["kind"] == "money":
                left = format_amount(self.env, balance["remaining"], balance["currency"])
            else:
                left = self.env["psa.billing.item"]._time_text(round(balance["remaining"] * 3600))
            rows.append(
                {
                    "title": balance["name"],
                    "detail": self.env._("left; %s %% used", round(balance["used_percent"])),
                    "badge": left,
                    "tone": "warning" if balance["used_percent"] >= 80 else "light",
                    "progress": min(100, max(0, round(balance["used_percent"]))),
                }
            )
        return rows

    def _overview_margin(self):
        Profit = self.env["psa.client.profit"]
        tones = {"losing": "danger", "weak": "warning", "fine": "success"}
        return [
            {
                "title": self.env._("Margin, 12 months"),
                "detail": self.env._("%s of the revenue", f"{profit.margin_rate:.0%}") if profit.revenue else self.env._("no revenue"),
                "badge": format_amount(self.env, profit.margin, profit.currency_id),
                "tone": tones[profit.standing],
            }
            for profit in Profit.search([("client_id", "=", self.id)])
        ]
