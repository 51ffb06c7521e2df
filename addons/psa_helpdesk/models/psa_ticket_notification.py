from odoo import api, fields, models


class PsaTicket(models.Model):
    """What was sent about a ticket, for its staff: see ``psa.notification`` for who reads which of it."""

    _inherit = "psa.ticket"

    notification_count = fields.Integer(
        "Notifications", compute="_compute_notification_count", groups="psa_crm.group_technician,psa_crm.group_billing",
        help="Messages about this ticket to colleagues and contacts, sent, waiting or failed, as far as you may see them.",
    )

    @api.depends_context("uid", "allowed_company_ids")
    def _compute_notification_count(self):
        counts = dict(self.env["psa.notification"]._read_group([("ticket_id", "in", self.ids)], ["ticket_id"], ["__count"]))
        for ticket in self:
            ticket.notification_count = counts.get(ticket._origin, 0)

    def action_view_notifications(self):
        """Open what was sent about this ticket."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_helpdesk.action_psa_notification")
        name = self.env._("Notifications of %s", self.number)
        return {
            **action, "name": name, "display_name": name, "domain": [("ticket_id", "=", self.id)],
            "context": {"psa_notifications_of_ticket": True},
        }
