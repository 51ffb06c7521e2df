import json

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, html2plaintext

MAX_DRAFT_BYTES = 256 * 1024
MAX_RECIPIENTS = 50
RECIPIENT_KEYS = ("name", "email", "partner_id", "display_name")


class PsaTicket(models.Model):
    """What the composer of a ticket asks the server: drafts, what came in the meantime, and the time to undo."""

    _inherit = "psa.ticket"

    def psa_compose(self):
        """Return what the composer needs when the ticket is opened."""
        self.ensure_one()
        self.check_access("read")
        draft = self._psa_my_draft()
        return {
            "undo_seconds": self.sudo().desk_id.undo_seconds,
            "last_message_id": self._psa_last_answer_id(),
            "draft": {
                "body": draft.body, "is_internal": draft.is_internal, "recipients": draft.recipients or [],
            } if draft else False,
        }

    def psa_save_draft(self, body, is_internal=False, recipients=()):
        """Keep what the current user is writing on this ticket; an empty text takes the draft away.

        :return: False if the text is too long to be kept
        """
        self.ensure_one()
        self.check_access("read")
        draft = self._psa_my_draft()
        if not html2plaintext(body or "").strip() and "<img" not in (body or ""):
            draft.unlink()
            return True
        kept = [
            {key: item.get(key) for key in RECIPIENT_KEYS}
            for item in list(recipients or ())[:MAX_RECIPIENTS] if isinstance(item, dict)
        ]
        if len(body.encode()) + len(json.dumps(kept)) > MAX_DRAFT_BYTES:
            return False
        vals = {"body": body, "is_internal": bool(is_internal), "recipients": kept}
        if draft:
            draft.write(vals)
        else:
            draft.create({"ticket_id": self.id, "user_id": self.env.uid, **vals})
        return True

    def psa_answers_since(self, message_id):
        """Return the answers others have written on this ticket since a message, the last one first.

        :param message_id: the last message that was seen; False where there was none
        :return: list of dictionaries: id, author, seconds (how long ago) and is_internal
        """
        self.ensure_one()
        self.check_access("read")
        messages = self.env["mail.message"].sudo().search([
            ("model", "=", self._name), ("res_id", "=", self.id), ("id", ">", message_id or 0),
            ("message_type", "in", ("comment", "email")), ("author_id", "!=", self.env.user.partner_id.id),
        ], order="id desc", limit=5)
        now = fields.Datetime.now()
        return [
            {
                "id": message.id,
                "author": message.author_id.name or message.email_from,
                "seconds": max(0, int((now - message.date).total_seconds())),
                "is_internal": message.is_internal or message.subtype_id.internal,
            }
            for message in messages
        ]

    def psa_undo(self, held_id):
        """Take back an answer that was not sent yet, and return it to the composer.

        :return: what was written and how, or False when it has been sent already
        """
        self.ensure_one()
        return self.env["mail.scheduled.message"]._psa_take_back(self, held_id)

    def psa_send_held(self, held_id):
        """Send an answer whose time to undo is over; nothing happens when it has been sent already."""
        self.ensure_one()
        self.check_access("read")
        self.env["mail.scheduled.message"].search([
            ("id", "=", held_id), ("model", "=", self._name), ("res_id", "=", self.id),
            ("psa_is_held", "=", True), ("create_uid", "=", self.env.uid),
        ])._psa_release()
        return True

    def _psa_hold(self, post_values, option=False):
        """Hold back an answer for as long as the desk lets people undo.

        :param post_values: arguments for ``message_post``, checked already
        :param option: "forward" or "reply_all" where the full composer was opened to do that
        """
        self.ensure_one()
        if not self.sudo().desk_id.undo_seconds:
            raise UserError(self.env._(
                "Desk “%s” does not let answers be undone. Reload the page and send again.", self.sudo().desk_id.name
            ))
        held = self.env["mail.scheduled.message"]._psa_hold(self, post_values, option=option)
        self._psa_drop_draft()
        return held

    def _psa_my_draft(self):
        return self.env["psa.ticket.draft"].search([("ticket_id", "=", self.id), ("user_id", "=", self.env.uid)], limit=1)

    def _psa_last_answer_id(self):
        """Return the id of the last message on the ticket, 0 if there is none."""
        of_ticket = [("model", "=", self._name), ("res_id", "=", self.id)]
        return self.env["mail.message"].sudo().search(of_ticket, order="id desc", limit=1).id

    def _psa_drop_draft(self):
        """Forget what the user had begun to write here: it has been sent."""
        self.env["psa.ticket.draft"].flush_model()
        self.env.cr.execute(SQL(
            "DELETE FROM psa_ticket_draft WHERE user_id = %s AND ticket_id = ANY(%s)", self.env.uid, self.ids
        ))
        if self.env.cr.rowcount:
            self.env["psa.ticket.draft"].invalidate_model()

    def message_post(self, *, message_type="notification", **kwargs):
        message = super().message_post(message_type=message_type, **kwargs)
        if (
            message_type == "comment" and not self.env["mail.thread"]._psa_intake()
            and not self.env.context.get("psa_keep_draft") and message.author_id == self.env.user.partner_id
        ):
            self._psa_drop_draft()
        return message
