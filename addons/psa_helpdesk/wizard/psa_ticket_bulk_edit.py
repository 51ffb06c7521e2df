from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import is_html_empty

SHOWN = 20
PLAIN_FIELDS = (
    "stage_id", "queue_id", "user_id", "priority_id", "severity_id", "type_id", "category_id", "subcategory_id", "date_deadline",
)


class PsaTicketBulkEdit(models.TransientModel):
    """Change many tickets at once: what is left empty stays as it is on each ticket."""

    _name = "psa.ticket.bulk.edit"
    _inherit = ["psa.desk.words.mixin"]
    _description = "Edit Tickets"

    _psa_desk_views = ("form",)

    ticket_ids = fields.Many2many("psa.ticket", readonly=True)
    ticket_count = fields.Integer("To Change", compute="_compute_tickets")
    refused_count = fields.Integer("Left Out", compute="_compute_tickets")
    refused_names = fields.Text("Left Out Because You May Not Change Them", compute="_compute_tickets")
    desk_id = fields.Many2one("psa.desk", compute="_compute_tickets")
    company_id = fields.Many2one("res.company", compute="_compute_tickets")
    assignable_user_ids = fields.Many2many("res.users", compute="_compute_assignable_user_ids")

    stage_id = fields.Many2one(
        "psa.ticket.stage", domain="[('desk_ids', 'in', [False, desk_id]), ('company_id', 'in', [False, company_id])]"
    )
    queue_id = fields.Many2one(
        "psa.queue", domain="[('company_id', '=', company_id), '|', ('desk_ids', '=', False), ('desk_ids', 'in', desk_id)]"
    )
    user_id = fields.Many2one("res.users", "Assign to", domain="[('id', 'in', assignable_user_ids)]")
    clear_user = fields.Boolean("Take the assignment away")
    priority_id = fields.Many2one(
        "psa.ticket.option", domain="[('attribute', '=', 'priority'), ('desk_id', 'in', [False, desk_id])]"
    )
    severity_id = fields.Many2one(
        "psa.ticket.option", domain="[('attribute', '=', 'severity'), ('desk_id', 'in', [False, desk_id])]"
    )
    type_id = fields.Many2one(
        "psa.ticket.option", domain="[('attribute', '=', 'type'), ('desk_id', 'in', [False, desk_id])]"
    )
    category_id = fields.Many2one(
        "psa.ticket.option", domain="[('attribute', '=', 'category'), ('desk_id', 'in', [False, desk_id])]"
    )
    subcategory_id = fields.Many2one(
        "psa.ticket.option", compute="_compute_subcategory_id", store=True, readonly=False,
        domain="[('attribute', '=', 'subcategory'), ('parent_id', '=', category_id), ('desk_id', 'in', [False, desk_id])]",
    )
    date_deadline = fields.Datetime("Deadline")
    clear_deadline = fields.Boolean("Take the deadline away")
    tag_add_ids = fields.Many2many("psa.ticket.tag", "psa_ticket_bulk_edit_tag_add_rel", string="Add Tags")
    tag_remove_ids = fields.Many2many("psa.ticket.tag", "psa_ticket_bulk_edit_tag_remove_rel", string="Remove Tags")
    note = fields.Html("Internal Note", help="Only staff reads it. Nobody gets a mail about it.")
    comment = fields.Html(
        "Public Comment",
        help="Goes to the followers of each ticket and to those in copy: one mail a person, however many tickets.",
    )

    @api.depends("ticket_ids")
    def _compute_tickets(self):
        for wizard in self:
            tickets = wizard._editable_tickets()
            refused = wizard.sudo().ticket_ids - tickets.sudo()
            wizard.ticket_count = len(tickets)
            wizard.refused_count = len(refused)
            # A ticket that may not even be read does not tell its subject.
            readable = refused.with_env(self.env)._filtered_access("read")
            names = [ticket.display_name for ticket in readable[:SHOWN].sudo()]
            if len(refused) > len(names):
                names.append(self.env._("and %s more", len(refused) - len(names)))
            wizard.refused_names = "\n".join(names)
            desks = tickets.sudo().desk_id
            wizard.desk_id = desks if len(desks) == 1 else False
            wizard.company_id = desks.company_id if len(desks.company_id) == 1 else False

    @api.depends("ticket_ids")
    def _compute_assignable_user_ids(self):
        for wizard in self:
            # Whoever can take a ticket of each desk can take them all; whether he can take this one, the ticket says itself.
            samples = [tickets[0] for tickets in wizard._editable_tickets().sudo().grouped("desk_id").values()]
            users = [sample.with_env(self.env).assignable_user_ids for sample in samples]
            wizard.assignable_user_ids = users[0].browse(set.intersection(*(set(some.ids) for some in users))) if users else False

    @api.depends("category_id")
    def _compute_subcategory_id(self):
        for wizard in self:
            if wizard.subcategory_id.parent_id != wizard.category_id:
                wizard.subcategory_id = False

    def action_apply(self):
        """Change the tickets, all of them or none."""
        self.ensure_one()
        tickets = self._editable_tickets()
        if not tickets:
            raise UserError(self.env._("You may change none of the selected tickets. Select tickets you can edit."))
        vals = self._prepare_ticket_vals()
        note, comment = (text if not is_html_empty(text) else False for text in (self.note, self.comment))
        if not (vals or note or comment):
            raise UserError(self.env._("Nothing to change yet. Fill in at least one field, a note or a comment."))
        assigned_before = dict(zip(tickets, tickets.mapped(lambda ticket: ticket.user_id.id), strict=True)) if vals.get("user_id") else {}
        if vals:
            # The digest says so instead.
            tickets.with_context(mail_auto_subscribe_no_notify=True).write(vals)
        if note:
            tickets._comment_all(note, is_internal=True)
        messages = tickets._comment_all(comment, is_internal=False) if comment else None
        newly_assigned = tickets.filtered(lambda ticket: assigned_before.get(ticket, self.user_id.id) != self.user_id.id)
        told = self._told(tickets, newly_assigned, comment)
        tickets._send_digest(told)
        in_copy = {}
        if comment:
            in_copy = tickets._comment_copies(self._told_by_ticket(told))
            message_ids = dict(zip(tickets.ids, messages.sudo().mapped("message_id"), strict=True))
            tickets._send_copies(in_copy, comment, message_ids)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "%(count)s tickets changed, %(mails)s people told.", count=len(tickets), mails=len(told) + len(in_copy)),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _editable_tickets(self):
        """Return the selected tickets that the user may change."""
        return self.sudo().ticket_ids.with_env(self.env)._filtered_access("write")

    def _prepare_ticket_vals(self):
        """Return what to write on each ticket."""
        vals = {
            fname: self[fname].id if self._fields[fname].relational else self[fname] for fname in PLAIN_FIELDS if self[fname]
        }
        if self.clear_user:
            vals["user_id"] = False
        if self.clear_deadline:
            vals["date_deadline"] = False
        tags = [
            *(fields.Command.unlink(tag.id) for tag in self.tag_remove_ids),
            *(fields.Command.link(tag.id) for tag in self.tag_add_ids),
        ]
        if tags:
            vals["tag_ids"] = tags
        return vals

    def _told(self, tickets, newly_assigned, comment):
        """Return {partner: (tickets, lines)} of whom a change like this tells, each of them once."""
        told = {}
        me = self.env.user.partner_id
        if newly_assigned and self.user_id.partner_id != me:
            partner = self.user_id.partner_id.sudo()
            told[partner] = (newly_assigned, [self.with_context(lang=partner.lang).env._(
                "%s assigned these tickets to you.", self.env.user.name)])
        if comment:
            followers = tickets._comment_followers()
            for partner in self.env["res.partner"].sudo().browse(followers):
                if partner != me:
                    followed = tickets.browse(followers[partner.id])
                    before, lines = told.get(partner, (tickets.browse(), []))
                    told[partner] = (before | followed, [*lines, comment])
        return told

    @api.model
    def _told_by_ticket(self, told):
        """Return {ticket id: partners} of what ``_told`` returns."""
        partners = defaultdict(self.env["res.partner"].sudo().browse)
        for partner, (tickets, __) in told.items():
            for ticket_id in tickets.ids:
                partners[ticket_id] |= partner
        return partners
