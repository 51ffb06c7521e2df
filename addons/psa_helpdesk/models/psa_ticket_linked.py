from odoo import api, fields, models

from ..core import lifecycle


class PsaTicket(models.Model):
    """The links of a ticket to others, seen from its side."""

    _inherit = "psa.ticket"

    link_ids = fields.One2many("psa.ticket.link", "ticket_id", "Links", copy=False, groups="base.group_user")
    link_count = fields.Integer("Linked Tickets", compute="_compute_link_count", groups="base.group_user")
    open_blocker_count = fields.Integer(
        "Open Blockers", compute="_compute_link_count", groups="base.group_user",
        help="Tickets that have to be done before this one and are not.",
    )

    @api.depends("link_ids")
    def _compute_link_count(self):
        Link = self.env["psa.ticket.link"]
        counts = dict(Link._read_group([("ticket_id", "in", self.ids)], ["ticket_id"], ["__count"]))
        blockers = dict(Link._read_group(
            [("ticket_id", "in", self.ids), ("kind", "=", "blocked_by"), ("other_id.state", "in", lifecycle.OPEN_STATES)],
            ["ticket_id"], ["__count"],
        ))
        for ticket in self:
            ticket.link_count = counts.get(ticket._origin, 0)
            ticket.open_blocker_count = blockers.get(ticket._origin, 0)

    def _action_open(self):
        """Return the action that opens this ticket."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "views": [(False, "form")],
            "name": self.display_name,
        }

    def _action_open_list(self, name, domain, **context):
        """Return the action that lists tickets of a domain."""
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_helpdesk.action_psa_ticket_list_all")
        return {**action, "name": name, "display_name": name, "domain": domain, "context": context}
