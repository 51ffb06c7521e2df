from email.utils import formataddr

from odoo import models
from odoo.tools import SQL

from ..core import copies
from .psa_ticket_digest import LISTED


class PsaTicket(models.Model):
    """What is said on many tickets at once reaches those in copy, too: one mail an address, however many tickets."""

    _inherit = "psa.ticket"

    def _comment_copies(self, served):
        """Return {(name, address): ids of these tickets of which a comment reaches him}.

        :param served: {ticket id: partners who are told of that ticket already}
        """
        if not self.ids:
            return {}
        self.flush_recordset(["email_cc", "email_normalized", "partner_id"])
        # Many have neither copies nor a sender without a contact: what is not concerned is not read.
        concerned = self.sudo().browse(ticket_id for ticket_id, in self.env.execute_query(SQL(
            """
            SELECT id FROM psa_ticket
            WHERE id = ANY(%s) AND (email_cc IS NOT NULL OR partner_id IS NULL AND email_normalized IS NOT NULL) ORDER BY id
            """,
            list(self._ids),
        )))
        pairs = concerned._psa_copy_pairs()
        me = self.env.user.partner_id.email_normalized
        return copies.by_address(pairs, {
            ticket_id: {me, *served[ticket_id].mapped("email_normalized")} if ticket_id in served else {me} for ticket_id in pairs
        })

    def _send_copies(self, told, comment, message_ids):
        """Send each address one mail with the comment and the tickets it was said on.

        :param told: what ``_comment_copies`` returns
        :param message_ids: {ticket id: Message-Id of the comment}; an answer to the mail about a single ticket comes back to it
        """
        if not told:
            return
        author_id, email_from = self._message_compute_author()
        reply_to = self._notify_get_reply_to(default=email_from, author_id=author_id)
        values = []
        for (name, address), ticket_ids in told.items():
            tickets = self.browse(ticket_ids).sudo()
            listed = tickets.with_context(lang=tickets[0].partner_id.lang or self.env.lang)
            subject = listed[0].display_name
            if len(listed) > 1:
                subject = listed.env._("%(count)s tickets: %(first)s, …", count=len(listed), first=subject)
            # Who is known by his address only cannot open a ticket.
            body = listed.env["ir.qweb"]._render("psa_helpdesk.message_ticket_digest", {
                "lines": [comment], "tickets": listed[:LISTED], "more": max(0, len(listed) - LISTED), "link": False,
            }, minimal_qcontext=True)
            layout = {"model_description": listed.env._("Tickets"), "company": listed[0].company_id, "lang": listed.env.lang}
            if len(listed) > 1:
                layout["record_name"] = subject
            values.append({
                "subject": subject,
                "body_html": listed.env["mail.render.mixin"]._render_encapsulate(
                    "mail.mail_notification_light", listed.env["mail.render.mixin"]._replace_local_links(body),
                    add_context=layout, context_record=listed[0],
                ),
                "author_id": author_id,
                "email_from": email_from,
                "email_to": formataddr((name, address)) if name else address,
                "reply_to": reply_to[listed[0].id],
                "references": message_ids[listed.id] if len(listed) == 1 else False,
                "auto_delete": True,
            })
        self.env["mail.mail"].sudo().create(values).send_after_commit()
