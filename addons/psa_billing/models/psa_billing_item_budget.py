from odoo import api, fields, models
from odoo.fields import Domain


class PsaBillingItem(models.Model):
    """Rows of projects that took more hours than were planned."""

    _inherit = "psa.billing.item"

    is_over_budget = fields.Boolean(
        compute="_compute_is_over_budget", search="_search_is_over_budget", groups="psa_crm.group_billing",
        export_string_translation=False, help="The project has taken more hours than were planned for it.",
    )

    @api.depends("project_id")
    def _compute_is_over_budget(self):
        projects = self._projects_over_budget()
        for item in self:
            item.is_over_budget = item.project_id.id in projects

    @api.model
    def _search_is_over_budget(self, operator, value):
        if operator != "in":
            return NotImplemented
        domain = Domain("project_id", "in", sorted(self._projects_over_budget()))
        wanted = {bool(item) for item in value}
        if len(wanted) != 1:
            return Domain.TRUE if wanted else Domain.FALSE
        return domain if wanted.pop() else ~domain

    @api.model
    def _projects_over_budget(self):
        """Return the ids of the projects with more hours worked than planned."""
        planned = {
            project.id: project.allocated_hours
            for project in self.env["project.project"].sudo().with_context(active_test=False).search_fetch(
                [("allocated_hours", ">", 0), ("company_id", "in", self.env.companies.ids)], ["allocated_hours"]
            )
        }
        if not planned:
            return set()
        worked = self.env["account.analytic.line"].sudo()._read_group(
            [("project_id", "in", list(planned))], ["project_id"], ["unit_amount:sum"]
        )
        return {project.id for project, hours in worked if hours > planned[project.id]}
