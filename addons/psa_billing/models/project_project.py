from odoo import api, models
from odoo.fields import Domain


class ProjectProject(models.Model):
    _inherit = "project.project"

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
