"""Timers fire exactly once: with two workers, with one killed at the worst moment, with a clock that steps back, after a day off.

By default a seeded sample; whole with ``./psa test --thorough``.
"""

import json
import os
import random
import select
import signal
import subprocess
import time
from collections import Counter
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path

import psycopg2
import pytest
from harness import Server, scratch, setting, wait_for
from passing_time import let_time_pass
from world import build

THOROUGH = bool(os.environ.get("PSA_THOROUGH"))
SWEEPER = Path(__file__).parent / "sweeping.py"
KILLED = -signal.SIGKILL
PAST = "2026-01-01T12:00:00"


@pytest.fixture(scope="module")
def world(server):
    world = build(server, "timers")
    with connect(server) as link, link.cursor() as cursor:
        cursor.execute("CREATE TABLE probe (id serial, ticket_id int, cycle int, pid int)")
    link.close()
    count = 1000 if THOROUGH else 200
    world.ids["tickets"] = world.tech.create("psa.ticket", [
        {"name": f"Ticket {number}", "desk_id": world.ids["desk"], "partner_id": world.ids["grace"]} for number in range(count)
    ])
    return world


@pytest.fixture
def timers(world):
    """Nothing waits and nothing has fired."""
    execute(world.server, "DELETE FROM psa_timer WHERE kind = 'probe'")
    execute(world.server, "DELETE FROM probe")
    return Timers(world)


def connect(server):
    return psycopg2.connect(host=server.cluster.host, port=server.cluster.port, user=server.cluster.user, dbname=server.db)


def execute(server, statement, params=()):
    link = connect(server)
    with link, link.cursor() as cursor:
        cursor.execute(statement, params)
    link.close()


class Timers:
    """The timers of kind "probe" of the tickets of a world, and processes that fire them."""

    def __init__(self, world):
        self.server, self.tickets = world.server, world.ids["tickets"]

    def process(self, **options):
        """Start a process that sweeps."""
        conf = scratch("conf") / f"{self.server.name}.conf"
        return subprocess.Popen(
            [setting("PSA_PYTHON"), str(SWEEPER), str(conf), self.server.db, json.dumps(options)],
            stdout=subprocess.PIPE, stderr=self.server.log.open("ab"), stdin=subprocess.PIPE, start_new_session=True,
            cwd=scratch("conf"), text=True,
        )

    def workers(self, **options):
        """Start two processes that sweep, and return them as soon as both are amid a batch: neither waits for the other's locks."""
        workers = [self.process(meet=True, **options) for __ in range(2)]
        for worker in workers:
            ready, __, __ = select.select([worker.stdout], [], [], 240)
            assert ready, self.server.log_tail()
            assert worker.stdout.readline(), self.server.log_tail()
        for worker in workers:
            print(file=worker.stdin, flush=True)
        return workers

    def sweep(self, expect=0, **options):
        """Have a process sweep, and wait for its end; return how often timers had done what they are for after each sweep."""
        process = self.process(**options)
        answer, __ = process.communicate(timeout=240)
        assert process.returncode == expect, self.server.log_tail()
        return json.loads(answer)["probed"] if answer else None

    def schedule(self, tickets=None, due=PAST, cycle=0):
        """Have a timer wait for each ticket; in the addon's own tests, this is done by its own method."""
        execute(
            self.server,
            "INSERT INTO psa_timer (ticket_id, company_id, kind, res_id, cycle, threshold, due_at, next_try, state, attempts, is_late) "
            "SELECT id, company_id, 'probe', 0, %s, 0, %s, %s, 'pending', 0, FALSE FROM psa_ticket WHERE id = ANY(%s)",
            [cycle, due, due, tickets or self.tickets],
        )

    def probed(self):
        """Return how often the timer of each ticket did what it is for."""
        rows = self.server.query("SELECT ticket_id, count(*) FROM probe GROUP BY ticket_id")
        return dict(rows)

    def states(self):
        """Return how many timers are in each state."""
        return dict(self.server.query("SELECT state, count(*) FROM psa_timer WHERE kind = 'probe' GROUP BY state"))

    def read(self, ticket, *columns):
        (row,) = self.server.query(
            f"SELECT {', '.join(columns)} FROM psa_timer WHERE kind = 'probe' AND ticket_id = %s", [ticket])  # noqa: S608
        return row

    def wait_a_while(self):
        """Have the minute pass after which what a dead process claimed is free again, and every other wait."""
        execute(self.server, "UPDATE psa_timer SET next_try = next_try - interval '2 hours' WHERE kind = 'probe'")

    def assert_each_fired_once(self, tickets=None):
        tickets = tickets or self.tickets
        assert Counter(self.probed().values()) == {1: len(tickets)}
        assert self.states() == {"fired": len(tickets)}


