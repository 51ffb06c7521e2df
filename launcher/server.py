"""Odoo as a child process: its configuration, a command run to the end, the server itself."""
import configparser
import contextlib
import ctypes
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request

from . import places
from .console import Refusal, call, tail

PRODUCTION = places.ROOT / "odoo.conf"


class Odoo:
    """Odoo's command line on one cluster and one data folder.

    :param cluster: a running postgres.Cluster
    :param data_dir: file store and sessions
    :param dict overrides: further options of the configuration file
    """

    def __init__(self, cluster, data_dir, name="odoo", **overrides):
        self.cluster = cluster
        self.toolchain = cluster.toolchain
        self.data_dir = data_dir
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.config = data_dir / f"{name}.conf"
        # Odoo starts its websocket process by the path of its own script, which `-m odoo` does not give.
        self.program = data_dir / "odoo-bin"
        self.program.write_text("from odoo.cli.command import main\n\nmain()\n")
        self._write_config(overrides)

    def _write_config(self, overrides):
        """Derive the configuration from the production file, so that development differs only where it must."""
        parser = configparser.ConfigParser(interpolation=None)
        if PRODUCTION.exists():
            parser.read(PRODUCTION)
        if not parser.has_section("options"):
            parser.add_section("options")
        local = {
            "addons_path": f"{places.ADDONS},{self.toolchain.odoo.addons}",
            "data_dir": self.data_dir,
            "db_host": "127.0.0.1",
            "db_port": self.cluster.port,
            "db_user": "odoo",
            "db_password": self.cluster.password,
            "db_replica_host": None,
            "db_replica_port": None,
            "db_name": None,
            # The production limits are for one request per process; here one process serves many.
            "dbfilter": "",
            "admin_passwd": None,
            "list_db": False,
            "logfile": None,
            "log_level": "info",
            "log_handler": ":INFO",
            "workers": 0,
            "db_maxconn": 64,  # one process serves all threads here; production's limit is per worker
            "db_maxconn_gevent": None,
            "proxy_mode": False,
            "http_interface": "127.0.0.1",
            "max_cron_threads": 1,
            **overrides,
        }
        for key, value in local.items():
            parser.remove_option("options", key)
            if value is not None:
                parser.set("options", key, str(value))
        descriptor = os.open(self.config, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)  # it holds a password
        with os.fdopen(descriptor, "w") as file:
            parser.write(file)

    def command(self, subcommand, *arguments, program=None):
        return [str(self.toolchain.python), "-W", "ignore", str(program or self.program), *subcommand.split(), "-c",
                str(self.config), *map(str, arguments)]

    def run(self, subcommand, *arguments, failure, log, **options):
        """Run an Odoo command to its end."""
        return call(self.command(subcommand, *arguments), env=self.cluster.environment, failure=failure, log=log,
                    cwd=places.state(), **options)

    def init(self, database, modules, *, demo=False, update=(), log):
        """Install (and update) modules in a database, which is created when it is not there."""
        arguments = ["-d", database, "--stop-after-init", "--no-http", "--max-cron-threads=0", "--log-level=warn"]
        if modules:
            arguments += ["-i", ",".join(modules)]
        if update:
            arguments += ["-u", ",".join(update)]
        if demo:
            arguments.append("--with-demo")
        self.run("server", *arguments, log=log, failure=f"Odoo could not set up the database {database}.")

    def script(self, database, path, *, failure, log):
        """Run a file of Python code in Odoo's shell on a database; an exception in it is a failure."""
        with open(path, "rb") as code:
            self.run("shell", "-d", database, "--no-http", "--max-cron-threads=0", "--log-level=warn", failure=failure, log=log,
                     stdin=code)

    @contextlib.contextmanager
    def serving(self, database, port, *arguments, log):
        """Serve a database; yields the process once it answers, ends it and its workers afterwards."""
        with open(log, "ab") as out:
            process = subprocess.Popen(
                self.command("server", "-d", database, "--db-filter", f"^{database}$", "--http-port", port, *arguments),
                env=self.cluster.environment, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                cwd=places.state(), start_new_session=True, preexec_fn=die_with_parent,
            )
        try:
            wait_until_healthy(process, port, log)
            yield process
        finally:
            stop(process)


def die_with_parent():
    """In the child: be told to stop when the launcher dies, even by kill -9 (Linux)."""
    ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGTERM)


def wait_until_healthy(process, port, log, seconds=120):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise Refusal(f"Odoo stopped while starting; the end of its log:\n{tail(log)}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/web/health", timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise Refusal(f"Odoo did not answer on port {port} within {seconds} s; see {log}.")


def stop(process, patience=15):
    """End a server and whatever it started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(patience)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
