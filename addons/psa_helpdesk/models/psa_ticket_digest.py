from odoo import models

LISTED = 100


class LogBatch:
    """Notes that wait to be written together. The context of a remote call holds plain data only, so nobody outside has one."""

    __slots__ = ("notes",)

    def __init__(self):
        self.notes = []


class PsaTicket(models.Model):
    """Who is told about many tickets at once gets one mail that lists them, instead of one for each."""

    _inherit = "psa.ticket"

    def _track_get_fields(self):
        # The chatter shows what people talk about; all the rest is in the history, which costs far less.
        return super()._track_get_fields() & self._chatter_field_names()

    def _chatter_field_names(self):
        """Return the set of fields whose changes are shown between the messages."""
        return {"name", "stage_id", "user_id", "queue_id", "desk_id", "priority_id", "date_deadline", "partner_id", "client_id"}

    def _message_track(self, fields_iter, initial_values_dict):
        """Write what changed on many tickets with two statements; Odoo takes two for each."""
        batch = LogBatch()
        tracking = super(PsaTicket, self.with_context(psa_log_batch=batch))._message_track(fields_iter, initial_values_dict)
        self._log_batch(batch.notes)
        return tracking

    def _message_log(self, *, body="", author_id=None, tracking_value_ids=False, **kwargs):
        batch = self.env.context.get("psa_log_batch")
        if isinstance(batch, LogBatch) and tracking_value_ids and not kwargs:
            batch.notes.append((self.id, body, author_id, tracking_value_ids))
            return self.env["mail.message"]
        return super()._message_log(body=body, author_id=author_id, tracking_value_ids=tracking_value_ids, **kwargs)

    def _log_batch(self, notes):
        values = []
        for author_id in dict.fromkeys(author_id for __, __, author_id, __ in notes):
            of_author = {ticket_id: (body, changes) for ticket_id, body, author, changes in notes if author == author_id}
            messages = self.browse(of_author)._message_log_batch(
                {ticket_id: body for ticket_id, (body, __) in of_author.items()}, author_id=author_id
            )
            for message in messages:
                values += [{**vals, "mail_message_id": message.id} for __, __, vals in of_author[message.res_id][1]]
        if values:
            self.env["mail.tracking.value"].sudo().create(values)

    def _message_auto_subscribe_notify(self, partner_ids, template):
        if len(self) < 2 or self.env.context.get("mail_auto_subscribe_no_notify") or not self.env.registry.ready:
            return super()._message_auto_subscribe_notify(partner_ids, template)
        partners = self.env["res.partner"].sudo().browse(partner_ids)
        return self._send_digest({
            partner: (self, [self.with_context(lang=partner.lang).env._("You have been assigned to these tickets:")])
            for partner in partners
        })

    def _send_digest(self, told):
        """Send each partner one mail: ``told`` is {partner: (tickets, lines of text that stand above their list)}.

        About a single ticket it is sent as the ticket, so that an answer comes back to it.
        """
        for partner, (tickets, lines) in told.items():
            listed = tickets.with_context(lang=partner.lang).sudo()
            single = listed if len(listed) == 1 else self.env["mail.thread"]
            body = self.env["ir.qweb"].with_context(lang=partner.lang)._render("psa_helpdesk.message_ticket_digest", {
                "lines": lines,
                "tickets": listed[:LISTED],
                "more": max(0, len(listed) - LISTED),
                "link": "/my/tickets/%s" if partner.partner_share else "/mail/view?model=psa.ticket&res_id=%s",
            }, minimal_qcontext=True)
            subject = (
                listed.display_name if single
                else listed.env._("%(count)s tickets: %(first)s, …", count=len(listed), first=listed[0].display_name)
            )
            values = {}
            if not single and listed.desk_id[:1].alias_email:
                values["reply_to"] = listed.desk_id[:1].alias_email
            single.with_context(lang=partner.lang, mail_notify_author=True).message_notify(
                partner_ids=partner.ids,
                subject=subject,
                body=self.env["mail.render.mixin"]._replace_local_links(body),
                email_layout_xmlid="mail.mail_notification_light",
                model_description=listed.env._("Tickets"),
                # What a client answers to what was said to him is said to us; what one of ours answers stays among us.
                subtype_xmlid="mail.mt_comment" if partner.partner_share else "mail.mt_note",
                **values,
            )
