from odoo import fields, models


class ResUsers(models.Model):
    _inherit = "res.users"

    psa_role_id = fields.Many2one(
        "psa.role",
        "PSA Role",
        company_dependent=True,
        help="The role this person's time starts with. It can be changed on each entry.",
    )

    def _psa_employees(self, company):
        """Return ``{user: employee}`` for time logged in the company.

        Time needs an employee in Odoo. A technician who has none gets one: he was made a technician
        in order to log time. For anybody else a human has to decide.
        """
        Employee = self.env["hr.employee"].sudo()
        found = {
            employee.user_id: employee
            for employee in Employee.search(
                [("user_id", "in", self.ids), ("company_id", "=", company.id)]
            )
        }
        to_make = self.sudo().filtered(
            lambda user: user not in found
            and company in user.company_ids
            and user.has_group("psa_crm.group_technician")
        )
        made = Employee.with_company(company).create(
            [
                dict(Employee._sync_user(user), name=user.name, company_id=company.id)
                for user in to_make
            ]
        )
        found.update({employee.user_id: employee for employee in made})
        return {user.id: employee.id for user, employee in found.items()}

    def _psa_guest_employee(self, company):
        """Return the employee as whom this user logs time in a company he does not belong to; made at the first time."""
        self.ensure_one()
        Employee = self.env["hr.employee"].sudo().with_company(company).with_context(active_test=False)
        guest = Employee.search([("psa_guest_user_id", "=", self.id), ("company_id", "=", company.id)], limit=1)
        if not guest:
            guest = Employee.create({
                "name": self.env._("%(name)s (on loan from %(company)s)", name=self.sudo().name, company=self.sudo().company_id.name),
                "company_id": company.id,
                "psa_guest_user_id": self.id,
            })
        elif not guest.active:
            guest.active = True
        return guest
