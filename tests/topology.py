"""The production topology without Docker: the same files, the same programs, on ports of this machine.

What the compose file would run in containers runs here as processes: PostgreSQL primary and streaming replica with the
flags and scripts of `docker-compose.yml` and `deploy/postgres/`, Odoo through `deploy/odoo/entrypoint.sh` with
`odoo.conf`, nginx with `deploy/nginx/`. Only ports, folders and speed settings of the disk differ.
"""

import json
import os
import re
import secrets
import shutil
import signal
import ssl
import subprocess
import tempfile
from pathlib import Path

import psycopg2
import yaml
from harness import READY_SECONDS, Rpc, free_port, scratch, setting, wait_for
from processes import Process, nginx_program, start_nginx

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
DATABASE = "psa"
ADMIN_PASSWORD = "first start's password"
# No guarantee of this is under test, and the disk of a test machine is slow.
FAST_DISK = ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]


class Topology:
    """Primary, replica, two web servers, one cron server, and nginx where it is installed."""

    def __init__(self):
        self.pg_bin = Path(setting("PSA_PG_BIN"))
        self.python = setting("PSA_PYTHON")
        # The account that PostgreSQL runs as; None keeps ours.
        self.pg_user = (os.environ.get("PSA_RUN_AS") or "psa") if os.geteuid() == 0 else None
        self.folder = Path(tempfile.mkdtemp(prefix="topology_", dir=scratch("topology")))
        # The path of a unix socket may have 107 bytes only.
        self.sockets = Path(tempfile.mkdtemp(prefix="psa_"))
        self.primary_port, self.replica_port = free_port(), free_port()
        self.secrets = {name: secrets.token_hex(12) for name in ("odoo", "replication", "postgres", "master")}
        # A colon and a backslash have a meaning of their own in password files.
        self.secrets["replication"] += r":\'x"
        self.secrets["admin"] = ADMIN_PASSWORD
        self.primary = self.replica = self.nginx = self.cron = None
        self.web = {}
        self.web_ports = {name: (free_port(), free_port()) for name in "ab"}
        self.nginx_ports = (free_port(), free_port())
        self._lay_out()

    def _lay_out(self):
        for path in (self.folder, self.sockets):
            path.chmod(0o755)
        for name in ("postgres", "secrets", "logs", "odoo", "nginx"):
            (self.folder / name).mkdir()
        shutil.copytree(DEPLOY / "postgres", self.folder / "scripts")
        for name, value in self.secrets.items():
            path = self.folder / "secrets" / name
            path.write_text(f"{value}\n")
            path.chmod(0o444)
        if self.pg_user:
            for path in (self.folder / "postgres", self.sockets):
                shutil.chown(path, self.pg_user, self.pg_user)

    def log(self, name):
        """Return the log file of one process."""
        return self.folder / "logs" / f"{name}.log"

    # PostgreSQL

    def _pg_env(self, **values):
        return {
            "PATH": f"{self.pg_bin}{os.pathsep}/usr/bin{os.pathsep}/bin",
            "LANG": "C.UTF-8",
            "HOME": str(self.folder / "postgres"),
            **{name: str(value) for name, value in values.items()},
        }

    def _run_pg(self, *command, **env):
        as_user = {"user": self.pg_user, "group": self.pg_user, "extra_groups": []} if self.pg_user else {}
        done = subprocess.run(
            [str(word) for word in command],
            env=self._pg_env(**env),
            capture_output=True,
            text=True,
            timeout=READY_SECONDS,
            cwd="/",
            **as_user,
        )
        assert not done.returncode, f"{command[0]} failed: {done.stderr}"

    def start_primary(self):
        """Make the primary as the image's entrypoint does, then run our script for roles and replication."""
        data = self.folder / "postgres" / "primary"
        arguments = COMPOSE["services"]["db"]["environment"]["POSTGRES_INITDB_ARGS"].split()
        password = f"--pwfile={self.folder / 'secrets' / 'postgres'}"
        self._run_pg("initdb", "-D", data, "-U", "postgres", password, "--auth-local=trust", "--no-sync", *arguments)
        # The line that the image's entrypoint adds.
        self._run_pg("sh", "-c", 'echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"', PGDATA=data)
        flags = COMPOSE["services"]["db"]["command"][1:]
        own = [*self._listen(self.primary_port), *FAST_DISK, "-c", "log_statement=all"]
        self.primary = Process(
            "primary",
            [self.pg_bin / "postgres", "-D", data, *flags, *own],
            log=self.log("primary"),
            env=self._pg_env(),
            user=self.pg_user,
        )
        self._wait_for_postgres(self.primary, self.primary_port)
        self._run_pg(
            self.folder / "scripts" / "10-roles.sh",
            PGHOST=self.sockets,
            PGPORT=self.primary_port,
            PGDATA=data,
            ODOO_DB_PASSWORD_FILE=self.folder / "secrets" / "odoo",
            REPLICATION_PASSWORD_FILE=self.folder / "secrets" / "replication",
        )

    def start_replica(self):
        """Start the replica by the script that the compose file's service runs."""
        flags = COMPOSE["services"]["replica"]["command"]
        self.replica = Process(
            "replica",
            [
                self.folder / "scripts" / "replica.sh",
                *flags,
                *self._listen(self.replica_port),
                *FAST_DISK,
                "-c",
                "log_statement=all",
            ],
            log=self.log("replica"),
            env=self._pg_env(
                PGDATA=self.folder / "postgres" / "replica",
                PRIMARY_HOST="127.0.0.1",
                PRIMARY_PORT=self.primary_port,
                REPLICATION_PASSWORD_FILE=self.folder / "secrets" / "replication",
                REPLICATION_PASSFILE=self.folder / "postgres" / "replication.pgpass",
            ),
            user=self.pg_user,
        )
        self._wait_for_postgres(self.replica, self.replica_port)

    def _listen(self, port):
        return ["-c", f"port={port}", "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self.sockets}"]

    def _wait_for_postgres(self, process, port):
        def answers():
            process.check()
            try:
                psycopg2.connect(host=str(self.sockets), port=port, user="postgres", dbname="postgres").close()
            except psycopg2.OperationalError:
                return False
            return True

        wait_for(answers, f"{process.name} to answer; see {process.log}")

    def query(self, port, sql, params=(), database=DATABASE):
        """Return the rows of ``sql`` on the primary or the replica, by port, as superuser."""
        link = psycopg2.connect(host=str(self.sockets), port=port, user="postgres", dbname=database)
        try:
            link.autocommit = True
            with link.cursor() as cursor:
                cursor.execute(sql, params or None)
                return cursor.fetchall()
        finally:
            link.close()

    def fill(self):
        """Copy the database with our addons from the launcher's cluster, as the unprivileged role that will own it."""
        dump = self.folder / "template.dump"
        where = ["-h", setting("PSA_PGHOST", "127.0.0.1"), "-p", setting("PSA_PGPORT")]
        plain = ["--no-owner", "--no-privileges", "--no-comments"]
        subprocess.run(
            [
                self.pg_bin / "pg_dump",
                *where,
                "-U",
                setting("PSA_PGUSER", "odoo"),
                "-Fd",
                "-Z0",
                "-j2",
                *plain,
                "-f",
                dump,
                setting("PSA_TEMPLATE_DB"),
            ],
            check=True,
            timeout=READY_SECONDS,
        )
        subprocess.run(
            [self.pg_bin / "pg_restore", *plain, "-j2", "--exit-on-error", "-d", DATABASE, dump],
            check=True,
            timeout=READY_SECONDS,
            env={**os.environ, **self._odoo_database()},
        )
        shutil.rmtree(dump)

    # Odoo

    def _odoo_database(self):
        return {
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self.primary_port),
            "PGUSER": "odoo",
            "PGPASSWORD": self.secrets["odoo"],
            "PGDATABASE": DATABASE,
        }

    def odoo_env(self, name):
        """Return the environment that the compose file would give, with the paths of this machine."""
        secret_files = self.folder / "secrets"
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("PG", "ODOO"))}
        database = {key: value for key, value in self._odoo_database().items() if key != "PGPASSWORD"}
        return {
            **inherited,
            **database,
            "PGPASSWORD_FILE": str(secret_files / "odoo"),
            "ODOO_MASTER_PASSWORD_FILE": str(secret_files / "master"),
            "ODOO_ADMIN_PASSWORD_FILE": str(secret_files / "admin"),
            "ODOO_NOTIFY_CRON_CHANGES": "1",
            "PSA_DOMAIN": "psa.example.com",
            "ODOO_COMMAND": f"{self.python} {self.odoo_program}",
            "ODOO_PYTHON": self.python,
            "ODOO_CONF_SOURCE": str(self.conf_source),
            "ODOO_RC": str(self.folder / "odoo" / name / "odoo.conf"),
            # As in the compose file without the profile `scale`.
            "PGHOST_REPLICA": "",
            "PGPORT_REPLICA": "",
        }

    @property
    def odoo_program(self):
        """Odoo's start script. `python -m odoo` would not do: the websocket process is started by the script's path."""
        path = self.folder / "odoo" / "odoo-bin"
        if not path.exists():
            path.write_text("from odoo.cli.command import main\n\nmain()\n")
        return path

    @property
    def conf_source(self):
        """The committed odoo.conf with the folders of this machine."""
        path = self.folder / "odoo" / "odoo.conf"
        if not path.exists():
            addons = f"{os.environ.get('PSA_ADDONS') or ROOT / 'addons'},{setting('PSA_ODOO_ADDONS')}"
            text = (ROOT / "odoo.conf").read_text()
            for option, value in {"addons_path": addons, "data_dir": self.folder / "data", "workers": 2}.items():
                text, count = re.subn(rf"(?m)^{option} = .*$", f"{option} = {value}", text)
                assert count == 1, f"odoo.conf says {option} {count} times"
            path.write_text(text)
        return path

    def set_up(self):
        """Run the entrypoint's `setup` on the copied database, as the first start would have ended."""
        done = subprocess.run(
            [DEPLOY / "odoo" / "entrypoint.sh", "setup"],
            env={**self.odoo_env("setup"), "ODOO_MODULES": "psa_helpdesk", "ODOO_FIRST_START": "1"},
            capture_output=True,
            text=True,
            timeout=READY_SECONDS,
        )
        assert not done.returncode, done.stderr
        return done.stderr

    def start_web(self, name):
        """Start web server `a` or `b`, reading from the replica where Odoo allows it."""
        http, websocket = self.web_ports[name]
        self.web[name] = Process(
            f"web {name}",
            [
                DEPLOY / "odoo" / "entrypoint.sh",
                "web",
                "--http-interface=127.0.0.1",
                f"--http-port={http}",
                f"--gevent-port={websocket}",
            ],
            log=self.log(f"web_{name}"),
            env={
                **self.odoo_env(f"web_{name}"),
                "PGHOST_REPLICA": "127.0.0.1",
                "PGPORT_REPLICA": str(self.replica_port),
            },
        )

    def start_cron(self):
        """Start the server for background jobs."""
        self.cron = Process(
            "cron", [DEPLOY / "odoo" / "entrypoint.sh", "cron"], log=self.log("cron"), env=self.odoo_env("cron")
        )

    def probe(self, command, name=None):
        """Run the container's health check; return whether it passes."""
        env = self.odoo_env("probe")
        if name:
            http, websocket = self.web_ports[name]
            env |= {"PROBE_HTTP_PORT": str(http), "PROBE_WEBSOCKET_PORT": str(websocket)}
        done = subprocess.run([self.python, DEPLOY / "odoo" / "probe.py", command], env=env, capture_output=True)
        return done.returncode == 0

    def wait_until_healthy(self):
        """Wait until every Odoo server passes its health check."""

        def healthy(name):
            process = self.web[name] if name else self.cron
            process.check()
            return self.probe("web", name) if name else self.probe("cron")

        for name in ("a", "b", None):
            wait_for(lambda name=name: healthy(name), f"server {name or 'cron'}; see {self.folder}/logs", READY_SECONDS, every=0.5)

    def url(self, name):
        """Return the address of web server `a` or `b`."""
        return f"http://127.0.0.1:{self.web_ports[name][0]}"

    def rpc(self, name):
        """Return the XML-RPC API of one web server, as the administrator."""
        return Rpc(self.url(name), DATABASE, "admin", ADMIN_PASSWORD)

    # nginx

    def start_nginx(self):
        """Start nginx with the committed files in front of both web servers."""
        self.nginx = start_nginx(
            self.folder / "nginx",
            self.nginx_ports,
            web=[http for http, __ in self.web_ports.values()],
            websocket=[websocket for __, websocket in self.web_ports.values()],
            access_log=self.log("nginx_access"),
            log=self.log("nginx"),
        )

    @property
    def public_url(self):
        """The address that people would use."""
        return f"https://localhost:{self.nginx_ports[1]}"

    @property
    def certificate(self):
        """The certificate that the public address shows."""
        return self.folder / "nginx" / "certificate.pem"

    def tls_context(self):
        """A client's context that believes this certificate only."""
        return ssl.create_default_context(cafile=str(self.certificate))

    def upstreams_used(self, path=None):
        """Return the servers that answered requests for `path` through nginx, in order."""
        rows = [json.loads(line) for line in self.log("nginx_access").read_text().splitlines()]
        return [row["upstream"] for row in rows if path is None or row["request"].endswith(path)]

    # Docker's place

    def compose_env(self):
        """Return an environment in which `docker compose` does to these processes what it would do to containers."""
        program = self.folder / "bin" / "docker"
        program.parent.mkdir(exist_ok=True)
        program.write_text(
            f"""#!/bin/sh
# docker compose --project-directory FOLDER exec|run|stop ...
shift 3
case "$1 $2 $3" in
    "exec -T db") shift 3; PATH="{self.pg_bin}:$PATH" PGHOST={self.sockets} PGPORT={self.primary_port} exec "$@" ;;
    "run --rm -T")
        [ "$4 $5 $6 $7" = "--no-deps --entrypoint tar cron" ] || exit 99
        shift 7
        for word in "$@"; do
            shift
            case "$word" in --directory=*) word="--directory={self.folder}/data${{word#--directory=/var/lib/odoo}}" ;; esac
            set -- "$@" "$word"
        done
        exec tar "$@" ;;
    "stop nginx web") ;;
    *) echo "unexpected: $*" >&2; exit 99 ;;
esac
"""
        )
        program.chmod(0o755)
        return {**os.environ, "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"}

    def script(self, name, *arguments):
        """Run one of the scripts in deploy/ on these processes."""
        return subprocess.run(
            [DEPLOY / name, *arguments], env=self.compose_env(), capture_output=True, text=True, timeout=READY_SECONDS
        )

    # All

    def start(self):
        """Start everything, in the order of the compose file's dependencies."""
        self.start_primary()
        self.fill()
        self.start_replica()
        self.setup_log = self.set_up()
        for name in "ab":
            self.start_web(name)
        self.start_cron()
        if nginx_program():
            self.start_nginx()
        self.wait_until_healthy()
        return self

    def remove(self):
        """Stop everything and remove its folders; the logs stay."""
        for process in (self.nginx, *self.web.values(), self.cron):
            if process:
                process.kill()
        for process in (self.replica, self.primary):
            if process:
                # Nobody reads this data again: end without a last checkpoint.
                process.stop(signal.SIGQUIT)
        for path in self.folder.iterdir():
            if path.name != "logs":
                shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink()
        shutil.rmtree(self.sockets, ignore_errors=True)
