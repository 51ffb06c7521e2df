"""Databases: the one that is served, its backups, and the templates tests are cloned from."""
import ast
import hashlib
import json
import re
import shutil
import tarfile
import tempfile
import time
from pathlib import Path

from . import places
from .console import Refusal, say, step, warn

# What the suite builds on; a database with these and none of ours is the base of every test.
ODOO_APPS = ["account", "auth_signup", "calendar", "contacts", "crm", "hr_expense", "hr_timesheet", "portal", "rating", "rpc", "sale_crm"]
APP = "psa"
# A template of other sources that a test run used so recently may be about to be cloned by it.
KEEP_TEMPLATE_SECONDS = 3600
BUILD_PAGES = places.ROOT / "deploy" / "odoo" / "build_pages.py"


def own_addons():
    return sorted(path.parent.name for path in places.ADDONS.glob("*/__manifest__.py"))


def _fingerprint(*addons):
    """Hash of what addons bring into a database: of all their files but their tests."""
    return places.fingerprint(*(places.ADDONS / addon for addon in addons),
                              without=[places.ADDONS / addon / "tests" for addon in addons])


def check_name(name):
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,50}", name):
        raise Refusal(f"“{name}” is no database name; use letters, digits, dot, dash and underscore.")


def filestore(data_dir, name):
    return data_dir / "filestore" / name


def ensure(odoo, name, *, demo=True):
    """Create the database with all addons (and the demo story), or bring it up to the addons as they are now."""
    check_name(name)
    marks = odoo.data_dir / f"{name}.addons.json"
    now = {addon: _fingerprint(addon) for addon in own_addons()} | {"pages": _pages_age()}
    if name not in odoo.cluster.databases():
        fresh = f"{name}.new"
        drop(odoo, fresh)
        with step(f"Create the {'demo ' if demo else ''}database {name}"):
            odoo.init(fresh, [APP], demo=demo, log=odoo.data_dir / "create.log")
        _build_pages(odoo, fresh)
        _rename(odoo, fresh, name)
    else:
        seen = json.loads(marks.read_text()) if marks.exists() else {}
        changed = sorted(addon for addon in own_addons() if seen.get(addon) != now[addon])
        if changed:
            with step(f"Update {', '.join(changed)} in the database {name}"):
                odoo.init(name, [APP], update=changed, log=odoo.data_dir / "update.log")
        if changed or seen.get("pages") != now["pages"]:
            _build_pages(odoo, name)
    marks.write_text(json.dumps(now))


def _pages_age():
    """Hash of when the files of the pages were last written: Odoo builds a bundle anew when one of its files is younger."""
    ages = sorted((str(file.relative_to(places.ADDONS)), file.stat().st_mtime_ns)
                  for file in places.ADDONS.glob("*/static/**/*") if file.is_file())
    return hashlib.sha256(repr(ages).encode()).hexdigest()[:8]


def _build_pages(odoo, name):
    """Build scripts and styles before anybody asks for them; see the script for what happens otherwise."""
    with step("Build the scripts and styles of the pages"):
        odoo.script(name, BUILD_PAGES, log=odoo.data_dir / "pages.log", failure="The scripts and styles could not be built.")


def set_local_address(odoo, name, port):
    """Let links in mails, and the styles of printed documents, lead to the port that is served; a domain that was set stays."""
    odoo.cluster.sql(
        f"UPDATE ir_config_parameter SET value = 'http://localhost:{port:d}'"
        " WHERE key = 'web.base.url' AND value ~ '^http://localhost:[0-9]+$'", name)


def drop(odoo, name):
    odoo.cluster.tool("dropdb", "--if-exists", "--force", name, failure=f"The database {name} could not be dropped.")
    shutil.rmtree(filestore(odoo.data_dir, name), ignore_errors=True)


def _rename(odoo, old, new):
    """The file store first: a database that bears its final name is complete."""
    source, target = filestore(odoo.data_dir, old), filestore(odoo.data_dir, new)
    shutil.rmtree(target, ignore_errors=True)
    if source.exists():
        source.rename(target)
    odoo.cluster.sql(f'ALTER DATABASE "{old}" RENAME TO "{new}"')


