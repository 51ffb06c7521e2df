from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

KINDS = [
    ("create", "Created"),
    ("change", "Changed"),
    ("entry", "Entry"),
    ("attachment", "Attachment"),
    ("time", "Time"),
    ("link", "Link"),
    ("merge", "Merge"),
    ("rule", "Rule"),
    ("access", "Access"),
    ("delete", "Deleted"),
]
# Rows are sent to the database in statements of at most this many.
INSERT_BATCH = 5000
GUARD = """
    CREATE OR REPLACE FUNCTION psa_ticket_history_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        -- A deleted ticket or user is taken out of its rows by the foreign key, which works inside a trigger of its own.
        IF TG_OP = 'UPDATE' AND pg_trigger_depth() > 1
            AND (NEW.ticket_id IS NULL OR NEW.ticket_id = OLD.ticket_id)
            AND (NEW.user_id IS NULL OR NEW.user_id = OLD.user_id)
            AND to_jsonb(NEW) - 'ticket_id' - 'user_id' = to_jsonb(OLD) - 'ticket_id' - 'user_id'
        THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'The history of tickets is append-only: % refused.', TG_OP USING ERRCODE = 'insufficient_privilege';
    END
    $$;
    CREATE OR REPLACE TRIGGER psa_ticket_history_guard_row BEFORE UPDATE OR DELETE ON psa_ticket_history
        FOR EACH ROW EXECUTE FUNCTION psa_ticket_history_guard();
    CREATE OR REPLACE TRIGGER psa_ticket_history_guard_table BEFORE TRUNCATE ON psa_ticket_history
        FOR EACH STATEMENT EXECUTE FUNCTION psa_ticket_history_guard();
"""


class PsaTicketHistory(models.Model):
    """What happened to tickets: one row per changed value, written for every writer, and never touched again.

    Rows are made by :meth:`_append` only. Neither the ORM nor the database takes a change back: a trigger refuses every UPDATE,
    DELETE and TRUNCATE apart from what the foreign keys do when a ticket or a user is deleted, so the history of a deleted ticket
    stays. Values are kept as the text a reader saw, labels as the desk called them at the time.
    """

    _name = "psa.ticket.history"
    _inherit = "psa.append.only.mixin"
    _description = "Ticket History"
    _order = "id desc"
    _rec_name = "ticket_number"
    _log_access = False

    # Rows are only ever added, so the order of ids is the order of time; the lists need one index per filter.
    _ticket_idx = models.Index("(ticket_id, id DESC) WHERE ticket_id IS NOT NULL")
    _company_idx = models.Index("(company_id, id DESC)")
    _user_idx = models.Index("(user_id, id DESC) WHERE user_id IS NOT NULL")
    _field_idx = models.Index("(field_name, id DESC) WHERE field_name IS NOT NULL")
    _kind_idx = models.Index("(kind, id DESC) WHERE kind NOT IN ('change', 'create')")
    _number_idx = models.Index("(ticket_number, company_id)")
    _date_idx = models.Index("USING brin (date)")

    ticket_id = fields.Many2one("psa.ticket", readonly=True, ondelete="set null", help="Empty once the ticket is deleted.")
    ticket_number = fields.Char("Number", readonly=True)
    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="restrict")
    client_id = fields.Many2one(related="ticket_id.client_id", string="Client")
    date = fields.Datetime(required=True, readonly=True)
    user_id = fields.Many2one("res.users", readonly=True, ondelete="set null")
    author_name = fields.Char("By", readonly=True, help="Who did it, as he was called then.")
    kind = fields.Selection(KINDS, required=True, readonly=True)
    field_name = fields.Char("Technical Name", readonly=True)
    field_label = fields.Char("Field", readonly=True, help="What the ticket's desk called the field then.")
    old_value = fields.Text(readonly=True)
    new_value = fields.Text(readonly=True)
    description = fields.Text(readonly=True)

    def init(self):  # pylint: disable=missing-return
        """Let the database itself refuse what would change history."""
        super().init()
        self.env.cr.execute(GUARD)

    def _refuse(self):
        raise AccessError(self.env._(
            "The history of tickets is written by the tickets themselves and cannot be added to, changed or deleted. "
            "Write a comment on the ticket instead."
        ))

    @api.model
    def _append(self, rows):
        """Add rows: dictionaries with ``ticket_id``, ``kind`` and what applies of ``field_name``, ``field_label``, ``old_value``,
        ``new_value``, ``description``. They are the current user's.

        One statement for any number of rows and tickets; number, company and the author's name come from the database.
        """
        columns = ("ticket_id", "kind", "field_name", "field_label", "old_value", "new_value", "description")
        now = fields.Datetime.now()
        for start in range(0, len(rows), INSERT_BATCH):
            values = [
                (sequence, row["ticket_id"], *(row.get(column) or None for column in columns[1:]))
                for sequence, row in enumerate(rows[start:start + INSERT_BATCH])
            ]
            self.env.cr.execute(SQL(
                """
                INSERT INTO psa_ticket_history (
                    ticket_id, ticket_number, company_id, date, user_id, author_name,
                    kind, field_name, field_label, old_value, new_value, description
                )
                SELECT ticket.id, ticket.number, ticket.company_id, %(now)s, %(user_id)s, (
                        SELECT name FROM res_partner WHERE id = (SELECT partner_id FROM res_users WHERE id = %(user_id)s)
                    ),
                    row.kind, row.field_name, row.field_label, row.old_value, row.new_value, row.description
                FROM (VALUES %(values)s) AS row (sequence, %(columns)s)
                JOIN psa_ticket ticket ON ticket.id = row.ticket_id
                ORDER BY row.sequence
                """,
                now=now,
                user_id=self.env.uid,
                values=SQL(", ").join(
                    SQL("(%s::int, %s::int, %s::text, %s::text, %s::text, %s::text, %s::text, %s::text)", *row)
                    for row in values
                ),
                columns=SQL(", ").join(map(SQL.identifier, columns)),
            ))
        self.env["psa.ticket"].browse(row["ticket_id"] for row in rows).invalidate_recordset(["history_ids"], flush=False)
