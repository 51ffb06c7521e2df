from markupsafe import Markup
from odoo import api, fields, models
from odoo.fields import Command, Domain


class PsaTicket(models.Model):
    """A ticket that became a task of a project, or was one.

    Time is never copied: an open entry shows on both and is one row, charged once by way of the ticket. Approved time stays as
    it is. What was said is copied as notes: whom a project is shared with is not whom the ticket was for.
    """

    _inherit = "psa.ticket"

    psa_task_ids = fields.Many2many(
        "project.task", string="Tasks", compute="_compute_psa_task_ids", groups="base.group_user"
    )
    psa_task_count = fields.Integer("All Tasks", compute="_compute_psa_task_ids", groups="base.group_user")

    @api.depends_context("uid", "allowed_company_ids")
    def _compute_psa_task_ids(self):
        found = (
            self.env["project.task"]
            .sudo()
            .with_context(active_test=False)
            .search_fetch([("psa_ticket_ref_id", "in", self.ids)], ["psa_ticket_ref_id"])
        )
        readable = found.sudo(self.env.su)._filtered_access("read").sudo()
        by_ticket = readable.grouped("psa_ticket_ref_id")
        for ticket in self:
            tasks = by_ticket.get(ticket.sudo()._origin, readable.browse())
            ticket.psa_task_ids = tasks.sudo(self.env.su)
            ticket.psa_task_count = len(tasks)

    def action_psa_view_tasks(self):
        """Open the tasks of this ticket."""
        self.ensure_one()
        action = {
            "type": "ir.actions.act_window",
            "res_model": "project.task",
            "name": self.env._("Tasks of %s", self.number),
        }
        if len(self.psa_task_ids) == 1:
            return {**action, "res_id": self.psa_task_ids.id, "views": [(False, "form")]}
        return {
            **action,
            "views": [(False, "list"), (False, "form")],
            "domain": [("id", "in", self.psa_task_ids.ids)],
        }

    def _psa_to_task(self, project, links_time=True, vals=None):
        """Make a task of this ticket in a project; both know of each other."""
        self.ensure_one()
        self.check_access("write")
        project.check_access("read")
        task = self.env["project.task"].create({**self._psa_prepare_task_vals(project), **(vals or {})})
        task.sudo().psa_ticket_ref_id = self.id
        self._psa_copy_talk(self, task)
        if links_time:
            self._psa_link_time(task)
        self._psa_log_conversion(task, self.env._("Became a task"))
        task._message_log(
            body=Markup("<p>%s</p>") % self.env._("Made of ticket %s.", self.number)
        )
        return task

    def _psa_prepare_task_vals(self, project):
        """Return what a task takes over from this ticket."""
        self.ensure_one()
        assigned = self.user_id if self.company_id in self.user_id.sudo().company_ids else self.user_id.browse()
        return {
            "name": self.name,
            "project_id": project.id,
            "partner_id": (self.partner_id or self.client_id).id,
            "description": self.description,
            "user_ids": [Command.set(assigned.ids)],
            "date_deadline": self.date_deadline,
            "company_id": self.company_id.id,
        }

    def _psa_link_time(self, task):
        """Show the open time of this ticket on the task as well: the same rows, so nothing is counted twice."""
        lines = (
            self.env["account.analytic.line"]
            .sudo()
            .search(
                [
                    ("psa_ticket_id", "=", self.id),
                    ("psa_approval_state", "!=", "approved"),
                    ("psa_corrects_id", "=", False),
                    ("task_id", "=", False),
                ]
            )
        )
        if not lines:
            return
        lines.write({"project_id": task.project_id.id, "task_id": task.id})
        if "so_line" in lines._fields:
            # It is charged by way of the ticket, never by the project's order as well.
            edited = {"is_so_line_edited": True} if "is_so_line_edited" in lines._fields else {}
            lines.write({"so_line": False, **edited})

    def _psa_log_conversion(self, task, what):
        self._log_history("link", description=what)
        self._message_log(
            body=Markup("<p>%s <a href='#' data-oe-model='project.task' data-oe-id='%s'>#%s</a></p>")
            % (what, task.id, task.id)
        )

    @api.model
    def _psa_copy_talk(self, source, target):
        """Copy what was said, the files and our own people among the followers, in a constant number of statements."""
        Message = self.env["mail.message"].sudo()
        Attachment = self.env["ir.attachment"].sudo()
        files = Attachment.search(
            [("res_model", "=", source._name), ("res_id", "=", source.id), ("res_field", "=", False)],
            order="id",
        )
        said = Message.search(
            Domain("model", "=", source._name)
            & Domain("res_id", "=", source.id)
            & Domain("message_type", "in", ("comment", "email", "email_outgoing")),
            order="id",
        )
        files |= said.attachment_ids
        copies = dict(zip(files, files.copy({"res_model": target._name, "res_id": target.id}), strict=True))
        note = self.env.ref("mail.mt_note")
        messages = Message.create(
            [
                {
                    "model": target._name,
                    "res_id": target.id,
                    "body": message.body,
                    "subject": message.subject,
                    "author_id": message.author_id.id,
                    "email_from": message.email_from,
                    "date": message.date,
                    "message_type": "comment",
                    "subtype_id": note.id,
                    "is_internal": True,
                    "attachment_ids": [Command.set([copies[file].id for file in message.attachment_ids])],
                }
                for message in said
            ]
        )
        ours = source.sudo().message_partner_ids.filtered(
            lambda partner: any(user._is_internal() for user in partner.user_ids)
        )
        target.sudo().message_subscribe(partner_ids=ours.ids)
        return messages


class ProjectTask(models.Model):
    _inherit = "project.task"

    def _psa_to_ticket(self, desk, vals=None):
        """Make a ticket of this task at a desk; both know of each other, and open time goes on as time on the ticket."""
        self.ensure_one()
        self.check_access("write")
        Ticket = self.env["psa.ticket"]
        ticket = Ticket.create({**self._psa_prepare_ticket_vals(desk), **(vals or {})})
        self.sudo().psa_ticket_ref_id = ticket.id
        messages = Ticket._psa_copy_talk(self, ticket)
        if messages:
            Entry = self.env["psa.ticket.entry"]
            Entry._record(
                [
                    {
                        "ticket_id": ticket.id,
                        "message_id": message.id,
                        "kind": "comment",
                        "is_internal": True,
                        "author_id": message.author_id.id,
                        "source": "manual",
                        "search_text": Entry._text_to_search("comment", message.body),
                    }
                    for message in messages
                ]
            )
        time = self._psa_free_time(ticket.sudo().company_id)
        if time:
            time.write({"psa_ticket_id": ticket.id})
        ticket._psa_log_conversion(self, self.env._("Made of a task"))
        self._message_log(
            body=Markup("<p>%s</p>") % self.env._("Became ticket %s.", ticket.number)
        )
        return ticket

    def _psa_prepare_ticket_vals(self, desk):
        """Return what a ticket takes over from this task."""
        self.ensure_one()
        contact = self.partner_id if not self.partner_id.is_company else self.partner_id.browse()
        return {
            "name": self.name,
            "desk_id": desk.id,
            "partner_id": contact.id,
            "client_id": self.partner_id.commercial_partner_id.id,
            "description": self.description,
            "date_deadline": self.date_deadline,
            "source": "manual",
        }
