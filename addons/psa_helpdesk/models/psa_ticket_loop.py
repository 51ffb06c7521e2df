from odoo import fields, models

from ..core import mail_loop


class PsaTicket(models.Model):
    _inherit = "psa.ticket"

    def _psa_is_echo(self, message_dict):
        """Return whether a mail only says what its sender has said over and over."""
        address = self.env["mail.thread"]._psa_normalize_email(message_dict.get("email_from"))
        now = fields.Datetime.now()
        earlier = self.env["psa.ticket.entry"].sudo().search([
            ("ticket_id", "=", self.id), ("source", "=", "email"), ("date", ">", now - mail_loop.ECHO_WINDOW),
        ], limit=50)
        if not address or len(earlier) < mail_loop.ECHO_LIMIT:
            return False
        said = [
            (entry.date, entry.search_text or "") for entry in earlier
            if self.env["mail.thread"]._psa_normalize_email(entry.message_id.email_from) == address
        ]
        text = self.env["psa.ticket.entry"]._text_to_search("comment", message_dict.get("body"))
        return mail_loop.is_echo(text, said, now)
