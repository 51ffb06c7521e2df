from odoo import models


class ResourceCalendar(models.Model):
    """Hours in which service levels count: they are not deleted under a running clock, and clocks follow when they change."""

    _inherit = "resource.calendar"

    def _psa_clock_users(self):
        users = super()._psa_clock_users()
        for model, fname, label in (
            ("psa.sla.policy", "calendar_id", self.env._("SLA policy %s")), ("psa.desk", "sla_calendar_id", self.env._("desk %s")),
        ):
            found = self.env[model].sudo().with_context(active_test=False).search([(fname, "=", self.id)], limit=6)
            users += [label % record.name for record in found]
        rows = self.env["psa.ticket.sla"].sudo().search([("calendar_id", "=", self.id), ("ended_at", "=", False)], limit=6)
        return users + [self.env._("ticket %s", ticket.number) for ticket in rows.ticket_id]

    def _psa_clock_changed(self):
        result = super()._psa_clock_changed()
        self.env["psa.ticket.sla"].sudo()._hours_changed(self)
        return result
