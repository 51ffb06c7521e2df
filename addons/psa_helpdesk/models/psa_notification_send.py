import json
import logging

import psycopg2
from odoo import models
from odoo.tools import html2plaintext, plaintext2html

from ..core import notification

_logger = logging.getLogger(__name__)

LISTED = 100


class PsaNotification(models.Model):
    """How notifications leave: which of them go out in one message, and in which form."""

    _inherit = "psa.notification"

    def _send(self, template=None, lines=(), is_list=False):
        """Send these rows at once: what one address gets of several tickets or events in one message, the same words to many people
        as one message with many recipients. What cannot be made fails alone."""
        groups = {}
        for row in self:
            key = (row.user_id, row.partner_id, row.kind, row.target)
            groups[key] = groups.get(key, self.browse()) | row
        messages = {}
        for rows in groups.values():
            if (len(rows) > 1 or is_list) and not template:
                rows._attempt(rows._send_list, lines)
                continue
            for row in rows:
                if row.kind in (notification.MAIL, notification.IN_APP):
                    key = (row.ticket_id, row.event_id, row._lang(), row._closeness(), row.note)
                    messages[key] = messages.get(key, self.browse()) | row
                else:
                    row._attempt(row._send_short)
        for rows in messages.values():
            rows._attempt(rows._send_message, template)

    def _attempt(self, method, *arguments):
        """Call a method that sends these rows; what it raises is written on them and stops nobody else."""
        self.env.flush_all()
        try:
            # Not a flushing one: rolling it back would also forget what others have to do at the end of the transaction.
            with self.env.cr.savepoint(flush=False):
                method(*arguments)
                self.env.flush_all()
        except psycopg2.OperationalError:
            raise  # somebody else was faster: the whole transaction is tried again
        except Exception as error:
            _logger.warning("Notifications %s could not be sent", self.ids, exc_info=True)
            self.env.transaction.clear()
            self._fail(f"{type(error).__name__}: {error}")

    def _lang(self):
        return self.user_id.lang or self.partner_id.lang or self.env.user.lang or "en_US"

    def _closeness(self):
        """Return how close who gets this is to us."""
        Ticket = self.env["psa.ticket"]
        if self.user_id:
            return notification.STAFF
        closeness = notification.CLIENT if Ticket._psa_is_client(self.partner_id) else notification.CONTACT
        person = notification.Person(0, closeness, addresses=(notification.Address(target=self.target or ""),))
        return Ticket._psa_person_of(self.ticket_id, person, self.partner_id).closeness

    def _send_message(self, template=None):
        """Send one message about one ticket to all of these, by mail or into their inbox."""
        row = self[0]
        closeness = row._closeness()
        ticket = row.ticket_id.with_context(lang=row._lang())
        subject, body = ticket._psa_words(row.event_id.code, row.note, closeness == notification.CLIENT, template)
        ticket._psa_deliver_message(self, subject, body, for_client=closeness == notification.CLIENT)
        self._mark_shown()

    def _send_list(self, lines=()):
        """Send one message about several tickets or events to one address."""
        row = self[0]
        tickets = self.ticket_id.with_context(lang=row._lang())
        if row.kind not in (notification.MAIL, notification.IN_APP):
            numbers = ", ".join(tickets.mapped("number"))
            self._send_text(self.env._("%(count)s tickets: %(numbers)s", count=len(tickets), numbers=numbers), tickets[:1], "")
            return
        env = tickets.env
        items = [
            {"ticket": ticket, "events": [
                (item.event_id.with_env(env).name, item.note if item._closeness() != notification.CLIENT else False)
                for item in self if item.ticket_id == ticket
            ]}
            for ticket in tickets[:LISTED]
        ]
        body = env["ir.qweb"]._render("psa_helpdesk.notification_list", {
            "lines": lines, "items": items, "more": max(0, len(tickets) - LISTED),
            "link": "/mail/view?model=psa.ticket&res_id=%s" if row.user_id else "/my/tickets/%s",
        }, minimal_qcontext=True)
        body = env["mail.render.mixin"]._replace_local_links(body)
        single = len(tickets) == 1
        subject = tickets.display_name if single else env._(
            "%(count)s tickets: %(first)s, …", count=len(tickets), first=tickets[0].display_name
        )
        tickets[0]._psa_deliver_message(self, subject, body, alone=single, layout="mail.mail_notification_light")
        self._mark_shown()

    def _mark_shown(self):
        """What is in an inbox has arrived; what goes by mail has when the mail was sent."""
        self.filtered(lambda row: row.kind == notification.IN_APP)._mark_sent()

    def _mark_sent(self):
        if self:
            self.write({"state": "sent", "sent_at": self.env.cr.now().replace(tzinfo=None)})

    def _send_short(self):
        """Send a short text about one ticket to one device."""
        ticket = self.ticket_id.with_context(lang=self._lang())
        event = self.event_id.with_env(ticket.env).name
        urgency = ticket.severity_id.name or ticket.priority_id.name or ""
        parts = [ticket.number, event, urgency, ticket.client_id.name or "", ticket.name or ""]
        self._send_text(
            notification.short_text(
                [*parts, html2plaintext(self.note or "")], notification.SHORT_LENGTH.get(self.kind, 240),
                f"{ticket.get_base_url()}/odoo/psa.ticket/{ticket.id}" if self.kind == notification.PAGER else "",
            ),
            ticket, f"{ticket.number}: {event}",
        )

    def _send_text(self, text, ticket, subject):
        """Send a short text to the one device these rows are for."""
        row = self[0]
        if row.kind == notification.PUSH:
            self._send_push(subject or text, text, ticket)
        elif row.kind == notification.SMS:
            sms = self.env["sms.sms"].sudo().create({"number": row.target, "body": text[: notification.SHORT_LENGTH[notification.SMS]]})
            self.write({"sms_id": sms.id})
        else:
            author_id, email_from = ticket._psa_sender()
            mail = self.env["mail.mail"].sudo().create({
                # A gateway puts the subject before the text; a pager shows it.
                "subject": subject if row.kind == notification.PAGER else False,
                "body_html": plaintext2html(text[: notification.SHORT_LENGTH[row.kind]]),
                "email_to": row.target, "author_id": author_id, "email_from": email_from, "reply_to": email_from,
                "model": "psa.ticket", "res_id": ticket.id, "message_type": "user_notification", "is_internal": True,
                "subtype_id": self.env["ir.model.data"]._xmlid_to_res_id("mail.mt_note"),
                "headers": repr(ticket._psa_automatic_headers()), "auto_delete": True,
            })
            self.write({"message_id": mail.mail_message_id.id})
            self.env.flush_all()
            mail.send_after_commit()

    def _send_push(self, title, text, ticket):
        """Leave a push message for the browsers of one user; a scheduled action sends it, so that nobody waits for it."""
        devices = self.env["mail.push.device"].sudo().search([("partner_id", "=", self[0].user_id.partner_id.id)])
        if not devices:
            self._fail(self.env._("No browser of this user takes push messages any more."))
            return
        payload = self.env["mail.thread"]._web_push_truncate_payload({
            "title": title,
            "options": {
                "body": text, "icon": "/web/static/img/odoo-icon-192x192.png", "data": {"model": "psa.ticket", "res_id": ticket.id},
            },
        })
        self.env["mail.push"].sudo().create([
            {"mail_push_device_id": device.id, "payload": json.dumps(payload)} for device in devices
        ])
        self.env.ref("mail.ir_cron_web_push_notification").sudo()._trigger()
        self._mark_sent()
