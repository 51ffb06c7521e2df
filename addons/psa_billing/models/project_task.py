from odoo import api, fields, models
from odoo.fields import Domain


class ProjectTask(models.Model):
    """A task and the ticket it came from or became."""

    _inherit = "project.task"

    psa_ticket_ref_id = fields.Many2one(
        "psa.ticket",
        "Ticket (stored)",
        index="btree_not_null",
        ondelete="set null",
        copy=False,
        groups=fields.NO_ACCESS,
    )
    psa_ticket_id = fields.Many2one(
        "psa.ticket",
        "Ticket",
        compute="_compute_psa_ticket_id",
        search="_search_psa_ticket_id",
        groups="base.group_user",
        help="The ticket this task came from or became. Shown to who may read it.",
    )

    @api.depends("psa_ticket_ref_id")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_psa_ticket_id(self):
        tickets = self.sudo().psa_ticket_ref_id.sudo(self.env.su)
        readable = tickets._filtered_access("read")
        for task in self:
            task.psa_ticket_id = task.sudo().psa_ticket_ref_id & readable

    def _search_psa_ticket_id(self, operator, value):
        if operator not in ("in", "not in"):
            return NotImplemented
        Task = self.sudo().with_context(active_test=False)
        readable = self.env["psa.ticket"]._search([("id", "in", [item for item in value if item])])
        found = Domain("id", "in", Task._search([("psa_ticket_ref_id", "in", readable)], order=None))
        if any(not item for item in value):
            found |= Domain("id", "in", Task._search([("psa_ticket_ref_id", "=", False)], order=None))
        return found if operator == "in" else ~found

    def action_psa_view_ticket(self):
        """Open the ticket of this task."""
        self.ensure_one()
        return self.psa_ticket_id._action_open()

    def action_psa_to_ticket(self):
        """Ask which desk takes the task as a ticket."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_billing.action_psa_task_to_ticket")
        return {**action, "context": {"default_task_id": self.id}}

    def _psa_free_time(self, company):
        """Return the time on this task that can go on as time on a ticket of a company.

        What is sold by an order or was invoiced stays what it is: it must not be charged twice.
        """
        lines = self.env["account.analytic.line"].sudo().search([("task_id", "in", self.ids)])
        return lines.filtered(
            lambda line: not line.psa_ticket_id
            and line.psa_approval_state != "approved"
            and not line.psa_corrects_id
            and line.company_id == company
            and 0 <= line.unit_amount <= 24
            and not ("so_line" in line._fields and line.so_line)
            and not ("timesheet_invoice_id" in line._fields and line.timesheet_invoice_id)
        )
