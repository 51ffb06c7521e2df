from odoo import models

# What a technician wants to know of a client while he works on a ticket, and the sequence in which he is shown it.
SECTIONS = ("tickets", "contracts", "assets", "notes", "warranties")
ROWS = 4


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _psa_context_sections(self):
        """Return the sections of the client's overview that belong beside a ticket; assets are all, not only warnings."""
        self.ensure_one()
        sections = self._psa_overview_sections(SECTIONS)
        if assets := self._psa_context_assets():
            sections.append(assets)
        return sections

    def _psa_context_assets(self):
        Asset = self.env["psa.asset"]
        if not Asset.has_access("read"):
            return None
        domain = [("client_id", "=", self.id), ("status", "!=", "retired")]
        assets = Asset.search(domain, order="id desc", limit=ROWS)
        rows = [
            {
                "title": asset.name,
                "detail": " · ".join(filter(None, [asset.type_id.sudo().name, asset.serial])),
                "model": Asset._name,
                "id": asset.id,
            }
            for asset in assets
        ]
        return self._psa_overview_section(
            "assets", self.env._("Assets"), "fa-desktop", 55, rows,
            domain=domain, limit=ROWS, empty=self.env._("No asset."),
        )
