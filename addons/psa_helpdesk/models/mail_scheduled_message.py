import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

_logger = logging.getLogger(__name__)

# What is kept of how an answer is to be posted, besides what the row itself holds.
KEPT = {
    "email_add_signature", "email_from", "email_layout_xmlid", "force_email_lang", "force_send", "mail_auto_delete", "mail_server_id",
    "model_description", "notify_author", "notify_author_mention", "notify_skip_followers", "parent_id", "psa_entry",
    "record_alias_domain_id", "record_company_id", "reply_to", "reply_to_force_new",
}


class MailScheduledMessage(models.Model):
    """Answers on tickets that are held back for some seconds, so that they can be undone.

    A held answer is posted once: its row is locked first, and goes in the transaction that posts it. Who waits for it in a
    browser and the scheduled action may both try; the one that comes second finds nothing.
    """

    _inherit = "mail.scheduled.message"

    psa_is_held = fields.Boolean("Held Back to Be Undone", readonly=True)
    psa_post_values = fields.Json("Held Arguments", groups="base.group_system")

    @api.model
    def _psa_hold(self, ticket, post_values, option=False):
        """Keep an answer for the time its desk gives, and see to it that it is sent even if nobody asks for it.

        :param option: "forward" or "reply_all" where the full composer was opened to do that
        """
        values = dict(post_values)
        held = self.create({
            "model": ticket._name,
            "res_id": ticket.id,
            "author_id": self.env.user.partner_id.id,
            "body": values.pop("body", ""),
            "partner_ids": [(6, 0, values.pop("partner_ids", None) or [])],
            "attachment_ids": [(6, 0, values.pop("attachment_ids", None) or [])],
            "subject": values.pop("subject", False),
            "is_note": False,
            "composition_comment_option": option,
            "scheduled_date": fields.Datetime.now() + timedelta(seconds=ticket.sudo().desk_id.undo_seconds),
        })
        held.sudo().write({
            "psa_is_held": True,
            "psa_post_values": {key: value for key, value in values.items() if key in KEPT},
        })
        return held

    @api.model
    def _psa_take_back(self, ticket, held_id):
        """Return the content of a held answer and forget it; False if it is gone."""
        held = self.sudo().search([
            ("id", "=", held_id), ("model", "=", ticket._name), ("res_id", "=", ticket.id),
            ("psa_is_held", "=", True), ("create_uid", "=", self.env.uid),
        ]).try_lock_for_update()
        if not held:
            return False
        content = {
            "body": held.body,
            "attachment_ids": held.attachment_ids.ids,
            "partner_ids": held.partner_ids.ids,
            "subject": held.subject,
            "option": held.composition_comment_option,
            "parent_id": (held.psa_post_values or {}).get("parent_id", False),
            "entry": (held.psa_post_values or {}).get("psa_entry", False),
        }
        # Attachments outlive the row they were kept by.
        held.attachment_ids.write({"res_model": "mail.compose.message", "res_id": 0})
        held.with_user(self.env.user)._psa_keep_as_draft()
        held.unlink()
        return content

    def _psa_keep_as_draft(self):
        """Give the text back to its author as his draft on the ticket."""
        for held in self.sudo():
            ticket = self.env["psa.ticket"].with_user(held.create_uid).browse(held.res_id)
            # What is forwarded is no draft of an answer to the client.
            if ticket.exists() and ticket.has_access("read") and held.composition_comment_option != "forward":
                ticket.psa_save_draft(held.body)

    def write(self, vals):
        if not self.env.su and vals.keys() & {"psa_is_held", "psa_post_values"}:
            raise UserError(self.env._("Whether an answer is held back is decided when it is sent."))
        return super().write(vals)

    def _post_message(self, raise_exception=True):
        held = self.filtered("psa_is_held")
        held._psa_release()
        rest = self - held
        return super(MailScheduledMessage, rest)._post_message(raise_exception=raise_exception) if rest else None

    def _psa_release(self):
        """Post held answers, each once and in one transaction with the end of its row."""
        for held in self.sudo():
            locked = held.try_lock_for_update()
            if not locked:
                continue
            try:
                with self.env.cr.savepoint():
                    locked._psa_post()
                    locked.unlink()
            except Exception:
                _logger.info("An answer held on ticket %s could not be posted", locked.res_id, exc_info=True)
                locked._psa_give_back()

    def _psa_post(self):
        """Post one held answer in the name of its author, who must still be allowed to."""
        author = self.create_uid
        values = dict(self.psa_post_values or {})
        ticket = self._psa_ticket_of_author()
        ticket.check_access("read")
        if not ticket.has_access("write"):
            ticket = ticket.with_context(mail_post_autofollow_author_skip=True, mail_post_autofollow=False)
        # With full rights from here, as the composer itself posts: attachments may be another's.
        ticket.sudo().message_post(
            body=self.body,
            partner_ids=self.partner_ids.ids,
            attachment_ids=self.attachment_ids.ids,
            author_id=author.partner_id.id,
            subject=self.subject or None,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            **values,
        )

    def _psa_ticket_of_author(self):
        """Return the ticket as the author of the answer has it."""
        author = self.create_uid
        return self.env["psa.ticket"].with_user(author).with_context(
            allowed_company_ids=author.company_ids.ids, mail_notify_force_send=True, psa_keep_draft=True
        ).browse(self.res_id)

    def _psa_give_back(self):
        """Nothing written is lost: an answer that cannot be posted goes back to its author, who is told."""
        self._psa_keep_as_draft()
        ticket = self.env["psa.ticket"].sudo().browse(self.res_id).exists()
        self.env["mail.thread"].sudo().message_notify(
            partner_ids=self.create_uid.partner_id.ids,
            subject=self.env._("Your answer on ticket %s could not be sent", ticket.number or self.res_id),
            body=self.body,
        )
        self.unlink()
