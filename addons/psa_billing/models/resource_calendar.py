from odoo import models
from odoo.addons.psa_helpdesk.core import clock


class ResourceCalendar(models.Model):
    _inherit = "resource.calendar"

    def _psa_open_between(self, start, end):
        """Return the working hours between two aware moments, by the hours that were valid then."""
        return clock.open_between(start, end, self._psa_clock())

    def _psa_clock_users(self):
        types = self.env["psa.work.type"].sudo().search([("after_hours_calendar_id", "=", self.id)], limit=6)
        return [*super()._psa_clock_users(), *types.mapped("name")]
