from .portal import TicketPortal


class TicketMovesPortal(TicketPortal):
    """The buttons of a ticket: only what its desk lets the visitor do."""

    def _ticket_page_values(self, ticket_sudo, access_token, **kwargs):
        values = super()._ticket_page_values(ticket_sudo, access_token, **kwargs)
        return {
            **values,
            "may_close": ticket_sudo._portal_may_close(),
            "may_reopen": ticket_sudo._portal_may_reopen(),
        }
