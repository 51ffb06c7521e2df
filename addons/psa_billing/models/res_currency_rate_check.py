from odoo import models
from odoo.exceptions import UserError
from odoo.tools.misc import format_date


class ResCurrency(models.Model):
    """Money in a foreign currency is converted by a rate that is there, or not at all."""

    _inherit = "res.currency"

    def _psa_check_rate(self, company, day, what):
        """Refuse a day without exchange rate: Odoo would take a later one, or convert one to one."""
        self.ensure_one()
        if self == company.currency_id:
            return
        rates = self.env["res.currency.rate"].sudo()
        domain = [("currency_id", "=", self.id), ("name", "<=", day), ("company_id", "in", (False, company.root_id.id))]
        if not rates.search_count(domain, limit=1):
            raise UserError(
                self.env._(
                    "“%(what)s”: there is no exchange rate of %(currency)s on or before %(date)s. Enter one under Accounting ▸ "
                    "Configuration ▸ Currencies, or enter the amount in %(company_currency)s.",
                    what=what,
                    currency=self.name,
                    date=format_date(self.env, day),
                    company_currency=company.currency_id.name,
                )
            )
