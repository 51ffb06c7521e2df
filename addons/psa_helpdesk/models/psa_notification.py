from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL, consteq, hmac
from odoo.tools.mail import email_normalize

from ..core import notification
from .psa_notification_address import KIND_SELECTION

STATE_SELECTION = [
    ("waiting", "Waiting"),
    ("sending", "On Its Way"),
    ("sent", "Sent"),
    ("failed", "Failed"),
    ("withheld", "Withheld"),
]
KEPT_DAYS = 180
VACUUM_BATCH = 10000


class PsaNotification(models.Model):
    """One message to one address about one event: what was sent, what waits to be put together, and what failed.

    Rows are made by tickets only, see ``psa_ticket_notify.py``; nobody writes them by hand.
    """

    _name = "psa.notification"
    _description = "Notification"
    _order = "id desc"
    _rec_name = "summary"

    _company_state_idx = models.Index("(company_id, state, id DESC)")
    _user_idx = models.Index("(user_id, id DESC) WHERE user_id IS NOT NULL")
    _recent_idx = models.Index("(user_id, create_date) WHERE user_id IS NOT NULL")
    _due_idx = models.Index("(due_at, id) WHERE state = 'waiting'")
    _message_idx = models.Index("(message_id) WHERE message_id IS NOT NULL")
    _sms_idx = models.Index("(sms_id) WHERE sms_id IS NOT NULL")
    _age_idx = models.Index("USING brin (create_date)")

    ticket_id = fields.Many2one("psa.ticket", required=True, ondelete="cascade", index=True, readonly=True)
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    event_id = fields.Many2one("psa.notification.event", required=True, ondelete="restrict", index=True, readonly=True)
    user_id = fields.Many2one("res.users", ondelete="set null", readonly=True)
    partner_id = fields.Many2one("res.partner", "Contact", ondelete="set null", index="btree_not_null", readonly=True)
    address_id = fields.Many2one(
        "psa.notification.address", "By Address", ondelete="set null", index="btree_not_null", readonly=True,
        help="Empty where the person has what everybody has.",
    )
    kind = fields.Selection(KIND_SELECTION, required=True, readonly=True)
    target = fields.Char("Address", readonly=True)
    summary = fields.Char(readonly=True)
    note = fields.Text(readonly=True, help="What was added for this occasion; told to staff only.")
    state = fields.Selection(STATE_SELECTION, required=True, readonly=True, default="sending")
    due_at = fields.Datetime("Sent at the Latest", readonly=True, help="When it is sent together with what else waits by then.")
    sent_at = fields.Datetime("Sent on", readonly=True)
    reason = fields.Char(readonly=True, help="Why it waits, failed or was withheld.")
    message_id = fields.Many2one("mail.message", readonly=True, ondelete="set null")
    sms_id = fields.Integer(readonly=True, aggregator=None)

    def write(self, vals):
        if not self.env.su:
            raise AccessError(self.env._("What was sent stays as it is written down. Send what failed again with its button."))
        return super().write(vals)

    def action_view_ticket(self):
        """Open the ticket it is about."""
        self.ensure_one()
        return self.ticket_id._action_open()

    def action_retry(self):
        """Send what failed once more."""
        failed = self.filtered(lambda row: row.state == "failed")
        if not failed:
            raise UserError(self.env._("None of these notifications has failed: there is nothing to send again."))
        failed.check_access("write")
        failed.sudo().write({"state": "waiting", "due_at": fields.Datetime.now(), "reason": False, "message_id": False, "sms_id": 0})
        self.env.ref("psa_helpdesk.ir_cron_send_notifications").sudo()._trigger()
        return True

    @api.model
    def _recent(self, windows):
        """Return ({place: messages of late}, {place: when what waits there is sent}) of users, in one query.

        :param windows: {user id: minutes that count}
        """
        if not windows:
            return {}, {}
        self.flush_model(["user_id", "kind", "target", "state", "due_at", "message_id"])
        now = fields.Datetime.now()
        rows = self.env.execute_query(SQL(
            """
            SELECT n.user_id, n.kind, n.target, count(DISTINCT COALESCE(n.message_id, -n.id)) FILTER (WHERE n.state IN ('sending', 'sent')),
                   min(n.due_at) FILTER (WHERE n.state = 'waiting' AND n.due_at > %s)
              FROM unnest(%s::int[], %s::int[]) AS u (id, minutes)
              JOIN psa_notification n ON n.user_id = u.id AND n.create_date > %s - u.minutes * interval '1 minute'
             GROUP BY n.user_id, n.kind, n.target
            """,
            now, list(windows), list(windows.values()), now,
        ))
        counts, waiting = {}, {}
        for user_id, kind, target, count, due in rows:
            place = notification.place_of(("user", user_id), kind, target or "")
            counts[place] = counts.get(place, 0) + count
            if due:
                waiting[place] = due
        return counts, waiting

    def _token(self):
        """Return what proves that a link to unsubscribe is ours: made of the row, so nobody can make one for another."""
        self.ensure_one()
        return hmac(self.env(su=True), "psa-notification-unsubscribe", f"{self.id}-{self.event_id.id}-{self.target or ''}")

    def _unsubscribe_url(self):
        self.ensure_one()
        return f"{self.get_base_url()}/psa/notification/{self.id}/{self._token()}/unsubscribe"

    @api.model
    def _find_by_token(self, row_id, token):
        """Return the notification of a link, or none."""
        row = self.sudo().browse(row_id).exists()
        is_ours = row and consteq(row._token().encode(), token.encode(errors="replace"))
        return row if is_ours else self.sudo().browse()

    def _unsubscribe(self):
        """Let who got this notification hear no more of such events at this address."""
        self.ensure_one()
        row = self.sudo()
        if not row.user_id:
            self.env["psa.notification.optout"].sudo()._add(row.target, row.event_id, row.company_id)
            return
        address = row._own_address()
        if not address:
            address._ensure_own(row.user_id, row.company_id)
            address = row._own_address()
        address.write({"event_ids": [fields.Command.unlink(row.event_id.id)]})

    def _is_unsubscribed(self):
        """Return whether the address of this notification is spared such events already."""
        self.ensure_one()
        row = self.sudo()
        if not row.user_id:
            optouts = self.env["psa.notification.optout"]._events_by_email()
            return (row.company_id.id, row.event_id.code) in optouts.get(email_normalize(row.target or ""), ())
        address = row._own_address()
        return bool(address) and row.event_id not in address.event_ids

    def _own_address(self):
        """Return the row by which the user has this message, if he has set up any: without one, he has what everybody has."""
        if self.address_id.user_id:
            return self.address_id
        return self.env["psa.notification.address"].sudo().with_context(active_test=False).search([
            ("user_id", "=", self.user_id.id), ("kind", "=", self.kind), ("target", "=", self.address_id.target),
            "|", ("only_company_ids", "=", False), ("only_company_ids", "in", self.company_id.ids),
        ], limit=1)

    @api.model
    def _mails_sent(self, mails, success_partners, success_emails, failure_reason, failure_type):
        """Write down what became of the mails of notifications."""
        rows = self.sudo().search([("message_id", "in", mails.mail_message_id.ids), ("state", "=", "sending")])
        rows = rows.filtered(lambda row: row.kind in notification.BY_MAIL)
        if not rows:
            return
        partners = {partner.id for partner in success_partners}
        emails = {email_normalize(email) for email in success_emails}
        arrived = rows.filtered(
            lambda row: not failure_type or row.partner_id.id in partners or email_normalize(row.target or "") in emails
        )
        arrived.write({"state": "sent", "sent_at": fields.Datetime.now()})
        (rows - arrived)._fail(failure_reason or dict(
            self.env["mail.mail"]._fields["failure_type"]._description_selection(self.env)
        ).get(failure_type) or failure_type)

    def _fail(self, reason):
        """Write down that these could not be sent."""
        if self:
            self.write({"state": "failed", "reason": (str(reason or "") or self.env._("Unknown error"))[:500]})

    @api.model
    def _cron_send(self):
        """Send what waited: what is due for one address goes out in one message."""
        self._refresh_sms()
        domain = [("state", "=", "waiting"), ("due_at", "<=", fields.Datetime.now())]
        remaining = self.sudo().search_count(domain)
        while remaining:
            rows = self.sudo().search(domain, limit=500, order="due_at, id").try_lock_for_update()
            if not rows:
                break
            rows._send_together()
            remaining = max(0, remaining - len(rows))
            if not self.env["ir.cron"]._commit_progress(len(rows), remaining=remaining):
                break

    def _send_together(self):
        """Send these rows, those of one address and kind in one message; time has passed, so ask again who may be told where."""
        outdated = {}
        readable = self.ticket_id._psa_readable({user.id: ("user", user) for user in self.user_id})
        staff = self.env["psa.ticket"]._psa_staff_by_email(
            row.target for row in self if not row.user_id and not row.partner_id and row.target
        )
        for row in self:
            code = row._outdated(readable, staff)
            if code:
                outdated[code] = outdated.get(code, self.browse()) | row
        there = self
        for code, rows in outdated.items():
            rows._withhold(code)
            there -= rows
        there.write({"state": "sending", "due_at": False, "reason": False})
        for row in there:
            row._follow_address()
        lost = there.filtered(lambda row: row.kind in notification.BY_MAIL and not row.target)
        lost._fail(self.env["psa.ticket"]._psa_reason_lost())
        (there - lost)._send()

    def _outdated(self, readable, staff):
        """Return why who was to be told must not be any more, or nothing.

        :param readable: {user id: ids of the tickets he may read}
        :param staff: {mail address: member of the staff}
        """
        self.ensure_one()
        Ticket, user, address = self.env["psa.ticket"], self.user_id, self.address_id
        if user:
            if not user.active or user.share:
                return notification.GONE
            if self.ticket_id.id not in readable[user.id]:
                return notification.UNREADABLE
            is_wanted = not address or (address.active and (not address.user_id or self.event_id in address.event_ids))
            return "" if is_wanted else notification.UNWANTED
        former = Ticket._psa_staff_of(self.partner_id) or staff.get(self.target, user)
        if (self.partner_id and not self.partner_id.active) or (former and not former.active):
            return notification.GONE
        optouts = self.env["psa.notification.optout"]._events_by_email()
        is_unwanted = (self.company_id.id, self.event_id.code) in optouts.get(email_normalize(self.target or ""), ())
        return notification.UNWANTED if is_unwanted else ""

    def _follow_address(self):
        """Send to where the address leads now."""
        email = (self.user_id.partner_id or self.partner_id).email_normalized if self.kind == notification.MAIL else False
        target = self.address_id.target or email
        if target and target != self.target:
            self.target = target

    def _withhold(self, code):
        """Write down that these are not sent, and why."""
        if self:
            self.write({"state": "withheld", "due_at": False, "reason": self.env["psa.ticket"]._psa_reason_withheld(code)})

    @api.model
    def _refresh_sms(self):
        """Write down what became of short messages: Odoo's SMS app does not tell."""
        if "sms.sms" not in self.env:
            return
        rows = self.sudo().search([("sms_id", "!=", 0), ("sms_id", "!=", False), ("state", "=", "sending")], limit=1000)
        messages = {sms.id: sms for sms in self.env["sms.sms"].sudo().browse(rows.mapped("sms_id")).exists()}
        for row in rows:
            sms = messages.get(row.sms_id)
            if not sms or sms.state in ("pending", "sent"):
                row.write({"state": "sent", "sent_at": fields.Datetime.now()})
            elif sms.state in ("error", "canceled"):
                row._fail(dict(sms._fields["failure_type"]._description_selection(self.env)).get(sms.failure_type) or sms.state)

    @api.autovacuum
    def _gc_old(self):
        """Forget what is older than half a year."""
        limit = fields.Datetime.now() - timedelta(days=KEPT_DAYS)
        rows = self.sudo().search([("create_date", "<", limit)], limit=VACUUM_BATCH, order="id")
        rows.unlink()
        return len(rows), len(rows) == VACUUM_BATCH

    def _told_text(self):
        """Return who was told and where, for logs: “Ann Lee (Pager)”."""
        self.ensure_one()
        kind = dict(self._fields["kind"]._description_selection(self.env))[self.kind]
        name = self.user_id.name or self.partner_id.name or self.target or ""
        return f"{name} ({kind})"
