from odoo import api, fields, models
from odoo.addons.psa_helpdesk.core.rules import Outcome


class PsaRuleAction(models.Model):
    """Rules can put work into a project."""

    _inherit = "psa.rule.action"

    kind = fields.Selection(selection_add=[("task", "Create a task"), ("share",)], ondelete={"task": "cascade"})
    project_id = fields.Many2one(
        "project.project",
        ondelete="restrict",
        index="btree_not_null",
        check_company=True,
        domain="[('company_id', 'in', [False, company_id])]",
        help="The project that gets the task.",
    )
    task_name = fields.Char(
        "Task", translate=True, help="What is to be done. Empty: the subject of the ticket."
    )

    @api.model
    def _parameter_fields(self):
        return [*super()._parameter_fields(), "project_id", "task_name"]

    @api.model
    def _required_parameters(self):
        return {**super()._required_parameters(), "task": ("project_id",)}

    def _plan_task(self, tickets, _firing):
        project = self._name_of(self._require_active(self.sudo().project_id))
        return {
            ticket: Outcome(
                self.env._("Task in %(project)s: %(task)s", project=project, task=self.task_name or ticket.name)
            )
            for ticket in tickets
        }

    def _do_task(self, tickets, firing, _plan):
        """Create the tasks in one go; each knows its ticket."""
        project = self.sudo().project_id
        # They appear among the tasks of whoever has the ticket; nobody wants a mail for each.
        tasks = (
            self.env["project.task"]
            .sudo()
            .with_context(mail_create_nosubscribe=True, mail_auto_subscribe_no_notify=True)
            .create(
                [
                    {
                        **ticket._psa_prepare_task_vals(project),
                        **({"name": self.task_name} if self.task_name else {}),
                    }
                    for ticket in tickets
                ]
            )
        )
        for ticket, task in zip(tickets, tasks, strict=True):
            task.psa_ticket_ref_id = ticket.id
        tickets.invalidate_recordset(["psa_task_ids", "psa_task_count"])

    def _summary_task(self):
        return self.env._(
            "%(task)s in %(project)s",
            task=self.task_name or self.env._("Subject of the ticket"),
            project=self._name_of(self.sudo().project_id),
        )
