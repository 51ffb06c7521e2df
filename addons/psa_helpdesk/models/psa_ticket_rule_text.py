from odoo import models
from odoo.tools import format_datetime


class PsaTicket(models.Model):
    """What the texts of rules say about a ticket."""

    _inherit = "psa.ticket"

    def _psa_open_link(self):
        """Return the address that opens the ticket after sign-in: for staff in the application, for clients on the portal."""
        self.ensure_one()
        return f"{self.get_base_url()}/mail/view?model=psa.ticket&res_id={self.id}"

    def _psa_rule_values(self, firing, rule, lang=None, tz=None):
        """Return what may be filled into a text of a rule, by the names of ``core/placeholders.py``, for a reader."""
        self.ensure_one()
        ticket = self.sudo().with_context(lang=lang or self.env.lang, tz=tz or self.env.user.tz or "UTC")

        def moment(value):
            return format_datetime(ticket.env, value, tz=tz or False, dt_format="short", lang_code=lang or False) if value else ""

        return {
            **ticket._psa_placeholder_values(),
            "ticket.stage": ticket.stage_id.name,
            "ticket.link": ticket._psa_open_link(),
            "ticket.priority": ticket.priority_id.name,
            "ticket.severity": ticket.severity_id.name,
            "ticket.type": ticket.type_id.name,
            "ticket.category": ticket.category_id.name,
            "ticket.queue": ticket.queue_id.name,
            "ticket.assignee": ticket.user_id.name,
            "ticket.deadline": moment(ticket.date_deadline),
            "ticket.opened": moment(ticket.create_date),
            "rule.name": rule.sudo().with_context(lang=lang or self.env.lang).name,
            "rule.reason": firing.reason,
        }
