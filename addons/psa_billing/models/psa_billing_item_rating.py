from dataclasses import dataclass, field, replace

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..core import corrections, funding, ledger, rating, terms
from .psa_billing_item import TIME_MODEL
from .psa_billing_item_correction import CORRECTED_BY


@dataclass
class Case:
    """Everything open of some clients, and how it is to be priced."""

    items: object  # the rows that may be changed
    lines: object  # the time behind them, and what is new
    sources: dict  # {model: records} of what is priced by itself
    facts: list = field(default_factory=list)
    book: terms.Book = field(default_factory=terms.Book)
    rows: tuple = ()


class PsaBillingItem(models.Model):
    """The rating service: everything open of a client is priced together, in one fixed order.

    The order of arrival does not matter then: an entry approved today may take the hours of a block that one of
    last week, not released yet, had been given. What is frozen (released, invoiced, written off, settled, adjusted) is out of
    this: a fact of which one part is frozen keeps all its parts.
    """

    _inherit = "psa.billing.item"

    @api.model
    def _psa_rate(self, clients, companies, lines=None, sources=()):
        """Price everything open of these clients in these companies, and bring the ledger up to date.

        Takes the clients' turn, then locks their prepaid rows and their ledger rows in id order; reads facts and terms;
        rates; and writes the difference in few queries. What is released, invoiced, written off, settled or
        adjusted is not touched, and counts as drawn.

        :param lines: approved time that is not in the ledger yet
        :param sources: record sets of models with ``psa.billable.mixin`` that are to be in the ledger
        :return: the rows that were made
        """
        Item = self.sudo()
        Item._psa_take_turn(clients, companies)
        case = Item._psa_price(clients, companies, lines, sources)
        return case.items._psa_store(Item._prepare_vals_list(case))

    @api.model
    def _psa_take_turn(self, clients, companies):
        """Take the clients' turn and lock what they have paid ahead, in id order; until the transaction ends."""
        self.env["psa.billing.turn"].sudo()._take(clients, companies)
        Prepaid = self.env["psa.contract.prepaid"]
        Prepaid.flush_model()
        self.env.cr.execute(
            SQL(
                "SELECT id FROM psa_contract_prepaid WHERE client_id = ANY(%s) AND company_id = ANY(%s)"
                " ORDER BY id FOR NO KEY UPDATE",
                clients.ids, companies.ids,
            )
        )

    @api.model
    def _psa_price(self, clients, companies, lines=None, sources=(), change=None, thawed=None, lock=True):
        """Rate everything open of these clients, and return the :class:`Case`. Nothing is written.

        To look at something without taking the turn:

        :param lock: lock the rows, since they are about to be written
        :param change: a function that returns a fact as it is to be seen instead
        :param thawed: frozen rows that are to be seen as open
        """
        thawed = self.browse() if thawed is None else thawed
        case = self._psa_collect(clients, companies, lines, sources, thawed, lock)
        facts = [*self._psa_time_facts(case.lines), *self._psa_price_facts_of(case.sources.values())]
        facts = self._psa_leave_strangers(case, facts, clients)
        kept, facts = self._psa_keep(case, facts, thawed)
        case.facts = [change(fact) for fact in facts] if change else facts
        book = self._psa_book(clients, companies, case.facts)
        case.book = replace(
            book, pools=self._psa_use_up(book.pools, kept, thawed), originals=self._psa_originals(case.facts, kept, thawed)
        )
        case.rows = rating.rate(case.facts, case.book)
        return case

    @api.model
    def _psa_collect(self, clients, companies, lines, sources, thawed, lock):
        """Read the open rows of the clients and of what is given, and gather what stands behind them."""
        lines = lines.sudo() if lines is not None else self.env[TIME_MODEL].sudo()
        given = {records._name: records.sudo() for records in sources}
        self.flush_model()
        conditions = [
            SQL(
                "id = ANY(ARRAY(SELECT id FROM psa_billing_item_open WHERE client_id = ANY(%s))) AND company_id = ANY(%s)",
                clients.ids,
                companies.ids,
            )
        ]
        conditions += [
            SQL("source_model = %s AND source_id = ANY(%s)", records._name, records.ids)
            for records in (lines, *given.values()) if records
        ]
        items = self.browse(
            id_
            for (id_,) in self.env.execute_query(
                SQL(
                    "SELECT id FROM psa_billing_item WHERE (%s) AND state = ANY(%s) AND settled_on IS NULL"
                    " AND is_adjusted IS NOT TRUE OR id = ANY(%s) ORDER BY id %s",
                    SQL(" OR ").join(SQL("(%s)", condition) for condition in conditions),
                    list(ledger.OPEN_STATES),
                    thawed.ids,
                    SQL("FOR UPDATE") if lock else SQL(),
                )
            )
        )
        ids = {}
        for item in items:
            ids.setdefault(item.source_model, set()).add(item.source_id)
        lines |= lines.browse(ids.pop(TIME_MODEL, ())).exists()
        for model, of_model in ids.items():
            records = self.env[model].sudo().browse(of_model).exists()
            given[model] = given.get(model, records.browse()) | records
        return Case(items, lines, given)

    @api.model
    def _psa_leave_strangers(self, case, facts, clients):
        """Leave out what belongs to other clients by now: their turn is not taken, so their prepaid hours are not to be touched."""
        ids = set(clients.ids)
        strangers = {_key(fact) for fact in facts if fact.client_id and fact.client_id not in ids}
        if strangers:
            case.items = case.items.filtered(lambda item: _key(item) not in strangers)
        return [fact for fact in facts if _key(fact) not in strangers]

    @api.model
    def _psa_keep(self, case, facts, thawed):
        """Leave out of the case what keeps its price, and return its open rows and the facts that are left.

        That is a fact of which a part is frozen.
        """
        frozen = self._psa_frozen_keys(
            [(records._name, records.ids) for records in (case.lines, *case.sources.values())]
        )
        frozen |= self._psa_corrected_keys(case.lines, case.sources.get("psa.charge"))
        frozen -= {_key(item) for item in thawed}
        kept = case.items.filtered(lambda item: _key(item) in frozen)
        case.items -= kept
        return kept, [fact for fact in facts if _key(fact) not in frozen]

    @api.model
    def _psa_corrected_keys(self, *sources):
        """Return (model, id) of those of these entries and charges from which a frozen correction took back: it stands on their rows.

        A correction of which one row is frozen keeps all of them, and so what each of them takes from.
        """
        parts = []
        for records in sources:
            if not records:
                continue
            model, name = CORRECTED_BY[records._name]
            parts.append(
                SQL(
                    """SELECT item.source_model, origin.id
                         FROM %(table)s origin
                         JOIN %(table)s correction ON correction.%(name)s = COALESCE(origin.%(name)s, origin.id)
                         JOIN psa_billing_item item ON item.source_model = %(model)s AND item.source_id = correction.id
                         JOIN psa_billing_item held ON held.source_model = %(model)s AND held.source_id = correction.id
                        WHERE origin.id = ANY(%(ids)s) AND (item.derivation->'corrects'->>'source_id')::integer = origin.id
                          AND (held.state = ANY(%(frozen)s) OR held.settled_on IS NOT NULL OR held.is_adjusted)""",
                    table=SQL.identifier(records._table),
                    name=SQL.identifier(name, to_flush=records._fields[name]),
                    model=model,
                    ids=records.ids,
                    frozen=list(ledger.FROZEN_STATES),
                )
            )
        return set(self.env.execute_query(SQL(" UNION ").join(parts))) if parts else set()

    @api.model
    def _psa_frozen_keys(self, sources):
        """Return (model, id) of the records of which a row is frozen.

        :param sources: list of (model, ids)
        """
        sources = [(model, ids) for model, ids in sources if ids]
        if not sources:
            return set()
        rows = self.env.execute_query(
            SQL(
                "SELECT DISTINCT source_model, source_id FROM psa_billing_item"
                " WHERE (%s) AND (state = ANY(%s) OR settled_on IS NOT NULL OR is_adjusted)",
                SQL(" OR ").join(SQL("(source_model = %s AND source_id = ANY(%s))", *source) for source in sources),
                list(ledger.FROZEN_STATES),
            )
        )
        return set(rows)

    @api.model
    def _psa_originals(self, facts, kept, thawed):
        """Return the standing rows of the entries that corrections take back from, and of their earlier corrections."""
        rows = self._psa_rows_of_corrected(facts) - thawed
        return tuple(item._psa_as_row() for item in rows if item in kept or item._is_frozen())

    @api.model
    def _psa_rows_of_corrected(self, facts):
        """Return the rows of what facts correct, and those of all its corrections."""
        ids = {}
        for fact in facts:
            if fact.corrects_id:
                model, corrected_id = corrections.entry_of(fact)
                ids.setdefault(model, set()).add(corrected_id)
        rows = self.browse()
        for model, of_model in ids.items():
            correction_model, field = CORRECTED_BY[model]
            earlier = self.env[correction_model].sudo().search([(field, "in", list(of_model))])
            rows |= self.search(
                Domain("source_model", "=", model) & Domain("source_id", "in", list(of_model))
                | Domain("source_model", "=", correction_model) & Domain("source_id", "in", earlier.ids),
                order="source_id, id",
            )
        # What was given up of an expense is no part of what its corrections take back.
        return rows.filtered(lambda item: item.source_model != "hr.expense" or item.state != "written_off")

    @api.model
    def _psa_use_up(self, pools, kept, thawed):
        """Return the pools as used by all that is not priced now.

        The contracts count what frozen rows draw. Besides those there are the other parts of what is frozen; and what is only
        looked at as if it were open has drawn nothing.
        """
        extra = {}
        for items, sign in ((kept, 1), (thawed, -1)):
            for item in items:
                draw = item._psa_draw() if item._is_frozen() == (sign < 0) else None
                if draw:
                    key = ledger.pool_key(item.part)
                    extra[key] = extra.get(key, 0) + sign * draw.amount
        return tuple(
            replace(pool, used=pool.used + extra[key]) if (key := funding.key_of(pool)) in extra else pool for pool in pools
        )


def _key(fact_or_row):
    """Return whose fact or row it is: what is frozen, is frozen for the whole entry or record."""
    return (fact_or_row.source_model, fact_or_row.source_id)
