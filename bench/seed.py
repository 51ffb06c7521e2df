"""Fill a database with many tickets fast: a few hundred made by the ORM, multiplied by SQL.

The ORM makes the first tickets, so that every stored computed column, message and follower is what the application itself would
have written. The copies then differ from their original in identifiers and in the serial number in the title.
"""
from odoo.tools import SQL


def _columns(cr, table):
    cr.execute(
        """
        SELECT column_name FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name = %s AND is_generated = 'NEVER'
        ORDER BY ordinal_position
        """,
        [table],
    )
    return [name for (name,) in cr.fetchall()]


def copy_rows(cr, table, originals, copies, overrides):
    """Insert copies of the rows `originals` selects; `k` is the number of the copy, `t` the row copied.

    `overrides` maps a column to the expression that replaces it. Columns that are not there are left out, so that one map
    serves several versions of a module.
    """
    columns = _columns(cr, table)
    cr.execute(
        SQL(
            "INSERT INTO %s (%s) SELECT %s FROM %s t CROSS JOIN generate_series(%s, %s) k WHERE %s ORDER BY k, t",
            SQL.identifier(table),
            SQL(", ").join(SQL.identifier(column) for column in columns),
            SQL(", ").join(overrides.get(column, SQL.identifier("t", column)) for column in columns),
            SQL.identifier(table),
            copies[0],
            copies[1],
            originals,
        )
    )


def shifted(column, distance):
    """The expression of an id moved to copy number k."""
    return SQL("%s + k * %s", SQL.identifier("t", column), distance)


class Multiplier:
    """Copies the tickets of one model, with what hangs on them.

    :param originals: (lowest, highest) id of the tickets the ORM made
    """

    def __init__(self, cr, table, model, originals):
        self.cr = cr
        self.table = table
        self.model = model
        self.low, self.high = originals
        self.distance = self.high - self.low + 1

    def run(self, first, last, overrides=None, children=(), relations=()):
        """Make the copies numbered `first` to `last` of every original.

        :param overrides: expressions for columns of the ticket that must not repeat
        :param children: (table, column) of rows that hang on a ticket
        :param relations: (table, column) of many2many rows that hang on a ticket
        """
        copies = (first, last)
        own = SQL("t.id BETWEEN %s AND %s", self.low, self.high)
        copy_rows(self.cr, self.table, own, copies, {"id": shifted("id", self.distance), **(overrides or {})})
        self._reset_sequence(self.table)
        for table, column in children:
            self._copy_children(table, column, copies, SQL("TRUE"))
        for table, column in relations:
            hanging = SQL("%s BETWEEN %s AND %s", SQL.identifier("t", column), self.low, self.high)
            copy_rows(self.cr, table, hanging, copies, {column: shifted(column, self.distance)})
        self._copy_children("mail_message", "res_id", copies, SQL("t.model = %s", self.model))
        distance = self._copy_children("mail_followers", "res_id", copies, SQL("t.res_model = %s", self.model))
        if distance:
            followers = SQL(
                "t.mail_followers_id IN (SELECT id FROM mail_followers WHERE res_model = %s AND res_id BETWEEN %s AND %s)",
                self.model, self.low, self.high,
            )
            copy_rows(
                self.cr, "mail_followers_mail_message_subtype_rel", followers, copies,
                {"mail_followers_id": shifted("mail_followers_id", distance)},
            )

    def _copy_children(self, table, column, copies, condition):
        hanging = SQL("%s BETWEEN %s AND %s AND %s", SQL.identifier("t", column), self.low, self.high, condition)
        self.cr.execute(SQL(
            "SELECT min(id), (SELECT max(id) FROM %s) FROM %s t WHERE %s", SQL.identifier(table), SQL.identifier(table), hanging
        ))
        low, highest = self.cr.fetchone()
        if low is None:
            return 0
        # Beyond every row there is: others were made since, of other records.
        distance = highest - low + 1
        copy_rows(
            self.cr, table, hanging, copies,
            {
                "id": shifted("id", distance),
                column: shifted(column, self.distance),
                "message_id": SQL("'<bench-' || (t.id + k * %s) || '@bench.example>'", distance),
            },
        )
        self._reset_sequence(table)
        return distance

    def _reset_sequence(self, table):
        self.cr.execute(SQL("SELECT setval(pg_get_serial_sequence(%s, 'id'), (SELECT max(id) FROM %s))", table, SQL.identifier(table)))
