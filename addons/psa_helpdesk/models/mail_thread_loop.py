from odoo import api, models

from ..core import mail_intake


class MailThread(models.AbstractModel):
    """Machines that answer each other without saying so are known by saying the same over and over."""

    _inherit = "mail.thread"

    @api.model
    def _detect_loop_sender(self, message, message_dict, routes):
        if super()._detect_loop_sender(message, message_dict, routes):
            return True
        intake = self._psa_intake()
        ticket_ids = [route[1] for route in routes or () if route[0] == "psa.ticket" and route[1]]
        # What calls itself an automatic reply becomes a silent note, and ends there.
        if not intake or not ticket_ids or intake.kind != mail_intake.NORMAL or message_dict.get("is_internal"):
            return False
        ticket = self.env["psa.ticket"].sudo().browse(ticket_ids[0])
        if not ticket._psa_is_echo(message_dict):
            return False
        intake.refuse(
            "loop", desk_id=ticket.desk_id.id, ticket_id=ticket.id,
            detail=self.env._("The same words came again and again within an hour: a machine answers."),
        )
        return True
