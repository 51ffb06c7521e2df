from dataclasses import replace
from datetime import timezone

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from ..core import clock, sla
from .psa_sla_policy import HOURS_SELECTION

UTC = timezone.utc

KIND_SELECTION = [(sla.RESPONSE, "First Response"), (sla.RESOLUTION, "Resolution"), (sla.UPDATE, "Next Update")]
STATE_SELECTION = [
    (sla.RUNNING, "Running"), (sla.PAUSED, "Paused"), (sla.MET, "Met"), (sla.MISSED, "Missed"), (sla.CANCELLED, "Cancelled"),
]
# Seconds until something is due that never is.
ENDLESS = 10 * 365 * 86400
# Clocks that are reckoned anew at once when hours change, and in one batch otherwise.
AT_ONCE = 200
# What a new row says besides its ticket, company and dates of making, with the types of the columns.
COLUMNS = {
    "kind": "text", "turn": "int", "policy_id": "int", "target_id": "int", "budget_seconds": "int", "percents": "text",
    "pausing": "text", "hours": "text", "calendar_id": "int", "tz": "text", "started_at": "timestamp", "since": "timestamp",
    "used_seconds": "int", "answered_at": "timestamp", "cycle": "int", "passed": "int", "state": "text",
    "elapsed_seconds": "int", "due_at": "timestamp", "warn_at": "timestamp", "ended_at": "timestamp",
    "missed_at": "timestamp", "next_percent": "int", "next_at": "timestamp",
    "first_ended_at": "timestamp", "first_state": "text", "problem": "text", "is_withdrawn": "boolean",
}
TICKET_COLUMNS = {
    "sla_policy_id": "int", "sla_target_id": "int", "sla_state": "text", "sla_kind": "text", "sla_due_at": "timestamp",
    "sla_warn_at": "timestamp", "sla_remaining_seconds": "int", "sla_is_missed": "boolean",
}


def aware(moment):
    """Odoo keeps datetimes in UTC without saying so; the core wants it said."""
    return moment.replace(tzinfo=UTC) if moment else None


def naive(moment):
    return moment.replace(tzinfo=None) if moment else False


