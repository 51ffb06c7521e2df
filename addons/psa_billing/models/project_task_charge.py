from odoo import api, fields, models


class ProjectTask(models.Model):
    """Charges on tasks: counted, opened and added in place, as on tickets."""

    _name = "project.task"
    _inherit = ["project.task", "psa.charged.mixin"]
    _psa_charge_field = "task_id"

    psa_charge_ids = fields.One2many(
        "psa.charge", "task_id", "Charge Lines", groups="psa_crm.group_technician,psa_crm.group_billing"
    )

    @api.depends("project_id.partner_id.commercial_partner_id.psa_is_client", "partner_id.commercial_partner_id.psa_is_client")
    def _compute_psa_takes_charges(self):
        for task in self:
            task.psa_takes_charges = task.sudo()._psa_charged_client().psa_is_client

    def _psa_charged_client(self):
        """Return who pays for what is used on the task: the client of its project, else its own."""
        return (self.project_id.partner_id or self.partner_id).commercial_partner_id
