"""The commands of `./psa`."""
import argparse
import contextlib
import os
import signal
import subprocess
import time

from . import benching, database, linting, odoo_source, places, postgres, python_env, testing
from .console import Refusal, say, step
from .server import Odoo, die_with_parent, stop

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SIGN_INS = [
    ("owner", "owner", "owner of the service company"),
    ("tech", "tech", "technician"),
    ("dispatch", "dispatch", "dispatcher"),
    ("clientadmin", "clientadmin", "client administrator (portal)"),
    ("approver", "approver", "client approver (portal)"),
    ("employee", "employee", "client employee (portal)"),
]


def main(arguments):
    """Run one command; return the exit status."""
    top = parser()
    options, options.arguments = top.parse_known_args(arguments)
    if options.arguments and options.command is not benching.run:  # only the bench has options of its own
        top.error(f"unrecognized arguments: {' '.join(options.arguments)}")
    for number in STOP_SIGNALS:
        signal.signal(number, _interrupt)
    try:
        return options.command(options) or 0
    except Refusal as refusal:
        say(f"psa: {refusal}")
        return 1
    except KeyboardInterrupt:
        say("\nStopped.")
        return 130


def _interrupt(_number, _frame):
    """Stop once, in order: a second Ctrl-C must not cut the clean-up short."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def parser():
    top = argparse.ArgumentParser(prog="./psa", description="Professional Services Automation on Odoo 19.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def add(name, function, text):
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(command=function)
        return command

    def with_database(command):
        command.add_argument("--database", default="psa_demo", metavar="NAME", help="database to use (default: psa_demo)")
        return command

    run = with_database(add("run", run_server, "Set everything up and serve it."))
    run.add_argument("--port", type=int, default=8069, help="HTTP port on this machine (default: 8069)")
    run.add_argument("--no-demo", action="store_true", help="create the database without the demo story")
    run.add_argument("--workers", type=int, default=0, metavar="N", help="worker processes (default: 0, threads)")
    run.add_argument("--dev", action="store_true", help="reload Python, views and templates when they change")
    test = add("test", testing.run, "Run the tests; without a target, all of them.")
    test.add_argument("targets", nargs="*", metavar="TARGET", help="an addon, or a path of a test file or folder")
    test.add_argument("-k", dest="name", metavar="NAME", help="only tests whose name contains NAME")
    test.add_argument("--thorough", action="store_true", help="heavy proofs in full instead of a sample")
    test.add_argument("-v", "--verbose", action="store_true", help="show the whole log of a failed suite")
    with_database(add("shell", run_shell, "Open Odoo's Python shell on the database."))
    add("lint", linting.run, "Check the code: ruff, pylint-odoo, XML, manifests.")
    add("i18n", export_terms, "Write the translation template (i18n/*.pot) of every addon.")
    add("bench", benching.run, "Measure against OCA's modules and a bare model; options go to bench/run.py (see --quick there).")
    with_database(add("update", update, "Take the newest Odoo 19.0 and Python packages, write the locks, update the database."))
    reset = with_database(add("reset", reset_database, "Drop the database and its files, after asking."))
    reset.add_argument("--yes", action="store_true", help="do not ask")
    backup = with_database(add("backup", run_backup, "Write database and file store to one archive."))
    backup.add_argument("file")
    restore = with_database(add("restore", run_restore, "Bring a backup back."))
    restore.add_argument("file")
    restore.add_argument("--force", action="store_true", help="replace the database if it exists")
    return top


@contextlib.contextmanager
def live(**overrides):
    """The checkout's own Odoo: toolchain, running cluster, configuration."""
    toolchain = python_env.prepare()
    with postgres.Cluster(toolchain, places.state() / "pg").running() as cluster:
        yield Odoo(cluster, places.state() / "odoo", **overrides)


def run_server(options):
    began = time.monotonic()
    database.check_name(options.database)
    places.check_port(options.port)
    places.check_disk(places.state())
    say("PSA suite")
    arguments = []
    overrides = {"workers": options.workers}
    if options.workers:
        overrides["gevent_port"] = places.free_port()
    if options.dev:
        arguments.append("--dev=reload,qweb,xml")
    with live(**overrides) as odoo:
        database.ensure(odoo, options.database, demo=not options.no_demo)
        database.set_local_address(odoo, options.database, options.port)
        log = odoo.data_dir / "odoo.log"
        with contextlib.ExitStack() as stack:
            with step("Start the server"):
                process = stack.enter_context(odoo.serving(options.database, options.port, *arguments, log=log))
            say(f"\nReady after {time.monotonic() - began:.0f} s:  http://localhost:{options.port}\n")
            if options.no_demo:
                say("  sign in as admin / admin and change the password")
            else:
                for login, password, who in SIGN_INS:
                    say(f"  {login:12} {password:12} {who}")
            if options.workers:
                say(f"\n  With workers, live updates are served on port {overrides['gevent_port']}: "
                    "route /websocket there, as deploy/ does with nginx.")
            say(f"\n  log: {log}\n  Ctrl-C stops everything.")
            if process.wait():
                raise Refusal(f"The server ended unexpectedly; see {log}.")


def run_shell(options):
    with live() as odoo:
        database.ensure(odoo, options.database)
        shell = subprocess.Popen(odoo.command("shell", "-d", options.database, "--no-http"), env=odoo.cluster.environment,
                                 preexec_fn=die_with_parent)
        old = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C belongs to the shell
        try:
            return shell.wait()
        finally:
            signal.signal(signal.SIGINT, old)
            stop(shell)


def export_terms(_options):
    toolchain = python_env.prepare(python_env.TEST)
    with postgres.Cluster(toolchain, places.cache() / "testpg", throwaway=True).running() as cluster:
        odoo = Odoo(cluster, places.cache() / "testdata", name="i18n", max_cron_threads=0)
        template = database.full_template(odoo)
        for addon in database.own_addons():
            (places.ADDONS / addon / "i18n").mkdir(exist_ok=True)
        with step("Export the terms"):
            odoo.run("i18n export", "-d", template, *database.own_addons(), log=odoo.data_dir / "i18n.log",
                     failure="The terms could not be exported.")


def update(options):
    with step("Look for the newest Odoo 19.0"):
        version, sha256 = odoo_source.newest()
    odoo_source.write_lock(version, sha256)
    with step("Resolve the Python packages"):
        python_env.relock()
    with live() as odoo:
        if options.database in odoo.cluster.databases():
            with step(f"Update all modules of {options.database}"):
                odoo.init(options.database, [database.APP], update=["all"], log=odoo.data_dir / "update.log")
    say(f"Odoo {version}; run ./psa test before you commit the lock files.")


def reset_database(options):
    database.check_name(options.database)
    with live() as odoo:
        if options.database not in odoo.cluster.databases():
            raise Refusal(f"There is no database {options.database}.")
        if not options.yes and not _confirmed(options.database):
            raise Refusal("Nothing was dropped.")
        database.forget(odoo, options.database)


def _confirmed(name):
    try:
        return input(f"Type {name} to drop this database with all its files: ").strip() == name
    except EOFError:
        return False


def run_backup(options):
    with live() as odoo:
        database.backup(odoo, options.database, options.file)


def run_restore(options):
    with live() as odoo:
        database.restore(odoo, options.database, os.path.abspath(options.file), force=options.force)
    say(f"Restored as {options.database}; start it with ./psa run --database {options.database}")
