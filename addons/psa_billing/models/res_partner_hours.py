from dateutil.relativedelta import relativedelta
from odoo import fields, models
from odoo.fields import Domain


class ResPartner(models.Model):
    """The work that a client's contracts paid for, as he reads it on the portal."""

    _inherit = "res.partner"

    def _psa_covered_domain(self, months=None):
        """Return the domain of the time covered by this client's contracts.

        :param months: of so many months before this one, and this one; None for all
        """
        self.ensure_one()
        domain = Domain("client_id", "=", self.id) & Domain("state", "=", "covered") & Domain("seconds", "!=", 0)
        if months is not None:
            start = fields.Date.context_today(self) + relativedelta(day=1, months=-months)
            domain &= Domain("date", ">=", start)
        return domain

    def _psa_portal_hours_count(self):
        """Return how much there is to read about hours; the portal offers the page only if there is something."""
        self.ensure_one()
        count = len(self._psa_prepaid_balances())
        return count or self.env["psa.billing.item"].sudo().search_count(self._psa_covered_domain(), limit=1)
