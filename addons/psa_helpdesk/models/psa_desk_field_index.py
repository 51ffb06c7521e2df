import logging
import threading
import time
from contextlib import closing

import psycopg2
from odoo import api, models
from odoo.sql_db import connection_info_for
from odoo.tools import SQL

from ..core import own_field_index
from ..core.history import property_text, references

_logger = logging.getLogger(__name__)

PURGE_BATCH = 2000
LOCK = "psa_desk_field_index"
WANTED = "SELECT DISTINCT key FROM psa_desk_field WHERE is_indexed AND active AND NOT COALESCE(is_leaving, FALSE)"
EXISTING = """
    SELECT c.relname, i.indisvalid
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid = 'psa_ticket'::regclass AND starts_with(c.relname, %s)
"""


def read_plan(cr):
    """Return what has to be built and dropped, as this cursor sees the database."""
    cr.execute(WANTED)
    wanted = [row[0] for row in cr.fetchall()]
    cr.execute(EXISTING, [own_field_index.PREFIX])
    return own_field_index.plan(wanted, dict(cr.fetchall()))


def create_statement(index, field, method, concurrently=True):
    """Return the SQL that builds an index; names and values are quoted by the driver, never put into the text."""
    return SQL(
        "CREATE INDEX %s %s ON psa_ticket USING %s ((properties -> %s))",
        SQL("CONCURRENTLY") if concurrently else SQL(), SQL.identifier(index), SQL.identifier(method), field,
    )


def drop_statement(index, concurrently=True):
    """Return the SQL that drops an index if it is there."""
    return SQL("DROP INDEX %s IF EXISTS %s", SQL("CONCURRENTLY") if concurrently else SQL(), SQL.identifier(index))


def follow(dbname):
    """Build and drop indexes until they are those the own fields need.

    On a connection of its own, as neither works inside a transaction; tickets are read and written meanwhile. Where two do
    this at once, one waits for the other.
    """
    __, info = connection_info_for(dbname)
    with closing(psycopg2.connect(**info)) as connection:
        connection.autocommit = True
        with connection.cursor() as cr:
            # Asked again and again rather than waited for: a waiting statement would hold up the one that builds.
            while not _locked(cr):
                time.sleep(1)
            failed = set()
            while True:
                plan = read_plan(cr)
                build = [entry for entry in plan.build if entry[0] not in failed]
                drop = [index for index in plan.drop if index not in failed]
                if not build and not drop:
                    return
                for index in drop:
                    _run(cr, drop_statement(index))
                for index, field, method in build:
                    error = _build(cr, index, field, method)
                    if error:
                        failed.add(index)
                    cr.execute("UPDATE psa_desk_field SET index_error = %s WHERE key = %s AND is_indexed", [error or None, field])
                _run(cr, SQL("ANALYZE psa_ticket"))


def _build(cr, index, field, method):
    """Build an index; return why it cannot be."""
    started = time.monotonic()
    try:
        _run(cr, create_statement(index, field, method))
    except psycopg2.Error as error:
        _logger.warning("Index %s of own field %s cannot be built: %s", index, field, error)
        _run(cr, drop_statement(index))
        return str(error).splitlines()[0]
    _logger.info("Built index %s of own field %s in %.1f s", index, field, time.monotonic() - started)
    return ""


def _locked(cr):
    cr.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [LOCK])
    return cr.fetchone()[0]


def _run(cr, statement):
    cr.execute(statement.code, statement.params)


class PsaDeskField(models.Model):
    """The indexes behind Fast Search, and the values of removed fields: both follow in the background."""

    _inherit = "psa.desk.field"

    @api.model
    def _trigger_indexing(self):
        """Have the indexes follow soon, if they have to."""
        self.env.flush_all()
        plan = read_plan(self.env.cr)
        # The job is gone while the addon is being uninstalled, and the indexes with it soon.
        cron = self.env.ref("psa_helpdesk.ir_cron_own_fields", raise_if_not_found=False)
        if cron and (plan.build or plan.drop):
            cron._trigger()

    @api.model
    def _cron_own_fields(self):
        """Take the values of removed fields away, and start what makes the indexes follow."""
        self._purge_values()
        plan = read_plan(self.env.cr)
        if plan.build or plan.drop:
            # An index is built without locking tickets only when no older transaction is open, and this job's is until it ends.
            dbname = self.env.cr.dbname
            self.env.cr.postcommit.add(
                lambda: threading.Thread(target=follow, args=[dbname], name="psa_own_field_index", daemon=True).start()
            )

    @api.model
    def _purge_values(self):
        """Take removed fields out of the tickets, a batch at a time; what a ticket keeps otherwise stays untouched."""
        leaving = self.with_context(active_test=False).search([("is_leaving", "=", True)])
        Cron = self.env["ir.cron"]
        for field in leaving:
            while purged := field._purge_batch():
                if not Cron._commit_progress(purged, remaining=PURGE_BATCH):
                    return
            if not field._ticket_count(limit=1):
                field.unlink()
                Cron._commit_progress(remaining=0)

    def _purge_batch(self):
        """Take this field out of some tickets that nobody is writing just now; return of how many."""
        Ticket = self.env["psa.ticket"]
        Ticket.flush_model(["properties", "desk_id"])
        values = dict(self.env.execute_query(SQL(
            """
            SELECT id, properties -> %(key)s FROM psa_ticket WHERE desk_id = %(desk)s AND properties ? %(key)s
            ORDER BY id LIMIT %(batch)s FOR NO KEY UPDATE SKIP LOCKED
            """,
            key=self.key, desk=self.desk_id.id, batch=PURGE_BATCH,
        )))
        if not values:
            return 0
        self.env.cr.execute(SQL("UPDATE psa_ticket SET properties = properties - %s WHERE id IN %s", self.key, tuple(values)))
        Ticket.invalidate_model(["properties"], flush=False)
        definition, held = self._definition(), [{self.key: value} for value in values.values()]
        ids_by_model = {}
        for model, record_id in set().union(*(references(value, [definition]) for value in held)):
            ids_by_model.setdefault(model, []).append(record_id)
        names = {
            (model, record.id): record.display_name
            for model, ids in ids_by_model.items() if model in self.env for record in self.env[model].browse(ids).exists()
        }
        texts = ((ticket_id, property_text(value, definition, names)) for ticket_id, value in values.items())
        self.env["psa.ticket.history"]._append([
            {
                "ticket_id": ticket_id, "kind": "change", "field_name": f"properties.{self.key}", "field_label": self.name,
                "old_value": text, "new_value": "", "description": self.env._("The desk has removed this field."),
            }
            for ticket_id, text in texts if text
        ])
        return len(values)
