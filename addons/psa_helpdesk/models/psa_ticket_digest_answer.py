import re

from odoo import models
from odoo.tools import email_normalize

from ..core import lifecycle

LINK = re.compile(r"/my/tickets/(\d+)")


class PsaTicket(models.Model):
    """What a client answers to one mail about many tickets is said on the first; the others say where, and wait no longer."""

    _inherit = "psa.ticket"

    def message_update(self, msg_dict, update_vals=None):
        result = super().message_update(msg_dict, update_vals=update_vals)
        intake = self.env["mail.thread"]._psa_intake()
        # On its way to the ticket of its number the mail has lost what it answers: that is no message of this ticket.
        if len(self) == 1 and intake and intake.msg_dict.get("parent_id") and not msg_dict.get("is_internal"):
            self._tell_of_digest_answer(intake.msg_dict["parent_id"], msg_dict)
        return result

    def _tell_of_digest_answer(self, parent_id, msg_dict):
        """Point to an answer on this ticket from the others that the answered mail was about."""
        digest = self.env["mail.message"].sudo().browse(parent_id)
        if digest.message_type != "user_notification" or digest.model:
            return
        # The mail is our own, but what was said in it may name a ticket, too: it points to none but the sender's own.
        listed = self.sudo().browse(dict.fromkeys(map(int, LINK.findall(digest.body or "")))).exists() - self
        others = listed.filtered(
            lambda ticket: ticket.company_id == self.sudo().company_id and ticket._is_own_sender(msg_dict)
        )
        if not others:
            return
        sender = email_normalize(msg_dict.get("email_from") or "", strict=False) or msg_dict.get("email_from") or ""
        text = self.env._("%(sender)s answered a mail about several tickets: see %(ticket)s.", sender=sender, ticket=self.number)
        others._message_log_batch(dict.fromkeys(others.ids, text))
        others.filtered(lambda ticket: ticket.state == "waiting")._move_to_state(lifecycle.state_after_client_message("waiting"))
