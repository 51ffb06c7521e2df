from odoo import models
from odoo.fields import Domain


class ResourceCalendar(models.Model):
    """Hours in which rules about time count: their moments follow when these change."""

    _inherit = "resource.calendar"

    def _psa_clock_changed(self):
        result = super()._psa_clock_changed()
        companies = self.env["res.company"].sudo().search([("resource_calendar_id", "in", self.ids)])
        # Whose hours the calendar are is not asked of every client: what is not moved is where it was.
        self.env["psa.rule"].sudo().search(Domain("event", "=", "time") & (
            Domain("time_hours", "=", "client") | Domain("time_hours", "=", "company") & Domain("company_id", "in", companies.ids)
        ))._arm()
        return result
