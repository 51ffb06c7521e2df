"""Reads a whole database as one user and tells what he got to see of others.

A :class:`Secrets` knows what a user must not see: a canary word that stands in every text of the others, and the rows
that are theirs. It learns them from PostgreSQL, behind the server's back, so no rule of the server can hide one from it.
A :class:`Crawl` then asks the server for everything there is, as any client of its API can.
"""

import random
import re
import time
import xmlrpc.client
from collections import Counter, defaultdict
from dataclasses import dataclass, field

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
    """What must stay hidden: a word, and rows by model."""

    word: str
    rows: dict = field(default_factory=dict)

    def __contains__(self, value):
        return self.word in str(value).lower()

    def of(self, model):
        """Return the hidden ids of a model."""
        return self.rows.get(model, set())


def hidden_rows(server, word, company_ids=(), user_ids=(), without=()):
    """Return the :class:`Secrets` of others.

    Theirs is a row that has the word in any column, belongs to one of the companies, was made by one of the users, or
    points at such a row; other rows that point at it stay out when their model is in ``without``.
    """
    models = {row[0]: TABLES.get(row[0], row[0].replace(".", "_")) for row in server.query("SELECT model FROM ir_model")}
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
        tests = [f"lower(t::text) LIKE '%{word}%'"]
        if company_ids and "company_id" in columns[table]:
            tests.append(f"t.company_id IN ({_numbers(company_ids)})")
        if user_ids and "create_uid" in columns[table]:
            tests.append(f"t.create_uid IN ({_numbers(user_ids)})")
        asked.append(f"""SELECT '{table}', t.id FROM "{table}" t WHERE {" OR ".join(tests)}""")
    for table, row_id in server.query(" UNION ALL ".join(asked)):
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
            f"""SELECT '{child}', id FROM "{child}" WHERE "{column}" IN ({_numbers(found[parent])})"""
            for child, column, parent in links
            if found.get(parent) and parent != "res_company"
        ]
        before = sum(map(len, found.values()))
        for table, row_id in server.query(" UNION ALL ".join(asked)) if asked else ():
            found[table].add(row_id)
        if sum(map(len, found.values())) == before:
            break
    rows = {model: ids for table, ids in found.items() for model in names[table]}
    return Secrets(word, rows)


def _numbers(ids):
    return ", ".join(str(int(number)) for number in sorted(ids))


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

    def everything(self, models):
        """Crawl ``models``."""
        for model in models:
            self.model(model)
        return self.leaks

    def model(self, model):
        """Ask for all of one model."""
        everyone = {"active_test": False}
        fields = self.call(model, "fields_get", attributes=["type", "store", "groupable", "relation"])
        ids = self.call(model, "search", [], context=everyone) if fields else None
        hidden = self.secrets.of(model)
        if ids is None:
            return
        self.readable.append(model)
        self.seen[model] = len(ids)
        exempt = self.exempt.get(model, ())
        exempt_fields = set() if exempt is True else set(exempt)
        if exempt is not True:
            if found := hidden.intersection(ids):
                self.report(model, "search", f"rows {sorted(found)[:10]}{self._names(model, found)}")
            if hidden and (count := self.call(model, "search_count", [("id", "in", sorted(hidden))], context=everyone)):
                self.report(model, "search_count", f"{count} rows")
            self._guess(model, sorted(hidden.difference(ids)))
        stored = [name for name, about in fields.items() if about.get("store") and name not in exempt_fields]
        self._texts(model, ids, [*stored, "display_name"])
        self._groups(model, fields, stored, everyone)
        for row in self.call(model, "name_search", self.secrets.word, limit=None, context=everyone) or ():
            # Some models have no name to search by and offer all their rows.
            if exempt is not True and (row[0] in hidden or row[1] in self.secrets):
                self.report(model, "name_search", row)

    def _names(self, model, ids):
        rows = self.call(model, "read", sorted(ids)[:5], ["display_name"]) or ()
        return " " + ", ".join(str(row["display_name"]) for row in rows)

    def _texts(self, model, ids, names):
        for start in range(0, len(ids), 2000):
            batch = ids[start : start + 2000]
            rows = self.call(model, "read", batch, names)
            if rows is None:
                # One field that cannot be computed must not hide the others.
                rows = [row for name in names for row in self.call(model, "read", batch, [name]) or ()]
            told = defaultdict(list)
            for row in rows:
                for name, value in row.items():
                    if value in self.secrets:
                        told[name].append((row["id"], value))
            for name, values in told.items():
                self.report(model, f"read of {name}", f"{len(values)} rows, first {values[0]}")

    def _guess(self, model, ids):
        for row_id in random.Random(model).sample(ids, min(len(ids), 6)):
            for row in self.call(model, "read", [row_id]) or ():
                self.report(model, "guessed id", f"{row_id} {row.get('display_name')}")
            for row in self.call(model, "web_read", [row_id], {"display_name": {}}) or ():
                self.report(model, "web_read of a guessed id", f"{row_id} {row.get('display_name')}")

    def _groups(self, model, fields, stored, context):
        sets = [
            [name]
            for name in stored
            if fields[name].get("groupable")
            and fields[name]["type"] in ("many2one", "many2many", "char", "reference", "selection")
        ]
        answer = self.call(model, "formatted_read_grouping_sets", [], sets, context=context) if sets else ()
        for groups, [name] in zip(answer or (), sets):
            for group in groups:
                # Which records a group would list is asked for by name: this is no news.
                if group.get(name) in self.secrets:
                    self.report(model, f"group by {name}", group[name])


def word_in(secrets, text):
    """Return where the word stands in ``text``, with what is around it."""
    match = re.search(rf".{{0,60}}{secrets.word}.{{0,40}}", text, re.IGNORECASE | re.DOTALL)
    return match and match.group()
