from odoo import fields, models

from ..core.lifecycle import OPEN_STATES


class PsaAsset(models.Model):
    _inherit = "psa.asset"

    ticket_ids = fields.Many2many("psa.ticket", "psa_asset_ticket_rel", "asset_id", "ticket_id", "Tickets")
    open_ticket_count = fields.Integer(compute="_compute_open_ticket_count")

    def _compute_open_ticket_count(self):
        counts = dict(self.env["psa.ticket"]._read_group(
            [("asset_ids", "in", self.ids), ("state", "in", OPEN_STATES)], ["asset_ids"], ["__count"]
        ))
        for asset in self:
            asset.open_ticket_count = counts.get(asset._origin, 0)

    def action_view_tickets(self):
        """Open the tickets about this asset."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_helpdesk.action_psa_ticket")
        action["domain"] = [("asset_ids", "in", self.ids)]
        action["context"] = {
            "default_asset_ids": self.ids,
            "default_partner_id": self.contact_id.id or self.client_id.id,
            "search_default_open": 1,
        }
        return action