def clone(odoo, template, name):
    """Copy a database together with its file store: without it every page asks for lost assets."""
    odoo.cluster.tool("createdb", "-T", template, name, failure=f"The database {name} could not be copied from {template}.")
    source = filestore(odoo.data_dir, template)
    if source.exists():
        shutil.copytree(source, filestore(odoo.data_dir, name), dirs_exist_ok=True)


def base_template(odoo):
    """Name of the cached database with the Odoo apps installed and none of ours, built when it is not there."""
    name = f"base_{hashlib.sha256((odoo.toolchain.odoo.version + ','.join(ODOO_APPS)).encode()).hexdigest()[:10]}"
    return _template(odoo, name, "Install the Odoo apps in a template database",
                     lambda fresh: odoo.init(fresh, ODOO_APPS, log=odoo.data_dir / f"{name}.log"))


def addon_template(odoo, addon, *, pages=False):
    """Name of the cached database with an addon and those of ours it needs, as they are now.

    Built addon by addon, each upon the template of those before it: who works on one addon pays for the install of that one only.

    :param bool pages: with their scripts and styles, for tests that ask for pages
    """
    names = [*needed_addons(addon), addon]
    template = base_template(odoo)
    for count, last in enumerate(names, 1):
        content = _fingerprint(*names[:count])
        below, name = template, f"upto_{last}_{template.removeprefix('base_')[-10:]}_{content}"

        def build(fresh, below=below, last=last, name=name):
            clone(odoo, below, fresh)
            odoo.init(fresh, [last], log=odoo.data_dir / f"{name}.log")

        if name not in odoo.cluster.databases():
            _drop_unused(odoo, f"upto_{last}_")
        template = _template(odoo, name, f"Install {last} in a template database", build)
    return _with_pages(odoo, addon, template) if pages else template


def _with_pages(odoo, addon, below):
    name = f"pages_{addon}_{below[-16:]}_{_pages_age()}"

    def build(fresh):
        clone(odoo, below, fresh)
        _build_pages(odoo, fresh)

    if name not in odoo.cluster.databases():
        _drop_unused(odoo, f"pages_{addon}_")
    return _template(odoo, name, f"Add the pages of {addon} to a template database", build)


def needed_addons(addon):
    """Return the names of our addons that an addon needs, directly or not, each after those it needs itself."""
    ordered = []
    for name in sorted(set(_manifest(addon)["depends"]) & set(own_addons())):
        ordered += [needed for needed in [*needed_addons(name), name] if needed not in ordered]
    return ordered


def _manifest(addon):
    return ast.literal_eval((places.ADDONS / addon / "__manifest__.py").read_text())


def full_template(odoo):
    """Name of the cached database with all our addons as they are now, without demo."""
    name = full_template_name(odoo)
    base = base_template(odoo)

    def build(fresh):
        clone(odoo, base, fresh)
        odoo.init(fresh, [APP], log=odoo.data_dir / f"{name}.log")
        _build_pages(odoo, fresh)

    if name not in odoo.cluster.databases():
        _drop_unused(odoo, "full_")
    return _template(odoo, name, "Install the suite in a template database", build)


def full_template_name(odoo):
    return f"full_{_fingerprint(*own_addons())}_{_pages_age()}_{odoo.toolchain.odoo.version[:12].replace('+', '_').replace('~', '_')}"


def _drop_unused(odoo, prefix):
    for old in sorted(odoo.cluster.databases()):
        if old.startswith(prefix) and not old.endswith(".new") and not _in_use(odoo, old):
            drop(odoo, old)


def _in_use(odoo, name):
    mark = _mark(odoo, name)
    recent = mark.exists() and time.time() - mark.stat().st_mtime < KEEP_TEMPLATE_SECONDS
    return recent or odoo.cluster.sql(f"SELECT 1 FROM pg_stat_activity WHERE datname = '{name}' LIMIT 1")


def _mark(odoo, name):
    """The lock file of a template; its age says when the template was last asked for."""
    return odoo.data_dir / f"{name}.flock"


def _template(odoo, name, title, build):
    if name not in odoo.cluster.databases():
        with places.locked(_mark(odoo, name)):
            if name not in odoo.cluster.databases():
                fresh = f"{name}.new"
                drop(odoo, fresh)
                with step(title):
                    build(fresh)
                _rename(odoo, fresh, name)
    _mark(odoo, name).touch()
    return name


