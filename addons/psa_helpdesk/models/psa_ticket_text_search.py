from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..core import search_query

# So few hits are handed on as ids: whatever is asked about them next, page, count or groups, is then asked about them only.
FEW = 300
# A name that so many clients have says nothing about which.
CLIENTS_AT_MOST = 300
PLACES = tuple(search_query.PLACES)


class PsaTicket(models.Model):
    """Tickets found by the words in them. What is internal is found by staff only, and record rules apply as in any search."""

    _inherit = "psa.ticket"

    search_text_all = fields.Char(
        "Text", compute="_compute_search_text", search="_search_text_all", exportable=False,
        help="Words in number, subject and conversation, the name of the client, the serial number of an asset.",
    )
    search_text_summary = fields.Char(
        "Text of Subject", compute="_compute_search_text", search="_search_text_summary", exportable=False)
    search_text_description = fields.Char(
        "Text of Descriptions", compute="_compute_search_text", search="_search_text_description", exportable=False)
    search_text_comment = fields.Char(
        "Text of Comments", compute="_compute_search_text", search="_search_text_comment", exportable=False)
    search_text_resolution = fields.Char(
        "Text of Resolutions", compute="_compute_search_text", search="_search_text_resolution", exportable=False)

    def _compute_search_text(self):
        """There is nothing to show: the fields are for searching."""
        for fname in ("search_text_all", *(f"search_text_{place}" for place in PLACES)):
            self[fname] = False

    @api.model
    def _search_text_all(self, operator, value):
        return self._search_text(operator, value, PLACES)

    @api.model
    def _search_text_summary(self, operator, value):
        return self._search_text(operator, value, ["summary"])

    @api.model
    def _search_text_description(self, operator, value):
        return self._search_text(operator, value, ["description"])

    @api.model
    def _search_text_comment(self, operator, value):
        return self._search_text(operator, value, ["comment"])

    @api.model
    def _search_text_resolution(self, operator, value):
        return self._search_text(operator, value, ["resolution"])

    @api.model
    def _search_text(self, operator, value, places):
        """Every positive operator means the same: the words are there."""
        if operator not in ("in", "ilike", "like", "=ilike", "=like"):
            return NotImplemented
        typed = value if operator == "in" else [value]
        return Domain.OR(self._words_domain(str(text or ""), places) for text in typed)

    @api.model
    def _words_domain(self, typed, places=PLACES):
        """Return the domain of the tickets with what was typed, in these places; in all of them, names count too."""
        query = self._words_query(search_query.parse(typed), places)
        if query is None:
            return Domain.FALSE
        # Whoever asks next, the database knows by then how many there are.
        hits = [ticket_id for ticket_id, in self.env.execute_query(SQL("%s LIMIT %s", query, FEW + 1))]
        return Domain("id", "in", sorted(set(hits)) if len(hits) <= FEW else query)

    @api.model
    def _words_query(self, terms, places):
        """Return the SQL of the ids of tickets with these terms, or None where there is nothing to look for."""
        search = self.env["psa.ticket.search"]
        wanted, excluded = search._compile(terms, places)
        if not wanted and (search_query.wanted(terms) or not excluded):
            return None
        self.env["psa.ticket"].flush_model(["name", "number", "client_id", "asset_ids"])
        self.env["psa.ticket.entry"].flush_model()
        branches = [SQL("SELECT search.ticket_id FROM psa_ticket_search search WHERE %s", self._words_condition(wanted, excluded))]
        # A client looks for words; whose ticket it is he knows.
        if set(places) == set(PLACES) and self.env.user._is_internal():
            for ids_sql, rest in self._named_queries(search_query.wanted(terms)):
                rest_wanted, __ = search._compile(rest, places)
                condition = SQL("TRUE")
                if rest_wanted or excluded:
                    condition = SQL(
                        "EXISTS (SELECT FROM psa_ticket_search search WHERE search.ticket_id = named.id AND %s)",
                        self._words_condition(rest_wanted, excluded),
                    )
                branches.append(SQL("SELECT named.id FROM (%s) named (id) WHERE %s", ids_sql, condition))
        return SQL("(%s)", SQL(" UNION ALL ").join(branches)) if len(branches) > 1 else branches[0]

    @api.model
    def _words_condition(self, wanted, excluded):
        """Return the SQL that is true of the rows of psa_ticket_search with these words."""
        if not excluded:
            return self._words_match("search", wanted)
        # Each row answers for itself. The other parts of a long conversation are asked apart, there are few: else the database
        # would first collect all that is excluded.
        own = f"({wanted}) & !({excluded})" if wanted else f"!({excluded})"
        return SQL(
            """
            %s AND NOT EXISTS (
                SELECT FROM psa_ticket_search other WHERE other.ticket_id = search.ticket_id AND other.part <> 0 AND %s
            ) AND (search.part = 0 OR NOT EXISTS (
                SELECT FROM psa_ticket_search other WHERE other.ticket_id = search.ticket_id AND other.part = 0 AND %s
            ))
            """,
            self._words_match("search", own), self._words_match("other", excluded), self._words_match("other", excluded),
        )

    @api.model
    def _words_match(self, alias, query):
        everything, public = SQL.identifier(alias, "vector"), SQL.identifier(alias, "public_vector")
        if self.env.user._is_internal():
            return SQL("%s @@ %s::tsquery", everything, query)
        return SQL("(%s @@ %s::tsquery OR (%s IS NULL AND %s @@ %s::tsquery))", public, query, public, everything, query)

    @api.model
    def _named_queries(self, terms):
        """Yield (SQL of ticket ids, terms still to be found in their text) for clients and assets that some of the terms name."""
        if not terms:
            return
        named = {}
        for client_id, name in self._clients_named(terms):
            matched = frozenset(term for term in terms if term.text.casefold() in name.casefold())
            named.setdefault(matched, []).append(client_id)
        if named:
            # "Harbour Dental printer" means the client both words are in the name of, not every other Harbour.
            most = max(map(len, named))
            for matched, client_ids in named.items():
                if len(matched) == most and len(client_ids) <= CLIENTS_AT_MOST:
                    yield (
                        SQL("SELECT id FROM psa_ticket WHERE client_id = ANY(%s::int[])", client_ids),
                        tuple(term for term in terms if term not in matched),
                    )
        rows = self.env.execute_query(SQL(
            "SELECT lower(serial), array_agg(id) FROM psa_asset WHERE serial IS NOT NULL AND lower(serial) = ANY(%s) GROUP BY 1",
            [term.text.lower() for term in terms],
        ))
        for serial, asset_ids in rows:
            yield (
                SQL("SELECT ticket_id FROM psa_asset_ticket_rel WHERE asset_id = ANY(%s::int[])", asset_ids),
                tuple(term for term in terms if term.text.lower() != serial),
            )

    @api.model
    def _clients_named(self, terms):
        """Return (id, name) of the clients with one of the terms in their name; none for a term that too many have."""
        patterns = [
            "%" + term.text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
            for term in terms if len(term.text) > 2
        ]
        if not patterns:
            return []
        self.env["res.partner"].flush_model(["complete_name", "psa_is_client"])
        return self.env.execute_query(SQL(" UNION ").join(
            SQL(
                "(SELECT id, complete_name FROM res_partner WHERE psa_is_client IS TRUE AND complete_name ILIKE %s LIMIT %s)",
                pattern, CLIENTS_AT_MOST + 1,
            )
            for pattern in patterns
        ))
