from odoo.addons.mail.controllers.thread import ThreadController
from odoo.http import request, route
from werkzeug.exceptions import NotFound


class HeldAnswers(ThreadController):
    """An answer from the composer of a ticket, held back so that it can be undone."""

    @route("/psa_helpdesk/message/hold", methods=["POST"], type="jsonrpc", auth="user")
    def psa_hold_message(self, thread_model, thread_id, post_data, **kwargs):
        """Do what ``/mail/message/post`` does, some seconds later.

        :return: id of the held answer and the seconds it waits
        """
        if thread_model != "psa.ticket" or not request.env.user._is_internal():
            raise NotFound()
        ticket = self._get_thread_with_access_for_post(thread_model, thread_id, **kwargs)
        if not ticket:
            raise NotFound()
        held = ticket._psa_hold(self._prepare_message_data(post_data, thread=ticket, from_create=True, **kwargs))
        return {"held_id": held.id, "seconds": ticket.sudo().desk_id.undo_seconds}
