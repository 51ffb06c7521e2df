from odoo import fields, models


class PsaTicketDraft(models.Model):
    """What somebody has begun to write on a ticket; it belongs to him alone and goes when it is sent."""

    _name = "psa.ticket.draft"
    _description = "Ticket Draft"
    _order = "id"

    _user_ticket_uniq = models.UniqueIndex("(user_id, ticket_id)")
    _ticket_idx = models.Index("(ticket_id)")

    ticket_id = fields.Many2one("psa.ticket", required=True, ondelete="cascade")
    user_id = fields.Many2one("res.users", required=True, ondelete="cascade", default=lambda self: self.env.uid)
    body = fields.Html(required=True, sanitize_attributes=True)
    is_internal = fields.Boolean("Internal Note")
    recipients = fields.Json(help="People added to the answer, as the composer knows them.")
