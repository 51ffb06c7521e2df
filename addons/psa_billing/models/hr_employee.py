from odoo import api, models
from odoo.exceptions import UserError


class HrEmployee(models.Model):
    _inherit = "hr.employee"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_approved_psa_time(self):
        # Deleting would empty the employee of approved entries below the ORM.
        if (
            self.env["account.analytic.line"]
            .sudo()
            .search_count(
                [("employee_id", "in", self.ids), ("psa_approval_state", "=", "approved")], limit=1
            )
        ):
            raise UserError(
                self.env._("An employee with approved ticket time cannot be deleted. Archive instead.")
            )
