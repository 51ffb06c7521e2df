from odoo import models


class PsaTicketTag(models.Model):
    _inherit = "psa.ticket.tag"

    def unlink(self):
        """Say on its tickets that the tag was taken off."""
        tickets = self.env["psa.ticket"].sudo().with_context(active_test=False).search([("tag_ids", "in", self.ids)])
        names = {(self._name, tag.id): tag.name for tag in self}
        with tickets.with_env(self.env)._logging_links(["tag_ids"], names):
            return super().unlink()
