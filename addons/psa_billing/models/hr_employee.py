from odoo import api, fields, models
from odoo.exceptions import UserError


class HrEmployee(models.Model):
    _inherit = "hr.employee"

    _psa_guest_uniq = models.UniqueIndex(
        "(psa_guest_user_id, company_id) WHERE psa_guest_user_id IS NOT NULL",
        "This person already works for the company on loan.",
    )

    psa_guest_user_id = fields.Many2one(
        "res.users", "On Loan", readonly=True, copy=False, ondelete="restrict", index="btree_not_null", groups="hr.group_hr_user",
        help="Somebody of another company to whom a client of this one is lent, and who logs time on its tickets.",
    )

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
