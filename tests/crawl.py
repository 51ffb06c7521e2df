"""Reads a whole database as one user and tells what he got to see of others.

A :class:`Secrets` knows what a user must not see: a canary word that stands in every text of the others, and the rows
that are theirs. It learns them from PostgreSQL, behind the server's back, so no rule of the server can hide one from it.
A :class:`Crawl` then asks the server for everything there is, as any client of its API can.
"""

import random
import time
import xmlrpc.client
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from psycopg2.sql import SQL, Identifier, Literal

# Tables whose name is not the model's with underscores.
TABLES = {
    "ir.actions.actions": "ir_actions",
    "ir.actions.act_window": "ir_act_window",
    "ir.actions.act_window_close": "ir_actions",
    "ir.actions.act_window.view": "ir_act_window_view",
    "ir.actions.act_url": "ir_act_url",
    "ir.actions.server": "ir_act_server",
    "ir.actions.client": "ir_act_client",
    "ir.actions.report": "ir_act_report_xml",
}
# Who made or last changed a row says nothing about whose it is: an administrator makes rows for everybody.
BOOKKEEPING = ("create_uid", "write_uid")


@dataclass
class Secrets:
    """What must stay hidden: words, and rows by model."""

    words: tuple
    rows: dict = field(default_factory=dict)

    def __contains__(self, value):
        text = str(value).lower()
        return any(word in text for word in self.words)

    def __or__(self, other):
        models = self.rows.keys() | other.rows.keys()
        return Secrets(self.words + other.words, {model: self.of(model) | other.of(model) for model in models})

    def of(self, model):
        """Return the hidden ids of a model."""
        return self.rows.get(model, set())


def hidden_rows(server, word, company_ids=(), user_ids=(), without=()):
    """Return the :class:`Secrets` of others.

    Theirs is a row that has the word in any column, belongs to one of the companies, was made by one of the users, or
    points at such a row; other rows that point at it stay out when their model is in ``without``.
    """
    models = {
        row[0]: TABLES.get(row[0], row[0].replace(".", "_")) for row in server.query("SELECT model FROM ir_model")
    }
    columns = defaultdict(set)
    for table, column in server.query(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
    ):
        columns[table].add(column)
    names = defaultdict(set)
    for model, table in models.items():
        names[table].add(model)

    found = defaultdict(set)
    asked = []
    for table in sorted(set(models.values())):
        if "id" not in columns[table]:
            continue
        tests = [SQL("lower(t::text) LIKE {}").format(Literal(f"%{word}%"))]
        if company_ids and "company_id" in columns[table]:
            tests.append(SQL("t.company_id = ANY({})").format(Literal(list(company_ids))))
        if user_ids and "create_uid" in columns[table]:
            tests.append(SQL("t.create_uid = ANY({})").format(Literal(list(user_ids))))
        asked.append(
            SQL("SELECT {}, t.id FROM {} t WHERE {}").format(Literal(table), Identifier(table), SQL(" OR ").join(tests))
        )
    for table, row_id in server.query(SQL(" UNION ALL ").join(asked)):
        found[table].add(row_id)

    links = [
        (child, column, parent)
        for child, column, parent in server.query(
            """SELECT c.conrelid::regclass::text, a.attname, c.confrelid::regclass::text FROM pg_constraint c
            JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
            WHERE c.contype = 'f' AND array_length(c.conkey, 1) = 1"""
        )
        if column not in BOOKKEEPING and child in names and "id" in columns[child] and child not in without
    ]
    for _round in range(4):
        # Pointing at a company is no sign: company_id was looked at, other such columns are settings of everybody.
        asked = [
            SQL("SELECT {}, id FROM {} WHERE {} = ANY({})").format(
                Literal(child), Identifier(child), Identifier(column), Literal(list(found[parent]))
            )
            for child, column, parent in links
            if found.get(parent) and parent != "res_company"
        ]
        before = sum(map(len, found.values()))
        for table, row_id in server.query(SQL(" UNION ALL ").join(asked)) if asked else ():
            found[table].add(row_id)
        if sum(map(len, found.values())) == before:
            break
    rows = {model: ids for table, ids in found.items() for model in names[table]}
    return Secrets((word,), rows)


@dataclass(frozen=True)
class Leak:
    """One thing a user got to see."""

    model: str
    way: str
    what: str

    def __str__(self):
        return f"{self.model} by {self.way}: {self.what}"


