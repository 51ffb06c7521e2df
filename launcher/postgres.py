"""A PostgreSQL server of our own: the binaries of a Python package, an unprivileged process, a password nobody else has.

Several commands may use one cluster at once. Each holds a shared lock while it does; who leaves last stops the server,
and a server that a killed command left behind is taken over by the next.
"""
import contextlib
import fcntl
import os
import secrets
import subprocess

from . import places
from .console import Refusal, call, step, tail

COMMON = {
    "listen_addresses": "'127.0.0.1'",
    "unix_socket_directories": "''",
    "max_connections": "200",
    "shared_buffers": "'512MB'",
    "work_mem": "'16MB'",
    "random_page_cost": "1.1",
    "jit": "off",
}
# Test data is thrown away, so a crash may take it: no waiting for the disk.
THROWAWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "'4GB'"}
USER = "odoo"


class Cluster:
    """One PostgreSQL data folder and, while in use, its server.

    :param toolchain: where the binaries are
    :param folder: place of data, password and log
    :param bool throwaway: trade durability for speed
    """

    def __init__(self, toolchain, folder, throwaway=False):
        self.toolchain = toolchain
        self.folder = folder
        self.data = folder / "data"
        self.throwaway = throwaway
        self.port = None
        self.password = None

    @contextlib.contextmanager
    def running(self):
        """Have the server run; stop it at the end unless another command still uses it."""
        places.own_by_service(self.folder)
        with open(self.folder.parent / f"{self.folder.name}.use", "a+b") as use:
            fcntl.flock(use, fcntl.LOCK_SH)
            with places.locked(self.folder.parent / f"{self.folder.name}.start"):
                if not (self.data / "PG_VERSION").exists():
                    with step("Create the PostgreSQL cluster"):
                        self._create()
                self.password = self._password_file.read_text().strip()
                if not self._adopt():
                    self._start()
            try:
                yield self
            finally:
                with places.locked(self.folder.parent / f"{self.folder.name}.start"):
                    fcntl.flock(use, fcntl.LOCK_UN)
                    if _nobody_else_holds(use):
                        self._stop()

    @property
    def environment(self):
        """The toolchain's environment with what any PostgreSQL client needs to connect."""
        return {**self.toolchain.environment, "PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": USER,
                "PGPASSWORD": self.password}

    def sql(self, query, database="postgres"):
        """Run SQL and return its rows as lists of strings."""
        out = call([str(self.toolchain.postgres / "psql"), "-XAtq", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", query],
                   env=self.environment, failure=f"The database refused: {query[:80]}")
        return [line.split("\t") for line in out.splitlines()]

    def databases(self):
        return {row[0] for row in self.sql("SELECT datname FROM pg_database WHERE NOT datistemplate")}

    def tool(self, program, *arguments, failure):
        """Run one of PostgreSQL's client programs against this cluster."""
        return call([str(self.toolchain.postgres / program), *arguments], env=self.environment, failure=failure)

    @property
    def _password_file(self):
        return self.folder.parent / f"{self.folder.name}.password"

    def _as_service(self):
        return {**places.service_account(), "cwd": self.folder, "env": self.toolchain.environment}

    def _create(self):
        for half in self.folder.glob("data*"):
            call(["rm", "-rf", str(half)], failure=f"{half} could not be cleared.")
        password = secrets.token_urlsafe(24)
        handover = self.folder / "password"
        handover.touch(mode=0o600)
        handover.write_text(password)
        account = places.service_account()
        if account:
            os.chown(handover, account["user"], account["group"])
        fresh = self.folder / "data.new"
        call([str(self.toolchain.postgres / "initdb"), "-D", str(fresh), "-U", USER, "-A", "scram-sha-256", "--pwfile",
              str(handover), "-E", "UTF8", "--locale=C.UTF-8", *(["--no-sync"] if self.throwaway else [])],
             failure="The PostgreSQL cluster could not be created.", **self._as_service())
        handover.unlink()
        descriptor = os.open(self._password_file, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(password)
        fresh.rename(self.data)

    def _adopt(self):
        """Use a server that already runs on our data, if one does."""
        pidfile = self.data / "postmaster.pid"
        if not pidfile.exists():
            return False
        lines = pidfile.read_text().splitlines()
        if len(lines) < 8 or lines[7].strip() != "ready" or not os.path.exists(f"/proc/{lines[0]}"):
            return False
        self.port = int(lines[3])
        return subprocess.run([str(self.toolchain.postgres / "psql"), "-XAtqc", "SELECT 1", "-d", "postgres"],
                              env=self.environment, capture_output=True, check=False).returncode == 0

    def _start(self):
        self.port = places.free_port()
        settings = {**COMMON, **(THROWAWAY if self.throwaway else {}), "port": str(self.port)}
        options = " ".join(f"-c {key}={value}" for key, value in settings.items())
        log = self.folder / "postgresql.log"
        try:
            call([str(self.toolchain.postgres / "pg_ctl"), "-D", str(self.data), "-w", "-t", "60", "-l", str(log), "-o", options,
                  "start"], failure="PostgreSQL did not start.", log=self.folder.parent / f"{self.folder.name}.pg_ctl.log",
                 stdin=subprocess.DEVNULL, start_new_session=True, **self._as_service())
        except Refusal as error:
            raise Refusal(f"{error}\n{tail(log) if log.exists() else ''}") from error

    def _stop(self):
        call([str(self.toolchain.postgres / "pg_ctl"), "-D", str(self.data), "-w", "-t", "60", "-m", "fast", "stop"],
             failure=f"PostgreSQL did not stop; its data is in {self.data}.", start_new_session=True, **self._as_service())


def _nobody_else_holds(handle):
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
