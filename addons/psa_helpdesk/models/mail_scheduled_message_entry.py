from odoo import models
from odoo.fields import Command


class MailScheduledMessage(models.Model):
    """What is said to the client in a dialog of the ticket waits as well, together with the move that belongs to it."""

    _inherit = "mail.scheduled.message"

    def _psa_post(self):
        said = (self.psa_post_values or {}).get("psa_entry")
        if not said:
            return super()._psa_post()
        ticket = self._psa_ticket_of_author()
        ticket.env["psa.ticket.entry"].create({
            "ticket_id": ticket.id,
            "kind": said["kind"],
            "body": self.body,
            "attachment_ids": [Command.set(self.attachment_ids.ids)],
        })
        if said.get("state") == "closed":
            ticket.action_close()
        elif said.get("state"):
            ticket.action_resolve()
        return None