class PsaTicketSla(models.Model):
    """One promise about one ticket, with its clock: what was promised, how it stands, and whether it was kept.

    Rows are written by the tickets themselves (``psa_ticket_service_level.py``). What was promised is copied from the policy, so
    that a change of the policy alters no promise that was made. How a clock stands follows from the log of the ticket's
    states by ``core/sla.py`` and is stored to be listed, sorted and counted.
    """

    _name = "psa.ticket.sla"
    _inherit = ["psa.desk.words.mixin"]
    _description = "Service Level of a Ticket"
    _order = "ticket_id desc, id"

    _ticket_idx = models.Index("(ticket_id DESC, id)")
    _turn_uniq = models.UniqueIndex("(ticket_id, kind, turn)")
    _due_idx = models.Index("(company_id, due_at) WHERE state IN ('running', 'missed') AND ended_at IS NULL")
    _policy_idx = models.Index("(policy_id, started_at)")
    _company_idx = models.Index("(company_id, started_at)")
    _target_idx = models.Index("(target_id) WHERE target_id IS NOT NULL")
    _stale_idx = models.Index("(id) WHERE is_stale IS TRUE")
    _calendar_idx = models.Index("(calendar_id) WHERE calendar_id IS NOT NULL AND ended_at IS NULL")

    ticket_id = fields.Many2one("psa.ticket", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", related="ticket_id.company_id", store=True, precompute=True, required=True)
    kind = fields.Selection(KIND_SELECTION, "Target", required=True, readonly=True)
    turn = fields.Integer(required=True, readonly=True, default=1, aggregator=None, help="The how-manieth update.")
    policy_id = fields.Many2one("psa.sla.policy", readonly=True, ondelete="restrict")
    target_id = fields.Many2one("psa.sla.target", "Row of the Policy", readonly=True, ondelete="set null")
    budget_seconds = fields.Integer(required=True, readonly=True, aggregator=None)
    percents = fields.Char("Warnings at %", readonly=True)
    pausing = fields.Char("Pauses in", readonly=True)
    hours = fields.Selection(HOURS_SELECTION, readonly=True)
    calendar_id = fields.Many2one("resource.calendar", readonly=True, ondelete="set null")
    tz = fields.Char("Time Zone", readonly=True)

    started_at = fields.Datetime("Since", required=True, readonly=True)
    since = fields.Datetime(
        "Counts from", required=True, readonly=True, help="From when on the present terms count; what was used before is added."
    )
    used_seconds = fields.Integer(required=True, readonly=True, default=0, aggregator=None)
    answered_at = fields.Datetime(readonly=True)
    cycle = fields.Integer(required=True, readonly=True, default=1, aggregator=None)
    passed = fields.Integer("Told at %", required=True, readonly=True, default=0, aggregator=None)
    state = fields.Selection(STATE_SELECTION, required=True, readonly=True)
    elapsed_seconds = fields.Integer(required=True, readonly=True, default=0, aggregator=None)
    due_at = fields.Datetime("Due", readonly=True)
    warn_at = fields.Datetime("First Warning", readonly=True)
    ended_at = fields.Datetime("Done on", readonly=True, help="When it was answered or resolved.")
    missed_at = fields.Datetime("Missed on", readonly=True)
    next_percent = fields.Integer(readonly=True, aggregator=None)
    next_at = fields.Datetime(readonly=True)
    first_ended_at = fields.Datetime("First Done on", readonly=True, help="When it was resolved for the first time, whatever came after.")
    first_state = fields.Selection(STATE_SELECTION, "First Outcome", readonly=True)
    problem = fields.Char(readonly=True, help="Why nothing is due.")
    is_withdrawn = fields.Boolean("Withdrawn", readonly=True, default=False, help="It is no longer promised.")
    is_closed_by_client = fields.Boolean(
        "Closed by the Client", readonly=True, default=False,
        help="The client closed the ticket himself before this was done: it is owed no longer, and counts neither as kept nor as missed.",
    )
    is_stale = fields.Boolean(readonly=True, default=False, help="The hours it counts in were changed; it is to be reckoned anew.")

    budget_hours = fields.Float("Budget", compute="_compute_hours", aggregator=None)
    elapsed_hours = fields.Float("Used", compute="_compute_hours", aggregator="avg", help="Working time used, pauses left out.")
    remaining_hours = fields.Float("Left", compute="_compute_hours", aggregator=None, help="Less than zero: overdrawn.")
    hit_rate = fields.Float(
        "Kept (%)", compute="_compute_hit_rate", aggregator="avg", help="Of the promises that are decided, how many were kept."
    )
    first_hit_rate = fields.Float(
        "Kept the First Time (%)", compute="_compute_hit_rate", aggregator="avg",
        help="As it stood when the ticket was first resolved or answered, whatever came after.",
    )
    client_id = fields.Many2one(related="ticket_id.client_id")
    desk_id = fields.Many2one(related="ticket_id.desk_id")
    queue_id = fields.Many2one(related="ticket_id.queue_id")
    user_id = fields.Many2one(related="ticket_id.user_id", string="Assigned to")
    priority_id = fields.Many2one(related="ticket_id.priority_id")
    type_id = fields.Many2one(related="ticket_id.type_id")
    category_id = fields.Many2one(related="ticket_id.category_id")

    @api.depends("ticket_id", "kind", "turn")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for row in self:
            row.display_name = f"{row.ticket_id.number or ''} {kinds.get(row.kind, '')}".strip()

    @api.depends("budget_seconds", "elapsed_seconds", "state")
    def _compute_hours(self):
        now = aware(fields.Datetime.now())
        going = self.filtered(lambda row: not row.ended_at and not row.is_withdrawn)
        stretches = going.ticket_id.sudo()._sla_stretches() if going else {}
        for row in self:
            elapsed = row.elapsed_seconds
            if row in going:
                elapsed = row.sudo()._stand(stretches[row.ticket_id.id], now)[0].elapsed
            row.budget_hours = row.budget_seconds / 3600
            row.elapsed_hours = elapsed / 3600
            row.remaining_hours = (row.budget_seconds - elapsed) / 3600

    @api.depends("state", "first_state")
    def _compute_hit_rate(self):
        for row in self:
            row.hit_rate = 100.0 * (row.state == sla.MET)
            row.first_hit_rate = 100.0 * ((row.first_state or row.state) == sla.MET)

    def _read_group_select(self, aggregate_spec, query):
        """Count hit rates and times in the database: what is not decided yet counts for neither side."""
        fname, __, func = aggregate_spec.partition(":")
        if func != "avg" or fname not in ("hit_rate", "first_hit_rate", "elapsed_hours"):
            return super()._read_group_select(aggregate_spec, query)
        if fname == "elapsed_hours":
            column = self._field_to_sql(self._table, "elapsed_seconds", query)
            ended = self._field_to_sql(self._table, "ended_at", query)
            return SQL("AVG(%s / 3600.0) FILTER (WHERE %s IS NOT NULL)", column, ended)
        outcome = self._field_to_sql(self._table, "state", query)
        if fname == "first_hit_rate":
            outcome = SQL("COALESCE(%s, %s)", self._field_to_sql(self._table, "first_state", query), outcome)
        return SQL("AVG(CASE %s WHEN 'met' THEN 100.0 WHEN 'missed' THEN 0.0 END)", outcome)

    @api.model_create_multi
    def create(self, vals_list):  # pylint: disable=method-required-super
        self._refuse()

    def write(self, vals):
        if not self.env.su:
            self._refuse()
        return super().write(vals)

    def unlink(self):
        if not self.env.su:
            self._refuse()
        return super().unlink()

    def _refuse(self):
        raise AccessError(self.env._(
            "Service levels are measured, not written. Change the ticket's priority, client or stage, or the policy."
        ))

    def action_open_ticket(self):
        """Open the ticket the promise is about."""
        self.ensure_one()
        return self.ticket_id._action_open()

    def _announce(self, percent):
        """Say on the tickets, to whom it concerns and to the rules that so much of the time is used up."""
        # A miss is told once: what comes after 100 % is a warning that more and more time has passed since.
        event = "sla_breach" if percent == sla.BREACH else "sla_warning"
        labels = dict(self._fields["kind"]._description_selection(self.env))
        notes = {}
        # Of what was put away nobody needs to hear.
        for (kind, policy), rows in self.filtered("ticket_id.active").grouped(lambda row: (row.kind, row.policy_id)).items():
            if percent == sla.BREACH:
                text = self.env._("%(target)s missed (SLA policy %(policy)s).", target=labels[kind], policy=policy.name)
            else:
                text = self.env._(
                    "%(percent)s%% of the time for %(target)s are used (SLA policy %(policy)s).",
                    percent=percent, target=labels[kind], policy=policy.name,
                )
            tickets = rows.ticket_id
            tickets._log_history("rule", description=text)
            tickets._psa_rules_event(event, target=kind, percent=percent)
            for ticket in tickets:
                notes[ticket.id] = f"{notes[ticket.id]} {text}" if ticket.id in notes else text
        if notes:
            # Two targets that pass the mark at one moment are one thing to be told of.
            self.ticket_id.browse(notes)._psa_notify(event, note=notes)

    @api.model
    def _hours_changed(self, calendars):
        """Have the open clocks that count in these hours reckoned anew: a few at once, many by the scheduled action."""
        self.flush_model(["calendar_id", "ended_at", "is_stale"])
        self.env.cr.execute(SQL(
            "UPDATE psa_ticket_sla SET is_stale = TRUE WHERE calendar_id = ANY(%s) AND ended_at IS NULL", list(calendars._ids)
        ))
        stale = self.env.cr.rowcount
        self.invalidate_model(["is_stale"], flush=False)
        if 0 < stale <= AT_ONCE:
            self._refresh_stale(stale)
        elif stale:
            self.env.ref("psa_helpdesk.ir_cron_refresh_sla")._trigger()

    @api.model
    def _refresh_stale(self, limit):
        """Reckon some of the clocks anew whose hours were changed; return how many there were."""
        rows = self.search([("is_stale", "=", True)], order="id", limit=limit)
        rows.ticket_id._sla_refresh()
        rows.is_stale = False
        return len(rows)

    @api.model
    def _cron_refresh_stale(self):
        """Reckon clocks anew whose hours were changed, batch by batch."""
        while True:
            done = self.sudo()._refresh_stale(AT_ONCE)
            left = self.sudo().search_count([("is_stale", "=", True)], limit=10000)
            if not self.env["ir.cron"]._commit_progress(done, remaining=left) or not left:
                return

    def _terms(self):
        """Return what was promised as the core takes it."""
        self.ensure_one()
        return sla.Terms(
            self.kind, self.budget_seconds, sla.parse_percents(self.percents), frozenset((self.pausing or "").split(",")) - {""}
        )

    def _calendar(self):
        """Return the hours in which this clock runs, as the core takes them."""
        self.ensure_one()
        return self.env["psa.ticket"]._sla_clock(self.hours, self.calendar_id.id, self.tz)

    def _stand(self, stretches, now):
        """Return (how the clock stands, why nothing is due or False)."""
        self.ensure_one()
        return self._reckon(
            self._terms(), stretches, aware(self.since), self._calendar(), now,
            used=self.used_seconds, passed=self.passed, answered_at=aware(self.answered_at),
            missed_at=aware(self.missed_at), missed_due=aware(self.due_at), is_closed_by_client=self.is_closed_by_client,
        )

    def _due_moves(self, stretches):
        """Return the pairs (from when on, due at) of when this was due by the clock of that time, under the terms it has now."""
        self.ensure_one()
        terms, calendar, answered_at = self._terms(), self._calendar(), aware(self.answered_at)
        started_at, since = aware(self.started_at), aware(self.since)
        try:
            moves = sla.due_moves(terms, stretches, since, calendar, used=self.used_seconds, answered_at=answered_at)
            if started_at < since:
                before = sla.due_moves(terms, stretches, started_at, calendar, answered_at=answered_at)
                moves = [*(move for move in before if move[0] < since), *moves]
        except clock.NoWorkingTime:
            return []
        return moves

    @api.model
    def _reckon(self, terms, stretches, since, calendar, now, **known):
        """Reckon with ``core/sla.py``; hours in which nothing ever becomes due are told, not fallen over."""
        try:
            return sla.stand(terms, stretches, since, calendar, now, **known), False
        except clock.NoWorkingTime as error:
            known.update(used=0, passed=sla.MAX_PERCENT)
            endless = replace(terms, budget=ENDLESS, percents=())
            standing = sla.stand(endless, stretches, since, clock.ALWAYS, now, **known)
            standing = replace(standing, elapsed=0, due_at=known.get("missed_due"), next_percent=None, next_at=None)
            return standing, self.env._("Nothing becomes due: %s", error)

    @api.model
    def _values(self, standing, problem=False):
        """Return how a clock stands as the row keeps it."""
        return {
            "state": standing.state,
            "elapsed_seconds": standing.elapsed,
            "due_at": naive(standing.due_at),
            "warn_at": naive(standing.warn_at),
            "ended_at": naive(standing.ended_at),
            "missed_at": naive(standing.missed_at),
            "next_percent": standing.next_percent or 0,
            "next_at": naive(standing.next_at),
            "problem": problem,
        }

    @api.model
    def _insert(self, rows, ticket_values=None):
        """Make rows and write what tickets show of them, all with one statement; return the new rows in order.

        :param rows: dictionaries with ``ticket_id`` and the columns of COLUMNS
        :param ticket_values: {ticket id: values of TICKET_COLUMNS}
        """
        if not rows and not ticket_values:
            return self.browse()
        parts = []
        if ticket_values:
            parts.append(SQL(
                """shown AS (
                    UPDATE psa_ticket SET %(assignments)s
                    FROM (VALUES %(values)s) AS row (ticket_id, %(columns)s) WHERE psa_ticket.id = row.ticket_id
                )""",
                assignments=SQL(", ").join(
                    SQL("%s = row.%s", SQL.identifier(column), SQL.identifier(column)) for column in TICKET_COLUMNS
                ),
                columns=SQL(", ").join(map(SQL.identifier, TICKET_COLUMNS)),
                values=SQL(", ").join(
                    SQL("(%s::int, %s)", ticket_id, self._typed(values, TICKET_COLUMNS)) for ticket_id, values in ticket_values.items()
                ),
            ))
        if rows:
            parts.append(SQL(
                """made AS (
                    INSERT INTO psa_ticket_sla (
                        ticket_id, company_id, %(columns)s, create_uid, create_date, write_uid, write_date
                    )
                    SELECT ticket.id, ticket.company_id, %(row_columns)s, %(uid)s, %(now)s, %(uid)s, %(now)s
                    FROM (VALUES %(values)s) AS row (sequence, ticket_id, %(columns)s)
                    JOIN psa_ticket ticket ON ticket.id = row.ticket_id
                    ORDER BY row.sequence
                    RETURNING id
                )""",
                columns=SQL(", ").join(map(SQL.identifier, COLUMNS)),
                row_columns=SQL(", ").join(SQL("row.%s", SQL.identifier(column)) for column in COLUMNS),
                uid=self.env.uid, now=fields.Datetime.now(),
                values=SQL(", ").join(
                    SQL("(%s::int, %s::int, %s)", sequence, row["ticket_id"], self._typed(row, COLUMNS))
                    for sequence, row in enumerate(rows)
                ),
            ))
        result = SQL("SELECT id FROM made ORDER BY id") if rows else SQL("SELECT 1 WHERE FALSE")
        made = self.env.execute_query(SQL("WITH %s %s", SQL(", ").join(parts), result))
        return self.browse(row_id for row_id, in made)

    @api.model
    def _typed(self, values, columns):
        """Return values as a row of a statement; what is not given is empty."""
        return SQL(", ").join(
            SQL("%s::%s", self._stored(values.get(column), column_type), SQL(column_type)) for column, column_type in columns.items()
        )

    @api.model
    def _stored(self, value, column_type):
        if column_type == "boolean":
            return bool(value)
        return None if value is False else value
