from datetime import timezone
from zoneinfo import ZoneInfo

from odoo import fields, models

UTC = timezone.utc


class ResCompany(models.Model):
    """Where the days of a service company begin: that of its time, of its contracts, and of what runs at night."""

    _inherit = "res.company"

    def _psa_zone(self):
        """Return the name of the time zone the company's days are reckoned in."""
        company = self.sudo()
        return company.resource_calendar_id.tz or company.partner_id.tz or "UTC"

    def _psa_today(self):
        """Return the day it is at the company, whoever asks."""
        return fields.Datetime.now().replace(tzinfo=UTC).astimezone(ZoneInfo(self._psa_zone())).date()

    def _psa_last_today(self):
        """Return the latest day it is at any company; at the others it may still be the day before."""
        return max(company._psa_today() for company in self.sudo().search([]))
