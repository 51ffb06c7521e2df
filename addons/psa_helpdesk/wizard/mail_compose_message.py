from odoo import models


class MailComposeMessage(models.TransientModel):
    _inherit = "mail.compose.message"

    def action_send_mail(self):
        """Hold back an answer on a ticket, so that it can be undone as one from the composer below the ticket."""
        ticket = self._psa_ticket_that_waits()
        if not ticket:
            return super().action_send_mail()
        post_values = self._manage_mail_values(self._prepare_mail_values(ticket.ids)).get(ticket.id)
        if not post_values:
            return super().action_send_mail()
        held = ticket._psa_hold(post_values, option=self.composition_comment_option)
        return ticket._psa_answer_held(held)

    def _psa_ticket_that_waits(self):
        """Return the ticket whose answer waits to be undone: written by hand to the client, on one ticket, and sent at once."""
        Ticket = self.env["psa.ticket"]
        comment = self.env["ir.model.data"]._xmlid_to_res_id("mail.mt_comment")
        by_hand = self.env.context.get("clicked_on_full_composer") or self[:1].composition_comment_option
        if (
            not by_hand or len(self) != 1 or self.model != Ticket._name or self.composition_mode != "comment"
            or self.message_type != "comment" or self.subtype_id.id != comment
            or self.author_id != self.env.user.partner_id or not self.env.user._is_internal()
        ):
            return Ticket
        tickets = Ticket.browse(self._evaluate_res_ids())
        if len(tickets) != 1 or not tickets.sudo().desk_id.undo_seconds:
            return Ticket
        tickets.check_access("read")
        return tickets
