from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command


class PsaTicket(models.Model):
    """Splitting: what was said on one ticket, but is about something else, starts a ticket of its own."""

    _inherit = "psa.ticket"

    split_ref_id = fields.Many2one(
        "psa.ticket", "Split from (stored)", index="btree_not_null", ondelete="set null", copy=False, groups=fields.NO_ACCESS
    )
    split_from_id = fields.Many2one(
        "psa.ticket", "Split from", compute="_compute_split_from_id", search="_search_split_from_id", groups="base.group_user",
        help="The ticket on which this one was first mentioned.",
    )

    @api.depends("split_ref_id")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_split_from_id(self):
        self._show_pointer("split_ref_id", "split_from_id")

    def _search_split_from_id(self, operator, value):
        return self._search_pointer("split_ref_id", operator, value)

    def _split(self, entry, vals):
        """Make a ticket of an entry of this one: its text and files are copied, contact, client and desk are the same.

        :param vals: what is to be different on the new ticket
        """
        self.ensure_one()
        self.check_access("write")
        if entry.sudo().ticket_id != self.sudo():
            raise UserError(self.env._("Choose an entry of %s.", self.number))
        entry.check_access("read")
        ticket = self.create({**self._prepare_split_vals(entry), **vals})
        ticket.sudo().split_ref_id = self.id
        files = entry.sudo().attachment_ids.copy({"res_model": self._name, "res_id": ticket.id})
        author = entry.sudo().author_id
        if entry.is_internal:
            # The client reads the description of a ticket, but no notes.
            ticket._add_entry(entry.body, is_internal=True, author=author, attachment_ids=files.ids)
        else:
            description = ticket.sudo().entry_ids.filtered(lambda said: said.kind == "description")[:1]
            # Whose words they are stays true.
            description.write({"author_id": author.id, "attachment_ids": [Command.set(files.ids)], "source": entry.source})
        self.env["psa.ticket.history"]._append([
            {"ticket_id": self.id, "kind": "link", "description": self.env._("An entry was split off into %s", ticket.number)},
            {"ticket_id": ticket.id, "kind": "link", "description": self.env._("Split off from %s", self.number)},
        ])
        self._message_log(body=self.env._("An entry was split off into %s.", ticket.number))
        ticket._message_log(body=self.env._("Split off from %s.", self.number))
        return ticket

    def _prepare_split_vals(self, entry):
        """Return what a ticket split off from this one takes over."""
        self.ensure_one()
        author = entry.sudo().author_id
        of_client = self.client_id and author.commercial_partner_id == self.client_id and author != self.client_id
        return {
            "name": self.name,
            "description": not entry.is_internal and entry.body,
            "desk_id": self.desk_id.id,
            "queue_id": self.queue_id.id,
            "partner_id": author.id if of_client else self.partner_id.id,
            "client_id": self.client_id.id,
            "email_from": self.email_from,
            "source": entry.source,
            "priority_id": self.priority_id.id,
            "asset_ids": [Command.set(self.asset_ids.ids)],
            "announcement_due": False,
        }


class PsaTicketEntry(models.Model):
    _inherit = "psa.ticket.entry"

    def action_split(self):
        """Ask how the ticket is to be called that is made of this entry."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_helpdesk.action_psa_ticket_split")
        return {**action, "context": {"default_ticket_id": self.ticket_id.id, "default_entry_id": self.id}}


class MailMessage(models.Model):
    _inherit = "mail.message"

    def action_psa_split(self):
        """Split the entry of this message off into a new ticket."""
        self.ensure_one()
        self.check_access("read")
        entry = self.env["psa.ticket.entry"].search([("message_id", "=", self.id)], limit=1)
        if not entry:
            raise UserError(self.env._("Only what somebody said can become a ticket of its own, not a note of the system."))
        return entry.action_split()
