import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.addons.psa_crm.tools import despite_collisions
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

# Timers that are fired together, in one transaction.
BATCH = 500
# A timer that fires so much after it was due says so.
LATE = timedelta(minutes=10)
# How long who claimed a timer has it to himself before he took its lock: he is dead if he did not.
CLAIM = timedelta(minutes=1)
# Minutes until a timer is tried again; after the last try it is set aside.
BACK_OFF = (1, 5, 15, 60)
TRIES = 1 + len(BACK_OFF)
# Counted at most, to tell the scheduler how much is left.
COUNTED = 10000


class PsaTimer(models.Model):
    """The sweep: fires the timers that are due, each exactly once.

    A batch is *claimed* first: that it is going to be tried is counted and committed. Then it is locked, marked as fired, and what
    it is for is done, in one transaction. Who is killed there leaves nothing behind but the claim; by it, the next sweep knows
    which timers were being tried and takes each of them alone, so that one that kills its process takes no other with it.
    """

    _inherit = "psa.timer"

    @api.model
    def _cron_fire(self):
        """Fire what is due, oldest first. Several may run at once: each takes what no other has taken."""
        sweep, cron = self.sudo(), self.env["ir.cron"]
        # What was read before, to find the scheduled action, is not what the table is like now.
        cron._commit_progress()
        while True:
            done = sweep._sweep_batch()
            waiting = sweep._count_due() if done else 0
            sweep._wake_sweep()
            if not cron._commit_progress(done, remaining=waiting) or not waiting:
                return

    @api.model
    def _sweep_batch(self):
        """Fire the next batch and return how many timers it had; those that were tried before come last, one by one."""
        timers = self._claim(BATCH, SQL("attempts = 0")) or self._claim(1, SQL("attempts > 0"))
        for group in timers.grouped("kind").values():
            group._fire_claimed()
        return len(timers)

    @api.model
    def _claim(self, limit, condition):
        """Return the next due timers after it was committed that they are being tried."""
        now = fields.Datetime.now()
        # Looked up once: within the condition, the database may do it again for each row, and take more than the limit.
        query = SQL(
            """
            WITH due AS MATERIALIZED (
                   SELECT id FROM psa_timer
                    WHERE state = 'pending' AND next_try <= %(now)s AND %(condition)s
                    ORDER BY next_try, id LIMIT %(limit)s
                      FOR UPDATE SKIP LOCKED)
            UPDATE psa_timer SET attempts = attempts + 1, next_try = %(until)s
              FROM due WHERE psa_timer.id = due.id
            RETURNING psa_timer.id, due_at, attempts
            """,
            now=now, until=now + CLAIM, condition=condition, limit=limit,
        )
        rows = self._despite_collisions(lambda: self.env.execute_query(query))
        timers = self.browse(row[0] for row in sorted(rows, key=lambda row: (row[1], row[0])))
        timers.invalidate_recordset()
        for timer_id, __, attempts in rows:
            if attempts > TRIES:
                # Its tries ended without a word: each of them took the process with it.
                timer = self.browse(timer_id)
                timer._record_failure(self.env._("The server process ended each time while it did what this timer is for."))
                timers -= timer
        self._end_step()
        return timers

    def _fire_claimed(self):
        """Fire timers of one kind, all at once or, if that fails, one by one; who fails alone is tried again later."""
        error = self._try_to_fire()
        if error is None:
            return
        if len(self) == 1:
            self._despite_collisions(lambda: self._record_failure(error))
            self._end_step()
            return
        for timer in self:
            timer._fire_claimed()

    def _try_to_fire(self):
        """Fire the timers in a transaction; return None, or what went wrong after nothing was done."""
        try:
            self._despite_collisions(lambda: self._lock_claimed()._fire())
            self._end_step()
        except Exception as error:
            self.env.cr.rollback()
            _logger.warning("Timers %s could not be fired.", self.ids, exc_info=True)
            return f"{type(error).__name__}: {error}"
        return None

    def _lock_claimed(self):
        """Return those of the timers that are still to be fired, locked; others have the rest."""
        rows = self.env.execute_query(SQL(
            """SELECT id FROM psa_timer WHERE id = ANY(%s) AND state = 'pending' AND due_at <= %s
                ORDER BY due_at, id FOR UPDATE SKIP LOCKED""",
            self.ids, fields.Datetime.now(),
        ))
        return self.browse(row[0] for row in rows)

    def _fire(self):
        """Mark locked timers of one kind as fired and do what they are for."""
        if not self:
            return
        now = fields.Datetime.now()
        self.env.cr.execute(SQL(
            """UPDATE psa_timer SET state = 'fired', fired_at = %(now)s, is_late = due_at < %(late)s, attempts = attempts - 1,
                      error = NULL
                WHERE id = ANY(%(ids)s)""",
            now=now, late=now - LATE, ids=self.ids,
        ))
        self.invalidate_recordset()
        kind = self[0].kind
        method = getattr(self, f"_fire_{kind}", None)
        if method is None:
            raise NotImplementedError(self.env._("Nothing in this database does what timers of the kind “%s” are for.", kind))
        method()
        self.env.flush_all()

    def _postpone(self, due_at):
        """Have timers that are being fired wait until another moment: it turned out that they are not due yet."""
        self.write({
            "state": "pending", "due_at": due_at, "next_try": due_at, "fired_at": False, "is_late": False, "attempts": 0,
        })

    def _record_failure(self, error):
        """Note what went wrong; the timer is tried again after a while, or set aside after the last try."""
        for timer in self.filtered(lambda timer: timer.state == "pending"):
            if timer.attempts < TRIES:
                wait = timedelta(minutes=BACK_OFF[max(0, timer.attempts - 1)])
                timer.write({"error": error, "next_try": fields.Datetime.now() + wait})
            else:
                timer.write({"error": error, "state": "failed", "attempts": min(timer.attempts, TRIES)})
                _logger.error("Timer %s of kind %s was set aside: %s", timer.id, timer.kind, error)
        self.flush_recordset()

    @api.model
    def _count_due(self):
        """Return how many timers are due; so many that it does not matter are not counted to the end."""
        return self.env.execute_query(SQL(
            "SELECT count(*) FROM (SELECT FROM psa_timer WHERE state = 'pending' AND next_try <= %s LIMIT %s) AS due",
            fields.Datetime.now(), COUNTED,
        ))[0][0]

    @api.model
    def _end_step(self):
        """Commit what was done."""
        self.env["ir.cron"]._commit_progress()

    @api.model
    def _despite_collisions(self, step):
        """Run the first step of a transaction, again from the start if it collides with another transaction."""
        return despite_collisions(self.env, step)
