#!/usr/bin/env python3
"""Side by side: this suite, OCA's help desk, a bare mail.thread model; started by `./psa bench`.

See bench/README.md for how to read what it prints.
"""
import argparse
import datetime
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import access, billing, clock, desk, ledger, rating, report  # noqa: E402 - the line above makes it importable
from bench.databases import PREFIX, BenchError, Cluster, fingerprint  # noqa: E402

LOCK = ROOT / "requirements" / "bench.lock"
MODULES = {
    "bare": ("bench_bare",),
    "oca": ("helpdesk_mgmt_sla", "contract"),
    "psa": ("psa_helpdesk", "psa_portal"),
    "billing": ("psa_billing",),
    "contract": ("contract",),
    "access": ("psa_helpdesk",),
    "desk": ("psa_helpdesk",),
    "clock": ("psa_helpdesk",),
    "ledger": ("psa_billing",),
}


@dataclass(frozen=True)
class Settings:
    """Where things are, as the launcher says."""

    pg_bin: str
    pg_host: str
    pg_port: str
    pg_user: str
    python: str
    odoo_addons: str
    addons: str
    work: Path
    cache: Path
    base_database: str

    @classmethod
    def from_environment(cls, environ):
        try:
            return cls(
                pg_bin=environ.get("PSA_PG_BIN", ""),
                pg_host=environ["PSA_PGHOST"],
                pg_port=environ["PSA_PGPORT"],
                pg_user=environ["PSA_PGUSER"],
                python=environ["PSA_PYTHON"],
                odoo_addons=environ["PSA_ODOO_ADDONS"],
                addons=environ.get("PSA_ADDONS", str(ROOT / "addons")),
                work=Path(environ["PSA_WORK"]) / "bench",
                cache=Path(environ["PSA_CACHE"]) / "bench",
                base_database=environ["PSA_BASE_DB"],
            )
        except KeyError as missing:
            raise BenchError(f"{missing.args[0]} is not set; start the bench by ./psa bench") from None


