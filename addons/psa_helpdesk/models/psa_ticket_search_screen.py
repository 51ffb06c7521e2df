from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..core import lifecycle, search_query, search_snippet, search_sql
from .psa_ticket_text_search import PLACES

PAGE = 20
# More than this need not be counted: who finds hundreds adds a word. "Best match" orders the newest of so many.
COUNTED = 300
# Where the hit of a ticket is shown from: its newest entries, as far as somebody would read.
SHOWN_ENTRIES = 40
SHOWN_LENGTH = 5000


class PsaTicket(models.Model):
    """What the search screen asks for: a page of hits, each with the piece of text that was found."""

    _inherit = "psa.ticket"

    @api.model
    @api.readonly
    def psa_search(self, typed, places=None, filters=None, order="recent", offset=0, limit=PAGE):
        """Return a page of the tickets the user may read that have what was typed.

        :param places: some of summary, description, comment, resolution; all of them if empty
        :param filters: dict with state (open, done), client_id, desk_id, date_from, date_to; all optional
        :param order: recent (newest first), oldest or rank (best match among the newest hits)
        """
        self.browse().check_access("read")
        places = [place for place in PLACES if place in (places or PLACES)]
        limit, offset = max(1, min(int(limit), 100)), max(0, int(offset))
        terms = search_query.parse(str(typed or ""))
        if not terms:
            return {"rows": [], "count": 0, "more": False, "terms": []}
        domain = self._words_domain(str(typed), places) & self._search_filters(filters or {})
        # One query for count and page: the ids of the first hits.
        most = max(COUNTED, offset + limit) + 1
        found = self.search(domain, order="id" if order == "oldest" else "id desc", limit=most)
        count = len(found)
        if order == "rank":
            found = found[:COUNTED]._best_matches(terms, places)
        page = found[offset:offset + limit]
        return {
            "rows": page._search_rows(terms, places),
            "count": min(count, most - 1),
            "more": count == most,
            "terms": [term.text for term in search_query.wanted(terms)],
        }

    @api.model
    def _search_filters(self, filters):
        domain = Domain.TRUE
        if filters.get("state") == "open":
            domain &= Domain("state", "in", lifecycle.OPEN_STATES)
        elif filters.get("state") == "done":
            domain &= Domain("state", "in", lifecycle.DONE_STATES)
        if filters.get("client_id"):
            domain &= Domain("client_id", "child_of", int(filters["client_id"]))
        if filters.get("desk_id"):
            domain &= Domain("desk_id", "=", int(filters["desk_id"]))
        if filters.get("date_from"):
            domain &= Domain("create_date", ">=", str(filters["date_from"]))
        if filters.get("date_to"):
            domain &= Domain("create_date", "<=", f"{filters['date_to']} 23:59:59")
        return domain

    def _best_matches(self, terms, places):
        """Return these tickets, those with the words most often and most prominently first."""
        wanted, __ = self.env["psa.ticket.search"]._compile(search_query.wanted(terms), places)
        if not self or not wanted:
            return self
        # Summary counts most, then the description and the resolution.
        vector = SQL("vector") if self.env.user._is_internal() else SQL("COALESCE(public_vector, vector)")
        rows = self.env.execute_query(SQL(
            """
            SELECT ticket_id FROM psa_ticket_search WHERE ticket_id = ANY(%s)
            GROUP BY ticket_id ORDER BY max(ts_rank('{0.4,0.2,0.4,1.0}', %s, %s::tsquery)) DESC, ticket_id DESC
            """,
            self.ids, vector, wanted,
        ))
        return self.browse(ticket_id for ticket_id, in rows)

    def _search_rows(self, terms, places):
        """Return what is shown of each ticket."""
        wanted, __ = self.env["psa.ticket.search"]._compile(search_query.wanted(terms), PLACES)
        lexemes = search_query.any_of(wanted)
        entries = self._entries_found(lexemes, [place for place in places if place != "summary"]) if lexemes else {}
        texts = [ticket.name or "" for ticket in self] + [text for __, __, text in entries.values()]
        hits = self._words_found(set().union(*map(search_snippet.words, texts)), lexemes) if lexemes else set()
        states = dict(self._fields["state"]._description_selection(self.env))
        rows = []
        for ticket in self:
            kind, is_internal, text = entries.get(ticket.id, (False, False, ""))
            rows.append({
                "id": ticket.id,
                "number": ticket.number,
                "name": search_snippet.snippet(ticket.name or "", hits, 400),
                "client": ticket.client_id.display_name or ticket.email_from or "",
                "user": ticket.user_id.sudo().name or "",
                "desk": ticket.desk_id.sudo().name,
                "state": ticket.state,
                "state_label": states.get(ticket.state, ""),
                "date": ticket.create_date,
                "kind": kind,
                "is_internal": is_internal,
                "snippet": search_snippet.snippet(text, hits) if text else (),
            })
        return rows

    def _entries_found(self, lexemes, kinds):
        """Return {ticket id: (kind, is internal, text)} of the entry of each ticket that has most of the words, in one query."""
        rows = self.env.execute_query(SQL(
            """
            SELECT DISTINCT ON (ticket.id) ticket.id, entry.kind, entry.is_internal, entry.text
            FROM psa_ticket ticket,
            LATERAL (
                SELECT id, kind, is_internal IS TRUE AS is_internal, left(search_text, %(length)s) AS text
                FROM psa_ticket_entry WHERE ticket_id = ticket.id AND %(readable)s
                ORDER BY id DESC LIMIT %(newest)s
            ) entry,
            LATERAL (SELECT psa_search_vector(entry.text, psa_search_config(%(language)s)) AS vector) said
            WHERE ticket.id = ANY(%(ids)s) AND entry.kind = ANY(%(kinds)s) AND said.vector @@ %(lexemes)s::tsquery
            ORDER BY ticket.id, ts_rank(said.vector, %(lexemes)s::tsquery) DESC, entry.id DESC
            """,
            language=SQL(search_sql.LANGUAGE), ids=self.ids, kinds=kinds, lexemes=lexemes,
            length=SHOWN_LENGTH, newest=SHOWN_ENTRIES,
            readable=SQL("TRUE") if self.env.user._is_internal() else SQL("is_internal IS NOT TRUE"),
        ))
        return {ticket_id: tuple(found) for ticket_id, *found in rows}

    @api.model
    def _words_found(self, words, lexemes):
        """Return those of the words that are forms of what was looked for."""
        configurations = ["", *self.env["psa.ticket.search"]._configurations()]
        rows = self.env.execute_query(SQL(
            """
            SELECT word FROM unnest(%s::text[]) word
            WHERE EXISTS (
                SELECT FROM unnest(%s::text[]) code WHERE psa_search_vector(word, psa_search_config(code)) @@ %s::tsquery
            )
            """,
            sorted(words), configurations, lexemes,
        ))
        return {word for word, in rows}
