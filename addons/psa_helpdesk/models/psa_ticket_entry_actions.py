from odoo import models


class PsaTicket(models.Model):
    """The buttons that write entries."""

    _inherit = "psa.ticket"

    def action_add_description(self):
        """Write another description."""
        return self._action_add_entry("description", self.env._("Add a Description"))

    def action_add_comment(self):
        """Write a comment."""
        return self._action_add_entry("comment", self.env._("Add a Comment"))

    def action_add_resolution(self):
        """Write what solved the ticket."""
        return self._action_add_entry("resolution", self.env._("Add a Resolution"))

    def action_view_entries(self):
        """Open all entries of the ticket, to filter and to search in."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_helpdesk.action_psa_ticket_entry")
        return {
            **action,
            "name": self.env._("Entries of %s", self.number),
            "domain": [("ticket_id", "=", self.id)],
            "context": {"default_ticket_id": self.id},
        }

    def _action_add_entry(self, kind, name):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_helpdesk.action_psa_ticket_entry_compose")
        return {**action, "name": name, "context": {"default_ticket_id": self.id, "default_kind": kind}}
