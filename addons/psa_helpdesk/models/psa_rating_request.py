import secrets

from odoo import api, fields, models
from odoo.tools import SQL

from ..core import satisfaction


class PsaRatingRequest(models.Model):
    """A question to a contact how satisfied he is with a ticket that was closed, and the link by which he answers.

    The link's token is in the mail and nowhere else: kept is its hash. A link is answered once and has its time.
    """

    _name = "psa.rating.request"
    _description = "Rating Request"
    _order = "id desc"
    _rec_name = "ticket_id"

    _once_per_closing = models.UniqueIndex("(ticket_id, date_closed)", "The client was already asked after this closing.")
    _token_idx = models.UniqueIndex("(token_hash)")
    _company_idx = models.Index("(company_id, id DESC)")

    ticket_id = fields.Many2one("psa.ticket", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", related="ticket_id.company_id", store=True, precompute=True, required=True)
    partner_id = fields.Many2one("res.partner", "Asked", required=True, readonly=True, ondelete="cascade", index=True)
    date_closed = fields.Datetime("Ticket Closed on", required=True, readonly=True)
    date_sent = fields.Datetime("Asked on", required=True, readonly=True)
    date_expires = fields.Datetime("Link Valid Until", required=True, readonly=True)
    date_answered = fields.Datetime("Answered on", readonly=True)
    is_superseded = fields.Boolean("Replaced", readonly=True, help="The ticket was closed again, and the client asked again.")
    rating_id = fields.Many2one("rating.rating", readonly=True, ondelete="set null", index="btree_not_null")
    token_hash = fields.Char(required=True, readonly=True, groups=fields.NO_ACCESS)

    @api.model
    def _ask(self, tickets):
        """Ask the contacts of these closed tickets of one desk; return the requests."""
        desk = tickets.desk_id.ensure_one()
        now = fields.Datetime.now()
        tokens = [secrets.token_urlsafe(32) for _ticket in tickets]
        self.search([("ticket_id", "in", tickets.ids), ("date_answered", "=", False)]).write({"is_superseded": True})
        requests = self.create([
            {
                "ticket_id": ticket.id,
                "partner_id": ticket.partner_id.id,
                "date_closed": ticket.date_closed,
                "date_sent": now,
                "date_expires": satisfaction.expires_at(now, desk.rating_expiry_days),
                "token_hash": satisfaction.token_hash(token),
            }
            for ticket, token in zip(tickets, tokens, strict=True)
        ])
        known = dict(zip(requests.ids, tokens, strict=True))
        headers = {
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",
            **({"X-Loop": desk.alias_email} if desk.alias_email else {}),
        }
        # The mails hang on nothing: whoever reads the ticket must not find the link in a mail about it.
        mails = desk.rating_template_id.with_context(psa_rating_tokens=_Tokens(known)).send_mail_batch(
            requests.ids,
            email_values={
                "headers": repr(headers), "auto_delete": True, "model": False, "res_id": False, **desk._sender_values(),
                **({"reply_to": desk.alias_email} if desk.alias_email else {}),
            },
            email_layout_xmlid="mail.mail_notification_light",
        )
        mails.send_after_commit()
        return requests

    def _rate_url(self, grade):
        """Return the address of a face in the mail; known only while the mail is written."""
        self.ensure_one()
        tokens = self.env.context.get("psa_rating_tokens")
        token = tokens.by_request.get(self.id) if isinstance(tokens, _Tokens) else None
        return f"{self.ticket_id.get_base_url()}/ticket/rate/{token or 'preview'}/{grade}"

    @api.model
    def _find(self, token):
        """Return, with full rights, the request of a token, or none."""
        found = self.sudo().search([("token_hash", "=", satisfaction.token_hash(token or ""))], limit=1)
        return found if found and satisfaction.matches(token, found.token_hash) else found.browse()

    def _standing(self):
        """Return whether the link can be used, and why not: see ``core/satisfaction.py``."""
        self.ensure_one()
        return satisfaction.standing(self.date_answered, self.is_superseded, self.date_expires, fields.Datetime.now())

    def _answer(self, grade, comment=""):
        """Take the answer of a client, once; return whether it was taken."""
        self.ensure_one()
        self.flush_recordset()
        self.env.execute_query(SQL("SELECT id FROM psa_rating_request WHERE id = %s FOR UPDATE", self.id))
        self.invalidate_recordset(["date_answered", "is_superseded"])
        if grade not in satisfaction.GRADES or self._standing() != satisfaction.OPEN:
            return False
        rating = self.ticket_id._record_rating(self.partner_id, grade, (comment or "").strip()[:satisfaction.COMMENT_MAX])
        self.write({"date_answered": fields.Datetime.now(), "rating_id": rating.id})
        return True


class _Tokens:
    """The tokens of the mails being written: an object, since the context of a remote call holds plain data only."""

    __slots__ = ("by_request",)

    def __init__(self, by_request):
        self.by_request = by_request
