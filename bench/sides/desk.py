"""A help desk with years of conversations: what people do with it all day, at any size."""
import random
import threading
import time

from lxml import etree
from odoo import SUPERUSER_ID, api
from odoo.tools import SQL

from .access import OPEN, AccessSide

# The same clients, users and rules at every size: only the tickets grow.
CLIENTS, USERS, RULES = 5_000, 50, 500
ENTRIES = (("description", False), ("comment", False), ("comment", False), ("comment", True), ("resolution", False))
FACTORS = (7919, 104729, 13, 15485863, 32452843)
PARAGRAPHS = 20_000
VOCABULARY = 20_000
# Found in nine of ten tickets, in about a third, and nowhere near as often.
HEAD = (
    "the", "printer", "network", "access", "please", "restart", "user", "mail", "server", "password", "login", "error",
    "screen", "after", "since", "morning", "invoice", "backup", "does", "not", "work", "again", "we", "have", "checked",
    "cable", "driver", "update", "install", "scanner", "phone", "mailbox", "full", "slow", "vpn", "drops", "client", "desk",
    "room", "second", "treatment", "reception", "thank", "you", "regards",
)
SYLLABLES = (
    "ba", "ko", "ri", "ten", "mor", "la", "vi", "sur", "pel", "qua",
    "do", "ne", "fi", "xo", "gra", "stu", "ing", "er", "ment", "ly",
)
BULK = 1_000


def paragraphs():
    """Return texts whose words are as unevenly spread as those of people; the same ones each time."""
    chance = random.Random(19)
    vocabulary = list(HEAD)
    known = set(vocabulary)
    while len(vocabulary) < VOCABULARY:
        word = "".join(chance.choice(SYLLABLES) for _number in range(chance.randint(2, 4)))
        if word not in known:
            known.add(word)
            vocabulary.append(word)
    total, cumulative = 0.0, []
    for rank in range(VOCABULARY):
        total += 1 / (rank + 3)
        cumulative.append(total)
    return [" ".join(chance.choices(vocabulary, cum_weights=cumulative, k=chance.randint(8, 40))) for _number in range(PARAGRAPHS)]


