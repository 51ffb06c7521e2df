"""Programs that tests start besides Odoo: any process with a log of its own, and nginx with the files of production."""

import os
import shutil
import signal
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from harness import wait_for

NGINX_FILES = Path(__file__).resolve().parent.parent / "deploy" / "nginx"


class Process:
    """One process with a log of its own, in a process group of its own."""

    def __init__(self, name, command, *, log, env, user=None):
        self.name, self.log = name, log
        as_user = {"user": user, "group": user, "extra_groups": []} if user else {}
        with log.open("ab") as output:
            self.popen = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=env,
                cwd="/",
                start_new_session=True,
                **as_user,
            )

    @property
    def is_running(self):
        """Whether it still runs."""
        return self.popen.poll() is None

    def text(self):
        """Everything it has logged."""
        return self.log.read_text(errors="replace")

    def check(self):
        """Fail with the end of the log when the process has ended."""
        if not self.is_running:
            tail = "\n".join(self.text().splitlines()[-40:])
            raise AssertionError(f"{self.name} ended with {self.popen.returncode}:\n{tail}")

    def stop(self, sign=signal.SIGTERM, seconds=20):
        """Ask it to end; end it by force when it does not."""
        if self.is_running:
            self.popen.send_signal(sign)
            try:
                self.popen.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self):
        """End it and all it started at once, as a machine that loses power does."""
        if self.is_running:
            os.killpg(self.popen.pid, signal.SIGKILL)
            self.popen.wait(10)


def nginx_program():
    """Return nginx's path ($PSA_NGINX, else the installed one), or None; Debian keeps it outside users' PATH."""
    return os.environ.get("PSA_NGINX") or shutil.which("nginx", path=f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin")


def start_nginx(folder, ports, *, web, websocket, access_log, log):
    """Start nginx with the committed files; only ports, paths and the servers' addresses are put in.

    :param ports: of plain HTTP and of TLS
    :param web: ports of the web servers
    :param websocket: ports of their websocket processes
    """
    for source in NGINX_FILES.glob("*.conf"):
        shutil.copy(source, folder)
    certificate, key = make_certificate(folder)
    plain, tls = ports
    replace(
        folder / "nginx.conf",
        {
            " /tmp/": f" {folder}/",
            "listen 8080;": f"listen 127.0.0.1:{plain};",
            "listen 8443 ": f"listen 127.0.0.1:{tls} ",
            "/run/secrets/tls_certificate": certificate,
            "/run/secrets/tls_key": key,
            "/dev/stdout": access_log,
            "/dev/stderr": log,
        },
    )
    groups = []
    for variable, default, members in (("odoo_web", "web:8069", web), ("odoo_websocket", "web:8072", websocket)):
        servers = " ".join(f"server 127.0.0.1:{port};" for port in members)
        groups.append(f"upstream {variable}_servers {{ {servers} }}")
        replace(folder / "upstreams.conf", {f"default {default};": f"default {variable}_servers;"})
    text = (folder / "upstreams.conf").read_text()
    (folder / "upstreams.conf").write_text("\n".join([text, *groups, ""]))
    nginx = Process(
        "nginx",
        [nginx_program(), "-p", folder, "-c", folder / "nginx.conf", "-e", log, "-g", "daemon off;"],
        log=log,
        env=dict(os.environ),
    )

    def answers():
        nginx.check()
        try:
            return requests.get(f"http://127.0.0.1:{plain}/nginx-health", timeout=60).ok
        except requests.ConnectionError:
            return False

    wait_for(answers, "nginx")
    return nginx


def replace(path, words):
    """Replace every word in a file, and fail when one of them is not there."""
    text = path.read_text()
    for old, new in words.items():
        assert old in text, f"{path.name} has no {old!r} any more"
        text = text.replace(old, str(new))
    path.write_text(text)


def make_certificate(folder):
    """Make a certificate for localhost; return the paths of it and of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate_path, key_path = folder / "certificate.pem", folder / "key.pem"
    certificate_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return certificate_path, key_path