def backup(odoo, name, target):
    """Write database and file store to one archive, with a checksum of each member."""
    target = Path(target).resolve()
    if name not in odoo.cluster.databases():
        raise Refusal(f"There is no database {name} to back up; ./psa run creates it.")
    if target.exists():
        raise Refusal(f"{target} exists already; choose another name, backups are never overwritten.")
    partial = target.with_name(target.name + ".part")
    with step(f"Back up {name} to {target.name}"), tempfile.TemporaryDirectory(dir=odoo.data_dir) as work:
        dump = Path(work) / "database.dump"
        odoo.cluster.tool("pg_dump", "-Fc", "-f", str(dump), name, failure=f"{name} could not be dumped.")
        store = filestore(odoo.data_dir, name)
        members = {"database.dump": dump}
        members |= {f"filestore/{file.relative_to(store)}": file for file in sorted(store.rglob("*")) if file.is_file()}
        sums = {member: sha256(file) for member, file in members.items()}
        manifest = Path(work) / "manifest.json"
        manifest.write_text(json.dumps({"database": name, "made": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                                        "odoo": odoo.toolchain.odoo.version, "sha256": sums}, indent=1))
        with tarfile.open(partial, "w:gz", compresslevel=1) as archive:
            archive.add(manifest, "manifest.json")
            for member, file in members.items():
                archive.add(file, member)
        partial.rename(target)
    say(f"  {len(members)} files, {target.stat().st_size / 2**20:.1f} MiB")


def restore(odoo, name, source, *, force=False):
    """Bring a backup back; nothing existing is touched before the whole archive has proved intact."""
    check_name(name)
    source = Path(source)
    if not source.exists():
        raise Refusal(f"There is no file {source}.")
    exists = name in odoo.cluster.databases()
    if exists and not force:
        raise Refusal(f"The database {name} exists; add --force to replace it, or --database NAME to restore beside it.")
    with tempfile.TemporaryDirectory(dir=odoo.data_dir) as folder:
        work = Path(folder)
        with step("Verify the archive"):
            _unpack(source, work)
        fresh = f"{name}.restored"
        drop(odoo, fresh)
        with step(f"Restore {name}"):
            odoo.cluster.tool("createdb", "-T", "template0", fresh, failure="The database could not be created.")
            odoo.cluster.tool("pg_restore", "--no-owner", "--exit-on-error", "-j", "2", "-d", fresh, str(work / "database.dump"),
                              failure="The database could not be restored; the old one is untouched.")
            store = filestore(odoo.data_dir, fresh)
            shutil.rmtree(store, ignore_errors=True)
            store.parent.mkdir(parents=True, exist_ok=True)
            if (work / "filestore").exists():
                (work / "filestore").rename(store)
        if exists:
            drop(odoo, name)
        _rename(odoo, fresh, name)


def _unpack(source, work):
    try:
        with tarfile.open(source) as archive:
            for member in archive:
                path = Path(member.name)
                if not member.isfile() or path.is_absolute() or ".." in path.parts:
                    raise Refusal(f"{source.name} is no backup of ours: it holds {member.name}.")
                (work / path).parent.mkdir(parents=True, exist_ok=True)
                with archive.extractfile(member) as content, open(work / path, "wb") as file:
                    shutil.copyfileobj(content, file)
        manifest = json.loads((work / "manifest.json").read_text())
    except (tarfile.TarError, OSError, EOFError, ValueError) as error:
        raise Refusal(f"{source.name} is damaged or no backup of ours ({error}); nothing was changed.") from error
    found = {str(file.relative_to(work)) for file in work.rglob("*") if file.is_file()} - {"manifest.json"}
    for member in sorted(found | set(manifest["sha256"])):
        if member not in found or sha256(work / member) != manifest["sha256"].get(member):
            raise Refusal(f"{source.name} is damaged: {member} does not match its checksum; nothing was changed.")


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def forget(odoo, name):
    """Drop a database for good."""
    drop(odoo, name)
    (odoo.data_dir / f"{name}.addons.json").unlink(missing_ok=True)
    warn(f"the database {name} and its files are gone")
