from odoo import http
from odoo.exceptions import RedirectWarning, UserError
from odoo.http import request

from .portal import TicketPortal


class TicketStaffPortal(TicketPortal):
    """What a desk asks of its staff, asked on the page: here no dialogue of the office can open."""

    @http.route()
    def portal_my_ticket_decide(self, ticket_id, decision, access_token=None, comment="", **kwargs):
        try:
            return super().portal_my_ticket_decide(
                ticket_id, decision, access_token=access_token, comment=comment, **kwargs
            )
        except (RedirectWarning, UserError) as refused:
            # Nothing of it counts, neither what was said with it nor the mail about that.
            request.env.cr.rollback()
            refusal = refused.args[0]
        ticket_sudo, sign_in = self._ticket_or_sign_in(ticket_id, access_token)
        if sign_in:
            return sign_in
        values = self._ticket_page_values(ticket_sudo, access_token, **kwargs)
        values.update(refusal=refusal, refused_comment=comment)
        return request.render("psa_portal.portal_my_ticket", values)

    def _ticket_page_values(self, ticket_sudo, access_token, **kwargs):
        values = super()._ticket_page_values(ticket_sudo, access_token, **kwargs)
        values["asks_resolution"] = values["may_close"] and ticket_sudo._portal_asks_resolution()
        return values
