from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError


class AccountAnalyticLine(models.Model):
    """Which timesheet lines are time for clients: those on tickets, and those of projects that are charged here.

    Such lines have an approval state; all others are Odoo's own timesheets, which nothing here touches.
    """

    _inherit = "account.analytic.line"

    psa_is_service_time = fields.Boolean("For a Client", compute="_compute_psa_is_service_time")

    @api.depends("psa_ticket_id", "project_id", "task_id", "psa_approval_state")
    def _compute_psa_is_service_time(self):
        for line in self:
            # What once went to approval stays there, whatever becomes of the project.
            line.psa_is_service_time = bool(
                line.psa_approval_state
                or line.psa_ticket_id
                or (line.task_id.project_id or line.project_id).sudo().psa_bills_time
            )

    @api.constrains("psa_ticket_id", "unit_amount", "psa_approval_state")
    def _check_psa_time(self):
        for line in self.filtered("psa_approval_state"):
            if line.unit_amount < 0 and not line.psa_corrects_id:
                raise ValidationError(
                    self.env._("Time worked for a client cannot be negative: correct “Worked”.")
                )
            if abs(line.unit_amount) > 24:
                raise ValidationError(
                    self.env._(
                        "%(hours).2f hours on one day are more than a day has. Enter one entry for "
                        "each day worked.",
                        hours=line.unit_amount,
                    )
                )

    def _psa_work(self):
        """Return what was worked on: the ticket, else the task, else the project."""
        self.ensure_one()
        return self.psa_ticket_id or self.task_id or self.project_id

    @api.model
    def _psa_fill_work(self, vals_list):
        """Name in the values what the context says is worked on, so that nothing is decided without it."""
        for vals in vals_list:
            for name in ("psa_ticket_id", "task_id", "project_id"):
                default = self.env.context.get(f"default_{name}")
                if default and name not in vals:
                    vals[name] = default

    @api.model
    def _psa_service_vals(self, vals_list):
        """Return those of the values that make time for clients."""
        tasks = self.env["project.task"].sudo().browse({vals["task_id"] for vals in vals_list if vals.get("task_id")})
        projects = self.env["project.project"].sudo().browse(
            {vals["project_id"] for vals in vals_list if vals.get("project_id")}
        ) | tasks.project_id
        charged = set(projects.filtered("psa_bills_time").ids)
        project_of = {task.id: task.project_id.id for task in tasks}
        return [
            vals
            for vals in vals_list
            if vals.get("psa_ticket_id")
            or (project_of.get(vals.get("task_id")) or vals.get("project_id")) in charged
        ]

    def _psa_follow_service(self):
        """Let lines that were moved to a ticket or charged project go to approval, and those moved away leave it."""
        fresh = self.filtered(lambda line: not line.psa_approval_state and line.psa_is_service_time)
        fresh._psa_write_approval({"psa_approval_state": "draft"})
        left = self.filtered(
            lambda line: line.psa_approval_state
            and not line.psa_ticket_id
            and not line.project_id.sudo().psa_bills_time
        )
        left._psa_write_approval({"psa_approval_state": False, "psa_refusal_reason": False})

    def _psa_check_service_time(self):
        if self.filtered(lambda line: not line.psa_approval_state):
            raise UserError(
                self.env._(
                    "Only time for clients is approved here: choose entries on tickets, or of projects with “Charge Time”."
                )
            )

    def _psa_company_of(self, vals):
        """Return the company that time with these values belongs to."""
        if vals.get("psa_ticket_id"):
            return self.env["psa.ticket"].browse(vals["psa_ticket_id"]).sudo().company_id
        task = self.env["project.task"].sudo().browse(vals.get("task_id") or [])
        project = task.project_id or self.env["project.project"].sudo().browse(vals.get("project_id") or [])
        return (
            task.company_id
            or project.company_id
            or self.env["res.company"].browse(vals.get("company_id") or self.env.company.id)
        )

    @api.model
    def _psa_complete_service_vals(self, vals_list):
        """Fill in company, project and employee of time for clients, in a constant number of queries."""
        Ticket = self.env["psa.ticket"]
        Ticket.browse({vals["psa_ticket_id"] for vals in vals_list if vals.get("psa_ticket_id")}).sudo().mapped("company_id")
        company_of = [self._psa_company_of(vals) for vals in vals_list]
        ticket_companies = self.env["res.company"].union(
            *(company for company, vals in zip(company_of, vals_list, strict=True) if vals.get("psa_ticket_id"))
        )
        ticket_companies._psa_ensure_service_projects()
        default_employee_id = self.env.context.get("default_employee_id")
        users_of = {}
        for company, vals in zip(company_of, vals_list, strict=True):
            vals["company_id"] = company.id
            if not vals.get("project_id") and not vals.get("task_id"):
                vals["project_id"] = company.psa_service_project_id.id
            if not vals.get("employee_id") and not default_employee_id:
                users_of.setdefault(company, set()).add(vals.get("user_id") or self._default_user())
        employees = {
            company: self.env["res.users"].browse(user_ids)._psa_employees(company)
            for company, user_ids in users_of.items()
        }
        for company, vals in zip(company_of, vals_list, strict=True):
            if vals.get("employee_id") or default_employee_id:
                continue
            user_id = vals.get("user_id") or self._default_user()
            employee_id = employees[company].get(user_id)
            if not employee_id:
                raise ValidationError(
                    self.env._(
                        "%(user)s has no employee in %(company)s, and time needs one. Make the user "
                        "a PSA Technician of that company, or create an employee linked to the user "
                        "(Employees › New, field “Related User”).",
                        user=self.env["res.users"].browse(user_id).sudo().name,
                        company=company.name,
                    )
                )
            vals["employee_id"] = employee_id
