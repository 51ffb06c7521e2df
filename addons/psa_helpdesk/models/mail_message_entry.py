from odoo import api, models
from odoo.exceptions import AccessError

# What a message says, to whom, and in whose name.
SAID = frozenset({"body", "subject", "is_internal", "subtype_id", "author_id", "email_from", "date", "model", "res_id", "message_type"})


class MailMessage(models.Model):
    _inherit = "mail.message"

    def write(self, vals):
        """Keep what was said about tickets as it was said: who may change a ticket could otherwise rewrite its messages.

        Authors correct theirs by ``_message_update_content``, which asks the desk and keeps history.
        """
        if not self.env.su and SAID & vals.keys() and any(message.model == "psa.ticket" for message in self.sudo()):
            raise AccessError(self.env._(
                "Messages of a ticket stay as they were sent. Correct one of your own with its Edit button, or write another one."
            ))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_of_tickets(self):
        if not self.env.su and any(message.model == "psa.ticket" for message in self.sudo()):
            raise AccessError(self.env._("Messages of a ticket are not deleted. Write another one."))
