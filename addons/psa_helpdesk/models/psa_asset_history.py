from odoo import api, models
from odoo.tools import SQL


class PsaAsset(models.Model):
    """Assets are put on tickets from either side; the ticket's history tells of both."""

    _inherit = "psa.asset"

    @api.model_create_multi
    def create(self, vals_list):
        assets = super().create(vals_list)
        if any(vals.get("ticket_ids") for vals in vals_list):
            assets._log_ticket_links(set())
        return assets

    def write(self, vals):
        if "ticket_ids" not in vals:
            return super().write(vals)
        before = self._ticket_links()
        result = super().write(vals)
        self._log_ticket_links(before)
        return result

    def unlink(self):
        tickets = self.env["psa.ticket"].browse({ticket_id for ticket_id, __ in self._ticket_links()})
        names = {(self._name, asset.id): asset.name for asset in self}
        with tickets._logging_links(["asset_ids"], names):
            return super().unlink()

    def _ticket_links(self):
        """Return the set of (ticket id, asset id) of these assets, whatever the user may see of the tickets."""
        if not self.ids:
            return set()
        return set(self.env.execute_query(SQL(
            "SELECT ticket_id, asset_id FROM psa_asset_ticket_rel WHERE asset_id IN %s", self._ids
        )))

    def _log_ticket_links(self, before):
        after = self._ticket_links()
        tickets = self.env["psa.ticket"].browse(sorted({ticket_id for ticket_id, __ in before ^ after}))
        if not tickets:
            return
        linked = {
            ticket_id: sorted(
                {asset_id for asset_id in asset_ids if (ticket_id, asset_id) not in after - before}
                | {asset_id for of_ticket, asset_id in before - after if of_ticket == ticket_id}
            )
            for ticket_id, asset_ids in {**dict.fromkeys(tickets._ids, []), **tickets._history_linked("asset_ids")}.items()
        }
        tickets._log_linked({"asset_ids": linked})
