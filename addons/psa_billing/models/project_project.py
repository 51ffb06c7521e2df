from odoo import api, fields, models
from odoo.fields import Domain


class ProjectProject(models.Model):
    _inherit = "project.project"

    psa_bills_time = fields.Boolean(
        "Charge Time",
        compute="_compute_psa_bills_time",
        store=True,
        readonly=False,
        help="Time on this project is approved, priced by the client's contract and invoiced like time on tickets. Otherwise it "
        "is Odoo's plain timesheet.",
    )

    @api.depends("partner_id.commercial_partner_id.psa_is_client", "allow_timesheets")
    def _compute_psa_bills_time(self):
        for project in self:
            # What an order of the Sales app sells is charged there.
            is_sold = "sale_line_id" in project._fields and bool(project.sudo()["sale_line_id"])
            project.psa_bills_time = (
                project.allow_timesheets
                and project.sudo().partner_id.commercial_partner_id.psa_is_client
                and not is_sold
            )

    @api.depends("company_id.psa_service_project_id")
    def _compute_is_internal_project(self):
        """Ticket time is kept in a project nobody plans in: hidden like Odoo's own internal one."""
        result = super()._compute_is_internal_project()
        for project in self:
            if project and project == project.company_id.psa_service_project_id:
                project.is_internal_project = True
        return result

    def _search_is_internal_project(self, operator, value):
        domain = super()._search_is_internal_project(operator, value)
        if domain is NotImplemented:
            return domain
        service_projects = (
            self.env["res.company"]
            .sudo()
            ._search([("psa_service_project_id", "!=", False)], active_test=False)
            .subselect("psa_service_project_id")
        )
        service = Domain("id", operator, service_projects)
        return Domain(domain) | service if operator == "in" else Domain(domain) & service
