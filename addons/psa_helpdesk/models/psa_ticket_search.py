from odoo import api, fields, models
from odoo.tools import SQL

from ..core import search_query, search_sql


class PsaTicketSearch(models.Model):
    """The words of each ticket, for searching; kept by triggers in the database (``core/search_sql.py``).

    Nobody reads it but the search (``psa_ticket_text_search.py``), whose hits then go through the record rules of tickets.
    """

    _name = "psa.ticket.search"
    _description = "Words of Tickets"
    _rec_name = "ticket_id"
    _log_access = False

    _continued_idx = models.Index("(ticket_id) WHERE part <> 0")
    _beside_idx = models.Index("(ticket_id) WHERE part < 0")
    _ticket_part_uniq = models.UniqueIndex("(ticket_id, part)")

    ticket_id = fields.Many2one("psa.ticket", required=True, readonly=True, ondelete="cascade")
    part = fields.Integer(
        required=True, readonly=True,
        help="A very long conversation goes on in further rows. Below 0: words that are still to be put with the others.",
    )

    def init(self):
        result = super().init()
        self.env.cr.execute(search_sql.INDEXES)
        self.env.cr.execute(
            "SELECT cfgname FROM pg_ts_config WHERE cfgnamespace = 'pg_catalog'::regnamespace"
        )
        self.env.cr.execute(search_sql.functions({name for name, in self.env.cr.fetchall()}))
        # The tables of tickets, entries and desks may still lack a column.
        self.pool.post_init(self._make_triggers)
        return result

    @api.model
    def _make_triggers(self):
        self.env.cr.execute(search_sql.TRIGGERS)

    @api.model
    def _index(self, ticket_ids):
        """Make the rows of these tickets anew."""
        self.env["psa.ticket"].flush_model()
        self.env["psa.ticket.entry"].flush_model()
        self.env.execute_query(SQL("SELECT psa_search_index(%s)", list(ticket_ids)))

    @api.model
    def _fold(self, limit):
        """Put words that stand beside the row of their ticket with the others; return of how many tickets.

        Where somebody is writing just now, they wait for the next time.
        """
        rows = self.env.execute_query(SQL(
            """
            SELECT ticket_id FROM psa_ticket_search WHERE part = 0 AND ticket_id IN (
                SELECT ticket_id FROM psa_ticket_search WHERE part < 0 ORDER BY ticket_id LIMIT %s
            ) FOR UPDATE SKIP LOCKED
            """, limit))
        if rows:
            self._index([ticket_id for ticket_id, in rows])
        return len(rows)

    @api.model
    def _configurations(self):
        """Return the codes of the languages that words may have been indexed in: what was typed is looked for in all of them."""
        languages = {code for code, __ in self.env["res.lang"].get_installed()}
        languages |= self.env["psa.desk"]._search_languages()
        codes = {search_query.configuration_code(language) for language in languages} - {None}
        return sorted(codes)

    @api.model
    def _compile(self, terms, places):
        """Return (wanted, excluded): the text of the tsquery for either kind of terms, empty where there is nothing to look for."""
        codes = ["", *self._configurations()]
        words = [
            (term, SQL("phraseto_tsquery(psa_search_config(%s), psa_search_fold(%s))::text", code, spelling))
            for term in terms
            for spelling in search_query.spellings(term.text)
            for code in (codes if not term.is_prefix else codes[:1])  # a beginning has no stem
        ]
        if not words:
            return "", ""
        [compiled] = self.env.execute_query(SQL("SELECT %s", SQL(", ").join(sql for __, sql in words)))
        alternatives = {term: [] for term in terms}
        for (term, __), text in zip(words, compiled, strict=True):
            alternatives[term].append(search_query.as_beginning(text) if term.is_prefix else text)
        weights = search_query.weights(places)
        return tuple(
            search_query.weigh(search_query.combine([alternatives[term] for term in chosen], operator), weights)
            for chosen, operator in ((search_query.wanted(terms), "&"), (search_query.excluded(terms), "|"))
        )
