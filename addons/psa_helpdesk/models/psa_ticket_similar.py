from odoo import api, models
from odoo.tools import SQL

from ..core import lifecycle

MIN_LENGTH = 4
MIN_SIMILARITY = 0.3
# Similarity is reckoned for this many open tickets of the client, the newest: the time it takes does not grow with them.
MAX_COMPARED = 2000
MAX_SHOWN = 5


class PsaTicket(models.Model):
    """A look at what is open already, before the same thing is entered twice."""

    _inherit = "psa.ticket"

    @api.model
    def psa_similar_open(self, name, client_id=False, partner_id=False, ticket_id=False):
        """Return open tickets of a client whose subject is like one that is being typed; only what the user may read.

        :return: list of dictionaries: id, number, name, stage, user and similarity, the most similar first
        """
        name = " ".join((name or "").split())[:200]
        if len(name) < MIN_LENGTH or not self.has_access("read"):
            return []
        if not client_id and partner_id:
            partner = self.env["res.partner"].browse(partner_id)
            client_id = partner.has_access("read") and partner.sudo().commercial_partner_id.id
        if not client_id:
            return []
        found = self._psa_similar([("client_id", "=", client_id)], name, ticket_id)
        tickets = self.browse(ticket for ticket, __ in found)
        return [
            {
                "id": ticket.id, "number": ticket.number, "name": ticket.name,
                "stage": ticket.sudo().stage_id.name, "user": ticket.sudo().user_id.name or "", "similarity": similarity,
            }
            for ticket, (__, similarity) in zip(tickets, found, strict=True)
        ]

    @api.model
    def _psa_similar(self, domain, name, ticket_id=False):
        """Return pairs of id and similarity of open tickets in a domain, by the access rules."""
        query = self._search(
            [*domain, ("state", "in", lifecycle.OPEN_STATES), ("id", "!=", ticket_id or 0)], order="id desc", limit=MAX_COMPARED
        )
        if query.is_empty():
            return []
        candidates = query.select(SQL.identifier(query.table, "id"), SQL("%s AS subject", SQL.identifier(query.table, "name")))
        return self.env.execute_query(SQL(
            """
            SELECT id, round(score::numeric, 2)::float FROM (
                SELECT id, GREATEST(
                           similarity(lower(subject), lower(%(name)s)), word_similarity(lower(%(name)s), lower(subject)) * 0.9
                       ) AS score
                  FROM (%(candidates)s) AS candidate
            ) AS scored
             WHERE score >= %(least)s ORDER BY score DESC, id DESC LIMIT %(limit)s
            """,
            name=name, candidates=candidates, least=MIN_SIMILARITY, limit=MAX_SHOWN,
        ))