def test_two_workers_at_once(timers):
    timers.schedule()

    workers = timers.workers(batch=10, slow=0.02)
    for worker in workers:
        worker.communicate(timeout=240)

    assert [worker.returncode for worker in workers] == [0, 0], timers.server.log_tail()
    timers.assert_each_fired_once()
    shares = dict(timers.server.query("SELECT pid, count(*) FROM probe GROUP BY pid"))
    assert len(shares) == 2, "both had their share"


def test_workers_and_somebody_who_writes_the_same_tickets(timers):
    timers.schedule()
    workers = timers.workers(batch=20, touch=True, slow=0.05)
    chance = random.Random(5)
    link = connect(timers.server)
    link.autocommit = True
    with link.cursor() as cursor:
        while any(worker.poll() is None for worker in workers):
            cursor.execute("UPDATE psa_ticket SET write_date = now() WHERE id = ANY(%s)", [chance.sample(timers.tickets, 3)])
            time.sleep(0.01)
    link.close()

    assert [worker.returncode for worker in workers] == [0, 0], timers.server.log_tail()
    timers.wait_a_while()
    timers.sweep(touch=True)
    timers.assert_each_fired_once()


def test_killed_between_action_and_commit(timers):
    timers.schedule()

    timers.sweep(expect=KILLED, batch=20, kill_at=3)

    assert Counter(timers.probed().values()) == {1: 40}, "of the third batch, nothing happened"
    assert timers.states() == {"fired": 40, "pending": len(timers.tickets) - 40}
    timers.wait_a_while()
    timers.sweep()
    timers.assert_each_fired_once()


def test_killed_at_any_moment(timers):
    chance = random.Random(11)
    timers.schedule()

    for __ in range(25 if THOROUGH else 2):
        process = timers.process(batch=10, slow=0.1)
        wait_for(partial(has_begun, timers, process), "the sweep to begin", every=0.02)
        time.sleep(chance.uniform(0, 0.4))
        process.kill()
        process.communicate()
        timers.wait_a_while()
        assert set(timers.probed().values()) <= {1}
    timers.sweep()

    timers.assert_each_fired_once()


def has_begun(timers, process):
    return process.poll() is not None or timers.server.query("SELECT 1 FROM probe WHERE pid = %s LIMIT 1", [process.pid])


def test_timer_that_kills_its_worker_is_set_aside_alone(timers):
    tickets = timers.tickets[:20]
    killer = tickets[7]
    timers.schedule(tickets)

    for __ in range(2):
        timers.sweep(expect=KILLED, killer=killer, tries=2)
        timers.wait_a_while()
    timers.sweep(killer=killer, tries=2)

    assert timers.states() == {"fired": 19, "failed": 1}
    assert Counter(timers.probed().values()) == {1: 19}
    state, error = timers.read(killer, "state", "error")
    assert state == "failed"
    assert "process ended" in error
    # An administrator removes the cause and has it tried again.
    admin = timers.server.xmlrpc("owner.timers")
    (timer,) = admin.search("psa.timer", [("state", "=", "failed"), ("ticket_id", "=", killer)])
    admin.button("psa.timer", timer, "action_try_again")
    timers.sweep()
    timers.assert_each_fired_once(tickets)


def test_clock_that_steps_back(timers):
    tickets = timers.tickets[:5]
    timers.schedule(tickets, due="2030-05-01T12:00:00")

    probed = timers.sweep(now=[
        "2030-05-01T11:59:30", "2030-05-01T12:00:30", "2030-05-01T11:00:00", "2030-04-01T12:00:00", "2030-05-01T12:01:00",
    ])

    assert probed == [0, 5, 5, 5, 5]
    timers.assert_each_fired_once(tickets)
    assert timers.read(tickets[0], "is_late") == (False,)
    # What is scheduled while the clock is behind fires in its time as well.
    timers.schedule(tickets, due="2030-05-01T11:30:00", cycle=1)
    assert timers.sweep(now=["2030-05-01T11:00:00", "2030-05-01T11:31:00"]) == [5, 10]
    assert Counter(timers.probed().values()) == {2: 5}


def test_server_that_was_down_for_a_day(timers):
    tickets = timers.tickets[:5]
    soon = datetime.now(timezone.utc).replace(tzinfo=None) + timedelta(minutes=10)
    timers.schedule(tickets, due=soon.isoformat())

    let_time_pass(timers.server, tickets, sweep=False, days=1)
    assert timers.sweep(now=[None, None]) == [5, 5]

    timers.assert_each_fired_once(tickets)
    assert timers.read(tickets[0], "is_late") == (True,)


