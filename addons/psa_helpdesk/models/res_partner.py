from odoo import fields, models
from odoo.addons.psa_crm.models.res_partner_overview import ROWS
from odoo.fields import Domain

from ..core.lifecycle import OPEN_STATES


class ResPartner(models.Model):
    _inherit = "res.partner"

    # For those who work with tickets; any other employee reads a client without being refused over them.
    psa_ticket_ids = fields.One2many(
        "psa.ticket", "client_id", "Tickets", groups="psa_crm.group_technician,psa_crm.group_billing"
    )
    psa_open_ticket_count = fields.Integer(
        "Open Tickets", compute="_compute_psa_open_ticket_count", groups="psa_crm.group_technician,psa_crm.group_billing"
    )

    def _compute_psa_open_ticket_count(self):
        Ticket = self.env["psa.ticket"]
        self.psa_open_ticket_count = 0
        if not Ticket.has_access("read"):
            return
        is_open = Domain("state", "in", OPEN_STATES)
        clients = dict(Ticket._read_group(is_open & Domain("client_id", "in", self.ids), ["client_id"], ["__count"]))
        contacts = dict(Ticket._read_group(is_open & Domain("partner_id", "in", self.ids), ["partner_id"], ["__count"]))
        for partner in self:
            partner.psa_open_ticket_count = clients.get(partner._origin) or contacts.get(partner._origin, 0)

    def action_psa_view_tickets(self):
        """Open the tickets of this client, or of this contact."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_helpdesk.action_psa_ticket")
        action["domain"] = ["|", ("client_id", "=", self.id), ("partner_id", "=", self.id)]
        action["context"] = {"default_partner_id": self.id, "search_default_open": 1}
        return action

    def _psa_overview_builders(self):
        """Show the open tickets, the newest first."""
        return {**super()._psa_overview_builders(), "tickets": self._psa_overview_tickets}

    def _psa_overview_tickets(self):
        Ticket = self.env["psa.ticket"]
        if not Ticket.has_access("read"):
            return None
        domain = [("client_id", "=", self.id), ("state", "in", OPEN_STATES)]
        tickets = Ticket.search(domain, order="id desc", limit=ROWS)
        rows = [
            {
                "title": f"{ticket.number} {ticket.name}",
                "detail": " · ".join(filter(None, [ticket.user_id.sudo().name, ticket.priority_id.name])),
                "badge": ticket.stage_id.name,
                "tone": "danger" if ticket.is_overdue else "light",
                "model": Ticket._name,
                "id": ticket.id,
            }
            for ticket in tickets
        ]
        return self._psa_overview_section(
            "tickets",
            self.env._("Open tickets"),
            "fa-ticket",
            5,
            rows,
            domain=domain,
            empty=self.env._("No open ticket."),
            action="action_psa_view_tickets",
        )
