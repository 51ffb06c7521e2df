from .portal import TicketPortal


class ServiceLevelPortal(TicketPortal):
    """A client sees by when we answer and by when it is resolved, where the desk says so."""

    def _ticket_page_values(self, ticket_sudo, access_token, **kwargs):
        values = super()._ticket_page_values(ticket_sudo, access_token, **kwargs)
        values["promises"] = [
            {"label": label, "state": state, "due_at": due_at, "ended_at": ended_at, "kind": kind}
            for kind, label, state, due_at, ended_at in ticket_sudo._sla_promises()
        ]
        return values
