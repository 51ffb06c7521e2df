from odoo import api, fields, models
from odoo.exceptions import UserError


class PsaTicketToTask(models.TransientModel):
    """Ask which project takes a ticket as a task."""

    _name = "psa.ticket.to.task"
    _inherit = "psa.wizard.mixin"
    _description = "Convert a Ticket to a Task"

    ticket_id = fields.Many2one(
        "psa.ticket", required=True, ondelete="cascade", default=lambda self: self._default_ticket_id()
    )
    company_id = fields.Many2one(related="ticket_id.company_id", related_sudo=False)
    project_id = fields.Many2one(
        "project.project",
        ondelete="cascade",
        domain="[('allow_timesheets', '=', True), ('is_internal_project', '=', False), ('is_template', '=', False),"
        " ('company_id', 'in', [False, company_id])]",
    )
    foreign_client = fields.Char(compute="_compute_foreign_client")
    name = fields.Char("Task", compute="_compute_name", compute_sudo=False, store=True, readonly=False)
    links_time = fields.Boolean(
        "Show open time on the task",
        default=True,
        help="Entries that are not approved show on the task as well. They stay one entry, charged once through the ticket. "
        "Approved time stays on the ticket alone.",
    )
    closes_ticket = fields.Boolean("Close the ticket", help="The work goes on in the project only.")

    @api.model
    def _default_ticket_id(self):
        return self.env.context.get("active_model") == "psa.ticket" and self.env.context.get("active_id")

    @api.depends("ticket_id", "project_id")
    def _compute_foreign_client(self):
        for wizard in self:
            of_project = wizard.project_id.sudo().partner_id.commercial_partner_id
            of_ticket = wizard.ticket_id.sudo().client_id.commercial_partner_id
            if not of_project or not of_ticket or of_project == of_ticket:
                wizard.foreign_client = False
            elif of_project.with_env(wizard.env).has_access("read"):
                wizard.foreign_client = of_project.name
            else:
                wizard.foreign_client = wizard.env._("another client")

    @api.depends("ticket_id")
    def _compute_name(self):
        for wizard in self:
            wizard.name = wizard.ticket_id.name

    def action_convert(self):
        """Make the task and open it."""
        self.ensure_one()
        if not self.project_id or not (self.name or "").strip():
            raise UserError(self.env._("Choose the Project, and say how the Task is called."))
        if self.project_id.company_id and self.project_id.company_id != self.ticket_id.company_id:
            raise UserError(
                self.env._("Choose a Project of %s: the ticket is one of its own.", self.company_id.name)
            )
        task = self.ticket_id._psa_to_task(self.project_id, self.links_time, {"name": self.name.strip()})
        if self.closes_ticket:
            self.ticket_id.action_close()
        return {
            "type": "ir.actions.act_window",
            "res_model": "project.task",
            "res_id": task.id,
            "views": [(False, "form")],
        }
