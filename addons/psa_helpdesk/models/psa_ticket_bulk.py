from odoo import fields, models
from odoo.tools import SQL


class PsaTicket(models.Model):
    _inherit = "psa.ticket"

    def action_bulk_edit(self):
        """Open the dialog that changes these tickets at once."""
        # What may not be read is not even named.
        wizard = self.env["psa.ticket.bulk.edit"].create({"ticket_ids": [fields.Command.set(self._filtered_access("read").ids)]})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Edit Tickets"),
            "res_model": wizard._name,
            "res_id": wizard.id,
            "views": [(False, "form")],
            "target": "new",
        }

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
