from dataclasses import replace
from datetime import timezone

from odoo import api, fields, models
from odoo.tools.mail import email_normalize

from ..core import notification

LISTED_TEXT = 500


def _aware(moment):
    return moment.replace(tzinfo=timezone.utc) if moment else None


def _naive(moment):
    return moment.astimezone(timezone.utc).replace(tzinfo=None) if moment else False


class Heard(dict):
    """Who was told of each ticket, ``{ticket id: [text]}``; ``failures`` says the same of whom that could not be done, and why."""

    def __init__(self, tickets):
        super().__init__({ticket.id: [] for ticket in tickets})
        self.failures = {ticket.id: [] for ticket in tickets}


class PsaTicket(models.Model):
    """Who hears of what happens to a ticket.

    Events call :meth:`_psa_notify`; who is told where and when is decided in ``core/notification.py`` by the addresses people have
    set up; how it is sent is in ``psa_ticket_notify_send.py``, which events the help desk raises itself in
    ``psa_ticket_notify_events.py``. Each message is a row of ``psa.notification``.
    """

    _inherit = "psa.ticket"

    notification_ids = fields.One2many("psa.notification", "ticket_id", readonly=True, groups="psa_crm.group_company_admin")

    def _psa_notify(self, event, users=None, partners=None, emails=(), template=None, note="", channels=None, taken=None):
        """Tell people about an event of these tickets; return ``{ticket id: [who was told, as text]}``, see :class:`Heard`.

        Nobody is told twice at one address. What waits for the end of somebody's quiet hours counts as told.

        :param event: code of a ``psa.notification.event``: assigned, queue_new, desk_new, reopened, client_replied, sla_warning,
            sla_breach, escalated, mentioned, rule
        :param users: users who are told; None together with no partners and no emails: the event's own audience
        :param partners: people without an account, contacts of the client among them, who never get what is internal
        :param emails: bare mail addresses
        :param template: a ``mail.template`` for psa.ticket, or its XML id, to say it in its words
        :param note: internal text, told to staff and named contacts only; {ticket id: text} where each has its own
        :param channels: only on these ways: a subset of mail, pager, sms, inapp, push
        :param taken: see :meth:`_psa_tell`
        """
        if users is None and partners is None and not emails:
            audience = {ticket: ticket._psa_audience(event) for ticket in self}
        else:
            people = (users or self.env["res.users"], partners or self.env["res.partner"], tuple(emails))
            audience = dict.fromkeys(self, people)
        return self._psa_tell(event, audience, template=template, note=note, channels=channels, taken=taken)

    def _psa_audience(self, event):
        """Return (users, partners, mail addresses) of those an event of this ticket concerns by itself."""
        self.ensure_one()
        ticket = self.sudo()
        users, partners = self.env["res.users"].sudo(), self.env["res.partner"].sudo()
        contacts = ticket.queue_id.contact_ids | ticket.desk_id.contact_ids
        queues, desks = self.env["psa.notification.address"]._watchers()
        if event == notification.QUEUE_NEW:
            partners, users = ticket.queue_id.contact_ids, users.browse(queues.get(ticket.queue_id.id, ()))
        elif event == notification.DESK_NEW:
            partners, users = ticket.desk_id.contact_ids, users.browse(desks.get(ticket.desk_id.id, ()))
        elif event == notification.ESCALATED:
            ladder = self.env["psa.escalation.contact"]._ladder(ticket.desk_id, ticket.queue_id)
            users, partners = ladder.user_id, ladder.partner_id
        elif event in (notification.REOPENED, notification.SLA_BREACH):
            users, partners = ticket.user_id, contacts
        elif event in (notification.SLA_WARNING, notification.CLIENT_REPLIED):
            # While nobody has the ticket, those who hear of new ones do: of the queue, or else of the desk.
            users = ticket.user_id
            partners = partners if users else ticket.queue_id.contact_ids or ticket.desk_id.contact_ids
        else:
            users = ticket.user_id
        return users, partners, ()

    def _psa_tell(self, event, audience, template=None, note="", channels=None, taken=None, lines=(), is_list=False):
        """Write down and send what an event of these tickets means for their audiences; return who was told of each.

        :param audience: {ticket: (users, partners, mail addresses)}
        :param taken: {ticket id: set of places that were told before}; what is told now is added
        :param lines: text that stands above the list of several tickets
        :param is_list: tell it as a list even of one ticket
        """
        told = Heard(self)
        if not self.env.registry.ready or not any(any(people) for people in audience.values()):
            return told
        rows = self._psa_plan(event, audience, note, channels, taken if taken is not None else {}, template)
        rows.filtered(lambda row: row.state == "sending")._send(template=template, lines=lines, is_list=is_list)
        missing = {self._psa_reason_withheld(code) for code in (notification.GONE, notification.UNREADABLE)}
        for row in rows:
            if row.state == "failed" or (row.state == "withheld" and row.reason in missing):
                told.failures[row.ticket_id.id].append(f"{row._told_text()}: {row.reason}")
            elif row.state != "withheld":
                told[row.ticket_id.id].append(row._told_text())
        return told

    def _psa_plan(self, event, audience, note, channels, taken, template=None, message=None, unread=True):
        """Decide who is told of an event of these tickets, and make the rows of it.

        :param message: the message in the conversation that tells it
        :param unread: ask whether the users may read the ticket
        """
        staff = self._psa_staff_by_email(email for __, __, emails in audience.values() for email in emails)
        keys_by_people = {people: self._psa_keys(people, staff) for people in audience.values()}
        persons, records = self._psa_persons(
            list(dict.fromkeys(key for keys in keys_by_people.values() for key in keys)),
            self.browse(ticket.id for ticket in audience).sudo().company_id,
        )
        readable = self._psa_readable(records) if unread else None
        windows = {
            user.id: user.psa_digest_minutes for kind, user in records.values() if kind == "user" and user.psa_digest_limit
        }
        Notification = self.env["psa.notification"].sudo()
        recent, waiting = Notification._recent(windows)
        now = fields.Datetime.now()
        waiting = {place: _aware(moment) for place, moment in waiting.items()}
        event_id = self.env["psa.notification.event"]._ids_by_code().get(event) or (
            self.env["psa.notification.event"]._ids_by_code()[notification.RULE]
        )
        code = event if event in notification.EVENTS else notification.RULE
        vals_list = []
        for told_ticket, people in audience.items():
            ticket = told_ticket.sudo()
            text = note.get(ticket.id) if isinstance(note, dict) else note
            missing = {key: notification.GONE for key in keys_by_people[people] if key not in persons}
            for key in keys_by_people[people]:
                if key in persons and readable is not None and ticket.id not in readable.get(key, (ticket.id,)):
                    missing[key] = notification.UNREADABLE
            of_ticket = [persons[key] for key in keys_by_people[people] if key not in missing]
            if event in (notification.QUEUE_NEW, notification.DESK_NEW):
                missing = {}  # whoever watches a queue or desk has named himself
            facts = notification.Facts(
                ticket.severity_id.id or 0, ticket.queue_id.id or 0, ticket.desk_id.id or 0, ticket.company_id.id
            )
            of_ticket = [self._psa_person_of(ticket, person, records[person.key][1]) for person in of_ticket]
            places = taken.setdefault(ticket.id, set())
            deliveries = notification.plan(
                code, facts, of_ticket, _aware(now), recent, waiting, channels, places, addressed=bool(template)
            )
            not_told = [notification.Delivery(key, 0, notification.MAIL, "", withheld=reason) for key, reason in missing.items()]
            for delivery in (*deliveries, *not_told):
                if not delivery.withheld:
                    places.add(notification.place_of(delivery.person, delivery.kind, delivery.target))
                kind, record = records[delivery.person]
                is_lost = delivery.kind in notification.BY_MAIL and not delivery.target
                vals_list.append({
                    "ticket_id": ticket.id, "company_id": ticket.company_id.id, "event_id": event_id,
                    "user_id": record.id if kind == "user" else False,
                    "partner_id": record.id if kind == "partner" else (record.partner_id.id if kind == "user" else False),
                    "address_id": delivery.address or False, "kind": delivery.kind, "target": delivery.target or False,
                    "summary": ticket.display_name, "note": (text or "")[:LISTED_TEXT] or False,
                    "state": self._psa_first_state(delivery, is_lost),
                    "due_at": _naive(delivery.at), "reason": self._psa_reason(delivery, is_lost),
                    "message_id": message.id if message and not delivery.at and not delivery.withheld
                    and delivery.kind in (notification.MAIL, notification.IN_APP) else False,
                })
        rows = Notification.create(vals_list)
        moments = [row.due_at for row in rows if row.state == "waiting"]
        if moments:
            self.env.ref("psa_helpdesk.ir_cron_send_notifications").sudo()._trigger(min(moments))
        return rows

    @api.model
    def _psa_first_state(self, delivery, is_lost):
        if delivery.withheld:
            return "withheld"
        return "failed" if is_lost else "waiting" if delivery.at else "sending"

    @api.model
    def _psa_reason(self, delivery, is_lost):
        """Return in words why a message is not sent, or not now."""
        if delivery.withheld:
            return self._psa_reason_withheld(delivery.withheld)
        if is_lost:
            return self._psa_reason_lost()
        return self.env._("Quiet hours, or more messages than wanted at a time.") if delivery.at else False

    @api.model
    def _psa_reason_lost(self):
        return self.env._("No e-mail address: enter one in the profile.")

    @api.model
    def _psa_reason_withheld(self, code):
        return {
            notification.FOREIGN: self.env._("The ticket of another client."),
            notification.INTERNAL: self.env._("Internal: clients are not told."),
            notification.GONE: self.env._("Archived: not told any more."),
            notification.UNREADABLE: self.env._("May not read the ticket."),
            notification.UNWANTED: self.env._("The address was removed, or is not used for this any more."),
        }[code]

    @api.model
    def _psa_staff_of(self, partners):
        """Return the account that a contact has as a member of the staff, an archived one of a former colleague as well."""
        partners = partners.sudo().with_context(active_test=False)
        staff = partners.user_ids.filtered(lambda user: not user.share).sorted("active", reverse=True)[:1]
        # A colleague of old who now works for a client is told what clients are.
        return staff if staff.active or not self._psa_is_client(staff.partner_id) else staff.browse()

    @api.model
    def _psa_staff_by_email(self, emails):
        """Return {mail address: user} of those of these addresses that are somebody's of the staff, now or formerly."""
        emails = list({email_normalize(email, strict=False) or email for email in emails if email})
        if not emails:
            return {}
        partners = self.env["res.partner"].sudo().with_context(active_test=False).search([
            ("email_normalized", "in", emails), ("user_ids.share", "=", False),
        ])
        found = {}
        for email, of_email in partners.grouped("email_normalized").items():
            staff = self._psa_staff_of(of_email)
            if staff:
                found[email] = staff
        return found

    @api.model
    def _psa_keys(self, people, staff):
        """Return the keys of an audience, users first; a contact or address that has an account is its user.

        :param staff: {mail address: user}
        """
        users, partners, emails = people
        keys = [("user", user.id) for user in users]
        for partner in partners:
            user = self._psa_staff_of(partner)
            keys.append(("user", user.id) if user else ("partner", partner.id))
        addresses = [email_normalize(email, strict=False) or email for email in emails if email]
        keys += [("user", staff[address].id) if address in staff else ("email", address) for address in addresses]
        return list(dict.fromkeys(keys))

    @api.model
    def _psa_persons(self, keys, companies):
        """Return ({key: core person}, {key: (kind, record)}) of all of these; who is not there any more is a record only.

        :param companies: of the tickets they are told of
        """
        User, Partner = self.env["res.users"].sudo(), self.env["res.partner"].sudo()
        users = User.browse(record_id for kind, record_id in keys if kind == "user")
        partners = Partner.browse(record_id for kind, record_id in keys if kind == "partner")
        emails = [address for kind, address in keys if kind == "email"]
        # The address of somebody at a client is that somebody, however it was entered.
        known = {
            partner.email_normalized: partner
            for partner in (Partner.search([("email_normalized", "in", emails)]) if emails else ()) if self._psa_is_client(partner)
        }
        devices = self._psa_push_partners(users.partner_id)
        optouts = self.env["psa.notification.optout"]._events_by_email()
        persons, records = {}, {}
        for key in keys:
            kind, value = key
            if kind == "user":
                user = users.browse(value)
                records[key] = ("user", user)
                if not user.active:
                    continue
                if user.share:
                    # A portal user is told as the contact he is.
                    records[key] = ("partner", user.partner_id)
                    persons[key] = self._psa_outsider(key, user.partner_id.email_normalized, notification.CLIENT, optouts)
                    continue
                persons[key] = notification.Person(
                    key, addresses=self.env["psa.notification.address"]._addresses_of(user, companies, user.partner_id in devices),
                    tz=user.tz or "UTC", quiet=user._psa_quiet_hours(), limit=user.psa_digest_limit, window=user.psa_digest_minutes,
                )
            elif kind == "partner":
                partner = partners.browse(value)
                records[key] = ("partner", partner)
                closeness = notification.CLIENT if self._psa_is_client(partner) else notification.CONTACT
                if partner.active:
                    persons[key] = self._psa_outsider(key, partner.email_normalized, closeness, optouts)
            else:
                records[key] = ("partner", known[value]) if value in known else ("email", Partner)
                closeness = notification.CLIENT if value in known else notification.CONTACT
                persons[key] = self._psa_outsider(key, value, closeness, optouts)
        return persons, records

    @api.model
    def _psa_outsider(self, key, email, closeness, optouts):
        """Return somebody without an account: told by mail, of what he has not unsubscribed from."""
        unwanted = frozenset(optouts.get(email, ()))
        events = frozenset(notification.EVENTS)
        if unwanted:
            companies = self.sudo().company_id.ids
            events -= {code for company_id, code in unwanted if company_id in companies}
        return notification.Person(key, closeness, addresses=(notification.Address(target=email or "", events=events),))

    def _psa_person_of(self, ticket, person, partner):
        """Return a person as he stands to this ticket: its own contacts and senders are clients, whoever they are otherwise."""
        if person.closeness == notification.STAFF:
            return person
        theirs = {ticket.partner_id.email_normalized, ticket.email_normalized} | {
            address for __, address in self._psa_cc_pairs(ticket.email_cc)
        }
        if any(address.target.lower() in theirs for address in person.addresses):
            return replace(person, closeness=notification.CLIENT)
        client = partner.commercial_partner_id
        return replace(person, is_theirs=bool(client) and client in (ticket.client_id, ticket.partner_id.commercial_partner_id))

    @api.model
    def _psa_is_client(self, partner):
        """Return whether somebody without an account of the staff belongs to a client."""
        return bool(partner.commercial_partner_id.psa_is_client or partner.user_ids.filtered("share"))

    def _psa_readable(self, records):
        """Return {key: ids of those of these tickets that he may read} of the users among those who are to be told."""
        readable = {}
        for key, (kind, user) in records.items():
            if kind == "user" and user.active:
                reader = self.browse(self._ids).with_env(self.env(user=user.id, su=False, context={
                    "allowed_company_ids": user.company_ids.ids, "active_test": False,
                }))
                readable[key] = frozenset(reader._filtered_access("read")._ids)
        return readable

    @api.model
    def _psa_push_partners(self, partners):
        """Return those of these people who have a browser that takes push messages."""
        get_param = self.env["ir.config_parameter"].sudo().get_param
        if not partners or not get_param("mail.web_push_vapid_public_key"):
            return self.env["res.partner"]
        return self.env["mail.push.device"].sudo().search([("partner_id", "in", partners.ids)]).partner_id
