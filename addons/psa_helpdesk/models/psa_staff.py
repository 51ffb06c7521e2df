from odoo import models
from odoo.fields import Command

from ..core.lifecycle import OPEN_STATES


class PsaStaff(models.Model):
    _inherit = "psa.staff"

    def _psa_responsibilities(self):
        tickets = self.env["psa.ticket"].sudo().search([
            ("user_id", "=", self.user_id.id), ("state", "in", OPEN_STATES), ("company_id", "=", self.company_id.id),
        ])
        return [*super()._psa_responsibilities(), (self.env._("open tickets"), tickets, "user_id")]

    def _psa_leave_company(self):
        """Take the person off the desks and queues of the company."""
        result = super()._psa_leave_company()
        for model in ("psa.desk", "psa.queue"):
            self.env[model].sudo().with_context(active_test=False).search([
                ("member_ids", "in", self.user_id.ids), ("company_id", "=", self.company_id.id),
            ]).write({"member_ids": [Command.unlink(self.user_id.id)]})
        return result
