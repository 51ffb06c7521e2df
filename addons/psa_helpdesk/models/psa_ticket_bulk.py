from odoo import fields, models
from odoo.tools import SQL
from odoo.tools.mail import generate_tracking_message_id


class PsaTicket(models.Model):
    _inherit = "psa.ticket"

    def action_bulk_edit(self):
        """Open the dialog that changes these tickets at once."""
        # What may not be read is not even named.
        tickets = self._filtered_access("read")
        wizard = self.env["psa.ticket.bulk.edit"].create({"ticket_ids": [fields.Command.set(tickets.ids)]})
        desks = tickets.sudo().desk_id
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Edit Tickets"),
            "res_model": wizard._name,
            "res_id": wizard.id,
            "views": [(False, "form")],
            "target": "new",
            # Tickets of one desk are changed in its words.
            "context": {"psa_desk_view_ref": desks.id if len(desks) == 1 else False},
        }

    def _comment_all(self, body, is_internal):
        """Say the same on each of these tickets; whom it reaches by mail is up to the caller.

        Messages are created together. What follows a posted message follows each of these, too: entries, clocks, states.

        :return: the messages, in the order of the tickets
        """
        author_id, email_from = self._message_compute_author()
        reply_to = self._notify_get_reply_to(default=email_from, author_id=author_id)
        subtype = "mail.mt_note" if is_internal else "mail.mt_comment"
        values = [
            {
                "model": self._name, "res_id": ticket.id, "body": body, "author_id": author_id, "email_from": email_from,
                "message_type": "comment", "is_internal": is_internal, "reply_to": reply_to[ticket.id], "partner_ids": [],
                "subtype_id": self.env["ir.model.data"]._xmlid_to_res_id(subtype), "attachment_ids": [],
                "message_id": generate_tracking_message_id(f"{ticket.id}-{self._name}"),
            }
            for ticket in self
        ]
        messages = self.sudo()._message_create([dict(vals) for vals in values])
        for ticket, message, vals in zip(self, messages.with_env(self.env), values, strict=True):
            ticket._message_post_after_hook(message, vals)
        return messages

    def _comment_followers(self):
        """Return {partner id: ids of these tickets of which a comment reaches him}, in one query."""
        if not self.ids:
            return {}
        return dict(self.env.execute_query(SQL(
            """
            SELECT follower.partner_id, array_agg(follower.res_id ORDER BY follower.res_id)
            FROM mail_followers follower
            JOIN mail_followers_mail_message_subtype_rel subtype ON subtype.mail_followers_id = follower.id
            JOIN res_partner partner ON partner.id = follower.partner_id AND partner.active
            WHERE follower.res_model = 'psa.ticket' AND follower.res_id = ANY(%s) AND subtype.mail_message_subtype_id = %s
            GROUP BY follower.partner_id
            """,
            list(self._ids), self.env["ir.model.data"]._xmlid_to_res_id("mail.mt_comment"),
        )))
