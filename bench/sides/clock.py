"""Open tickets that all wait for something: what firing the few that are due costs, and how fast the clock is."""
import gc
import random
import time
from datetime import datetime, timedelta, timezone

from odoo import SUPERUSER_ID, api, fields
from odoo.tools import SQL

from .access import AccessSide

UTC = timezone.utc

CLIENTS, USERS, RULES = 2_000, 20, 50
# What a ticket has of each kind: a service level and an idle rule to come, one that fired before.
DUE = 100


class ClockSide(AccessSide):
    """Every ticket is open and has three timers; as many as asked for are due."""

    name = "clock"

    def seed(self, total):
        made = super().seed(total, CLIENTS, USERS, RULES)
        with self.registry.cursor() as cr:
            cr.execute("UPDATE psa_ticket SET state = 'open', stage_id = (SELECT id FROM psa_ticket_stage WHERE state = 'open' LIMIT 1) "
                       "WHERE state != 'open'")
            for kind, state, offset in (("sla", "pending", "1 hour"), ("rule", "pending", "1 hour"), ("rule", "fired", "-30 days")):
                cr.execute(SQL(
                    """
                    INSERT INTO psa_timer (ticket_id, company_id, kind, res_id, cycle, threshold, due_at, next_try, state, attempts,
                                           is_late)
                    SELECT id, company_id, %s, 1, %s, 0, due_at, due_at, %s, 0, FALSE
                      FROM psa_ticket, LATERAL (SELECT now() AT TIME ZONE 'UTC' + %s::interval
                           + (id::bigint * 7919 %% 43200) * interval '1 minute' AS due_at) AS due
                    """,
                    kind, 0 if state == "fired" else 1, state, offset if state == "pending" else "-60 days",
                ))
        return made

    # Measuring

    def sweep(self, times):
        """Return the milliseconds of sweeps that find so many timers due, each of them committed as the scheduler's are."""
        self.registry["psa.timer"]._fire_bench = lambda timers: timers.ticket_id._log_history("rule", description="Measured")
        chance, found, queries = random.Random(7), [], []
        for _number in range(times):
            with self.registry.cursor() as cr:
                env = api.Environment(cr, SUPERUSER_ID, {})
                cr.execute("SELECT min(id), max(id) FROM psa_ticket")
                low, high = cr.fetchone()
                wanted = env["psa.ticket"].browse(chance.sample(range(low, high + 1), 2 * DUE)).exists()[:DUE]
                cycle = int(time.time() * 1000) % 2_000_000_000
                env["psa.timer"]._schedule([
                    {"ticket_id": ticket.id, "kind": "bench", "cycle": cycle, "due_at": fields.Datetime.now() - timedelta(seconds=1)}
                    for ticket in wanted
                ])
            with self.registry.cursor() as cr:
                env = api.Environment(cr, SUPERUSER_ID, {})
                gc.collect()
                before, started = cr.sql_log_count, time.perf_counter()
                env["psa.timer"]._cron_fire()
                found.append((time.perf_counter() - started) * 1000)
                queries.append(cr.sql_log_count - before)
                fired = env["psa.timer"].search_count([("kind", "=", "bench"), ("cycle", "=", cycle), ("state", "=", "fired")])
                if fired != DUE:
                    raise RuntimeError(f"{fired} of {DUE} timers fired")
        return {"milliseconds": found, "queries": max(queries)}

    def evaluate(self, seconds):
        """Return how often a second the clock tells of a span of 30 days with a pause how much of it counted, and when it is due."""
        from odoo.addons.psa_helpdesk.core import clock  # noqa: PLC0415 - there are no addons until Odoo has found them

        hours = tuple((day, start, end) for day in range(5) for start, end in ((480, 720), (780, 1020)))
        calendar = clock.Calendar(((None, clock.Schedule(hours, tz="Europe/Berlin")),))
        start = datetime(2026, 3, 12, 9, 30, tzinfo=UTC)
        log = [
            clock.Interval(start, start + timedelta(days=9), True),
            clock.Interval(start + timedelta(days=9), start + timedelta(days=12), False),
            clock.Interval(start + timedelta(days=12), None, True),
        ]
        now = start + timedelta(days=30)
        result = {}
        for name, call in (("elapsed", lambda: clock.elapsed(log, calendar, now)), ("due", lambda: clock.due(7000, log, calendar))):
            call()
            count, began = 0, time.process_time()
            while time.process_time() - began < seconds:
                for _number in range(1000):
                    call()
                count += 1000
            result[name] = count / (time.process_time() - began)
        return result
