"""Have time pass for tickets on a real server, whose clock no test can move: everything that is known of them gets older instead.

Use it wherever a story says "after ten minutes"::

    from passing_time import let_time_pass

    ticket = world.tech.create("psa.ticket", {...})
    let_time_pass(server, [ticket], also={"psa_rule": [rule]}, minutes=11)
    assert smtp_sink.wait_to("grace@client.example", containing="still open")

It moves back every moment in the tickets' own rows and in all rows that point to them (entries, history, state intervals,
service levels, timers …) and their messages, and then runs what the scheduler would have run meanwhile. What must be older than
the tickets as well, such as rules that act on nothing from before they were made, is named by table and ids in ``also``. Dates
without a time of day move only by whole days.
"""

from datetime import timedelta

import psycopg2
from psycopg2 import sql

SWEEP = "psa_helpdesk.ir_cron_fire_timers"


def let_time_pass(server, ticket_ids, also=None, sweep=True, **duration):
    """Make tickets so much older (``minutes=11``, ``days=1`` …), then fire the timers that are due by now.

    :param also: {table: ids} of other rows that get older as well
    :param sweep: False leaves the firing of timers to the test
    """
    age = timedelta(**duration)
    rows = {("psa_ticket", "id"): list(ticket_ids), **{(table, "id"): list(ids) for table, ids in (also or {}).items()}}
    link = psycopg2.connect(
        host=server.cluster.host, port=server.cluster.port, user=server.cluster.user, dbname=server.db
    )
    try:
        with link, link.cursor() as cursor:
            # History refuses to be changed; here it is not changed but remembered from longer ago.
            cursor.execute("SET LOCAL session_replication_role = replica")
            for table, column in _pointing_to_tickets(cursor):
                rows[table, column] = list(ticket_ids)
            for (table, column), ids in rows.items():
                _make_older(cursor, table, sql.SQL("{} = ANY(%s)").format(sql.Identifier(column)), [ids], age)
            messages = sql.SQL("model = 'psa.ticket' AND res_id = ANY(%s)")
            _make_older(cursor, "mail_message", messages, [list(ticket_ids)], age)
            _forget_caches(cursor)
    finally:
        link.close()
    if sweep:
        server.run_cron(SWEEP)


def _pointing_to_tickets(cursor):
    """Return (table, column) of all foreign keys to tickets, other than from tickets."""
    cursor.execute(
        """
        SELECT source.relname, attribute.attname
          FROM pg_constraint key
          JOIN pg_class source ON source.oid = key.conrelid
          JOIN pg_attribute attribute ON attribute.attrelid = key.conrelid AND attribute.attnum = key.conkey[1]
         WHERE key.contype = 'f' AND key.confrelid = 'psa_ticket'::regclass AND source.relname != 'psa_ticket'
        """
    )
    return cursor.fetchall()


def _make_older(cursor, table, condition, params, age):
    cursor.execute(
        """
        SELECT column_name, data_type FROM information_schema.columns
         WHERE table_schema = 'public' AND table_name = %s AND is_generated = 'NEVER'
           AND (data_type LIKE 'timestamp%%' OR (data_type = 'date' AND %s))
        """,
        [table, not age % timedelta(days=1)],
    )
    casts = {"date": "::date"}
    columns = [
        sql.SQL("{0} = ({0} - %s)" + casts.get(kind, "")).format(sql.Identifier(name)) for name, kind in cursor.fetchall()
    ]
    if columns:
        cursor.execute(
            sql.SQL("UPDATE {} SET {} WHERE {}").format(sql.Identifier(table), sql.SQL(", ").join(columns), condition),
            [*[age] * len(columns), *params],
        )


def _forget_caches(cursor):
    """Have the server's processes read anew what they remember."""
    cursor.execute(
        "SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'orm_signaling_%%' AND table_name != %s",
        ["orm_signaling_registry"],
    )
    for (table,) in cursor.fetchall():
        cursor.execute(sql.SQL("INSERT INTO {} DEFAULT VALUES").format(sql.Identifier(table)))
