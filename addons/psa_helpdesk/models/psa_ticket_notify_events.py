from odoo import models
from odoo.tools import html2plaintext

from ..core import notification
from ..core.lifecycle import DONE_STATES, OPEN_STATES
from .mail_mail_notification import NOTIFICATION_HEADER

SNIPPET = 300


class Telling:
    """What is found out while one message of a ticket is posted: whom it reaches, and what else happened by it."""

    __slots__ = ("event", "mentioned", "message_id", "places", "reopened", "rows")

    def __init__(self):
        self.event = None  # of who is not mentioned
        self.mentioned = frozenset()
        self.message_id = None
        self.places = {}  # ticket id: places that are told by the message itself
        self.reopened = None  # tickets that it reopened
        self.rows = None  # notifications of its recipients


class PsaTicket(models.Model):
    """The events that the help desk raises itself: assigned, new in queue and desk, reopened, client replied, mentioned.

    What Odoo would tell by itself is told by these rules instead, never besides: a message of the conversation reaches its
    recipients as a message, but only on the ways they have chosen and when they want to be reached.
    """

    _inherit = "psa.ticket"

    def write(self, vals):
        if not vals.keys() & {"stage_id", "desk_id", "queue_id"}:
            return super().write(vals)
        before = {ticket.id: (ticket.state, ticket.queue_id.id, ticket.desk_id.id) for ticket in self.sudo()}
        result = super().write(vals)
        self._psa_tell_changes(before)
        return result

    def _psa_tell_changes(self, before):
        """Tell of tickets that were reopened, and of those that came into a queue or desk whose contacts want to know."""
        tickets = self.sudo()
        reopened = tickets.filtered(lambda ticket: before[ticket.id][0] in DONE_STATES and ticket.state in OPEN_STATES)
        telling = self._psa_telling()
        if reopened and telling:
            # Whoever is told what the client said need not be told that this reopened the ticket.
            telling.reopened = (telling.reopened or self.browse()) | reopened
        elif reopened:
            reopened._psa_tell_event(notification.REOPENED)
        queued = tickets.filtered(lambda ticket: ticket.state in OPEN_STATES and before[ticket.id][1] != ticket.queue_id.id)
        moved = tickets.filtered(lambda ticket: ticket.state in OPEN_STATES and before[ticket.id][2] != ticket.desk_id.id)
        taken = {}
        for event, those in ((notification.QUEUE_NEW, queued), (notification.DESK_NEW, moved)):
            heard = those.filtered(lambda ticket, event=event: self._psa_has_audience(event, ticket.desk_id.id, ticket.queue_id.id))
            if heard:
                heard._psa_tell_event(event, taken=taken)

    def _psa_has_audience(self, event, desk_id, queue_id):
        """Return whether somebody hears of new tickets of a queue or desk; known without a query."""
        queues, desks = self.env["psa.notification.address"]._watchers()
        if event == notification.QUEUE_NEW:
            return bool(queues.get(queue_id)) or self.env["psa.queue"]._settings_by_queue().get(queue_id, (None, False))[1]
        return bool(desks.get(desk_id)) or bool(self.env["psa.desk"]._settings_by_desk().get(desk_id, {}).get("has_contacts"))

    def _psa_tell_event(self, event, taken=None, **kwargs):
        """Tell the audiences of an event of these tickets, but not whoever brought it about."""
        actor = self.env.user if self.env.user.active else self.env["res.users"]
        audience = {}
        for ticket in self:
            users, partners, emails = ticket._psa_audience(event)
            # Who was given a new ticket is told that.
            is_new = event in (notification.QUEUE_NEW, notification.DESK_NEW)
            spared = actor | ticket.sudo().user_id if is_new else actor
            audience[ticket] = (users - spared, partners - spared.sudo().partner_id, emails)
        return self._psa_tell(event, audience, taken=taken, **kwargs)

    def _announcement_due(self, vals, desk):
        due = super()._announcement_due(vals, desk)
        if due:
            return due
        queues, desks = self.env["psa.notification.address"]._watchers()
        is_watched = (vals.get("queue_id") or desk["queue_id"]) in queues or vals.get("desk_id") in desks
        return "notice" if is_watched else False

    def _psa_tell_of_new(self):
        """Tell the contacts of queue and desk of these new tickets, each person once."""
        taken = {}
        for event in (notification.QUEUE_NEW, notification.DESK_NEW):
            tickets = self.filtered(lambda ticket, event=event: self._psa_has_audience(event, ticket.desk_id.id, ticket.queue_id.id))
            if tickets:
                tickets._psa_tell_event(event, taken=taken)

    def _message_auto_subscribe_notify(self, partner_ids, template):
        if (
            template != "mail.message_user_assigned" or not self or not self.env.registry.ready
            or self.env.context.get("mail_auto_subscribe_no_notify")
        ):
            return super()._message_auto_subscribe_notify(partner_ids, template)
        partners = self.env["res.partner"].sudo().browse(partner_ids)
        staff = partners.user_ids.filtered(lambda user: user.active and not user.share)
        if staff:
            self._psa_tell(
                notification.ASSIGNED, dict.fromkeys(self, (staff, partners.browse(), ())),
                lines=[self.with_context(lang=staff[:1].lang).env._("You have been assigned to these tickets:")],
            )
        others = partners - staff.partner_id
        return super()._message_auto_subscribe_notify(others.ids, template) if others else None

    def _send_digest(self, told):
        """Tell members of the staff by their own addresses, everybody else by one mail."""
        others = {}
        for partner, (tickets, lines) in told.items():
            staff = partner.user_ids.filtered(lambda user: user.active and not user.share)[:1]
            if not staff:
                others[partner] = (tickets, lines)
                continue
            is_assigned = staff in tickets.sudo().user_id
            tickets._psa_tell(
                notification.ASSIGNED if is_assigned else notification.FOLLOWED,
                dict.fromkeys(tickets, (staff, partner.browse(), ())), lines=lines, is_list=True,
            )
        return super()._send_digest(others)

    def message_post(self, **kwargs):
        telling = Telling()
        message = super(PsaTicket, self.with_context(psa_telling=telling)).message_post(**kwargs)
        if telling.reopened:
            telling.reopened.with_env(self.env).sudo()._psa_tell_event(notification.REOPENED, taken=telling.places)
        return message.with_env(self.env)

    def _psa_telling(self):
        """Return what is known of the message that is being posted, if one is."""
        telling = self.env.context.get("psa_telling")
        # The context of a remote call holds plain data only, so nobody outside can pass this for one.
        return telling if isinstance(telling, Telling) else None

    def _notify_thread(self, message, msg_vals=False, **kwargs):
        telling = self._psa_telling()
        values = msg_vals or {}
        message_type = values.get("message_type") or message.sudo().message_type
        if (
            not telling or len(self) != 1 or message_type not in ("comment", "email") or telling.event
            or kwargs.get("notify_skip_followers") or self._is_notification_scheduled(kwargs.get("scheduled_date"))
        ):
            return super()._notify_thread(message, msg_vals=msg_vals, **kwargs)
        vals = {
            "author_id": message.sudo().author_id.id, "is_internal": message.sudo().is_internal,
            "subtype_id": message.sudo().subtype_id.id, "message_type": message_type, "message_id": message.sudo().message_id, **values,
        }
        telling.message_id = message.id
        by_client = self._is_client_word(message, vals)
        telling.event = notification.CLIENT_REPLIED if by_client else notification.FOLLOWED
        telling.mentioned = frozenset(values["partner_ids"] if "partner_ids" in values else message.sudo().partner_ids.ids)
        recipients = super()._notify_thread(message, msg_vals=msg_vals, **kwargs)
        short = telling.rows.filtered(
            lambda row: row.state == "sending" and row.kind not in (notification.MAIL, notification.IN_APP)
        ) if telling.rows else ()
        if short:
            short._send()
        if telling.rows:
            telling.rows._mark_shown()
        if by_client and not self.sudo().user_id and not self._is_first_mail(vals):
            desk_id, queue_id = self.sudo().desk_id.id, self.sudo().queue_id.id
            if any(self._psa_has_audience(event, desk_id, queue_id) for event in (notification.QUEUE_NEW, notification.DESK_NEW)):
                self.sudo()._psa_tell_event(
                    notification.CLIENT_REPLIED, taken=telling.places, note=self._psa_snippet(message, vals)
                )
        return recipients

    def _psa_snippet(self, message, values):
        """Return the first words of a message."""
        text = " ".join(html2plaintext(values.get("body") or message.sudo().body or "", include_references=False).split())
        return notification.short_text([text], SNIPPET)

    def _notify_get_recipients(self, message, msg_vals=False, **kwargs):
        """Let members of the staff be reached on the ways they have chosen, and when they want to be."""
        recipients = super()._notify_get_recipients(message, msg_vals=msg_vals, **kwargs)
        telling = self._psa_telling()
        if not telling or telling.message_id != message.id or len(self) != 1 or telling.rows is not None:
            return recipients
        staff = {recipient["uid"]: recipient for recipient in recipients if recipient["uid"] and not recipient["share"]}
        if not staff:
            return recipients
        values = msg_vals or {}
        users = self.env["res.users"].sudo().browse(staff)
        named = users.filtered(lambda user: staff[user.id]["id"] in telling.mentioned)
        rows = self.env["psa.notification"].sudo()
        for event, those in ((notification.MENTIONED, named), (telling.event, users - named)):
            if those:
                rows |= self._psa_plan(
                    event, {self: (those, self.env["res.partner"], ())}, self._psa_snippet(message, values), None, telling.places,
                    message=message, unread=False,
                )
        telling.rows = rows
        return [recipient for recipient in recipients if recipient["uid"] not in staff] + self._psa_staff_recipients(rows, staff)

    def _psa_staff_recipients(self, rows, staff):
        """Return the recipients of a message among the staff, as notifications say."""
        now = rows.filtered(lambda row: row.state == "sending")
        in_app = now.filtered(lambda row: row.kind == notification.IN_APP)
        recipients = [{**staff[row.user_id.id], "notif": "inbox"} for row in in_app]
        served = set(in_app.user_id.ids)
        for row in now.filtered(lambda row: row.kind == notification.MAIL):
            own = staff[row.user_id.id]
            if row.user_id.id not in served and row.target == own["email_normalized"]:
                served.add(row.user_id.id)
                recipients.append({**own, "notif": "email"})
            elif row.target:
                recipients.append(self._psa_bare_recipient(row.target, row.user_id, True))
        return recipients

    def _notify_by_email_get_headers(self, headers=None):
        headers = super()._notify_by_email_get_headers(headers=headers)
        telling = self._psa_telling()
        return {**headers, NOTIFICATION_HEADER: "1"} if telling and telling.rows else headers

    def _notify_thread_by_email(self, message, recipients_data, **kwargs):
        """Send those who are just an address of the staff a mail each, so that addresses are not shown to others."""
        alone = [recipient for recipient in recipients_data if recipient.get("psa_alone")]
        if not alone or len(recipients_data) == 1:
            return super()._notify_thread_by_email(message, recipients_data, **kwargs)
        together = [recipient for recipient in recipients_data if not recipient.get("psa_alone")]
        for part in [together, *([recipient] for recipient in alone)]:
            if part:
                super()._notify_thread_by_email(message, part, **kwargs)
        return True

    def _notify_thread_by_web_push(self, message, recipients_data, msg_vals=False, **kwargs):
        """Leave the browsers of the staff to notifications, which know who wants to be told there."""
        telling = self._psa_telling()
        if telling and telling.rows:
            recipients_data = [recipient for recipient in recipients_data if not recipient["uid"] or recipient["share"]]
        return super()._notify_thread_by_web_push(message, recipients_data, msg_vals=msg_vals, **kwargs)
