"""What the outside-in tests need to meet the suite as the world does: a real server, real mail, real clients.

Nothing here imports Odoo. A :class:`Server` is a real Odoo process on its own database and data folder; tests talk to
it through XML-RPC, JSON-2, HTTP and Odoo's own ``odoo-mailgate.py``; what it mails out is caught by a real SMTP server.
"""

import contextlib
import email
import email.policy
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
import xmlrpc.client
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from email.message import EmailMessage
from email.utils import format_datetime, getaddresses
from pathlib import Path

import psycopg2
import pytest
import requests
from aiosmtpd.controller import Controller

MAILS = Path(__file__).parent / "mails"
MAIL_DOMAIN = "brightwater.example"
# What comes at all comes within seconds; a machine with much else to do may take its time.
PATIENCE_SECONDS = 180
READY_SECONDS = 600
# The code of Odoo's XML-RPC for "you may not".
ACCESS_ERROR = 4


class MissingSetting(Exception):
    """A setting that the launcher gives is absent."""


def setting(name, default=None):
    """Return the launcher's setting ``name``, or ``default``; complain in one sentence when there is neither."""
    value = os.environ.get(name) or default
    if value is None:
        raise MissingSetting(f"{name} is not set: run the outside-in tests with `./psa test tests`")
    return value


