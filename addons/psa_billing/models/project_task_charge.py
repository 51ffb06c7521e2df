from odoo import api, fields, models


class ProjectTask(models.Model):
    """Charges on tasks: counted, opened and added in place, as on tickets."""

    _inherit = "project.task"

    psa_charge_ids = fields.One2many(
        "psa.charge", "task_id", "Charge Lines", groups="psa_crm.group_technician,psa_crm.group_billing"
    )
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
            counts = dict(self.env["psa.charge"]._read_group([("task_id", "in", self.ids)], ["task_id"], ["__count"]))
        for task in self:
            task.psa_charge_count = counts.get(task._origin, 0)

    @api.depends("project_id.partner_id.commercial_partner_id.psa_is_client", "partner_id.commercial_partner_id.psa_is_client")
    def _compute_psa_takes_charges(self):
        for task in self:
            task.psa_takes_charges = task.sudo()._psa_charged_client().psa_is_client

    def action_add_psa_charge(self):
        """Add a charge in a dialog."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_billing.action_psa_charge_add")
        action["context"] = {"default_task_id": self.id}
        return action

    def action_view_psa_charges(self):
        """Open the charges on these tasks."""
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_billing.action_psa_charge")
        action["domain"] = [("task_id", "in", self.ids)]
        action["context"] = {"default_task_id": self[:1].id}
        return action

    def _psa_charged_client(self):
        """Return who pays for what is used on the task: the client of its project, else its own."""
        return (self.project_id.partner_id or self.partner_id).commercial_partner_id
