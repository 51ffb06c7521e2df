from odoo import http
from odoo.http import request

from .portal import TicketPortal


class MergedTicketPortal(TicketPortal):
    """The page of a merged ticket leads to the one that goes on in its place, for whoever may see that."""

    @http.route()
    def portal_my_ticket(self, ticket_id, access_token=None, **kwargs):
        ticket_sudo, sign_in = self._ticket_or_sign_in(ticket_id, access_token)
        if sign_in:
            return sign_in
        url = self._survivor_url(ticket_sudo, access_token)
        if url:
            return request.redirect(url)
        return super().portal_my_ticket(ticket_id, access_token=access_token, **kwargs)

    @http.route()
    def portal_my_ticket_decide(self, ticket_id, decision, access_token=None, comment="", **kwargs):
        ticket_sudo, sign_in = self._ticket_or_sign_in(ticket_id, access_token)
        if sign_in:
            return sign_in
        if ticket_sudo.is_merged:
            query = f"&access_token={access_token}" if access_token else ""
            return request.redirect(f"/my/tickets/{ticket_id}?notice=changed{query}")
        return super().portal_my_ticket_decide(
            ticket_id, decision, access_token=access_token, comment=comment, **kwargs
        )

    def _survivor_url(self, ticket_sudo, access_token):
        """Return where a visitor of a merged ticket goes on, or None: it was not merged, or he may not see the other one."""
        survivor_sudo = ticket_sudo._survivor()
        if survivor_sudo.id == ticket_sudo.id:
            return None
        user = request.env.user
        if not user._is_public():
            survivor = request.env["psa.ticket"].browse(survivor_sudo.id)
            return f"/my/tickets/{survivor.id}?notice=merged" if survivor.has_access("read") else None
        # A link in a mail speaks for the contact of its ticket, so it opens only what is his as well.
        if access_token and ticket_sudo.partner_id and ticket_sudo.partner_id == survivor_sudo.partner_id:
            token = survivor_sudo._portal_ensure_token()
            return f"/my/tickets/{survivor_sudo.id}?access_token={token}&notice=merged"
        return None

    def _ticket_page_values(self, ticket_sudo, access_token, **kwargs):
        values = super()._ticket_page_values(ticket_sudo, access_token, **kwargs)
        survivor_sudo = ticket_sudo._survivor()
        is_merged = survivor_sudo.id != ticket_sudo.id
        values["is_merged"] = is_merged
        # Of a ticket of another client not even the number is told.
        values["survivor_number"] = (
            survivor_sudo.number if is_merged and not ticket_sudo._is_stranger_to(survivor_sudo) else False
        )
        if is_merged:
            values.update(may_close=False, may_reopen=False)
        return values
