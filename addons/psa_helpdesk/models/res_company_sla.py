from odoo import models


class ResCompany(models.Model):
    _inherit = "res.company"

    def write(self, vals):
        result = super().write(vals)
        if "resource_calendar_id" in vals:
            # Desks without hours of their own work in those of the company.
            self.env.registry.clear_cache()
        return result
