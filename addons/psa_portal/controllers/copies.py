from odoo import http
from odoo.http import request

from .portal import TicketPortal


class TicketCopies(TicketPortal):
    """Colleagues in copy, and a look at what is open already."""

    def _ticket_page_values(self, ticket_sudo, access_token, **kwargs):
        values = super()._ticket_page_values(ticket_sudo, access_token, **kwargs)
        may_copy = ticket_sudo._portal_may_copy(request.env.user)
        values.update({
            "may_copy": may_copy,
            "copies": ticket_sudo._portal_copies() if may_copy else [],
            "reached": ", ".join(ticket_sudo._portal_reached(request.env.user)) if may_copy else "",
            "copy_error": kwargs.get("copy_error"),
        })
        return values

    @http.route(
        "/my/tickets/<int:ticket_id>/copies/<any(add,remove):change>", type="http", auth="user", methods=["POST"], website=True
    )
    def portal_my_ticket_copies(self, ticket_id, change, email="", **kwargs):
        """Put a colleague in copy, or take him out."""
        ticket_sudo, sign_in = self._ticket_or_sign_in(ticket_id)
        if sign_in:
            return sign_in
        if not ticket_sudo._portal_may_copy(request.env.user):
            raise request.not_found()
        error = ticket_sudo._portal_add_copy(email) if change == "add" else ticket_sudo._portal_remove_copy(email)
        query = f"?copy_error={error}" if error else ""
        return request.redirect(f"/my/tickets/{ticket_id}{query}#psa_ticket_copies")

    @http.route("/my/tickets/similar", type="jsonrpc", auth="user", readonly=True)
    def portal_similar_tickets(self, subject=""):
        """The open tickets of the user's own company that he may read and that sound like the subject."""
        Ticket = request.env["psa.ticket"]
        client = request.env.user.partner_id.commercial_partner_id
        return [
            {key: item[key] for key in ("id", "number", "name", "stage")}
            for item in Ticket.psa_similar_open(subject if isinstance(subject, str) else "", client_id=client.id)
        ]
