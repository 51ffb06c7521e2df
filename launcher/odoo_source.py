"""Odoo 19: $ODOO_HOME, an importable odoo, or Debian's package, downloaded and unpacked without being installed."""
import dataclasses
import hashlib
import importlib.util
import json
import os
import re
import shutil
import tempfile
from pathlib import Path

from . import places
from .console import Refusal, call, step, warn

LOCK = places.LOCKS / "odoo.lock"
PACKAGE = "odoo-19"
# What the package's relative links point to. Font Awesome must be the stable release's own: later ones rename the icons.
FROM_SID = ["libjs-jquery", "libjs-jquery-form", "libjs-underscore", "fonts-montserrat", "fonts-inconsolata",
            "fonts-ocr-b", "fonts-roboto-unhinted"]
FROM_STABLE = ["fonts-font-awesome", "fonts-glyphicons-halflings"]
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


@dataclasses.dataclass(frozen=True)
class Odoo:
    path: Path      # what goes on sys.path
    addons: Path    # Odoo's own addons
    version: str


def locate():
    """Return the Odoo to use, fetching it when there is none yet.

    :raises Refusal: when it can be had nowhere, or is not what the lock file says
    """
    home = os.environ.get("ODOO_HOME")
    if home:
        path = Path(home)
        if not (path / "odoo" / "release.py").exists():
            raise Refusal(f"ODOO_HOME={home} holds no Odoo checkout (odoo/release.py is missing); correct or unset it.")
        _check_series(path)
        addons = path / "addons"
        return Odoo(path, addons if addons.is_dir() else path / "odoo" / "addons", "checkout")
    spec = importlib.util.find_spec("odoo")
    for place in spec.submodule_search_locations or () if spec else ():  # a namespace package: it has no file
        path = Path(place).parent
        if (path / "odoo" / "release.py").exists():
            _check_series(path)
            return Odoo(path, path / "odoo" / "addons", "installed")
    return _from_debian()


def _check_series(path):
    text = (path / "odoo" / "release.py").read_text()
    if not re.search(r"version_info\s*=\s*\(19,\s*0", text):
        raise Refusal(f"The Odoo in {path} is not version 19.0; point ODOO_HOME to a checkout of branch 19.0.")


def _from_debian():
    lock = json.loads(LOCK.read_text())
    target = places.cache() / f"odoo-{lock['version']}-{lock['sha256'][:12]}"
    if not target.exists():
        with places.locked(places.cache() / "odoo.flock"):
            if not target.exists():
                target = _fetch(lock, target)
    path = target / "usr/lib/python3/dist-packages"
    return Odoo(path, path / "odoo" / "addons", (target / "VERSION").read_text().strip())


def _fetch(lock, target):
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        raise Refusal(
            "No Odoo 19 found and this is not a Debian machine to fetch it on; "
            "set ODOO_HOME to a checkout of Odoo 19.0, or use docker-compose.yml."
        )
    with tempfile.TemporaryDirectory(prefix="apt-", dir=places.cache()) as folder:
        work = Path(folder)
        with step("Read Debian's signed package index"):
            sid = Archive(work / "sid", sid_source())
            stable = Archive(work / "stable", None)
        version, sha256 = choose(sid.candidate(PACKAGE), lock)
        if version != lock["version"]:
            target = places.cache() / f"odoo-{version}-{sha256[:12]}"
            if target.exists():
                return target
        with step(f"Download Odoo {version}"):
            sid.download([f"{PACKAGE}={version}", *FROM_SID])
            stable.download(FROM_STABLE)
            verify(next(sid.folder.glob(f"{PACKAGE}_*.deb")), sha256)
        with step("Unpack Odoo"):
            unpacked = work / "root"
            for deb in sorted([*sid.folder.glob("*.deb"), *stable.folder.glob("*.deb")]):
                call(["dpkg", "-x", str(deb), str(unpacked)],
                     failure=f"{deb.name} could not be unpacked; is the disk full? Call again.")
            (unpacked / "VERSION").write_text(version + "\n")
            unpacked.chmod(0o755)
            unpacked.rename(target)
    return target