class Crawl:
    """Everything one user can ask the server for.

    :param server: a :class:`harness.Server`
    :param login: who asks
    :param secrets: what he must not get
    :param exempt: by model, what is common to all by nature: ``True`` for rows, or a set of fields
    """

    def __init__(self, server, login, secrets, exempt=None):
        self.server, self.secrets = server, secrets
        self.rpc = server.xmlrpc(login)
        self.exempt = exempt or {}
        self.leaks = []
        self.seen = defaultdict(int)
        self.readable = []
        self.calls = Counter()
        self.seconds = Counter()
        self._proxy = xmlrpc.client.ServerProxy(f"{server.url}/xmlrpc/2/object", allow_none=True)

    def call(self, model, method, *args, **kwargs):
        """Call a method; return ``None`` when it is refused or fails: what does not answer tells nothing."""
        began = time.monotonic()
        self.calls[method] += 1
        try:
            return self._proxy.execute_kw(
                self.server.db, self.rpc.uid, self.rpc.password, model, method, list(args), kwargs
            )
        except xmlrpc.client.Fault as fault:
            # Of a refusal the words count, the stack of a developer's error does not: it holds what was asked.
            if fault.faultString in self.secrets and "Traceback" not in fault.faultString:
                self.report(model, f"the refusal of {method}", fault.faultString)
            return None
        finally:
            self.seconds[method] += time.monotonic() - began

    def report(self, model, way, what):
        """Keep a leak."""
        self.leaks.append(Leak(model, way, str(what)[:300]))

    def everything(self, fields, thorough=True):
        """Crawl the models of ``fields``, as :func:`stored_fields` tells them; ask in every way when ``thorough``."""
        for model, names in fields.items():
            self.model(model, names, thorough)
        return self.leaks

    def model(self, model, names, thorough=True):
        """Ask for all of one model."""
        hidden = self.secrets.of(model)
        exempt = self.exempt.get(model, ())
        common, exempt_fields = exempt is True, set() if exempt is True else set(exempt)
        rows = self._rows(model, {name: kind for name, kind in names.items() if name not in exempt_fields})
        if rows is None:
            return
        self.readable.append(model)
        ids = [row["id"] for row in rows]
        self.seen[model] = len(ids)
        if not common and (found := hidden.intersection(ids)):
            self.report(model, "search", f"rows {sorted(found)[:10]}{self._names(model, found)}")
        self._texts(model, rows)
        if not thorough:
            return
        if not common:
            self._guess(model, sorted(hidden.difference(ids)))
        if hidden or any(kind == "many2many" for kind in names.values()):
            self._groups(model, names)
        if hidden and not common:
            everyone = {"active_test": False}
            for word in self.secrets.words:
                for row in self.call(model, "name_search", word, limit=None, context=everyone) or ():
                    # Some models have no name to search by and offer all their rows.
                    if row[0] in hidden or row[1] in self.secrets:
                        self.report(model, "name_search", row)
            if count := self.call(model, "search_count", [("id", "in", sorted(hidden))], context=everyone):
                self.report(model, "search_count", f"{count} rows")

    def _rows(self, model, names):
        """Return all rows with all the stored fields this user may read, ``None`` when he may not read the model."""

        def read(some):
            return self.call(
                model, "search_read", [], [*some, "display_name"], limit=None, context={"active_test": False}
            )

        rows, own = read(names), None
        if rows is None and self.call(model, "search", [], limit=1) is not None:
            own = self.call(model, "fields_get", list(names), attributes=["type"])
            rows = read(own)
        if rows is None and own:
            # A list of records that this user may not read fails the whole: it must not hide the other fields. So does a field
            # that everybody reads of himself only.
            alone = [name for name in own if names[name] == "many2many"]
            rows = read([name for name in own if name not in alone])
            if rows is None:
                alone, rows = list(own), read([])
            for name in alone if rows is not None else ():
                told = {row["id"]: row[name] for row in read([name]) or ()}
                rows = [{**row, name: told.get(row["id"])} for row in rows]
        return rows

    def _names(self, model, ids):
        rows = self.call(model, "read", sorted(ids)[:5], ["display_name"]) or ()
        return " " + ", ".join(str(row["display_name"]) for row in rows)

    def _texts(self, model, rows):
        told = defaultdict(list)
        for row in rows:
            for name, value in row.items():
                if value in self.secrets:
                    told[name].append((row["id"], value))
        for name, values in told.items():
            self.report(model, f"read of {name}", f"{len(values)} rows, first {values[0]}")

    def _guess(self, model, ids):
        ways = [("read", ["display_name"]), ("web_read", {"display_name": {}}), ("has_access", "write")]
        # Others guess others: the draw goes by who asks.
        drawn = random.Random(f"{model} {self.rpc.login}").sample(ids, min(len(ids), len(ways)))
        for row_id, (method, what) in zip(drawn, ways, strict=False):
            if answer := self.call(model, method, [row_id], what):
                self.report(model, f"{method} of a guessed id", f"{row_id} {answer}")

    def _groups(self, model, names):
        sets = [
            [name]
            for name, kind in names.items()
            if kind in ("many2one", "many2many", "char", "reference", "selection")
        ]
        answer = self.call(model, "formatted_read_grouping_sets", [], sets, context={"active_test": False})
        for groups, [name] in zip(answer or (), sets, strict=False):
            for group in groups:
                # Which records a group would list is asked for by name: this is no news.
                if group.get(name) in self.secrets:
                    self.report(model, f"group by {name}", group[name])


def stored_fields(server):
    """Return by model the stored fields and their types, of all models that have rows, as the administrator knows them.

    Lists of a model's children are left out: they hold numbers only, and the children are a model themselves.
    """
    admin = server.xmlrpc()
    tables = {
        table
        for (table,) in server.query(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'm')"
        )
    }
    models = {
        model: TABLES.get(model, model.replace(".", "_"))
        for (model,) in server.query("SELECT model FROM ir_model ORDER BY model")
    }
    models = {model: table for model, table in models.items() if table in tables}
    asked = SQL(" UNION ALL ").join(
        SQL("SELECT {}, EXISTS (SELECT FROM {})").format(Literal(table), Identifier(table))
        for table in sorted(set(models.values()))
    )
    full = {table for table, has_rows in server.query(asked) if has_rows}
    found = defaultdict(dict)
    full_models = [model for model, table in models.items() if table in full]
    domain = [("store", "=", True), ("ttype", "!=", "one2many"), ("model", "in", full_models)]
    for row in admin.find("ir.model.fields", domain, "model", "name", "ttype"):
        found[row["model"]].update({row["name"]: row["ttype"]})
    return dict(sorted(found.items()))
