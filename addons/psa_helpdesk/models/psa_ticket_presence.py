from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL


class PsaTicketPresence(models.Model):
    """Who has a ticket open just now, one row for each person and ticket; it is worth nothing after half a minute.

    Rows are written by ``psa.ticket`` only, and told only to colleagues who have the same ticket open.
    """

    _name = "psa.ticket.presence"
    _description = "Ticket Presence"
    _order = "id"
    _log_access = False

    _ticket_user_uniq = models.UniqueIndex("(ticket_id, user_id)")
    _seen_idx = models.Index("(last_seen)")

    ticket_id = fields.Many2one("psa.ticket", required=True, ondelete="cascade")
    user_id = fields.Many2one("res.users", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one("res.company", required=True, ondelete="cascade", help="Company of the ticket.")
    last_seen = fields.Datetime(required=True)
    is_writing = fields.Boolean()

    @api.autovacuum
    def _gc_presence(self):
        self.env.cr.execute(SQL(
            "DELETE FROM psa_ticket_presence WHERE last_seen < %s", fields.Datetime.now() - timedelta(hours=1)
        ))
        return self.env.cr.rowcount, 0
