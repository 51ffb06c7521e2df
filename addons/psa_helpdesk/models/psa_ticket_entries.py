from markupsafe import Markup
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import email_normalize

from ..core import entry_text, quoting


class EntryDraft:
    """What ``_add_entry`` knows of the entry that its message is about to become; used up by that one message."""

    __slots__ = ("entry", "ticket_id", "values")

    def __init__(self, ticket_id, values):
        self.ticket_id = ticket_id
        self.values = values
        self.entry = None


class EntryBatch:
    """Collects what becomes entries together, once all of it was posted."""

    __slots__ = ("rows",)

    def __init__(self):
        self.rows = []


class PsaTicket(models.Model):
    """The two sides of what is said about a ticket: an entry for each message, a message for each entry."""

    _inherit = "psa.ticket"

    entry_ids = fields.One2many("psa.ticket.entry", "ticket_id", "Entries")

    @api.model_create_multi
    def create(self, vals_list):
        tickets = super().create(vals_list)
        default = self.env.context.get("default_description")
        tickets._record_descriptions([vals.get("description", default) for vals in vals_list])
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

    def write(self, vals):
        if "description" not in vals:
            return super().write(vals)
        before = {ticket: ticket.description for ticket in self.sudo()}
        result = super().write(vals)
        changed = self.filtered(lambda ticket: ticket.description != before[ticket.sudo()])
        if changed:
            changed._record_changed_descriptions()
        return result

    def message_post(self, *, body="", message_type="notification", **kwargs):
        """Mark what an answer by mail quotes, so that the conversation folds it too."""
        if message_type == "email" and isinstance(body, Markup) and not self._is_first_mail({"message_type": "email", **kwargs}):
            parts = quoting.split_html(body)
            if parts.quote:
                # Both parts come of one that was markup; it is sanitized when it is stored.
                body = Markup(  # noqa: S704
                    f"{parts.new}<div class='o_psa_quote' data-o-mail-quote-container='1' data-o-mail-quote='1'>{parts.quote}</div>"
                )
        return super().message_post(body=body, message_type=message_type, **kwargs)

    def _message_update_content(self, message, /, *, body, attachment_ids=None, **kwargs):
        entry = self.env["psa.ticket.entry"].sudo().search([("message_id", "=", message.id)], limit=1)
        if not entry:
            return super()._message_update_content(message, body=body, attachment_ids=attachment_ids, **kwargs)
        entry._check_correction()
        if body is not None and entry_text.is_empty(body) and not (attachment_ids or (attachment_ids is None and message.attachment_ids)):
            raise UserError(self.env._("What was said about a ticket is not deleted. Correct it, or write another entry."))
        files = set(message.sudo().attachment_ids.ids)
        result = super()._message_update_content(message.sudo(), body=body, attachment_ids=attachment_ids, **kwargs)
        entry._replace_body(message.sudo().body)
        if set(message.sudo().attachment_ids.ids) != files:
            entry.attachment_ids = message.sudo().attachment_ids
        return result

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
        is_first = self._is_first_mail(msg_values)
        row = {
            "ticket_id": self.id,
            "message_id": message.id,
            "is_first": is_first,
            "is_mail": msg_values.get("message_type") == "email",
            "kind": "description" if is_first else "comment",
            "author_id": msg_values.get("author_id"),
            "source": self._entry_source(msg_values),
            **values,
            "is_internal": bool(msg_values.get("is_internal")) or msg_values.get("subtype_id") != comment,
        }
        row["search_text"] = self.env["psa.ticket.entry"]._text_to_search(row["kind"], msg_values.get("body"))
        batch = self.env.context.get("psa_entry_batch")
        if isinstance(batch, EntryBatch):
            batch.rows.append(row)
            return self.env["psa.ticket.entry"]
        return self._record_rows([row])

    @api.model
    def _record_rows(self, rows):
        """Make entries of messages that were posted and tell history: two statements for any number of them."""
        Entry = self.env["psa.ticket.entry"]
        entries = Entry._record(rows)
        self.env["psa.ticket.history"]._append([
            self._history_row(
                "entry", row["ticket_id"], new_value=row["search_text"], description=Entry._summary(row["kind"], row["is_internal"])
            )
            for row in rows if not row.get("is_first")  # that the ticket was made says all about a first mail
        ])
        return entries

    def _is_first_mail(self, msg_values):
        """Return whether a message is the mail that opened the ticket."""
        return (
            msg_values.get("message_type") == "email"
            and bool(msg_values.get("message_id"))
            and msg_values["message_id"] == self.sudo().origin_message_id
        )

    def _entry_source(self, msg_values):
        """Return how a message came in; whoever opened a ticket by mail as the monitoring, speaks as such on it."""
        if msg_values.get("message_type") == "email":
            ticket = self.sudo()
            sender = email_normalize(msg_values.get("email_from") or "")
            is_alert = ticket.source == "alert" and ticket.origin_message_id and sender == ticket.email_normalized
            return "alert" if is_alert else "email"
        return "portal" if self.env.user.share else "manual"

    def _record_descriptions(self, descriptions, by_user=False):
        """Make the description entry of each ticket that was given one; a first mail becomes it when it is posted."""
        intake = self.env["mail.thread"]._psa_intake()
        user = self.env.user
        rows = []
        for ticket, description in zip(self.sudo(), descriptions, strict=True):
            if not description or (intake and ticket.origin_message_id and not by_user):
                continue
            text = entry_text.plain_text(description)
            if not text and entry_text.is_empty(description):
                continue
            for_client = not by_user and (ticket.source in ("email", "alert") or not user._is_internal())
            rows.append({
                "ticket_id": ticket.id,
                "kind": "description",
                "author_id": ticket.partner_id.id if for_client and ticket.partner_id else user.partner_id.id,
                "source": "manual" if by_user else ticket.source,
                "search_text": text,
            })
        if rows:
            self.env["psa.ticket.entry"]._record(rows)

    def _record_changed_descriptions(self):
        """Let the entries follow a description that was changed on the ticket.

        Its author corrects his entry while he may; whatever else is written there is a further description, and the one before
        stays as it was.
        """
        intake = self.env["mail.thread"]._psa_intake()
        Entry = self.env["psa.ticket.entry"].sudo()
        latest = {}
        for entry in Entry.search([("ticket_id", "in", self.ids), ("kind", "=", "description"), ("is_internal", "=", False)], order="id"):
            latest[entry.ticket_id.id] = entry
        added = self.browse()
        for ticket in self.sudo():
            entry = latest.get(ticket.id, Entry)
            if entry.body == ticket.description or (intake and ticket.id in intake.new_ids):
                continue
            if entry.can_correct and not entry.message_id and not entry_text.is_empty(ticket.description):
                entry._replace_body(ticket.description)
            else:
                added |= ticket
        if added:
            added._record_descriptions([ticket.description for ticket in added], by_user=True)
