from odoo import api, models


class ResourceCalendarAttendance(models.Model):
    _inherit = "resource.calendar.attendance"

    @api.model_create_multi
    def create(self, vals_list):
        calendars = self.env["resource.calendar"].browse({vals["calendar_id"] for vals in vals_list if vals.get("calendar_id")})
        with calendars._psa_keeping_versions():
            return super().create(vals_list)

    def write(self, vals):
        calendars = self.calendar_id | self.env["resource.calendar"].browse(vals.get("calendar_id") or ())
        with calendars._psa_keeping_versions():
            return super().write(vals)

    def unlink(self):
        with self.calendar_id._psa_keeping_versions():
            return super().unlink()