class DeskSide(AccessSide):
    """Every ticket has five entries, a tenth of the tickets is open, one of five companies is somebody's own."""

    name = "desk"

    def seed(self, total, clients=CLIENTS, users=USERS, rules=RULES):
        made = super().seed(total, clients, users, rules)
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            self._make_entries(env)
            self._make_people(env)
            self._save_world(env)
        return made

    def _make_people(self, env):
        company_id, client_id = self.world["companies"][0], self.world["clients"][0][300]
        person = env["res.partner"].create({"name": "Pia Portal", "parent_id": client_id, "company_id": company_id})
        portal = env["res.users"].with_context(no_reset_password=True).create({
            "partner_id": person.id, "login": "pia@bench.example", "company_id": company_id, "company_ids": [(6, 0, [company_id])],
            "group_ids": [(6, 0, env.ref("psa_crm.group_client_admin").ids)],
        })
        self.world["people"]["client"] = portal.id
        sample = env["psa.ticket"].search([("company_id", "=", company_id)], limit=1, offset=env["psa.ticket"].search_count([]) // 50)
        self.world["rare"] = sample.name.split()[-1]
        self.world["priorities"] = env["psa.ticket.option"].search([
            ("attribute", "=", "priority"), ("desk_id", "=", False), ("company_id", "in", [False, company_id])]).ids

    def _make_entries(self, env):
        """Make entries and the index of their words: texts are taken apart once, not once per ticket."""
        cr = env.cr
        cr.execute("CREATE TEMP TABLE paragraph (id int PRIMARY KEY, body text, words tsvector) ON COMMIT DROP")
        for start, batch in enumerate_batches(paragraphs(), 1000):
            cr.execute(SQL("INSERT INTO paragraph (id, body) VALUES %s", SQL(", ").join(
                SQL("(%s, %s)", start + number, text) for number, text in enumerate(batch))))
        cr.execute("UPDATE paragraph SET words = psa_search_vector(body, psa_search_config('en'))")
        cr.execute("ANALYZE paragraph")
        cr.execute("SELECT indexname, indexdef FROM pg_indexes WHERE tablename IN ('psa_ticket_entry', 'psa_ticket_search') "
                   "AND indexname NOT LIKE '%_pkey'")
        indexes = cr.fetchall()
        for name, __ in indexes:
            cr.execute(SQL("DROP INDEX %s", SQL.identifier(name)))
        cr.execute("SET LOCAL session_replication_role = replica")
        cr.execute("SET LOCAL maintenance_work_mem = '1GB'")
        cr.execute("DELETE FROM psa_ticket_search; DELETE FROM psa_ticket_entry")
        # Which text a ticket says at which step: far apart for neighbours, and the same at every size.
        cr.execute("CREATE TEMP TABLE step (number int, kind text, is_internal boolean, factor bigint) ON COMMIT DROP")
        for number, (kind, is_internal) in enumerate(ENTRIES):
            cr.execute("INSERT INTO step VALUES (%s, %s, %s, %s)", [number, kind, is_internal, FACTORS[number]])
        # Steps outside: the entries of a ticket lie far from each other, as they do when a conversation takes days.
        cr.execute(f"""
            INSERT INTO psa_ticket_entry (ticket_id, company_id, kind, is_internal, source, body, search_text, date, create_date,
                write_date, create_uid, write_uid)
            SELECT ticket.id, ticket.company_id, step.kind, step.is_internal, 'email', '<p>' || paragraph.body || '</p>', paragraph.body,
                ticket.create_date, ticket.create_date, ticket.create_date, 1, 1
            FROM step CROSS JOIN psa_ticket ticket
            JOIN paragraph ON paragraph.id = (ticket.id * step.factor + step.number) % {PARAGRAPHS}
            ORDER BY step.number, ticket.id
        """)
        said = ", ".join(
            f"setweight(p{number}.words, '{'BCCCD'[number]}') AS w{number}" for number in range(len(ENTRIES)))
        joins = " ".join(
            f"JOIN step s{number} ON s{number}.number = {number} "
            f"JOIN paragraph p{number} ON p{number}.id = (ticket.id * s{number}.factor + {number}) % {PARAGRAPHS}"
            for number in range(len(ENTRIES)))
        cr.execute(f"""
            INSERT INTO psa_ticket_search (ticket_id, part, vector, public_vector)
            SELECT id, 0, title || w0 || w1 || w2 || w3 || w4, title || w0 || w1 || w2 || w4
            FROM (
                SELECT ticket.id, psa_search_title(ticket.number, ticket.name, psa_search_config('en')) AS title, {said}
                FROM psa_ticket ticket {joins} OFFSET 0
            ) words
        """)
        for __, definition in indexes:
            cr.execute(definition)
        cr.execute("SET LOCAL session_replication_role = origin")
        cr.execute("SELECT setval(pg_get_serial_sequence('psa_ticket_entry', 'id'), (SELECT max(id) FROM psa_ticket_entry))")
        cr.execute("SELECT setval(pg_get_serial_sequence('psa_ticket_search', 'id'), (SELECT max(id) FROM psa_ticket_search))")
        self._check_index(cr)
        env.invalidate_all()

    def _check_index(self, cr):
        """What was put together here must be what the triggers make of the same texts."""
        cr.execute("SELECT array_agg(id) FROM (SELECT id FROM psa_ticket ORDER BY id DESC LIMIT 20) sample")
        [ids] = cr.fetchone()
        rows = "SELECT ticket_id, vector::text, public_vector::text FROM psa_ticket_search WHERE ticket_id = ANY(%s) ORDER BY ticket_id"
        cr.execute(rows, [ids])
        before = cr.fetchall()
        cr.execute("SELECT psa_search_index(%s)", [ids])
        cr.execute(rows, [ids])
        if before != cr.fetchall():
            raise RuntimeError("the index of words is not what the triggers would make")

    # Measuring

    CHANGES = 10_000
    # What the page of the history shows.
    HISTORY = ("kind", "date", "author_name", "field_label", "old_value", "new_value", "description")

    def measure(self, person, question, times):
        """Return milliseconds and queries of one question, each in a transaction of its own that is rolled back."""
        found, queries = [], []
        for _number in range(times):
            with self.registry.cursor() as cr:
                env = api.Environment(cr, self.world["people"][person], {"lang": "en_US", "tz": "UTC"})
                env.user.fetch(["company_ids"])  # what every request has read by now
                prepared = getattr(self, f"prepare_{question}", lambda env: ())(env)
                before, started = cr.sql_log_count, time.perf_counter()
                answer = getattr(self, f"ask_{question}")(env["psa.ticket"], *prepared)
                env.flush_all()
                found.append((time.perf_counter() - started) * 1000)
                queries.append(cr.sql_log_count - before)
                cr.rollback()
                # As a request does that fails: what was cached of records rolled back is no more.
                self.registry.reset_changes()
        return {"milliseconds": found, "queries": max(queries), "answer": answer}

    def explain(self, person, question):
        """Return the plans of the queries that search."""
        plans = []

        def hook(cr, query, params, start, delay):
            if "psa_ticket_search" in str(query) and str(query).lstrip(" (").upper().startswith("SELECT"):
                plans.append((query, params))

        with self.registry.cursor() as cr:
            env = api.Environment(cr, self.world["people"][person], {"lang": "en_US", "tz": "UTC"})
            threading.current_thread().query_hooks = [hook]
            try:
                getattr(self, f"ask_{question}")(env["psa.ticket"])
            finally:
                threading.current_thread().query_hooks = []
            explained = []
            for query, params in plans:
                cr.execute(f"EXPLAIN (ANALYZE, BUFFERS) {query}", params)
                explained.append("\n".join(line for line, in cr.fetchall()))
            cr.rollback()
        return explained

    def prepare_create(self, env):
        return ([{
            "name": "Printer prints stripes", "description": "<p>Good morning, it does not work any more. Kind regards</p>",
            "desk_id": self.world["desks"][0][0], "client_id": self.world["clients"][0][300],
        }],)

    def ask_create(self, tickets, vals_list):
        return len(tickets.create(vals_list))

    def prepare_create_promised(self, env):
        """Promise something to everybody, and create one ticket to have it read."""
        env["psa.sla.policy"].create({
            "name": "Standard", "company_id": self.world["companies"][0], "hours": "always", "warning_percents": "50, 75, 90",
            "target_ids": [(0, 0, {"response_hours": 1, "resolution_hours": 8, "update_hours": 4})],
        })
        prepared = self.prepare_create(env)
        ticket = env["psa.ticket"].create(prepared[0])
        env.flush_all()
        if len(ticket.sla_ids) != 2:
            raise RuntimeError("the ticket was promised nothing")
        return prepared

    ask_create_promised = ask_create

    def prepare_similar(self, env):
        """Enter once more what is open already."""
        ticket = env["psa.ticket"].search([("state", "in", OPEN)], limit=1)
        question = (ticket.name or "Printer prints stripes", ticket.client_id.id or self.world["clients"][0][300])
        # Or finding nothing but this one would cost fewer queries than finding others.
        env.invalidate_all()
        return question

    def ask_similar(self, tickets, subject, client_id):
        return len(tickets.psa_similar_open(subject, client_id=client_id))

    def prepare_reply(self, env):
        return (env["psa.ticket"].search([], limit=1, offset=40),)

    def ask_reply(self, tickets, ticket):
        ticket._add_entry("We replaced the cable, please try again", is_internal=True)
        return 1

    def prepare_bulk_edit(self, env):
        return (env["psa.ticket"].search([], limit=BULK),)

    def ask_bulk_edit(self, tickets, chosen):
        for position in (0, -1):
            self._bulk_edit(chosen, priority_id=self.world["priorities"][position])
            tickets.env.flush_all()
        return len(chosen)

    prepare_bulk_comment = prepare_bulk_edit

    def ask_bulk_comment(self, tickets, chosen):
        self._bulk_edit(chosen, comment="<p>We replace the printers of the reception on Monday</p>")
        return len(chosen)

    def _bulk_edit(self, chosen, **values):
        """Do what the dialog does: it is opened, filled in and applied."""
        action = chosen.action_bulk_edit()
        wizard = chosen.env[action["res_model"]].browse(action["res_id"])
        wizard.write(values)
        wizard.action_apply()

    def prepare_open_form(self, env):
        tickets = env["psa.ticket"].search([], limit=1, offset=40)
        arch = etree.fromstring(tickets.get_view(view_type="form")["arch"])
        tickets.env.invalidate_all()
        return (tickets, specification(tickets, arch))

    def ask_open_form(self, tickets, ticket, wanted):
        return len(ticket.web_read(wanted))

    def prepare_history(self, env):
        """Change a ticket over and over."""
        ticket = env["psa.ticket"].search([], limit=1, offset=40)
        env["psa.ticket.history"].sudo()._append([
            {"ticket_id": ticket.id, "kind": "change", "field_name": "name", "field_label": "Subject", "new_value": str(number)}
            for number in range(self.CHANGES)
        ])
        env.invalidate_all()
        return (ticket,)

    def ask_history(self, tickets, ticket):
        wanted = {"name": {}, "history_ids": {"fields": {fname: {} for fname in self.HISTORY}, "limit": 40}}
        return len(ticket.web_read(wanted)[0]["history_ids"])

    def _found(self, tickets, typed, **options):
        return tickets.psa_search(typed, **options)["count"]

    def ask_rare(self, tickets):
        return self._found(tickets, self.world["rare"])

    def ask_nowhere(self, tickets):
        return self._found(tickets, "zzyzx")

    def ask_uncommon(self, tickets):
        return self._found(tickets, "kori")

    def ask_common(self, tickets):
        return self._found(tickets, "printer")

    def ask_less_common(self, tickets):
        return self._found(tickets, "scanner")

    def ask_several(self, tickets):
        return self._found(tickets, "printer scanner regards")

    def ask_phrase(self, tickets):
        return self._found(tickets, '"network access"')

    def ask_excluded(self, tickets):
        return self._found(tickets, "scanner -invoice")

    def ask_place(self, tickets):
        return self._found(tickets, "scanner", places=["resolution"])

    def ask_ranked(self, tickets):
        return self._found(tickets, "scanner", order="rank")

    def ask_list(self, tickets):
        found = tickets.web_search_read(
            [("search_text_all", "ilike", "scanner")], {"number": {}, "name": {}, "state": {}}, limit=80, count_limit=10001)
        return found["length"]

    def ask_board(self, tickets):
        groups = tickets.formatted_read_group([("search_text_all", "ilike", self.world["rare"])], ["stage_id"], ["__count"])
        return sum(group["__count"] for group in groups)


def enumerate_batches(items, size):
    """Yield (position of the first, batch)."""
    for start in range(0, len(items), size):
        yield start, items[start:start + size]


def specification(records, arch):
    """Return what the web client asks for to show the fields of a form."""
    wanted = {}
    for node in arch.iter("field"):
        if not any(parent.tag == "field" for parent in node.iterancestors()):
            field = records._fields[node.get("name")]
            wanted[node.get("name")] = {"fields": {"display_name": {}}} if field.relational else {}
    return wanted
