from markupsafe import Markup
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..core import entry_text
from .psa_ticket import SOURCE_SELECTION

KIND_SELECTION = [("description", "Description"), ("comment", "Comment"), ("resolution", "Resolution")]
# What who makes an entry says himself; all the rest follows from who he is and when he does it.
OWN_FIELDS = frozenset({"ticket_id", "kind", "is_internal", "source", "body", "attachment_ids"})


class PsaTicketEntry(models.Model):
    """What was said about a ticket: the words a search looks in, told apart by kind and by who may read them.

    An entry and the message in the chatter are two sides of the same thing. ``ticket._add_entry`` posts the message, which
    reaches the client once; a message that was posted (chatter, portal, mail) becomes an entry by itself. Entries are neither
    changed nor deleted: their author corrects them within the time the desk gives, and history keeps what they said before.
    """

    _name = "psa.ticket.entry"
    _description = "Ticket Entry"
    _order = "id desc"
    _rec_name = "search_text"

    _ticket_idx = models.Index("(ticket_id, id DESC)")
    _company_idx = models.Index("(company_id, id DESC)")

    ticket_id = fields.Many2one("psa.ticket", required=True, ondelete="cascade", readonly=True)
    company_id = fields.Many2one("res.company", related="ticket_id.company_id", store=True, precompute=True, required=True)
    kind = fields.Selection(KIND_SELECTION, default="comment", required=True)
    is_internal = fields.Boolean("Internal", help="Only staff reads it: it is neither sent nor shown on the portal.")
    author_id = fields.Many2one("res.partner", readonly=True, index="btree_not_null", ondelete="set null")
    source = fields.Selection(SOURCE_SELECTION, default="manual", required=True, help="How the entry came in.")
    body = fields.Html("Text", sanitize_attributes=True, sanitize_form=True)
    date = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    message_id = fields.Many2one(
        "mail.message", readonly=True, index="btree_not_null", ondelete="set null", help="The same in the conversation of the ticket."
    )
    attachment_ids = fields.Many2many(
        "ir.attachment", "psa_ticket_entry_attachment_rel", "entry_id", "attachment_id", "Attachments", bypass_search_access=True
    )
    search_text = fields.Text("Plain Text", readonly=True, help="The text without markup and without what it quotes.")
    edit_date = fields.Datetime("Edited on", readonly=True, help="When its author last corrected the entry.")

    @api.depends("ticket_id", "kind", "date")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for entry in self:
            entry.display_name = f"{entry.ticket_id.number or ''} {kinds.get(entry.kind, '')}".strip()

    @api.model_create_multi
    def create(self, vals_list):
        """Post what somebody adds by hand, so that it reaches whom it is for: there is no entry that was not posted."""
        entries = self.browse()
        for vals in vals_list:
            ticket = self.env["psa.ticket"].browse(vals.get("ticket_id") or self.env.context.get("default_ticket_id"))
            if not ticket:
                raise UserError(self.env._("An entry belongs to a ticket. Choose the Ticket."))
            if not self.env.su:
                self.check_access("create")
                ticket.check_access("write")
            said = {name: value for name, value in self.default_get(list(OWN_FIELDS)).items() if name not in vals}
            said.update((name, value) for name, value in vals.items() if name in OWN_FIELDS)
            attachments = self._fields["attachment_ids"].convert_to_cache(said.get("attachment_ids") or (), self.new())
            entries |= ticket._add_entry(
                Markup(self._fields["body"].convert_to_column(said.get("body"), self) or ""),
                kind=said.get("kind") or "comment",
                is_internal=bool(said.get("is_internal")),
                source=said.get("source"),
                attachment_ids=[attachment_id for attachment_id in attachments if isinstance(attachment_id, int)],
            )
        return entries.with_env(self.env)

    @api.model
    def _record(self, vals_list):
        """Insert entries of what was posted already, in one go. Whoever calls has made sure that it may be said."""
        for vals in vals_list:
            vals["search_text"] = entry_text.plain_text(vals.get("body"))
        return super(PsaTicketEntry, self.sudo()).create(vals_list)

    def write(self, vals):
        if not self.env.su:
            raise AccessError(self.env._(
                "What was said about a ticket stays as it is. Correct an entry of your own with its Correct button, or add another one."
            ))
        if "body" in vals:
            vals = {**vals, "search_text": entry_text.plain_text(vals["body"])}
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        if not self.env.su:
            raise AccessError(self.env._("Entries of a ticket are not deleted. Correct it, or add another entry."))
