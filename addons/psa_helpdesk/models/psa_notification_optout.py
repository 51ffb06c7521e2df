from odoo import api, fields, models, tools
from odoo.fields import Domain
from odoo.tools.mail import email_normalize


class PsaNotificationOptout(models.Model):
    """Somebody without an account who does not want to hear of an event; who has an account changes his addresses instead."""

    _name = "psa.notification.optout"
    _inherit = "psa.cached.mixin"
    _description = "Unsubscribed Address"
    _order = "email, id"

    _email_uniq = models.UniqueIndex("(email, event_id, company_id)", "This address is unsubscribed from that event already.")

    email = fields.Char("Address", required=True)
    event_id = fields.Many2one("psa.notification.event", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one("res.company", required=True, index=True, ondelete="cascade", default=lambda self: self.env.company)

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([{**vals, "email": email_normalize(vals.get("email") or "") or vals.get("email")} for vals in vals_list])

    @api.model
    def _add(self, email, event, company):
        """Unsubscribe an address from an event of a company's tickets, once."""
        values = {"email": email_normalize(email or "") or email, "event_id": event.id, "company_id": company.id}
        if email and not self.search([(name, "=", value) for name, value in values.items()], limit=1):
            self.create(values)

    @api.model
    @tools.ormcache()
    def _events_by_email(self):
        """Return {address: {(company id, code of an event)}} of what is not wanted, cached."""
        found = {}
        for row in self.sudo().search(Domain.TRUE):
            found.setdefault(row.email, set()).add((row.company_id.id, row.event_id.code))
        return found
