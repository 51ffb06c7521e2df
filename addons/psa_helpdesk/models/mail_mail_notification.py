from markupsafe import Markup
from odoo import models, tools
from odoo.tools.mail import email_normalize

from ..core import notification

# Marks mails of notifications while they wait here, so that no other mail costs a query; it is not sent.
NOTIFICATION_HEADER = "X-PSA-Notification"


class MailMail(models.Model):
    """Mails that tell somebody of a ticket: each carries his own link to unsubscribe, and its fate is written down."""

    _inherit = "mail.mail"

    def _prepare_outgoing_list(self, mail_server=False, doc_to_followers=None):
        emails = super()._prepare_outgoing_list(mail_server=mail_server, doc_to_followers=doc_to_followers)
        if not self._psa_are_notifications():
            return emails
        rows = self.env["psa.notification"].sudo().search([("message_id", "=", self.mail_message_id.id)])
        by_partner = {row.partner_id: row for row in rows if row.kind == notification.MAIL and row.partner_id}
        by_address = {row.target: row for row in rows if row.target}
        for email in emails:
            email["headers"] = {name: value for name, value in email["headers"].items() if name != NOTIFICATION_HEADER}
            row = (
                by_partner.get(email["partner_id"]) if email["partner_id"]
                else by_address.get(email_normalize((email["email_to"] or [""])[0], strict=False))
            )
            if not row:
                continue
            url = row._unsubscribe_url()
            email["headers"] = {
                **email["headers"], "List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            }
            # Not in what is answered: the answer would carry the link to the client.
            if row.kind == notification.MAIL and email["body"] and self.message_type in ("user_notification", "auto_comment"):
                env = self.with_context(lang=row._lang()).env
                footer = env["ir.qweb"]._render("psa_helpdesk.notification_footer", {
                    "event": row.event_id.with_env(env).sudo().name, "url": url, "is_staff": bool(row.user_id),
                }, minimal_qcontext=True)
                email["body"] = tools.mail.append_content_to_html(email["body"], Markup(footer), plaintext=False)  # noqa: S704
                email["body_alternative"] = tools.html2plaintext(email["body"])
        return emails

    def _postprocess_sent_message(self, success_pids, success_emails, failure_reason=False, failure_type=None):
        mails = self._psa_are_notifications()
        if mails:  # before they are deleted
            self.env["psa.notification"]._mails_sent(mails, success_pids, success_emails, failure_reason, failure_type)
        return super()._postprocess_sent_message(
            success_pids, success_emails, failure_reason=failure_reason, failure_type=failure_type
        )

    def _psa_are_notifications(self):
        """Return those of these mails that are notifications of tickets."""
        return self.filtered(lambda mail: NOTIFICATION_HEADER in (mail.headers or ""))
