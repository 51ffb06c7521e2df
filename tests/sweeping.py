"""One more process that fires the timers of a server's database, as a second cron worker would; it can be killed without harm.

Started by :func:`sweep` of ``test_timers.py``: ``python sweeping.py CONFIG DATABASE OPTIONS``, options as JSON:

``now``       sweep at each of these moments (ISO; null is the present), one after the other, whichever way the clock goes
``meet``      amid the first batch, say so in a line and wait for one, so that several are at work at the same time
``batch``     how many timers are fired together
``tries``     after how many tries a timer is set aside
``kill_at``   kill this process with SIGKILL after that many batches did what they are for, before they are committed
``killer``    kill this process whenever the timer of this ticket fires
``touch``     also write the tickets themselves, as most rules do
``slow``      seconds a batch takes

What fires leaves a row in the table ``probe``, in the transaction of the sweep. The answer is one JSON line: how many such rows there
were after each sweep.
"""

import json
import os
import signal
import sys
import time
from contextlib import nullcontext

from freezegun import freeze_time
from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.service.server import load_server_wide_modules
from odoo.tools import config


def die():
    """End at once, as a machine that loses its power does."""
    os.kill(os.getpid(), signal.SIGKILL)


def meet(answers):
    """Wait, with the timers of a batch locked, until whoever started this process lets it go on."""
    print("amid a batch", file=answers, flush=True)
    sys.stdin.readline()


def add_probe(registry, options, answers):
    """Give timers the kind "probe", and the process its way to die."""
    timer_class = registry["psa.timer"]
    done = {"batches": 0, "met": not options.get("meet")}

    def fire(timers):
        cr = timers.env.cr
        cr.execute(
            "INSERT INTO probe (ticket_id, cycle, pid) SELECT ticket_id, cycle, %s FROM psa_timer WHERE id = ANY(%s)",
            [os.getpid(), timers.ids],
        )
        if options.get("touch"):
            cr.execute("UPDATE psa_ticket SET write_date = now() WHERE id = ANY(%s)", [timers.ticket_id.ids])
        if options.get("killer") in timers.ticket_id.ids:
            die()
        if not done["met"]:
            done["met"] = True
            meet(answers)
        time.sleep(options.get("slow", 0))
        done["batches"] += 1

    end_step = timer_class._end_step

    def end_or_die(timers):
        if options.get("kill_at") and done["batches"] >= options["kill_at"]:
            die()
        return end_step(timers)

    timer_class._fire_probe = fire
    timer_class._end_step = end_or_die


def main(conf, database, options):
    """Sweep."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    config.parse_config(["-c", conf, "-d", database, "--log-level", "warn", "--logfile", ""], setup_logging=True)
    load_server_wide_modules()
    registry = Registry(database)
    sweep = sys.modules["odoo.addons.psa_helpdesk.models.psa_timer_sweep"]
    sweep.BATCH = options.get("batch", sweep.BATCH)
    sweep.TRIES = options.get("tries", sweep.TRIES)
    add_probe(registry, options, answers)
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        probed = []
        for now in options.get("now", [None]):
            with freeze_time(now, tick=True) if now else nullcontext():
                env["psa.timer"]._cron_fire()
            cr.execute("SELECT count(*) FROM probe")
            probed.append(cr.fetchone()[0])
    print(json.dumps({"probed": probed}), file=answers, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))
