from odoo import models


class PsaStaff(models.Model):
    _inherit = "psa.staff"

    def _psa_join_company(self):
        """Let the person log time: Odoo keeps time by employee, so everybody in the company gets one."""
        result = super()._psa_join_company()
        user = self.user_id.sudo()
        if user.id not in user._psa_employees(self.company_id):
            Employee = self.env["hr.employee"].sudo().with_company(self.company_id)
            Employee.create(
                dict(Employee._sync_user(user), name=user.name, company_id=self.company_id.id)
            )
        return result