class Worker:
    """A process holding one side's database open, asked over pipes."""

    def __init__(self, bench, side, database):
        self.side = side
        self.log_path = bench.settings.work / f"{side}.log"
        with self.log_path.open("a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [bench.settings.python, "-m", "bench.worker", side, database, *bench.odoo_options(side)],
                cwd=ROOT, env=bench.odoo_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
            )
        self._receive()

    def ask(self, command, **arguments):
        self.process.stdin.write(json.dumps({"command": command, **arguments}) + "\n")
        self.process.stdin.flush()
        return self._receive()

    def _receive(self):
        line = self.process.stdout.readline()
        if not line:
            raise BenchError(f"the worker of {self.side} ended; its log is {self.log_path}")
        result = json.loads(line)
        if "error" in result:
            raise BenchError(f"{self.side}: {result['error']}")
        return result

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Bench:
    """Prepares the databases, then measures one side after the other in turns."""

    def __init__(self, settings, say):
        self.settings = settings
        self.cluster = Cluster(settings)
        self.say = say
        self.wheels = None
        settings.work.mkdir(parents=True, exist_ok=True)
        settings.cache.mkdir(parents=True, exist_ok=True)

    # Preparation

    def unpack_wheels(self):
        """Install OCA's wheels, checked by hash and without Odoo, which they name as a dependency."""
        target = self.settings.cache / f"oca-{fingerprint([], LOCK.read_text(encoding='utf-8'))}"
        if not target.is_dir():
            self.say("fetching OCA's modules")
            scratch = target.with_suffix(f".{os.getpid()}")
            done = subprocess.run(
                [
                    *self._pip(), "install", "--quiet", "--no-deps", "--require-hashes", "--no-compile", "--only-binary", ":all:",
                    "--target", str(scratch), "-r", str(LOCK),
                ],
                capture_output=True, text=True, check=False,
            )
            if done.returncode:
                raise BenchError(f"fetching OCA's modules failed: {done.stderr.strip()[-800:]}")
            scratch.rename(target)
        self.wheels = target / "odoo" / "addons"

    def _pip(self):
        for python in (self.settings.python, sys.executable):
            if not subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False).returncode:
                return [python, "-m", "pip"]
        raise BenchError("no pip found beside the interpreter; install python3-pip")

    def odoo_environment(self):
        return {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        }

    def addons_of(self, side):
        return {
            "bare": [ROOT / "bench" / "addons"],
            "oca": [self.wheels],
            "psa": [Path(path) for path in self.settings.addons.split(",")],
            "billing": [Path(path) for path in self.settings.addons.split(",")],
            "contract": [self.wheels],
            "access": [Path(path) for path in self.settings.addons.split(",")],
            "desk": [Path(path) for path in self.settings.addons.split(",")],
            "clock": [Path(path) for path in self.settings.addons.split(",")],
            "ledger": [Path(path) for path in self.settings.addons.split(",")],
        }[side]

    def odoo_options(self, side):
        paths = [*map(str, self.addons_of(side)), self.settings.odoo_addons]
        return [
            "--addons-path", ",".join(paths),
            "--db_host", self.settings.pg_host, "--db_port", self.settings.pg_port, "--db_user", self.settings.pg_user,
            "--data-dir", str(self.settings.work / "data"),
            "--log-level", "warn", "--max-cron-threads", "0", "--workers", "0",
        ]

    def template(self, side, tickets):
        """The name of a database of a side with so many tickets; made when there is none from the present sources."""
        makers = ("seed.py", "sides/base.py", f"sides/{side}.py")
        key = fingerprint(
            self.addons_of(side),
            *((ROOT / "bench" / maker).read_text(encoding="utf-8") for maker in makers),
            self.cluster.identity(self.settings.base_database), *MODULES[side],
        )
        name = f"{PREFIX}{side}_{tickets}_{key}"
        if self.cluster.exists(name):
            return name
        for stale in self.cluster.names():
            if stale.startswith(f"{PREFIX}{side}_") and not stale.endswith(key):
                self.cluster.drop(stale)
        scratch = f"{PREFIX}{side}_making"
        smaller = [
            int(other.split("_")[-2]) for other in self.cluster.names()
            if other.startswith(f"{PREFIX}{side}_") and other.endswith(key) and other.split("_")[-2].isdigit()
        ]
        smaller = [size for size in smaller if size < tickets]
        if smaller:
            self.cluster.clone(f"{PREFIX}{side}_{max(smaller)}_{key}", scratch)
        else:
            self.cluster.clone(self.settings.base_database, scratch)
            self.install(side, scratch)
        self.say(f"{side}: making {tickets:,} tickets")
        worker = Worker(self, side, scratch)
        try:
            made = worker.ask("seed", tickets=tickets)["tickets"]
        finally:
            worker.close()
        if made != tickets:
            raise BenchError(f"{side}: {made} tickets were made instead of {tickets}")
        self.cluster.freshen(scratch)
        self.cluster.rename(scratch, name)
        return name

    def install(self, side, database):
        self.say(f"{side}: installing {', '.join(MODULES[side])}")
        log_path = self.settings.work / f"{side}-install.log"
        with log_path.open("w", encoding="utf-8") as log:
            done = subprocess.run(
                [
                    self.settings.python, "-m", "odoo", "server", *self.odoo_options(side), "-d", database,
                    "-i", ",".join(MODULES[side]), "--stop-after-init", "--no-http",
                ],
                cwd=ROOT, env=self.odoo_environment(), stdout=log, stderr=subprocess.STDOUT, check=False,
            )
        installed = self.cluster.query("SELECT name FROM ir_module_module WHERE state = 'installed'", database).split()
        if done.returncode or set(MODULES[side]) - set(installed):
            tail = log_path.read_text(encoding="utf-8").strip()[-1500:]
            raise BenchError(f"{side}: installing failed, see {log_path}:\n{tail}")

    # Measuring

    def open(self, side, tickets):
        database = f"{PREFIX}{side}_run"
        self.cluster.clone(self.template(side, tickets), database)
        return Worker(self, side, database)

    def measure(self, tickets, scenarios, rounds):
        """All scenarios at one size; the sides take turns, and each round another one begins."""
        workers = {}
        rows = []
        try:
            for side in report.SIDES:
                if any(side in scenario.sides for scenario in scenarios):
                    workers[side] = self.open(side, tickets)
                    workers[side].ask("warm", scenarios=[scenario.name for scenario in scenarios if side in scenario.sides])
            for scenario in scenarios:
                self.say(f"{tickets:,} tickets: {scenario.title}")
                rows.append(self.measure_scenario(scenario, tickets, {side: workers[side] for side in scenario.sides}, rounds))
        finally:
            for side, worker in workers.items():
                worker.close()
                self.cluster.drop(f"{PREFIX}{side}_run")
        return rows

    def measure_scenario(self, scenario, tickets, workers, rounds):
        runs = {side: [] for side in workers}
        for worker in workers.values():  # fill the caches: what repeats all day is measured, not the first time
            worker.ask("run", scenario=scenario.name, times=3)
        order = list(workers)
        for number in range(rounds):
            start = number % len(order)
            for side in order[start:] + order[:start]:
                runs[side] += workers[side].ask("run", scenario=scenario.name, times=scenario.runs)["runs"]
        row = report.Row(scenario, tickets)
        for side, worker in workers.items():
            pages = worker.ask("pages", scenario=scenario.name)["pages"] if scenario.growing and scenario.name != "portal_list" else None
            row.sides[side] = report.Measurement(
                tuple(run["seconds"] for run in runs[side]), tuple(run["queries"] for run in runs[side]), pages
            )
        return row

    def trace(self, side, scenario, tickets):
        """Print each query of a scenario with the code it comes from."""
        worker = self.open(side, tickets)
        try:
            worker.ask("run", scenario=scenario, times=3)
            queries = worker.ask("trace", scenario=scenario)["queries"]
        finally:
            worker.close()
            self.cluster.drop(f"{PREFIX}{side}_run")
        for number, query in enumerate(queries, 1):
            print(f"{number:3} {query['ms']:8.2f} ms  {query['sql'][:400]}")
            for line in query["origin"]:
                print(f"                 {line}")

    def profile(self, side, scenario, tickets):
        """Print where Python's time goes in a scenario, by function."""
        worker = self.open(side, tickets)
        try:
            worker.ask("run", scenario=scenario, times=20)
            for sort in ("cumulative", "tottime"):
                print(worker.ask("profile", scenario=scenario, times=200, sort=sort, lines=120)["profile"])
        finally:
            worker.close()
            self.cluster.drop(f"{PREFIX}{side}_run")