def choose(candidate, lock):
    """Decide which package to take.

    :param candidate: (version, sha256) the signed index offers
    :param lock: the lock file's {"version", "sha256"}
    :return: (version, sha256) to take; a version that is not the locked one is taken with a warning
    :raises Refusal: same version with another hash, or another series
    """
    version, sha256 = candidate
    if version == lock["version"]:
        if sha256 != lock["sha256"]:
            raise Refusal(
                f"The hash of {PACKAGE} {version} in Debian's index does not match requirements/odoo.lock; "
                "do not use it before you know why, then run ./psa update to take the new hash."
            )
        return version, sha256
    if not version.startswith("19.0"):
        raise Refusal(f"Debian offers {PACKAGE} {version}, which is not 19.0; set ODOO_HOME to a checkout of Odoo 19.0.")
    warn(f"Odoo {lock['version']} is gone from Debian's archive; taking {version}, which is not pinned by requirements/odoo.lock.")
    return version, sha256


def verify(file, sha256):
    """:raises Refusal: when the file is not what the lock (or the signed index) promises; the file is removed."""
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    if found != sha256:
        file.unlink()
        raise Refusal(f"The hash of {file.name} is {found[:12]}…, expected {sha256[:12]}…; it was thrown away, call again.")


def newest():
    """(version, sha256) of the newest Odoo 19.0 in Debian's signed index, for `./psa update`."""
    with tempfile.TemporaryDirectory(prefix="apt-", dir=places.cache()) as work:
        return Archive(Path(work), sid_source()).candidate(PACKAGE)


class Archive:
    """One apt archive with lists and downloads of its own: nothing of the machine's apt is touched."""

    def __init__(self, folder, source):
        self.folder = folder
        lists, cached = folder / "lists", folder / "cache"
        (lists / "partial").mkdir(parents=True)
        (cached / "archives" / "partial").mkdir(parents=True)
        self.options = [
            "-o", f"Dir::State::lists={lists}", "-o", f"Dir::Cache={cached}", "-o", "Acquire::Retries=3",
            "-o", "APT::Sandbox::User=root", "-o", "Acquire::Languages=none", "-o", "Debug::NoLocking=1",
        ]
        if source:
            listing = folder / "source.list"
            listing.write_text(source)
            self.options += ["-o", f"Dir::Etc::sourcelist={listing}", "-o", "Dir::Etc::sourceparts=/dev/null"]
        self.apt("apt-get", "update", failure="Debian's package index could not be read; check the network and call again.")

    def apt(self, program, *arguments, failure):
        return call([program, "-q", *self.options, *arguments], failure=failure, cwd=self.folder,
                    env={**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"})

    def candidate(self, package):
        text = self.apt("apt-cache", "show", "--no-all-versions", package,
                        failure=f"Debian's archive has no package {package}; set ODOO_HOME to a checkout of Odoo 19.0.")
        fields = dict(line.split(": ", 1) for line in text.splitlines() if re.match(r"(Version|SHA256): ", line))
        return fields["Version"], fields["SHA256"]

    def download(self, packages):
        self.apt("apt-get", "download", *packages,
                 failure=f"Downloading {packages[0]} failed; check the network and call again, it goes on where it stopped.")


def sid_source():
    """One apt source line for unstable, on the mirror this machine itself uses."""
    for uri, signed_by in machine_sources():
        if re.search(r"/debian/?$", uri):
            return f"deb [signed-by={signed_by or KEYRING}] {uri} sid main\n"
    raise Refusal(
        "No Debian archive is configured on this machine, so Odoo cannot be fetched; "
        "set ODOO_HOME to a checkout of Odoo 19.0, or use docker-compose.yml."
    )


def machine_sources(folder=Path("/etc/apt")):
    """Yield (uri, keyring or None) of the machine's apt sources, in both of apt's formats."""
    parts = folder / "sources.list.d"
    for file in [folder / "sources.list", *sorted(parts.glob("*.list"))]:
        for line in file.read_text().splitlines() if file.exists() else []:
            found = re.match(r"deb\s+(?:\[([^]]*)\]\s+)?(\S+)\s+\S+\s+.*\bmain\b", line)
            if found:
                key = re.search(r"signed-by=(\S+)", found[1] or "")
                yield found[2], key and key[1]
    for file in sorted(parts.glob("*.sources")):
        for stanza in re.split(r"\n\s*\n", file.read_text()):
            fields = dict(re.findall(r"^(\S+):[ \t]*(.*)$", stanza, re.M))
            if "deb" in fields.get("Types", "").split() and "main" in fields.get("Components", "").split():
                key = fields.get("Signed-By", "").strip()
                for uri in fields.get("URIs", "").split():
                    yield uri, key if key.startswith("/") else None


def write_lock(version, sha256):
    LOCK.write_text(json.dumps({"package": PACKAGE, "version": version, "sha256": sha256}, indent=2) + "\n")
