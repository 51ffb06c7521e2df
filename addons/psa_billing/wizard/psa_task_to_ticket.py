from odoo import api, fields, models
from odoo.exceptions import UserError


class PsaTaskToTicket(models.TransientModel):
    """Ask which desk takes a task as a ticket."""

    _name = "psa.task.to.ticket"
    _inherit = "psa.wizard.mixin"
    _description = "Convert a Task to a Ticket"

    task_id = fields.Many2one("project.task", required=True, ondelete="cascade")
    desk_id = fields.Many2one(
        "psa.desk", compute="_compute_desk_id", compute_sudo=False, store=True, readonly=False, ondelete="cascade"
    )
    client_id = fields.Many2one(
        "res.partner",
        compute="_compute_client_id",
        compute_sudo=False,
        store=True,
        readonly=False,
        ondelete="cascade",
        domain="[('psa_is_client', '=', True)]",
    )
    hours = fields.Float("Time That Moves", compute="_compute_hours")
    closes_task = fields.Boolean("Mark the task as done", default=True)

    @api.depends("task_id")
    def _compute_desk_id(self):
        for wizard in self:
            company = wizard.task_id.company_id or self.env.company
            wizard.desk_id = wizard.desk_id or self.env["psa.desk"]._default_id(company.id)

    @api.depends("task_id")
    def _compute_client_id(self):
        for wizard in self:
            client = wizard.task_id.partner_id.commercial_partner_id
            wizard.client_id = client if client.psa_is_client else False

    @api.depends("task_id", "desk_id")
    def _compute_hours(self):
        for wizard in self:
            time = wizard.task_id._psa_free_time(wizard.desk_id.company_id)
            wizard.hours = sum(time.mapped("unit_amount"))

    def action_convert(self):
        """Make the ticket and open it."""
        self.ensure_one()
        if not self.desk_id:
            raise UserError(self.env._("Choose the Desk that takes the ticket."))
        vals = {}
        if self.client_id != self.task_id.partner_id.commercial_partner_id:
            vals = {"partner_id": False, "client_id": self.client_id.id}
        ticket = self.task_id._psa_to_ticket(self.desk_id, vals)
        if self.closes_task:
            self.task_id.state = "1_done"
        return ticket._action_open()