def parse(arguments):
    names = [scenario.name for scenario in report.SCENARIOS] + [question.name for question in desk.QUESTIONS]
    parser = argparse.ArgumentParser(prog="./psa bench", description="Compare with OCA's help desk and with a bare model.")
    parser.add_argument("--quick", action="store_true", help="at 10,000 tickets only, fewer rounds")
    parser.add_argument("--save", action="store_true", help="also write the table to bench/results/latest.md")
    parser.add_argument("--rounds", type=int, help="how often the sides take turns (default 7, quick 3)")
    parser.add_argument("--only", nargs="+", choices=names, metavar="SCENARIO", help=f"some of: {', '.join(names)}")
    parser.add_argument("--access", action="store_true", help="measure what many access rules cost instead")
    parser.add_argument("--tickets", type=int, default=1_000_000, help="with --access: how many tickets (default 1,000,000)")
    parser.add_argument("--clients", type=int, default=20_000, help="with --access: how many clients (default 20,000)")
    parser.add_argument("--users", type=int, default=200, help="with --access: how many users (default 200)")
    parser.add_argument("--rules", type=int, default=5_000, help="with --access: how many rules (default 5,000)")
    parser.add_argument("--desk", action="store_true", help="measure what people do all day, at several sizes, searching above all")
    parser.add_argument("--clock", action="store_true", help="measure what firing timers costs, and the clock, instead")
    parser.add_argument("--rating", action="store_true", help="measure how many time entries are rated a second instead")
    parser.add_argument("--ledger", action="store_true", help="measure what rating time and opening the review costs, instead")
    parser.add_argument("--billing", action="store_true", help="measure what making invoices costs instead")
    parser.add_argument("--sizes", type=int, nargs="+", help="with --desk or --clock: how many tickets (default up to 1000000); "
                        "with --billing: at most so many invoices")
    parser.add_argument("--oca-up-to", type=int, default=desk.OCA_UP_TO, help="with --desk: the largest size of OCA's (default 100,000)")
    parser.add_argument("--explain", metavar="PERSON:QUESTION", help="with --desk: print the query plans of one question instead")
    parser.add_argument("--trace", metavar="SIDE:SCENARIO", help="print the queries of one scenario with their origin instead")
    parser.add_argument("--profile", metavar="SIDE:SCENARIO", help="print where Python's time goes in one scenario instead")
    return parser.parse_args(arguments)