def test_time_passes_for_all_that_is_known_of_a_ticket(timers, world):
    """The helper of other stories: what was ten minutes ago was eleven minutes ago, in every table."""
    ticket = world.tech.create("psa.ticket", {"name": "Old", "desk_id": world.ids["desk"], "partner_id": world.ids["grace"]})
    tables = ("psa_ticket WHERE id", "psa_ticket_history WHERE ticket_id", "mail_message WHERE model = 'psa.ticket' AND res_id")
    column = {"psa_ticket WHERE id": "create_date", "psa_ticket_history WHERE ticket_id": "date"}

    def moments():
        return [
            timers.server.query(f"SELECT {column.get(table, 'date')} FROM {table} = %s ORDER BY 1", [ticket])  # noqa: S608
            for table in tables
        ]

    before = moments()
    let_time_pass(timers.server, [ticket], minutes=11)

    assert moments() == [[(moment - timedelta(minutes=11),) for (moment,) in rows] for rows in before]
    assert all(before)


@pytest.mark.skipif(not THOROUGH, reason="takes a minute or two; ./psa test --thorough")
def test_scheduler_fires_within_a_minute(cluster, smtp_sink):
    """The real scheduler in a process of its own: nobody calls the sweep. That nobody fires this kind there is told as well."""
    server = Server(
        cluster=cluster, template=setting("PSA_TEMPLATE_DB"), template_data=setting("PSA_TEMPLATE_FILESTORE"),
        name=f"timers_cron_{os.getpid()}", sink=smtp_sink,
    )
    scheduler = None
    try:
        server.start()
        world = build(server, "minute")
        ticket = world.tech.create("psa.ticket", {"name": "Idle", "desk_id": world.ids["desk"], "partner_id": world.ids["grace"]})
        scheduler = subprocess.Popen(
            [setting("PSA_PYTHON"), "-m", "odoo", "server", "-c", scratch("conf") / f"{server.name}.conf", "--no-http",
             "--max-cron-threads", "2"],
            stdout=server.log.open("ab"), stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True,
        )
        wait_for(lambda: server.query("SELECT 1 FROM ir_cron WHERE lastcall IS NOT NULL"), "the scheduler to begin", every=1)
        due = datetime.now(timezone.utc).replace(tzinfo=None) + timedelta(seconds=15)
        world.ids["tickets"] = [ticket]
        timers = Timers(world)
        timers.schedule(due=due.isoformat())

        wait_for(lambda: timers.read(ticket, "attempts")[0], "the timer to be tried", every=0.5)

        assert datetime.now(timezone.utc).replace(tzinfo=None) - due < timedelta(seconds=90), "it looks each minute"
        assert "“probe”" in wait_for(lambda: timers.read(ticket, "error")[0], "the error")
    finally:
        if scheduler:
            scheduler.kill()
            scheduler.wait(10)
        server.remove()


@pytest.mark.skipif(not THOROUGH, reason="takes some minutes; ./psa test --thorough")
@pytest.mark.parametrize("workers", [0, 1])
def test_what_is_due_fires_in_its_seconds(world, workers):
    """A promise of a minute is missed a minute later, by the scheduler's threads as by its processes: neither waits for the
    next time it would look for work by itself, a minute and more from now."""
    server, owner = world.server, world.server.xmlrpc("owner.timers")
    scheduler = subprocess.Popen(
        [setting("PSA_PYTHON"), "-m", "odoo", "server", "-c", scratch("conf") / f"{server.name}.conf", "--no-http",
         "--max-cron-threads", "2", "--workers", str(workers)],
        stdout=server.log.open("ab"), stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True,
    )
    policy = None
    try:
        wait_for(lambda: listeners(server) >= 2, "the scheduler to listen")
        policy = owner.create("psa.sla.policy", {
            "name": "At once", "hours": "always", "desk_ids": [(6, 0, [world.ids["desk"]])],
            "target_ids": [(0, 0, {"resolution_hours": 1 / 60})],
        })
        ticket = world.tech.create("psa.ticket", {"name": "Now!", "desk_id": world.ids["desk"], "partner_id": world.ids["grace"]})
        ((due,),) = server.query("SELECT due_at FROM psa_ticket_sla WHERE ticket_id = %s", [ticket])

        fired = wait_for(
            lambda: server.query(
                "SELECT fired_at FROM psa_timer WHERE ticket_id = %s AND kind = 'sla' AND threshold = 100 AND state = 'fired'", [ticket]),
            "the miss",
        )

        assert timedelta(0) <= fired[0][0] - due < timedelta(seconds=55), server.log_tail()
    finally:
        os.killpg(scheduler.pid, signal.SIGKILL)
        scheduler.wait(10)
        if policy:
            owner.write("psa.sla.policy", policy, {"active": False})


def listeners(server):
    """Return how many threads or processes of schedulers wait to be woken."""
    # They do so on a connection to this database, which they share with nothing else.
    ((count,),) = server.cluster.query(
        "postgres", "SELECT count(*) FROM pg_stat_activity WHERE datname = 'postgres' AND query IN ('LISTEN cron_trigger', 'COMMIT')")
    return count
