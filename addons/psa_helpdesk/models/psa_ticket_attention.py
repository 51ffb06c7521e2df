from datetime import timedelta, timezone

from odoo import fields, models
from odoo.tools import SQL

from ..core import attention


def _aware(moment):
    """Odoo keeps datetimes in UTC without saying so; the core wants it said."""
    return moment.replace(tzinfo=timezone.utc)


class PsaTicket(models.Model):
    """The warning that somebody else looks at the same ticket or answers it."""

    _inherit = "psa.ticket"

    def psa_attend(self, is_writing=False):
        """Note that the current user looks at this ticket or writes on it, and tell who else does.

        :return: list of dictionaries: id, name, is_writing and avatar of the others
        """
        self.ensure_one()
        self.check_access("read")
        if self.env.user.share:
            return []
        now = fields.Datetime.now()
        before = self._psa_note_presence(bool(is_writing), now)
        others = self._psa_others(now)
        if attention.tells_others(before, bool(is_writing), _aware(now)):
            self._psa_tell_presence(others, {"is_here": True, "is_writing": bool(is_writing)})
        return [
            {
                "id": row.user_id.id, "name": row.user_id.name, "is_writing": row.is_writing,
                "partner_id": row.user_id.partner_id.id,
            }
            for row in others
        ]

    def psa_leave(self):
        """Note that the current user has closed this ticket, and tell those who still look at it."""
        self.ensure_one()
        gone = self.env["psa.ticket.presence"].sudo().search([("ticket_id", "=", self.id), ("user_id", "=", self.env.uid)])
        if gone:
            gone.unlink()
            self._psa_tell_presence(self._psa_others(fields.Datetime.now()), {"is_here": False, "is_writing": False})
        return True

    def _psa_note_presence(self, is_writing, now):
        """Write the user's row and return what it said before, as (moment, is writing), or None."""
        self.env["psa.ticket.presence"].flush_model()
        rows = self.env.execute_query(SQL(
            """
            WITH before AS (SELECT last_seen, is_writing FROM psa_ticket_presence WHERE ticket_id = %(ticket)s AND user_id = %(user)s),
                 noted AS (
                     INSERT INTO psa_ticket_presence (ticket_id, user_id, company_id, last_seen, is_writing)
                     VALUES (%(ticket)s, %(user)s, %(company)s, %(now)s, %(writing)s)
                     ON CONFLICT (ticket_id, user_id) DO UPDATE SET last_seen = EXCLUDED.last_seen, is_writing = EXCLUDED.is_writing
                     RETURNING id
                 )
            SELECT last_seen, is_writing FROM before, noted
            """,
            ticket=self.id, user=self.env.uid, company=self.sudo().company_id.id, now=now, writing=is_writing,
        ))
        self.env["psa.ticket.presence"].invalidate_model()
        return (_aware(rows[0][0]), bool(rows[0][1])) if rows else None

    def _psa_others(self, now):
        """Return the rows of the colleagues who look at this ticket, too: nobody is told of people of another company."""
        rows = self.env["psa.ticket.presence"].sudo().search([
            ("ticket_id", "=", self.id), ("user_id", "!=", self.env.uid),
            ("last_seen", ">=", now - timedelta(seconds=attention.EXPIRY_SECONDS)),
        ])
        mine = self.env.user.sudo().company_ids
        return rows.filtered(lambda row: row.user_id.sudo().company_ids & mine and not row.user_id.share)

    def _psa_tell_presence(self, others, news):
        """Send what changed to those who look at the ticket."""
        user = self.env.user
        others.user_id.partner_id._bus_send("psa_ticket/presence", {
            "ticket_id": self.id, "id": user.id, "name": user.name, "partner_id": user.partner_id.id, **news,
        })
