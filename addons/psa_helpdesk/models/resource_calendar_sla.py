from odoo import api, models
from odoo.exceptions import UserError


class ResourceCalendar(models.Model):
    _inherit = "resource.calendar"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_promised(self):
        """Refuse to delete hours in which clocks run; who deletes them would have to say what counts instead."""
        for model, fname, message in (
            ("psa.sla.policy", "calendar_id", self.env._("SLA policy “%s” counts these hours. Choose others in its Hours, or archive the hours.")),
            ("psa.desk", "sla_calendar_id", self.env._("Desk “%s” works in these hours. Choose others in its Service Hours, or archive the hours.")),
        ):
            user = self.env[model].sudo().with_context(active_test=False).search([(fname, "in", self.ids)], limit=1)
            if user:
                raise UserError(message % user.name)
        row = self.env["psa.ticket.sla"].sudo().search([("calendar_id", "in", self.ids), ("ended_at", "=", False)], limit=1)
        if row:
            raise UserError(self.env._(
                "Service levels of open tickets count in these hours, for example that of %s. Archive the hours instead.",
                row.ticket_id.display_name,
            ))
