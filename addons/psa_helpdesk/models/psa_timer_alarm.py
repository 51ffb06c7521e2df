import logging
import threading
from datetime import datetime, timedelta, timezone

import psycopg2
from odoo import api, fields, models, sql_db
from odoo.addons.base.models.ir_cron import ODOO_NOTIFY_FUNCTION
from odoo.modules import module
from odoo.tools import SQL

UTC = timezone.utc

_logger = logging.getLogger(__name__)

# Odoo's scheduler looks for work at least so often: each minute, up to nine seconds later by which its processes are kept apart, and
# some to spare.
AHEAD = timedelta(seconds=75)
# Seconds by which the alarm is late, so that what is due then is so for the database, too.
GRACE = 0.2

# {database: the alarm of this process}
_alarms = {}
_lock = threading.Lock()


def ring(database):
    """Wake the scheduler: whichever of its processes is free looks for work at once."""
    try:
        with sql_db.db_connect("postgres").cursor() as cr:
            cr.execute(SQL("SELECT %s('cron_trigger', %s)", SQL.identifier(ODOO_NOTIFY_FUNCTION), database))
    except psycopg2.Error:
        _logger.info("The scheduler could not be woken; it looks for work within a minute or so.", exc_info=True)


def set_alarm(database, due_at):
    """Have the scheduler woken at a moment (UTC, naive), unless this process wakes it sooner anyway."""
    now = datetime.now(UTC).replace(tzinfo=None)
    with _lock:
        alarm = _alarms.get(database)
        if alarm and alarm.is_alive():
            if now < alarm.due_at <= due_at:
                return
            alarm.cancel()
        alarm = threading.Timer(max(0.0, (due_at - now).total_seconds()) + GRACE, ring, [database])
        alarm.name, alarm.daemon, alarm.due_at = f"psa_timer_alarm_{database}", True, due_at
        _alarms[database] = alarm
        alarm.start()


class PsaTimer(models.Model):
    """Timers fire in their second, not when the scheduler happens to look for work next.

    Nobody tells the scheduler when the moment of a trigger has come: its threads look each minute or so, its processes up to nine
    seconds later. So each sweep, which comes at least as often, looks ahead for what is due before the next one may come, and leaves
    a thread behind that holds no connection and wakes the scheduler at that moment. What is scheduled for so soon has the sweep run
    at once, to see it. When the process ends in between (it is killed, or replaced at its limits), the next look remains.
    """

    _inherit = "psa.timer"

    @api.model
    def _cron_fire(self):
        result = super()._cron_fire()
        self.sudo()._look_ahead()
        return result

    @api.model
    def _look_ahead(self):
        """Have the scheduler woken for the next timer, if that is due before it may look by itself."""
        if module.current_test or not self.env.context.get("cron_id"):
            return
        due_at = self._next_due()
        if due_at:
            set_alarm(self.env.cr.dbname, due_at)

    @api.model
    def _next_due(self):
        """Return when the next timer is due that is so soon; what is overdue and still there is being fired by somebody else."""
        now = fields.Datetime.now()
        return self.env.execute_query(SQL(
            "SELECT min(next_try) FROM psa_timer WHERE state = 'pending' AND next_try > %s AND next_try <= %s", now, now + AHEAD
        ))[0][0]

    @api.model
    def _schedule(self, rows):
        result = super()._schedule(rows)
        now = fields.Datetime.now()
        soon = (row["due_at"].astimezone(UTC).replace(tzinfo=None) if row["due_at"].tzinfo else row["due_at"] for row in rows)
        # A sweep looks ahead by itself when it ends.
        if not self.env.context.get("cron_id") and any(now < due_at <= now + AHEAD for due_at in soon):
            self._wake_sweep(now)
        return result
