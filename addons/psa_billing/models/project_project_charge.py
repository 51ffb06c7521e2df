from odoo import api, models


class ProjectProject(models.Model):
    """Charges on projects: counted, opened and added in place, as on tickets.

    Those on the tasks of a project are the project's, too.
    """

    _name = "project.project"
    _inherit = ["project.project", "psa.charged.mixin"]
    _psa_charge_field = "project_id"

    @api.depends("partner_id.commercial_partner_id.psa_is_client")
    def _compute_psa_takes_charges(self):
        for project in self:
            project.psa_takes_charges = project.sudo().partner_id.commercial_partner_id.psa_is_client

    def _get_stat_buttons(self):
        buttons = super()._get_stat_buttons()
        if self.env["psa.charge"].has_access("read") and self._has_field_access(self._fields["psa_charge_count"], "read"):
            count = self.psa_charge_count
            buttons.append(
                {
                    "icon": "tags",
                    "text": self.env._("Charges"),
                    "number": count,
                    "action_type": "object",
                    "action": "action_view_psa_charges",
                    "show": bool(count or self.psa_takes_charges),
                    "sequence": 12,
                }
            )
        return buttons
