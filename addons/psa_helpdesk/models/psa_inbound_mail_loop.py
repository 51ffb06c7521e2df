from odoo import api, fields, models

from ..core import mail_loop


class PsaInboundMail(models.Model):
    """A loop that was stopped is noted on the ticket it concerns, once for a while and not for each mail."""

    _inherit = "psa.inbound.mail"

    @api.model_create_multi
    def create(self, vals_list):
        mails = super().create(vals_list)
        for mail in mails.filtered(lambda mail: mail.reason == "loop"):
            mail.sudo()._note_loop()
        return mails

    def _note_loop(self):
        """Say on the ticket that mail about it is kept aside; mail that would have made another ticket belongs to the last one."""
        self.ensure_one()
        if not self.ticket_id:
            address = self.env["mail.thread"]._psa_normalize_email(self.email_from)
            self.ticket_id = address and self.env["psa.ticket"].search([
                ("email_normalized", "=", address), ("company_id", "=", self.company_id.id),
            ], order="create_date desc, id desc", limit=1)
        if not self.ticket_id:
            return
        before = self.search([
            ("ticket_id", "=", self.ticket_id.id), ("reason", "=", "loop"), ("id", "!=", self.id),
        ], order="id desc", limit=1)
        if mail_loop.needs_note(before.date or None, fields.Datetime.now()):
            self.ticket_id._message_log(body=self.env._(
                "Mail from %(sender)s is not taken in for the moment: it goes round in a loop. %(why)s It is kept under “Kept Mail”.",
                sender=self.email_from or "?", why=self.detail or "",
            ))
