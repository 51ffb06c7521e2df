"""What finds ledger rows by what an invoice changes of them, as SQL text. Pure: nothing here talks to a database.

An invoice may charge thousands of rows, and each of them says so: its state, its line, its invoice. With an index on any of these,
PostgreSQL would write the row into all indexes of the ledger anew, at several times the cost of the change itself. So no index of
``psa_billing_item`` has a column that invoicing writes, each page has room for the new version of its rows, and two narrow tables
find what an index would:

- ``psa_billing_item_open``: the rows that are to be looked at again, because they are not invoiced or not settled yet.
- ``psa_billing_item_charged``: of each invoice line the rows it charges, or charged once: the row itself knows whether it still does.

Marks of billing runs (``psa_billing_run_line_item_rel``) are rows of a narrow table as well, without foreign keys.

Triggers keep all three, whoever writes, with one statement for any number of rows.
"""

from . import ledger

# Which billing run's line took a row; the columns are those of the field.
MARKS = "psa_billing_run_line_item_rel"

# What is priced again, and what is released and waits for its invoice.
_IS_OPEN = f"state IN {(*ledger.OPEN_STATES, 'approved')} AND settled_on IS NULL"

_KEEP_OPEN = f"""
        INSERT INTO psa_billing_item_open (id, client_id, state)
        SELECT id, client_id, state FROM changed WHERE {_IS_OPEN}
            ON CONFLICT (id) DO UPDATE SET client_id = EXCLUDED.client_id, state = EXCLUDED.state
         WHERE (psa_billing_item_open.client_id, psa_billing_item_open.state)
               IS DISTINCT FROM (EXCLUDED.client_id, EXCLUDED.state);
"""  # noqa: S608 - nothing but constants of this module


def _keep_charged(source):
    return f"""
        INSERT INTO psa_billing_item_charged AS charged (move_line_id, move_id, item_ids)
        SELECT changed.move_line_id, max(changed.move_id), array_agg(changed.id)
          FROM {source}
         GROUP BY changed.move_line_id
            ON CONFLICT (move_line_id) DO UPDATE
           SET move_id = EXCLUDED.move_id,
               item_ids = ARRAY(SELECT unnest(charged.item_ids) UNION SELECT unnest(EXCLUDED.item_ids));
"""  # noqa: S608 - nothing but constants of this module


_NEW_CHARGED = _keep_charged("changed WHERE changed.move_line_id IS NOT NULL")
_OTHER_CHARGED = _keep_charged(
    "changed JOIN gone ON gone.id = changed.id WHERE changed.move_line_id IS NOT NULL"
    " AND (gone.move_line_id, gone.move_id) IS DISTINCT FROM (changed.move_line_id, changed.move_id)"
)

MARKS_TABLE = f"""
    CREATE TABLE IF NOT EXISTS {MARKS} (item_id integer PRIMARY KEY, line_id integer NOT NULL);
    CREATE INDEX IF NOT EXISTS {MARKS}_line_idx ON {MARKS} (line_id);
"""

# What is in the ledger already, of a version without these tables, is found as well.
TABLES = f"""
    CREATE TABLE IF NOT EXISTS psa_billing_item_open (id integer PRIMARY KEY, client_id integer, state varchar NOT NULL);
    CREATE INDEX IF NOT EXISTS psa_billing_item_open_client_idx ON psa_billing_item_open (client_id);
    CREATE TABLE IF NOT EXISTS psa_billing_item_charged (
        move_line_id integer PRIMARY KEY REFERENCES account_move_line ON DELETE CASCADE,
        move_id integer,
        item_ids integer[] NOT NULL
    );
    CREATE INDEX IF NOT EXISTS psa_billing_item_charged_move_idx ON psa_billing_item_charged (move_id);
    ALTER TABLE psa_billing_item SET (fillfactor = 50);
    INSERT INTO psa_billing_item_open (id, client_id, state)
    SELECT id, client_id, state FROM psa_billing_item WHERE {_IS_OPEN} ON CONFLICT DO NOTHING;
    INSERT INTO psa_billing_item_charged (move_line_id, move_id, item_ids)
    SELECT move_line_id, max(move_id), array_agg(id) FROM psa_billing_item WHERE move_line_id IS NOT NULL GROUP BY move_line_id
        ON CONFLICT DO NOTHING;
"""  # noqa: S608 - nothing but constants of this module

# Plans are kept as long as a connection lives, so they may be as old as tables that had a few rows: they read by key in any case.
TRIGGERS = f"""
    CREATE OR REPLACE FUNCTION psa_billing_item_added() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $added$
    BEGIN {_KEEP_OPEN} {_NEW_CHARGED}
        RETURN NULL;
    END $added$;

    CREATE OR REPLACE FUNCTION psa_billing_item_changed() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $changed$
    BEGIN
        DELETE FROM psa_billing_item_open WHERE id = ANY (ARRAY(SELECT id FROM changed WHERE NOT ({_IS_OPEN})));
        {_KEEP_OPEN} {_OTHER_CHARGED}
        RETURN NULL;
    END $changed$;

    CREATE OR REPLACE FUNCTION psa_billing_item_removed() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $removed$
    BEGIN
        DELETE FROM psa_billing_item_open WHERE id = ANY (ARRAY(SELECT id FROM gone));
        DELETE FROM {MARKS} WHERE item_id = ANY (ARRAY(SELECT id FROM gone));
        RETURN NULL;
    END $removed$;

    CREATE OR REPLACE FUNCTION psa_billing_run_line_removed() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $line$
    BEGIN
        DELETE FROM {MARKS} WHERE line_id = ANY (ARRAY(SELECT id FROM gone));
        RETURN NULL;
    END $line$;

    CREATE OR REPLACE TRIGGER psa_billing_item_added AFTER INSERT ON psa_billing_item
        REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION psa_billing_item_added();
    CREATE OR REPLACE TRIGGER psa_billing_item_changed AFTER UPDATE ON psa_billing_item
        REFERENCING OLD TABLE AS gone NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION psa_billing_item_changed();
    CREATE OR REPLACE TRIGGER psa_billing_item_removed AFTER DELETE ON psa_billing_item
        REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION psa_billing_item_removed();
    CREATE OR REPLACE TRIGGER psa_billing_run_line_removed AFTER DELETE ON psa_billing_run_line
        REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION psa_billing_run_line_removed();
"""  # noqa: S608 - nothing but constants of this module


def removal():
    """Return the SQL that takes the tables, functions and triggers away; the ledger itself goes with its model."""
    names = ("psa_billing_item_added", "psa_billing_item_changed", "psa_billing_item_removed", "psa_billing_run_line_removed")
    return "\n".join([
        *(f"DROP FUNCTION IF EXISTS {name} CASCADE;" for name in names),
        "DROP TABLE IF EXISTS psa_billing_item_open, psa_billing_item_charged;",
    ])
