from markupsafe import Markup, escape
from odoo import api, models
from odoo.tools.mail import generate_tracking_message_id

from ..core import notification
from .mail_mail_notification import NOTIFICATION_HEADER

# Said by the template for new tickets.
NEW = (notification.QUEUE_NEW, notification.DESK_NEW)


class PsaTicket(models.Model):
    """How notifications are worded and sent: as messages of Odoo, so that answers find back and failures are known."""

    _inherit = "psa.ticket"

    def _psa_words(self, event, note, for_client, template=None):
        """Return (subject, body) of a notification about this ticket."""
        self.ensure_one()
        ticket = self.sudo()
        if template:
            template = self.env.ref(template) if isinstance(template, str) else template
            template = template.sudo().with_context(lang=self.env.lang)
            template._psa_check_may_render()
            subject = template._render_field("subject", self.ids)[self.id]
            body = template._render_field("body_html", self.ids, options={"post_process": True})[self.id]
            return subject or ticket.display_name, body
        if for_client:
            return ticket.display_name, self.env["ir.qweb"]._render(
                "psa_helpdesk.notification_client", {"ticket": ticket, "is_new": event in NEW}, minimal_qcontext=True
            )
        if event in NEW:
            return self.env._("New ticket %s", ticket.display_name), self.env["ir.qweb"]._render(
                "psa_helpdesk.message_new_ticket", {"ticket": ticket}, minimal_qcontext=True
            )
        if event == notification.ASSIGNED and not note:
            return self.env._("You have been assigned to %s", ticket.display_name), self.env["ir.qweb"]._render(
                "mail.message_user_assigned",
                {"object": ticket, "model_description": self.env["ir.model"]._get(self._name).display_name},
                minimal_qcontext=True,
            )
        name = self.env["psa.notification.event"].sudo().search([("code", "=", event)]).name
        return f"{name}: {ticket.display_name}", self.env["ir.qweb"]._render(
            "psa_helpdesk.notification_staff", {"ticket": ticket, "event": name, "note": note}, minimal_qcontext=True
        )

    def _psa_sender(self):
        """Return (author id, sender) of what is told about this ticket: whoever does it, else the desk."""
        user = self.env.user
        if user._is_internal() and not self.env.context.get("cron_id") and user.id != 1 and user.email:
            return user.partner_id.id, user.email_formatted
        values = self.sudo().desk_id._sender_values()
        return values["author_id"], values.get("email_from") or user.email_formatted or self.env.company.email_formatted

    def _psa_automatic_headers(self):
        """Return the headers by which mail programs see that nobody is to answer this by itself."""
        address = self.sudo().desk_id[:1].alias_email
        return {
            NOTIFICATION_HEADER: "1", "Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All",
            **({"X-Loop": address} if address else {}),
        }

    def _psa_deliver_message(self, rows, subject, body, for_client=False, alone=True, layout="mail.mail_notification_layout"):
        """Make a message about this ticket and send it to those it is for; return it.

        :param alone: the message is about this ticket only; otherwise it belongs to no record
        """
        self.ensure_one()
        author_id, email_from = self._psa_sender()
        if for_client:
            values = self.sudo().desk_id._sender_values()
            author_id, email_from = values["author_id"], values.get("email_from") or email_from
        thread = self.with_context(mail_notify_force_send=True) if alone else (
            self.env["mail.thread"].with_context(mail_notify_force_send=True)
        )
        subtype = "mail.mt_comment" if for_client else "mail.mt_note"
        partners = (rows.user_id.partner_id | rows.partner_id).sudo()
        values = {
            "author_id": author_id, "email_from": email_from,
            "model": self._name if alone else False, "res_id": self.id if alone else False,
            "body": body if isinstance(body, Markup) else escape(body), "subject": subject,
            # What a client is told is part of what is said to him; his answer to it is, too.
            "is_internal": not for_client, "message_type": "auto_comment" if for_client else "user_notification",
            "subtype_id": self.env["ir.model.data"]._xmlid_to_res_id(subtype),
            "message_id": generate_tracking_message_id("message-notify"), "partner_ids": partners.ids, "email_add_signature": True,
            "reply_to": self._notify_get_reply_to(default=email_from, author_id=author_id)[self.id], "email_layout_xmlid": layout,
            "record_company_id": self.sudo().company_id.id,
            "record_alias_domain_id": self.sudo()._mail_get_alias_domains(default_company=self.env.company)[self.id].id,
        }
        message = thread._message_create([dict(values)])
        rows.write({"message_id": message.id})
        recipients = self._psa_recipients(thread, rows, partners, values["subtype_id"])
        description = self.env._("Ticket") if alone else self.env._("Tickets")
        thread._notify_thread_by_inbox(message, recipients, msg_vals=values)
        arguments = {"msg_vals": values, "model_description": description, "mail_headers": self._psa_automatic_headers()}
        thread._notify_thread_by_email(message, recipients, **arguments)
        return message

    def _psa_recipients(self, thread, rows, partners, subtype_id):
        """Return the recipients of a message as Odoo wants them: people where it goes to their own address, else bare addresses."""
        found = self.env["mail.followers"]._get_recipient_data(thread, "user_notification", subtype_id, partners.ids)
        known = found[thread.id if thread else 0] if partners else {}
        recipients, used, places = [], set(), set()
        for row in rows:
            if (row.user_id, row.kind, row.target) in places:
                continue  # several events in one message
            places.add((row.user_id, row.kind, row.target))
            data = known.get((row.user_id.partner_id or row.partner_id).id)
            if row.kind == notification.IN_APP and data:
                recipients.append({**data, "notif": "inbox"})
                used.add(data["id"])
            elif data and data["id"] not in used and row.target == data["email_normalized"] and not any(
                other.kind == notification.IN_APP and other.user_id == row.user_id for other in rows
            ):
                recipients.append({**data, "notif": "email"})
                used.add(data["id"])
            elif row.target:
                recipients.append(self._psa_bare_recipient(row.target, row.user_id or row.partner_id, bool(row.user_id)))
        return recipients

    @api.model
    def _psa_bare_recipient(self, address, record, is_staff):
        """Return a recipient that is just an address; it gets a mail of its own, so that it is not shown to others."""
        return {
            "active": True, "email_normalized": address, "id": False, "is_follower": False, "name": record.name or address,
            "lang": record.lang if record else False, "groups": [], "notif": "email", "share": not is_staff,
            "type": "user" if is_staff else "customer", "uid": False, "ushare": False, "psa_alone": True,
        }