def main(arguments):
    options = parse(arguments)
    started = time.monotonic()

    def say(text):
        print(f"[{time.monotonic() - started:6.1f} s] {text}", file=sys.stderr, flush=True)

    try:
        if options.rating:
            return rating.run(options)
        bench = Bench(Settings.from_environment(os.environ), say)
        if options.access:
            return access.run(bench, Worker, options)
        if options.desk:
            return (desk.explain if options.explain else desk.run)(bench, Worker, options)
        if options.clock:
            return clock.run(bench, Worker, options)
        if options.ledger:
            return ledger.run(bench, Worker, options)
        if options.billing:
            return billing.run(bench, Worker, options)
        bench.unpack_wheels()
        for option, look in (("trace", bench.trace), ("profile", bench.profile)):
            if wanted := getattr(options, option):
                side, _colon, scenario = wanted.partition(":")
                if side not in MODULES or scenario not in {known.name for known in report.SCENARIOS}:
                    raise BenchError(f"--{option} {wanted}: give one of {', '.join(MODULES)}, a colon and a scenario")
                look(side, scenario, 10_000)
                return 0
        scenarios = [scenario for scenario in report.SCENARIOS if not options.only or scenario.name in options.only]
        rounds = options.rounds or (3 if options.quick else 7)
        rows = bench.measure(10_000, scenarios, rounds)
        growing = [scenario for scenario in scenarios if scenario.growing]
        if growing and not options.quick:
            rows += bench.measure(100_000, growing, rounds)
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("bench: interrupted", file=sys.stderr)
        return 130
    text = report.table(rows)
    remarks = report.remarks(rows)
    missed = report.all_missed(rows)
    print(text)
    for remark in remarks:
        print(f"remark: {remark}")
    for sentence in missed:
        print(f"MISSED: {sentence}")
    print(f"{len(rows)} rows, {len(missed)} missed")
    if options.save:
        save(text, remarks, missed)
    return 1 if missed else 0


def save(text, remarks, missed):
    path = ROOT / "bench" / "results" / "latest.md"
    path.parent.mkdir(exist_ok=True)
    lines = [
        "# Bench, latest saved run",
        "",
        f"Measured on {datetime.date.today().isoformat()}; see ../README.md for how to read it.",
        "",
        text,
        "",
        *(f"- remark: {remark}" for remark in remarks),
        *(f"- **missed**: {sentence}" for sentence in missed),
    ]
    path.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