def free_port():
    """Return a TCP port of the loopback interface that nobody listens on."""
    # Below those that outgoing connections are given, or one of these may have it by the time it is used.
    while True:
        port = 10_000 + secrets.randbelow(22_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def wait_for(condition, what, seconds=PATIENCE_SECONDS, every=0.2):
    """Return the first true value of ``condition()``; fail with ``what`` when none came in time."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(every)


@contextlib.contextmanager
def refused():
    """Assert that what happens inside is refused for lack of rights."""
    with pytest.raises(xmlrpc.client.Fault) as refusal:
        yield
    assert refusal.value.faultCode == ACCESS_ERROR, refusal.value.faultString


def scratch(name):
    """Return the folder ``name`` inside the scratch folder of this run, made when needed."""
    folder = Path(setting("PSA_WORK")) / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


# Databases


@dataclass(frozen=True)
class Cluster:
    """The PostgreSQL cluster that the tests may create and drop databases on."""

    host: str
    port: str
    user: str
    bin: Path

    @classmethod
    def from_environment(cls):
        """Return the cluster that the launcher names."""
        return cls(
            host=setting("PSA_PGHOST", "127.0.0.1"),
            port=setting("PSA_PGPORT"),
            user=setting("PSA_PGUSER", "odoo"),
            bin=Path(setting("PSA_PG_BIN")),
        )

    def _tool(self, name, *args):
        where = ["-h", self.host, "-p", self.port, "-U", self.user]
        done = subprocess.run(
            [self.bin / name, *where, *args], capture_output=True, text=True, timeout=120, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{name} {' '.join(args)}: {done.stderr.strip()}")

    def clone(self, template, database):
        """Create ``database`` as a copy of ``template``."""
        self._tool("createdb", "-T", template, database)

    def drop(self, database):
        """Drop ``database``, closing what is still connected to it."""
        self._tool("dropdb", "--if-exists", "--force", database)

    def query(self, database, sql, params=()):
        """Return the rows of ``sql``, read directly from the database, behind the server's back."""
        link = psycopg2.connect(host=self.host, port=self.port, user=self.user, dbname=database)
        try:
            link.autocommit = True
            with link.cursor() as cursor:
                cursor.execute(sql, params or None)
                return cursor.fetchall()
        finally:
            link.close()


# Mail out


@dataclass
class Received:
    """One message that the sink took, with its SMTP envelope."""

    mail_from: str
    rcpt_tos: list
    message: EmailMessage

    @property
    def text(self):
        """The readable body: every text part, one after the other."""
        return "\n".join(
            part.get_content() for part in self.message.walk() if part.get_content_maintype() == "text"
        )

    @property
    def subject(self):
        """The decoded subject."""
        return str(self.message["Subject"] or "")


class SmtpSink:
    """A real SMTP server that keeps every message it is given."""

    def __init__(self):
        self.received = []
        self.on_message = None
        self._controller = Controller(self, hostname="127.0.0.1", port=free_port(), data_size_limit=None)

    async def handle_DATA(self, _server, _session, envelope):
        """Keep one message."""
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.received.append(Received(envelope.mail_from, list(envelope.rcpt_tos), message))
        return "250 kept"

    @property
    def port(self):
        """The port it listens on."""
        return self._controller.port

    def start(self):
        """Start listening."""
        self._controller.start()

    def stop(self):
        """Stop listening."""
        self._controller.stop()

    def to(self, address, since=0):
        """Return the messages received for ``address``, from the ``since``-th message on, oldest first."""
        address = address.lower()
        return [
            received
            for received in list(self.received)[since:]
            if address in (recipient.lower() for recipient in received.rcpt_tos)
        ]

    def wait_to(self, address, since=0, containing="", seconds=PATIENCE_SECONDS):
        """Return the first message for ``address`` whose text or subject has ``containing``."""

        def found():
            return next(
                (
                    received
                    for received in self.to(address, since)
                    if containing in received.text or containing in received.subject
                ),
                None,
            )

        return wait_for(found, f"a mail to {address} with {containing!r}", seconds)


# Mail in


def mail(name, **headers):
    """Return the raw bytes of the fixture ``mails/<name>.eml`` with some header lines replaced.

    Keyword ``in_reply_to`` sets ``In-Reply-To`` and so on; ``None`` removes the header. Message-ID and Date are new on
    each call unless given, as two real mails never share them. The body stays as it is, byte by byte, so that broken
    mails stay broken.
    """
    raw = (MAILS / f"{name}.eml").read_bytes().replace(b"\r\n", b"\n")
    head, _blank, body = raw.partition(b"\n\n")
    headers.setdefault("message_id", f"<{secrets.token_hex(12)}@{name.replace('_', '-')}.example>")
    headers.setdefault("date", format_datetime(datetime.now(timezone.utc) - timedelta(seconds=30)))
    for key, value in headers.items():
        header = key.replace("_", "-").title().replace("-Id", "-ID").encode()
        line = b"" if value is None else header + b": " + value.encode() + b"\n"
        pattern = re.compile(rb"^" + re.escape(header) + rb":.*\n(?:[ \t].*\n)*", re.IGNORECASE | re.MULTILINE)
        head, count = pattern.subn(lambda _match, line=line: line, head + b"\n", count=1)
        head = head.rstrip(b"\n") if count else (head + line).rstrip(b"\n")
    return head + b"\n\n" + body


def header_of(raw, name):
    """Return the header ``name`` of a raw mail."""
    return email.message_from_bytes(raw, policy=email.policy.compat32)[name]


def references_of(received):
    """Return all message ids that a received mail names as its ancestors."""
    return re.findall(r"<[^<>\s]+>", f"{received.message['References'] or ''} {received.message['In-Reply-To'] or ''}")


# The ways in


class Rpc:
    """One signed-in user on Odoo's XML-RPC API."""

    def __init__(self, url, database, login, password):
        self.url, self.database, self.login, self.password = url, database, login, password
        self.uid = xmlrpc.client.ServerProxy(f"{url}/xmlrpc/2/common").authenticate(database, login, password, {})
        if not self.uid:
            raise PermissionError(f"{login} cannot sign in")

    def call(self, model, method, *args, **kwargs):
        """Call ``model.method(*args, **kwargs)``."""
        with xmlrpc.client.ServerProxy(f"{self.url}/xmlrpc/2/object", allow_none=True) as proxy:
            try:
                return proxy.execute_kw(self.database, self.uid, self.password, model, method, list(args), kwargs)
            except xmlrpc.client.Fault as fault:
                # The server's own lines of a stack trace say nothing to who reads a failed test; the log has them.
                lines = [line for line in fault.faultString.splitlines() if "/odoo/" not in line]
                fault.faultString = "\n".join(lines[-6:]) if "Traceback" in fault.faultString else fault.faultString
                raise

    def create(self, model, vals, **context):
        """Create one record from a dictionary, or several from a list; return id or ids."""
        ids = self.call(model, "create", [vals] if isinstance(vals, dict) else vals, context=context)
        return ids[0] if isinstance(vals, dict) else ids

    def write(self, model, ids, vals):
        """Write ``vals`` on one id or a list of ids."""
        return self.call(model, "write", _ids(ids), vals)

    def search(self, model, domain, **kwargs):
        """Return the ids that match ``domain``."""
        return self.call(model, "search", domain, **kwargs)

    def count(self, model, domain):
        """Return how many records match ``domain``."""
        return self.call(model, "search_count", domain)

    def read(self, model, record_id, *fields):
        """Return one record as a dictionary; many2one values as ids."""
        (row,) = self.call(model, "read", [record_id], list(fields), load=None)
        return row

    def find(self, model, domain, *fields, **kwargs):
        """Return the records that match ``domain`` as dictionaries; many2one values as ids."""
        return self.call(model, "search_read", domain, fields=list(fields), load=None, **kwargs)

    def button(self, model, ids, name, **context):
        """Press the button ``name`` of one record or several; return the action it answers."""
        return self.call(model, name, _ids(ids), **({"context": context} if context else {}))

    def ref(self, xmlid):
        """Return the id behind an external identifier."""
        module, name = xmlid.split(".")
        (row,) = self.find("ir.model.data", [("module", "=", module), ("name", "=", name)], "res_id")
        return row["res_id"]

    def wizard(self, action, vals, button):
        """Fill in the wizard that ``action`` opens and press ``button``; return what that answers."""
        context = action.get("context") or {}
        if not isinstance(context, dict):
            raise TypeError(f"the action's context is not a dictionary: {context!r}")
        model = action["res_model"]
        wizard_id = action.get("res_id") or self.call(model, "create", [vals], context=context)[0]
        if action.get("res_id") and vals:
            self.call(model, "write", [wizard_id], vals, context=context)
        return self.call(model, button, [wizard_id], context=context)


def _ids(ids):
    return [ids] if isinstance(ids, int) else list(ids)


class Json2:
    """One user on Odoo's JSON-2 API, with an API key of his own."""

    def __init__(self, url, database, key):
        self.url, self.database, self.key = url, database, key

    def post(self, model, method, **body):
        """Return the whole HTTP answer."""
        return requests.post(
            f"{self.url}/json/2/{model}/{method}",
            json=body,
            headers={"Authorization": f"bearer {self.key}", "X-Odoo-Database": self.database},
            timeout=PATIENCE_SECONDS,
        )

    def call(self, model, method, **body):
        """Return the result; raise for an HTTP error."""
        answer = self.post(model, method, **body)
        answer.raise_for_status()
        return answer.json()


class WebSession:
    """A person signed in to the website or the backend, without a browser."""

    def __init__(self, server, login, password):
        self.server = server
        self.http = requests.Session()
        answer = self.http.post(
            f"{server.url}/web/session/authenticate",
            json={"jsonrpc": "2.0", "params": {"db": server.db, "login": login, "password": password}},
            timeout=PATIENCE_SECONDS,
        ).json()
        if "error" in answer:
            raise PermissionError(f"{login} cannot sign in: {answer['error']['data']['message']}")

    def call_kw(self, model, method, *args, **kwargs):
        """Call a method as the web client does."""
        answer = self.http.post(
            f"{self.server.url}/web/dataset/call_kw/{model}/{method}",
            json={"jsonrpc": "2.0", "params": {"model": model, "method": method, "args": args, "kwargs": kwargs}},
            timeout=PATIENCE_SECONDS,
        ).json()
        if "error" in answer:
            raise RuntimeError(answer["error"]["data"]["debug"])
        # A method without an answer leaves it out.
        return answer.get("result")

    def get(self, path, **kwargs):
        """Get one page."""
        return self.http.get(f"{self.server.url}{path}", timeout=PATIENCE_SECONDS, **kwargs)


# The server


@dataclass
class Server:
    """A real Odoo server on a database of its own."""

    cluster: Cluster
    template: str
    template_data: str
    name: str
    sink: SmtpSink
    workers: int = 0
    process: subprocess.Popen = None
    port: int = 0
    config_lines: tuple = ()
    _rpc: dict = field(default_factory=dict)

    @property
    def db(self):
        """The database's name."""
        return self.name

    @property
    def url(self):
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self):
        """The server's process."""
        return self.process.pid

    @property
    def data_dir(self):
        """Its file store and sessions."""
        return scratch(f"data_{self.name}")

    @property
    def log(self):
        """The file it logs to."""
        return scratch("logs") / f"{self.name}.log"

    def start(self):
        """Clone the database and its files, start the server, and wait until it answers."""
        self.cluster.clone(self.template, self.name)
        self._copy_files()
        self._prepare_database()
        self.launch()
        return self

    def _copy_files(self):
        source = Path(self.template_data) / "filestore" / self.template
        target = self.data_dir / "filestore" / self.name
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)

    def _prepare_database(self):
        # A cooldown after wrong passwords would make the tests of refused sign-ins wait for each other.
        link = psycopg2.connect(
            host=self.cluster.host, port=self.cluster.port, user=self.cluster.user, dbname=self.name
        )
        with link, link.cursor() as cursor:
            cursor.execute("UPDATE ir_config_parameter SET value = '0' WHERE key = 'base.login_cooldown_after'")
        link.close()

    def launch(self):
        """Start the process and wait until it answers."""
        self.port = free_port()
        config = scratch("conf") / f"{self.name}.conf"
        pdf_tool = Path(setting("PSA_WKHTMLTOPDF"))
        tools = scratch("bin")
        # Odoo looks for the tool by this name only.
        with contextlib.suppress(FileExistsError):
            (tools / "wkhtmltopdf").symlink_to(pdf_tool)
        config.write_text(
            "\n".join(
                [
                    "[options]",
                    f"db_host = {self.cluster.host}",
                    f"db_port = {self.cluster.port}",
                    f"db_user = {self.cluster.user}",
                    f"db_name = {self.name}",
                    f"dbfilter = ^{self.name}$",
                    "list_db = False",
                    f"addons_path = {setting('PSA_ADDONS')},{setting('PSA_ODOO_ADDONS')}",
                    f"data_dir = {self.data_dir}",
                    f"bin_path = {tools}",
                    "http_interface = 127.0.0.1",
                    f"http_port = {self.port}",
                    f"gevent_port = {free_port()}",
                    f"workers = {self.workers}",
                    # Crons run when a test says so: what a test sees must not depend on the minute it runs in.
                    "max_cron_threads = 0",
                    "smtp_server = 127.0.0.1",
                    f"smtp_port = {self.sink.port}",
                    "limit_time_real = 300",
                    "log_handler = :INFO,odoo.addons.rpc.controllers.xmlrpc:ERROR",
                    *self.config_lines,
                    "",
                ]
            )
        )
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [setting("PSA_PYTHON"), "-m", "odoo", "server", "-c", config],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env={**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ.get('PATH', '')}"},
                start_new_session=True,
            )
        wait_for(self._is_ready, f"the server; see {self.log}", READY_SECONDS)

    def _is_ready(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"the server ended with {self.process.returncode}:\n{self.log_tail()}")
        try:
            # A page of the database, so that its registry is loaded when the first test begins.
            return requests.get(f"{self.url}/web/login", timeout=READY_SECONDS).status_code == 200
        except requests.ConnectionError:
            return False

    def stop(self):
        """Stop the process and everything it started."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait(10)

    def remove(self):
        """End the server and remove its database and files; the log stays."""
        # Nothing of it is needed any more: no reason to wait until its last websocket has said goodbye.
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)
        self.cluster.drop(self.name)
        shutil.rmtree(self.data_dir, ignore_errors=True)

    def log_size(self):
        """Return where the log ends now, to read later what came after."""
        return self.log.stat().st_size

    def log_since(self, position):
        """Return the log's text from ``position`` on."""
        return self.log.read_bytes()[position:].decode(errors="replace")

    def log_tail(self, lines=60):
        """Return the last lines of the log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    # Talking to it

    def xmlrpc(self, login="admin", password=None):
        """Return the XML-RPC API as ``login``; the password defaults to the login."""
        key = (login, password or login)
        if key not in self._rpc:
            self._rpc[key] = Rpc(self.url, self.db, *key)
        return self._rpc[key]

    def web(self, login, password=None):
        """Return a signed-in HTTP session."""
        return WebSession(self, login, password or login)

    def json2(self, login, password=None):
        """Return the JSON-2 API as ``login``, with a key made as a person makes one, password asked again."""
        web = self.web(login, password)
        wizard_id = web.call_kw("res.users.apikeys.description", "create", [{"name": "test", "duration": "1"}])[0]
        action = web.call_kw("res.users.apikeys.description", "make_key", [wizard_id])
        if action["res_model"] == "res.users.identitycheck":
            action = web.call_kw(
                "res.users.identitycheck",
                "run_check",
                [action["res_id"]],
                context={"password": password or login},
            )
        return Json2(self.url, self.db, action["context"]["default_key"])

    def query(self, sql, params=()):
        """Read directly from the database."""
        return self.cluster.query(self.db, sql, params)

    def new_user(self, login, *groups, **vals):
        """Create an internal user in ``groups`` (external ids) whose password is his login; return his id."""
        admin = self.xmlrpc()
        group_ids = [admin.ref(group) for group in (*groups, "base.group_user")]
        return admin.create(
            "res.users",
            {
                "name": login.replace(".", " ").title(),
                "login": login,
                "password": login,
                "email": f"{login}@{MAIL_DOMAIN}",
                "notification_type": "email",
                "group_ids": [(6, 0, group_ids)],
                **vals,
            },
            no_reset_password=True,
        )

    def deliver(self, raw, check=True):
        """Hand a raw mail to the server as a mail server does: on the standard input of Odoo's own mail gate.

        Return the exit code that the mail server would act upon.
        """
        script = Path(setting("PSA_ODOO_ADDONS")) / "mail" / "static" / "scripts" / "odoo-mailgate.py"
        uid = self.xmlrpc().uid
        host = ["--host", "127.0.0.1", "--port", str(self.port)]
        done = subprocess.run(
            [setting("PSA_PYTHON"), script, "-d", self.db, "-u", str(uid), "-p", "admin", *host, "--debug"],
            input=raw,
            capture_output=True,
            timeout=240,
            check=False,
            env={**os.environ, "PYTHONUTF8": "1"},
        )
        if check and done.returncode:
            raise AssertionError(f"the mail gate ended with {done.returncode}: {done.stderr.decode()[-1500:]}")
        return done.returncode

    def run_cron(self, xmlid):
        """Run one scheduled action now."""
        admin = self.xmlrpc()
        admin.call("ir.cron", "method_direct_trigger", [admin.ref(xmlid)])

    def settle(self):
        """Run what the schedule would run in the next minute: receipts of new tickets, and the mail queue."""
        self.run_cron("psa_helpdesk.ir_cron_announce_tickets")
        self.run_cron("mail.ir_cron_mail_scheduler_action")


def addresses(header):
    """Return the bare addresses in a header, lower case."""
    return [address.lower() for _name, address in getaddresses([str(header or "")])]
