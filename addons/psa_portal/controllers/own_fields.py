from dataclasses import replace
from zoneinfo import ZoneInfo

from odoo.http import request

from ..core.own_field_form import CHAR_MAX, PREFIX, TEXT_MAX, check_own_fields
from .portal import TicketPortal


class OwnFieldPortal(TicketPortal):
    """A desk's own fields on the form "new ticket" and on the page of a ticket."""

    def _ticket_form_extended(self, desk_sudo, form):
        asked = request.env["psa.ticket"].sudo()._portal_asked_own_fields(desk_sudo)
        posted = {name: request.httprequest.form.getlist(name) for name in request.httprequest.form}
        checked = check_own_fields(asked, posted, ZoneInfo(str(request.env.tz)))
        return replace(
            super()._ticket_form_extended(desk_sudo, form), own_fields=checked.values, errors={**form.errors, **checked.errors}
        )

    def _ticket_form_error(self, field, code, *args):
        sentences = {
            "own_missing": self.env._("Please fill this in."),
            "own_number": self.env._("Please enter a number, like 12 or 12.5."),
            "own_whole": self.env._("Please enter a whole number, like 12."),
            "own_date": self.env._("Please choose a date."),
            "own_too_long": self.env._(
                "Please shorten this: at most %(line)s characters in one line, %(text)s in a long text.", line=CHAR_MAX, text=TEXT_MAX
            ),
            "own_unknown": self.env._("This choice is not offered any more. Please choose again."),
        }
        return sentences.get(code) or super()._ticket_form_error(field, code, *args)

    def _ticket_form_values(self, desk_sudo, *args, **kwargs):
        values = super()._ticket_form_values(desk_sudo, *args, **kwargs)
        form = request.httprequest.form
        values["own_fields"] = [
            {**field, "field": PREFIX + field["name"], "posted": form.getlist(PREFIX + field["name"])}
            for field in request.env["psa.ticket"].sudo()._portal_asked_own_fields(desk_sudo)
        ] if desk_sudo else []
        return values

    def _ticket_page_values(self, ticket_sudo, access_token, **kwargs):
        values = super()._ticket_page_values(ticket_sudo, access_token, **kwargs)
        values["shown_own_fields"] = ticket_sudo._portal_shown_own_fields()
        return values
