from odoo import models


class PsaStaff(models.Model):
    _inherit = "psa.staff"

    def action_view_notification_addresses(self):
        """Open where this person hears of tickets, what he has by default as well."""
        self.ensure_one()
        self.check_access("write")
        self.env["psa.notification.address"]._ensure_own(self.user_id, by_administrator=self.user_id != self.env.user)
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_helpdesk.action_psa_notification_address")
        name = self.env._("Notifications of %s", self.name)
        return {
            **action, "name": name, "display_name": name, "domain": [("user_id", "=", self.user_id.id)],
            "context": {"default_user_id": self.user_id.id},
        }
