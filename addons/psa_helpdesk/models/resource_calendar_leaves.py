from odoo import api, models


class ResourceCalendarLeaves(models.Model):
    _inherit = "resource.calendar.leaves"

    @api.model_create_multi
    def create(self, vals_list):
        general = [vals for vals in vals_list if not vals.get("resource_id")]
        calendars = self._psa_calendars_of([
            (vals.get("calendar_id"), vals.get("company_id") or self.env.company.id) for vals in general
        ])
        with calendars._psa_keeping_versions():
            return super().create(vals_list)

    def write(self, vals):
        calendars = self._psa_calendars()
        if vals.keys() & {"calendar_id", "company_id", "resource_id"}:
            calendars |= self._psa_calendars_of([
                (vals.get("calendar_id", leave.calendar_id.id), vals.get("company_id", leave.company_id.id)) for leave in self
            ])
        with calendars._psa_keeping_versions():
            return super().write(vals)

    def unlink(self):
        with self._psa_calendars()._psa_keeping_versions():
            return super().unlink()

    def _psa_calendars(self):
        """Return the calendars in which these are days off for everybody."""
        return self._psa_calendars_of([
            (leave.calendar_id.id, leave.company_id.id) for leave in self.sudo() if not leave.resource_id
        ])

    @api.model
    def _psa_calendars_of(self, places):
        """Return the calendars of (calendar, company): all those of the company if no calendar is named."""
        calendars = self.env["resource.calendar"].browse({calendar_id for calendar_id, __ in places if calendar_id})
        companies = {company_id for calendar_id, company_id in places if not calendar_id}
        if companies:
            calendars |= calendars.sudo().with_context(active_test=False).search([("company_id", "in", list(companies))])
        return calendars
