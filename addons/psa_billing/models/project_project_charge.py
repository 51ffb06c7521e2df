from odoo import api, fields, models


class ProjectProject(models.Model):
    """Charges on projects: counted, opened and added in place, as on tickets.

    Those on the tasks of a project are the project's, too.
    """

    _inherit = "project.project"

    psa_charge_count = fields.Integer(
        "Charges", compute="_compute_psa_charge_count", groups="psa_crm.group_technician,psa_crm.group_billing"
    )
    psa_takes_charges = fields.Boolean(
        compute="_compute_psa_takes_charges", groups="psa_crm.group_technician,psa_crm.group_billing", export_string_translation=False
    )

    @api.depends_context("uid", "allowed_company_ids")
    def _compute_psa_charge_count(self):
        counts = {}
        if self.env["psa.charge"].has_access("read"):
            counts = dict(self.env["psa.charge"]._read_group([("project_id", "in", self.ids)], ["project_id"], ["__count"]))
        for project in self:
            project.psa_charge_count = counts.get(project._origin, 0)

    @api.depends("partner_id.commercial_partner_id.psa_is_client")
    def _compute_psa_takes_charges(self):
        for project in self:
            project.psa_takes_charges = project.sudo().partner_id.commercial_partner_id.psa_is_client

    def action_add_psa_charge(self):
        """Add a charge in a dialog."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_billing.action_psa_charge_add")
        action["context"] = {"default_project_id": self.id}
        return action

    def action_view_psa_charges(self):
        """Open the charges on these projects and their tasks."""
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_billing.action_psa_charge")
        action["domain"] = [("project_id", "in", self.ids)]
        action["context"] = {"default_project_id": self[:1].id}
        return action

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
