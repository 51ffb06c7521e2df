from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from .psa_ticket_stage import STATE_SELECTION

GUARD = """
    CREATE OR REPLACE FUNCTION psa_ticket_state_interval_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        -- What a deleted ticket leaves behind goes with it: the foreign key works inside a trigger of its own.
        IF TG_OP = 'DELETE' AND pg_trigger_depth() > 1 THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION 'The log of ticket states is append-only: % refused.', TG_OP USING ERRCODE = 'insufficient_privilege';
    END
    $$;
    CREATE OR REPLACE TRIGGER psa_ticket_state_interval_guard_row BEFORE UPDATE OR DELETE ON psa_ticket_state_interval
        FOR EACH ROW EXECUTE FUNCTION psa_ticket_state_interval_guard();
    CREATE OR REPLACE TRIGGER psa_ticket_state_interval_guard_table BEFORE TRUNCATE ON psa_ticket_state_interval
        FOR EACH STATEMENT EXECUTE FUNCTION psa_ticket_state_interval_guard();
"""


class PsaTicketStateInterval(models.Model):
    """The log all clocks of a ticket are read from: which state it was in, from when to when.

    A row is written when a state ends; the one that lasts is told by the ticket's ``state`` and ``state_since``. So a new
    ticket costs nothing here. Rows are never touched again, and a trigger of the database sees to it.
    """

    _name = "psa.ticket.state.interval"
    _inherit = "psa.append.only.mixin"
    _description = "Past State of a Ticket"
    _order = "ticket_id, started_at, id"
    _log_access = False

    _ticket_idx = models.Index("(ticket_id, started_at, id)")
    _company_idx = models.Index("(company_id, ended_at)")

    ticket_id = fields.Many2one("psa.ticket", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="restrict")
    state = fields.Selection(STATE_SELECTION, required=True, readonly=True)
    started_at = fields.Datetime("From", required=True, readonly=True)
    ended_at = fields.Datetime("To", required=True, readonly=True)

    @api.depends("state")
    def _compute_display_name(self):
        states = dict(self._fields["state"]._description_selection(self.env))
        for row in self:
            row.display_name = states.get(row.state, "")

    def init(self):  # pylint: disable=missing-return
        """Let the database itself refuse what would change the log."""
        super().init()
        self.env.cr.execute(GUARD)

    def _refuse(self):
        raise AccessError(self.env._(
            "The log of states is written by the tickets themselves: service levels are measured by it. "
            "Move the ticket to another stage instead."
        ))

    @api.model
    def _append(self, rows):
        """Add rows (ticket id, state, from, to) with one statement."""
        if not rows:
            return
        self.env.cr.execute(SQL(
            """
            INSERT INTO psa_ticket_state_interval (ticket_id, company_id, state, started_at, ended_at)
            SELECT ticket.id, ticket.company_id, row.state, row.started_at, row.ended_at
            FROM (VALUES %(values)s) AS row (ticket_id, state, started_at, ended_at)
            JOIN psa_ticket ticket ON ticket.id = row.ticket_id
            """,
            values=SQL(", ").join(SQL("(%s::int, %s::text, %s::timestamp, %s::timestamp)", *row) for row in rows),
        ))
        self.env["psa.ticket"].browse(row[0] for row in rows).invalidate_recordset(["state_interval_ids"], flush=False)

    @api.model
    def _log_query(self, ticket_ids):
        """Return the query of (ticket id, state, from, to) of these tickets, in order."""
        return SQL(
            """
            SELECT ticket_id, state, started_at, ended_at FROM psa_ticket_state_interval
             WHERE ticket_id = ANY(%s) ORDER BY ticket_id, started_at, id
            """,
            list(ticket_ids),
        )
