"""Where things are kept, and whose they are.

The cache (downloads, Python packages, Odoo) is shared by all checkouts of one user; state (databases, file store,
logs) belongs to one checkout. PostgreSQL refuses to run as root, so for root both live where the unprivileged system
user it runs as can reach them.
"""
import contextlib
import fcntl
import hashlib
import os
import pwd
import secrets
import shutil
import socket
from pathlib import Path

from .console import Refusal, call

ROOT = Path(__file__).resolve().parent.parent
ADDONS = ROOT / "addons"
LOCKS = ROOT / "requirements"
SYSTEM_USER = "psa"
NEEDED_GIB = 4


def is_root():
    return os.geteuid() == 0


def cache():
    """Folder for what can be fetched or built again; $PSA_CACHE_DIR names another."""
    if os.environ.get("PSA_CACHE_DIR"):
        base = Path(os.environ["PSA_CACHE_DIR"])
    elif is_root():
        base = Path("/var/cache/psa")
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "psa"
    base.mkdir(parents=True, exist_ok=True)
    return base


def state():
    """Folder for this checkout's databases, files and logs; $PSA_STATE_DIR names another."""
    if os.environ.get("PSA_STATE_DIR"):
        base = Path(os.environ["PSA_STATE_DIR"])
    elif is_root():
        key = hashlib.sha256(str(ROOT).encode()).hexdigest()[:12]
        base = Path("/var/lib/psa") / key
    else:
        base = ROOT / ".psa"
    base.mkdir(parents=True, exist_ok=True)
    return base


def service_account():
    """`subprocess` options that make a child run as the account PostgreSQL may use (for root), else nothing."""
    if not is_root():
        return {}
    try:
        account = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        call(
            ["useradd", "--system", "--user-group", "--home-dir", "/var/lib/psa", "--no-create-home",
             "--shell", "/usr/sbin/nologin", SYSTEM_USER],
            failure=f"The system user {SYSTEM_USER} could not be created; create it with useradd.",
        )
        account = pwd.getpwnam(SYSTEM_USER)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def own_by_service(folder):
    """Make a new, empty folder that belongs to the account PostgreSQL runs as."""
    folder.mkdir(parents=True, exist_ok=True)
    account = service_account()
    if account:
        os.chown(folder, account["user"], account["group"])


def check_disk(folder, needed=NEEDED_GIB):
    free = shutil.disk_usage(folder).free / 2**30
    if free < needed:
        raise Refusal(
            f"The disk is full: {folder} has {free:.1f} GiB free and {needed} GiB are needed; free some space and call again."
        )


def port_is_free(port, host="127.0.0.1"):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def check_port(port):
    if not port_is_free(port):
        raise Refusal(f"Port {port} is taken by another program; stop it or choose another with --port.")


def free_port():
    # Below those that outgoing connections are given, or one of these may have it by the time it is used.
    while True:
        port = 10_000 + secrets.randbelow(22_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextlib.contextmanager
def locked(path, shared=False):
    """Hold a lock file; the kernel frees it when the process ends, however it ends."""
    with open(path, "a+b") as handle:
        fcntl.flock(handle, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield handle


def fingerprint(*paths, without=()):
    """Hash of the names and contents of files and folders: equal when nothing relevant changed.

    :param without: folders that do not matter
    """
    digest = hashlib.sha256()
    for path in paths:
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts and not any(map(file.is_relative_to, without)):
                digest.update(str(file.relative_to(ROOT) if file.is_relative_to(ROOT) else file.name).encode())
                digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]
