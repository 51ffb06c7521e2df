from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core import entry_text


class EntryDraft:
    """What ``_add_entry`` knows of the entry that its message is about to become; used up by that one message."""

    __slots__ = ("entry", "ticket_id", "values")

    def __init__(self, ticket_id, values):
        self.ticket_id = ticket_id
        self.values = values
        self.entry = None


class PsaTicket(models.Model):
    """The two sides of what is said about a ticket: an entry for each message, a message for each entry."""

    _inherit = "psa.ticket"

    entry_ids = fields.One2many("psa.ticket.entry", "ticket_id", "Entries")

    @api.model_create_multi
    def create(self, vals_list):
        tickets = super().create(vals_list)
        tickets._record_descriptions()
        return tickets

    def _add_entry(
        self, body, kind="comment", is_internal=False, author=None, source=None, attachment_ids=(), **message_values
    ):
        """Say something about the ticket: post it once, to the client too unless it is internal, and return its entry.

        :param body: Markup, or plain text
        :param author: the partner whose words they are; the user unless given
        :param source: how it came in; by the user and the kind of message unless given
        :param message_values: what else ``message_post`` takes: subject, partner_ids, message_type …
        """
        self.ensure_one()
        attachment_ids = list(attachment_ids)
        if entry_text.is_empty(body) and not attachment_ids:
            raise UserError(self.env._("There is nothing to add yet. Write a Text or attach a file."))
        values = {"kind": kind, "is_internal": is_internal}
        if source:
            values["source"] = source
        draft = EntryDraft(self.id, values)
        if author:
            message_values["author_id"] = author.id
        message_values.setdefault("message_type", "comment")
        self.with_context(psa_entry_draft=draft).message_post(
            body=body,
            subtype_xmlid="mail.mt_note" if is_internal else "mail.mt_comment",
            attachment_ids=attachment_ids,
            **message_values,
        )
        return draft.entry.with_env(self.env)

    def _message_post_after_hook(self, message, msg_values):
        result = super()._message_post_after_hook(message, msg_values)
        draft = self.env.context.get("psa_entry_draft")
        # The context of a remote call holds plain data only, so nobody outside can pass this for a draft.
        if not isinstance(draft, EntryDraft) or draft.entry is not None or draft.ticket_id != self.id:
            draft = None
        if draft or msg_values.get("message_type") in ("comment", "email"):
            entry = self._record_message(message, msg_values, draft.values if draft else {})
            if draft:
                draft.entry = entry
        return result

    def _record_message(self, message, msg_values, values):
        """Make the entry of a message that was just posted."""
        comment = self.env["ir.model.data"]._xmlid_to_res_id("mail.mt_comment")
        message = message.sudo()
        return self.env["psa.ticket.entry"]._record([{
            "ticket_id": self.id,
            "kind": "description" if self._is_first_mail(msg_values) else "comment",
            "author_id": msg_values.get("author_id"),
            "source": self._entry_source(msg_values),
            "body": message.body,
            "date": message.date,
            "message_id": message.id,
            "attachment_ids": [fields.Command.set(message.attachment_ids.ids)],
            **values,
            "is_internal": bool(msg_values.get("is_internal")) or msg_values.get("subtype_id") != comment,
        }])

    def _is_first_mail(self, msg_values):
        """Return whether a message is the mail that opened the ticket."""
        return (
            msg_values.get("message_type") == "email"
            and bool(msg_values.get("message_id"))
            and msg_values["message_id"] == self.sudo().origin_message_id
        )

    @api.model
    def _entry_source(self, msg_values):
        """Return how a message came in."""
        if msg_values.get("message_type") == "email":
            return "email"
        return "portal" if self.env.user.share else "manual"

    def _record_descriptions(self):
        """Make the description entry of each new ticket that has a description; a first mail becomes it when it is posted."""
        intake = self.env["mail.thread"]._psa_intake()
        user = self.env.user
        rows = []
        for ticket in self.sudo():
            if not ticket.description or (intake and ticket.origin_message_id):
                continue
            by_user = ticket.source not in ("email", "alert") and user._is_internal()
            rows.append({
                "ticket_id": ticket.id,
                "company_id": ticket.company_id.id,
                "kind": "description",
                "author_id": user.partner_id.id if by_user or not ticket.partner_id else ticket.partner_id.id,
                "source": ticket.source,
                "body": ticket.description,
                "date": ticket.create_date,
            })
        if rows:
            self.env["psa.ticket.entry"]._record(rows)
