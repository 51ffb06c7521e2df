from datetime import timedelta, timezone

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

UTC = timezone.utc

CRON = "psa_helpdesk.ir_cron_fire_timers"
# Rows of one INSERT.
ROWS = 1000
# Days a timer that is not wanted any more is kept.
KEEP_CANCELLED = 90


class PsaTimer(models.Model):
    """Something that is to be done at a moment: warn of a service level, run a rule on an idle ticket, send a digest.

    Who wants something done schedules rows of his ``kind`` with :meth:`_schedule` and takes them back with :meth:`_cancel`. When
    they are due, the sweep (``psa_timer_sweep.py``) calls the method ``_fire_<kind>`` he adds to this model, with the due timers
    of one batch, as superuser, in the transaction that also says that they have fired: both happen, or neither. The method

    * does what is to be done for all of ``self`` at once. When it raises, the timers are tried one by one;
    * leaves what cannot be taken back (a mail, a call to another server) to a queue that works after the commit;
    * looks at ``is_late`` where it matters whether the moment passed long ago (the server was down);
    * may schedule further timers, and calls :meth:`_postpone` on those that turn out not to be due yet.

    There is one row for each (ticket, kind, res_id, cycle, threshold), and it fires once: scheduling it again moves it while it
    is pending and revives it when it was cancelled; one that fired stays as it is. What repeats counts its ``cycle`` up.

    ``_describe_<kind>`` may return ``{timer: text}``, what a person is shown of it.
    """

    _name = "psa.timer"
    _description = "Timer"
    _order = "due_at desc, id desc"

    # What a timer fires for, fires once; the index serves the foreign key, too.
    _ticket_uniq = models.UniqueIndex("(ticket_id, kind, res_id, cycle, threshold)")
    _no_ticket_uniq = models.UniqueIndex("(kind, res_id, cycle, threshold) WHERE ticket_id IS NULL")
    # All the sweep reads.
    _due_idx = models.Index("(next_try, id) WHERE state = 'pending'")
    _res_idx = models.Index("(kind, res_id) WHERE state IN ('pending', 'failed')")
    _company_idx = models.Index("(company_id, due_at DESC, id DESC)")
    _failed_idx = models.Index("(company_id, due_at DESC, id DESC) WHERE state = 'failed'")
    _cancelled_idx = models.Index("(due_at) WHERE state = 'cancelled'")

    ticket_id = fields.Many2one("psa.ticket", readonly=True, ondelete="cascade")
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, compute="_compute_company_id", store=True, precompute=True, ondelete="cascade",
    )
    kind = fields.Selection(
        [("sla", "Service level"), ("rule", "Rule"), ("digest", "Digest")], required=True, readonly=True, help="What it is for."
    )
    res_id = fields.Integer(
        "Record", required=True, readonly=True, default=0, aggregator=None, help="The record of that kind it belongs to."
    )
    cycle = fields.Integer(required=True, readonly=True, default=0, aggregator=None, help="The how-manieth time, for what repeats.")
    threshold = fields.Integer(required=True, readonly=True, default=0, aggregator=None, help="In percent, for service levels.")
    due_at = fields.Datetime(required=True, readonly=True)
    state = fields.Selection(
        [("pending", "Waiting"), ("fired", "Done"), ("cancelled", "Cancelled"), ("failed", "Set aside")],
        required=True, readonly=True, default="pending",
    )
    fired_at = fields.Datetime("Done at", readonly=True)
    is_late = fields.Boolean("Late", readonly=True, help="It was done well after it was due, for example because the server was down.")
    attempts = fields.Integer(readonly=True, aggregator=None, help="How often it was tried in vain.")
    next_try = fields.Datetime(required=True, readonly=True, help="When it is done, or tried again.")
    error = fields.Text(readonly=True, help="What went wrong last.")
    subject = fields.Char("What", compute="_compute_subject")

    @api.depends("ticket_id.company_id")
    def _compute_company_id(self):
        for timer in self:
            timer.company_id = timer.ticket_id.company_id or timer.company_id or self.env.company

    def _compute_subject(self):
        for kind, timers in self.grouped("kind").items():
            describe = getattr(timers, f"_describe_{kind}", None)
            texts = describe() if describe else {}
            label = dict(self._fields["kind"]._description_selection(self.env)).get(kind, kind)
            for timer in timers:
                timer.subject = texts.get(timer) or label

    @api.depends("kind", "ticket_id")
    def _compute_display_name(self):
        for timer in self:
            timer.display_name = " · ".join(filter(None, (timer.subject, timer.ticket_id.display_name)))

    def action_try_again(self):
        """Give timers that were set aside as many tries as a new one has, beginning now."""
        if not self.env.su and not self._may_try_again():
            raise AccessError(self.env._(
                "Only company administrators and the administrators of the ticket's desk can try a timer again."
            ))
        if any(timer.state != "failed" for timer in self):
            raise UserError(self.env._("Only timers that were set aside can be tried again; the others are done or still waiting."))
        self.sudo().write({"state": "pending", "attempts": 0, "next_try": fields.Datetime.now()})
        self._wake_sweep(fields.Datetime.now())
        return True

    def action_give_up(self):
        """Drop timers that were set aside: what they are for is not done."""
        if not self.env.su and not self._may_try_again():
            raise AccessError(self.env._(
                "Only company administrators and the administrators of the ticket's desk can drop a timer."
            ))
        self.filtered(lambda timer: timer.state == "failed").sudo().state = "cancelled"
        return True

    def _may_try_again(self):
        self.check_access("read")
        if self.env.user.has_group("psa_crm.group_company_admin"):
            return True
        return all(self.env.user in timer.ticket_id.sudo().desk_id.admin_ids for timer in self)

    @api.model
    def _schedule(self, rows):
        """Have timers fire at their ``due_at``; see the class for what happens to those that are there already.

        One query for all, and next to nothing to wake the sweep: its trigger is only added where no earlier one waits.

        :param rows: dicts of ``kind``, ``due_at`` (UTC, naive as Odoo's or aware) and as the kind needs them ``ticket_id``,
            ``res_id``, ``cycle``, ``threshold``; ``company_id`` for what has no ticket
        """
        unique = {}
        for row in rows:
            due_at = row["due_at"]
            if due_at.tzinfo:
                due_at = due_at.astimezone(UTC).replace(tzinfo=None)
            key = (row.get("ticket_id") or None, row["kind"], row.get("res_id") or 0, row.get("cycle") or 0, row.get("threshold") or 0)
            unique[key] = (due_at, row.get("company_id") or None)
        for has_ticket in (True, False):
            values = [(*key, *value) for key, value in unique.items() if bool(key[0]) is has_ticket]
            for start in range(0, len(values), ROWS):
                self._insert_rows(values[start:start + ROWS], has_ticket)
        if unique and min(due_at for due_at, __ in unique.values()) <= fields.Datetime.now():
            self.env.cr.postcommit.add(self.env["ir.cron"]._notifydb)

    @api.model
    def _cancel(self, kind, ticket_ids=None, res_ids=None):
        """Take back the timers of a kind that have not fired, of these tickets, of these records, or of both."""
        if ticket_ids is None and res_ids is None:
            raise ValueError("Name the tickets or the records whose timers are to be cancelled.")
        if ticket_ids == [] or res_ids == []:
            return
        self.flush_model(["state"])
        self.env.cr.execute(SQL(
            "UPDATE psa_timer SET state = 'cancelled' WHERE kind = %s AND state IN ('pending', 'failed')%s%s",
            kind,
            SQL() if ticket_ids is None else SQL(" AND ticket_id = ANY(%s)", list(ticket_ids)),
            SQL() if res_ids is None else SQL(" AND res_id = ANY(%s)", list(res_ids)),
        ))
        self.invalidate_model(["state"], flush=False)

    @api.model
    def _insert_rows(self, values, has_ticket):
        """Insert or move the timers in one query, and have the sweep woken by the time the first of them is due."""
        self.flush_model()
        target = SQL("(ticket_id, kind, res_id, cycle, threshold)") if has_ticket else SQL(
            "(kind, res_id, cycle, threshold) WHERE ticket_id IS NULL")
        self.env.cr.execute(SQL(
            """
            WITH scheduled AS (
                INSERT INTO psa_timer (ticket_id, kind, res_id, cycle, threshold, due_at, next_try, company_id, state, attempts,
                                       is_late, create_uid, create_date, write_uid, write_date)
                     SELECT wanted.ticket_id, kind, res_id, cycle, threshold, due_at, due_at,
                            COALESCE(ticket.company_id, wanted.company_id), 'pending', 0,
                            FALSE, %(uid)s, now() AT TIME ZONE 'UTC', %(uid)s, now() AT TIME ZONE 'UTC'
                       FROM (VALUES %(values)s) AS wanted (ticket_id, kind, res_id, cycle, threshold, due_at, company_id)
                  LEFT JOIN psa_ticket ticket ON ticket.id = wanted.ticket_id
                      WHERE ticket.id IS NOT NULL OR wanted.ticket_id IS NULL
                ON CONFLICT %(target)s DO UPDATE
                        SET due_at = EXCLUDED.due_at, next_try = EXCLUDED.due_at, state = 'pending', attempts = 0, error = NULL,
                            write_uid = EXCLUDED.write_uid, write_date = EXCLUDED.write_date
                      WHERE psa_timer.state = 'cancelled'
                         OR psa_timer.state = 'pending' AND psa_timer.due_at != EXCLUDED.due_at
                  RETURNING next_try
            )
            INSERT INTO ir_cron_trigger (cron_id, call_at, create_uid, create_date, write_uid, write_date)
                 %(trigger)s
            """,
            uid=self.env.uid,
            values=SQL(", ").join(
                SQL("(%s::int, %s::varchar, %s::int, %s::int, %s::int, %s::timestamp, %s::int)", *value) for value in values
            ),
            target=target,
            trigger=self._trigger_sql(SQL("SELECT min(next_try) AS call_at FROM scheduled")),
        ))
        self.invalidate_model(flush=False)

    @api.model
    def _trigger_sql(self, earliest):
        """Return the row of a trigger of the sweep at the moment a query returns, unless one waits that is not later.

        One whose moment has come waits no longer: the scheduler is at work for it, and takes it away only when it has ended.
        """
        return SQL(
            """
            SELECT cron.id, wanted.call_at, %(uid)s, now() AT TIME ZONE 'UTC', %(uid)s, now() AT TIME ZONE 'UTC'
              FROM (%(earliest)s) AS wanted
              JOIN ir_cron cron ON cron.id = %(cron)s
             WHERE wanted.call_at IS NOT NULL AND NOT EXISTS (
                   SELECT FROM ir_cron_trigger waiting WHERE waiting.cron_id = cron.id AND waiting.call_at <= wanted.call_at
                      AND waiting.call_at > %(now)s)
            """,
            uid=self.env.uid, earliest=earliest, now=fields.Datetime.now(),
            cron=self.env["ir.model.data"]._xmlid_to_res_id(CRON, raise_if_not_found=False) or 0,
        )

    @api.model
    def _wake_sweep(self, call_at=None):
        """Have the sweep run at a moment, by default when the next timer is due."""
        self.flush_model(["state", "next_try"])
        earliest = SQL("SELECT %s::timestamp AS call_at", call_at) if call_at else SQL(
            "SELECT next_try AS call_at FROM psa_timer WHERE state = 'pending' ORDER BY next_try LIMIT 1")
        self.env.cr.execute(SQL(
            "INSERT INTO ir_cron_trigger (cron_id, call_at, create_uid, create_date, write_uid, write_date) %s",
            self._trigger_sql(earliest),
        ))
        if call_at and call_at <= fields.Datetime.now():
            self.env.cr.postcommit.add(self.env["ir.cron"]._notifydb)

    @api.autovacuum
    def _gc_cancelled(self):
        """Delete timers nobody has wanted for a long time; what fired is kept with its ticket, lest it fires again."""
        limit = fields.Datetime.now() - timedelta(days=KEEP_CANCELLED)
        timers = self.sudo().search([("state", "=", "cancelled"), ("due_at", "<", limit)], order="due_at", limit=ROWS)
        timers.unlink()
        return len(timers), len(timers) == ROWS
