from odoo import api, models

from ..core.lifecycle import OPEN_STATES
from .res_partner_context import ROWS, SECTIONS


class PsaTicket(models.Model):
    _inherit = "psa.ticket"

    @api.model
    @api.readonly
    def client_context(self, client_id, ticket_id=False):
        """Return what else is going on with the client of a ticket, for the panel beside it.

        The sections are those of the client's own overview that this user may see; the ticket itself is left out.

        :param int client_id: the client, of whom the caller sees what his access allows
        :param int ticket_id: the ticket that is open
        :return: list of dicts as ``res.partner._psa_overview_section`` makes them, at most four rows in each
        """
        client = self.env["res.partner"].browse(client_id).exists()
        if not client or not self.env.user._is_internal() or not self.has_access("read") or not client.has_access("read"):
            return []
        shown = []
        for overview in client._psa_context_sections():
            rows = [row for row in overview["rows"] if (row.get("model"), row.get("id")) != (self._name, ticket_id)]
            section = {**overview, "rows": rows[:ROWS], "action": None}
            if section["key"] == "tickets":
                section["title"] = self.env._("Other open tickets")
                section["count"] -= self.search_count(
                    [("id", "=", ticket_id), ("client_id", "=", client.id), ("state", "in", OPEN_STATES)])
            shown.append(section)
        return sorted(shown, key=lambda section: SECTIONS.index(section["key"]))
