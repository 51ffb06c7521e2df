"""`./psa test`: core tests, addon tests and outside-in tests, side by side on the cores there are."""
import ast
import concurrent.futures
import dataclasses
import functools
import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from xml.etree import ElementTree

from . import database, places, postgres, python_env
from .console import Refusal, say, step
from .server import Odoo, die_with_parent

OUTSIDE = places.ROOT / "tests"
# Files that bring servers of their own and share nothing with the others run beside them.
ALONE = ["test_install_matrix.py", "test_topology.py"]
SERVERLESS = ["launcher"]
# Odoo as it runs the tests of addons.
ODOO_TESTS = Path(__file__).resolve().parent / "odoo_tests.py"
# A database of its own costs a second or two: so many tests are worth one.
TESTS_WORTH_A_DATABASE = 20


@dataclasses.dataclass
class Plan:
    """What a call of `./psa test` is to run."""

    core: list = dataclasses.field(default_factory=list)       # files for pytest, no database
    addons: dict = dataclasses.field(default_factory=dict)     # addon -> Odoo test tags
    outside: list = dataclasses.field(default_factory=list)    # files for pytest, live server


@dataclasses.dataclass
class Result:
    title: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    failures: list = dataclasses.field(default_factory=list)
    log: Path | None = None


def plan(targets, name=None):
    """Decide what the targets mean.

    :param list targets: addon names or paths; none means everything
    :param str name: only tests whose name contains it
    :raises Refusal: for a target that is neither
    """
    made = Plan()
    for target in targets or [*database.own_addons(), "tests", "bench/tests"]:
        addon = Path(target).name
        if ("/" not in target.rstrip("/") and addon in database.own_addons()) or \
                (places.ROOT / target).resolve().parent == places.ADDONS:
            made.core += core_files(addon)
            made.addons[addon] = [f"/{addon}"]
            continue
        path = (places.ROOT / target).resolve()
        if not path.exists():
            path = Path(target).resolve()
        if not path.exists() or not path.is_relative_to(places.ROOT):
            raise Refusal(f"“{target}” is neither an addon nor a test path; addons: {', '.join(database.own_addons())}.")
        parts = path.relative_to(places.ROOT).parts
        if parts[0] == "bench":
            made.core += sorted(path.rglob("test_*.py")) if path.is_dir() else [path]
        elif parts[0] == "tests":
            made.outside += sorted(path.rglob("test_*.py")) if path.is_dir() else [path]
        elif parts[0] == "addons" and "core" in parts:
            made.core += sorted(path.rglob("test_*.py")) if path.is_dir() else [path]
        elif parts[0] == "addons" and len(parts) > 2:
            files = [path] if path.is_file() else sorted(path.glob("test_*.py"))
            made.addons.setdefault(parts[1], []).extend(f"/{parts[1]}:{klass}" for file in files for klass in classes(file))
        else:
            raise Refusal(f"“{target}” holds no tests; name an addon, a file below its tests/, or a file below tests/.")
    if name:
        made.core = [file for file in made.core if name in file.read_text()]
        made.outside = [file for file in made.outside if name in file.read_text() or name in file.stem]
        made.addons = {addon: tags for addon in made.addons if (tags := named_tags(addon, name))}
    return made


def core_files(addon):
    return sorted((places.ADDONS / addon / "tests" / "core").glob("test_*.py"))


def classes(file):
    return [node.name for node in ast.parse(file.read_text()).body if isinstance(node, ast.ClassDef) and node.name.startswith("Test")]


def named_tags(addon, name):
    """Odoo's tags for the tests of an addon whose class or method name contains `name`."""
    tags = []
    for file in sorted((places.ADDONS / addon / "tests").glob("test_*.py")):
        for klass in (node for node in ast.parse(file.read_text()).body if isinstance(node, ast.ClassDef)):
            if name in klass.name:
                tags.append(f"/{addon}:{klass.name}")
            else:
                tags += [f"/{addon}:{klass.name}.{method.name}" for method in klass.body
                         if isinstance(method, ast.FunctionDef) and method.name.startswith("test") and name in method.name]
    return tags


def worth_databases(addon, tags, cores):
    """Return how many databases side by side the tests of an addon are worth: one for each core, fewer when they are few."""
    sizes, _browsing = count_tests(addon)
    if tags != [f"/{addon}"]:
        named = [re.match(r"[^:]*:(\w+)(\.?)", tag).groups() for tag in tags]
        count = sum(1 if single else sizes.get(klass, 1) for klass, single in named)
        cores = min(cores, len({klass for klass, _single in named}))
    else:
        count = sum(sizes.values())
    return max(1, min(cores, count // TESTS_WORTH_A_DATABASE))


def count_tests(addon):
    """Return {test class: number of its tests} of an addon, and the classes that ask a server for pages.

    What a class inherits is not counted, but runs.
    """
    found = {
        klass.name: klass
        for file in sorted((places.ADDONS / addon / "tests").glob("*.py"))
        for klass in ast.parse(file.read_text()).body if isinstance(klass, ast.ClassDef)
    }

    def browses(name):
        bases = [base.id for base in found[name].bases if isinstance(base, ast.Name)] if name in found else []
        return name.startswith("HttpCase") or any(map(browses, bases))

    sizes = {
        name: max(1, sum(isinstance(node, ast.FunctionDef) and node.name.startswith("test") for node in klass.body))
        for name, klass in found.items() if name.startswith("Test")
    }
    return sizes, {name for name in sizes if browses(name)}


def run(options):
    began = time.monotonic()
    made = plan(options.targets, options.name)
    if not (made.core or made.addons or made.outside):
        say("0 passed, 0 failed")
        say("psa: nothing to run: no test matches.")
        return 1
    whole = not options.targets and not options.name
    toolchain = python_env.prepare(python_env.TEST)
    work = places.state() / "test"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    runner = Runner(toolchain, work, options)
    jobs = []
    if made.core:
        jobs.append(lambda: runner.pytest("core", made.core, toolchain.environment))
    needs_server = [file for file in made.outside if not set(SERVERLESS) & set(file.parts)]
    # The launcher's own tests start ./psa as a person would: with the machine's Python, not with ours.
    jobs += [lambda file=file: runner.pytest(file.stem, [file], dict(os.environ))
             for file in made.outside if file not in needs_server]
    if made.addons or needs_server:
        with postgres.Cluster(toolchain, places.cache() / "testpg", throwaway=True).running() as cluster:
            runner.odoo = Odoo(cluster, places.cache() / "testdata", name=f"test_{os.getpid()}", max_cron_threads=0)
            if whole or needs_server:
                runner.template = database.full_template(runner.odoo)
            elif (full := database.full_template_name(runner.odoo)) in cluster.databases():
                runner.template = full
            if needs_server:
                runner.chromium = python_env.chromium()
                runner.nginx = python_env.nginx()
            alone = [file for file in needs_server if file.name in ALONE]
            together = [file for file in needs_server if file not in alone]
            if together:
                jobs.insert(0, lambda: runner.outside("outside-in", together))
            jobs += [lambda file=file: runner.outside(file.stem, [file]) for file in alone]
            for addon, tags in sorted(made.addons.items(), key=lambda pair: -sum(count_tests(pair[0])[0].values())):
                if tags and has_odoo_tests(addon):
                    pages = bool(count_tests(addon)[1])
                    template = runner.template or database.addon_template(runner.odoo, addon, pages=pages)
                    # Beside other addons one database is enough: then they are what keeps the cores busy.
                    count = worth_databases(addon, tags, os.cpu_count() or 1) if len(made.addons) == 1 and not made.outside else 1
                    jobs.append(functools.partial(runner.addon, addon, tags, template, count, pages=pages or bool(runner.template)))
            try:
                results = runner.all(jobs)
            finally:
                runner.odoo.config.unlink()
    else:
        results = runner.all(jobs)
    return report(results, began, options.verbose)


def has_odoo_tests(addon):
    return any((places.ADDONS / addon / "tests").glob("test_*.py"))


class Runner:
    """Runs jobs side by side and reads what they counted."""

    def __init__(self, toolchain, work, options):
        self.toolchain = toolchain
        self.work = work
        self.options = options
        self.odoo = None
        self.template = None
        self.chromium = None
        self.nginx = None

    def all(self, jobs):
        cores = os.cpu_count() or 1
        with step(f"Run {len(jobs)} suites on {cores} cores"), concurrent.futures.ThreadPoolExecutor(cores) as pool:
            futures = [pool.submit(job) for job in jobs]
            results = []
            for future in concurrent.futures.as_completed(futures):
                result = future.result()
                results.append(result)
                say(f"\r  {'✗' if result.failed else '✓'} {result.title}: {result.passed} passed, {result.failed} failed"
                    f" ({result.seconds:.0f} s)")
        return results

    def pytest(self, title, files, environment):
        log, xml = self.work / f"{title}.log", self.work / f"{title}.xml"
        command = [str(self.toolchain.python), "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:pytest_odoo",
                   "-p", "no:odoo", f"--junitxml={xml}", "--rootdir", str(places.ROOT), *map(str, files)]
        if self.options.name:
            command += ["-k", self.options.name]
        environment = {**environment, "PSA_THOROUGH": "1" if self.options.thorough else ""}
        began = time.monotonic()
        status = self._execute(command, log, environment)
        return read_junit(title, xml, status, log, time.monotonic() - began)

    def outside(self, title, files):
        cluster, odoo = self.odoo.cluster, self.odoo
        account = places.service_account()
        environment = {
            **cluster.environment,
            "PSA_PG_BIN": str(self.toolchain.postgres),
            "PSA_PYTHON": str(self.toolchain.python),
            "PSA_ODOO_ADDONS": str(self.toolchain.odoo.addons),
            "PSA_ADDONS": str(places.ADDONS),
            "PSA_RUN_AS": places.SYSTEM_USER if account else "",
            "PSA_WORK": str(self._scratch(title)),
            "PSA_PGHOST": "127.0.0.1",
            "PSA_PGPORT": str(cluster.port),
            "PSA_PGUSER": postgres.USER,
            "PSA_BASE_DB": database.base_template(odoo),
            "PSA_TEMPLATE_DB": self.template,
            "PSA_TEMPLATE_FILESTORE": str(odoo.data_dir),
            "PSA_WKHTMLTOPDF": str(self.toolchain.programs / "wkhtmltopdf"),
            "PSA_CHROMIUM": self.chromium,
            "PSA_NGINX": self.nginx,
        }
        result = self.pytest(title, files, environment)
        if not result.failed:  # after a failure the screenshots and logs in it are wanted
            shutil.rmtree(environment["PSA_WORK"], ignore_errors=True)
        return result

    def _scratch(self, title):
        """A folder that PostgreSQL's account can reach and write."""
        folder = places.cache() / "scratch" / f"{os.getpid()}-{title}"
        places.own_by_service(folder)
        return folder

    def addon(self, addon, tags, template, count, *, pages=False):
        """Odoo's own runner on clones: of a database with everything installed, or (narrowed) with what the addon needs.

        :param list tags: Odoo's tags of the tests
        :param int count: how many clones, each with a process of its own
        :param bool pages: whether scripts and styles are in the template
        """
        names = [f"t{os.getpid()}_{addon}_{number}" for number in range(1, count + 1)]
        log = self.work / f"{addon}.log"
        began = time.monotonic()
        try:
            for name in names:
                database.clone(self.odoo, template, name)
            arguments = ["-d", names[0], "--db-filter", f"^{names[0]}$", "--http-port", places.free_port(), "--stop-after-init",
                         "--test-tags", ",".join(tags)]
            environment = {**self.odoo.cluster.environment, "PSA_THOROUGH": "1" if self.options.thorough else "",
                           "PSA_TEST_DATABASES": " ".join(names), "PSA_TEST_LOG": str(log), "PSA_TEST_PAGES": "1" if pages else ""}
            status = self._execute(self.odoo.command("server", *arguments, program=ODOO_TESTS), log, environment)
        finally:
            for name in names:
                database.drop(self.odoo, name)
        return read_odoo_log(addon, log, status, time.monotonic() - began)

    def _execute(self, command, log, environment):
        with open(log, "wb") as out:
            return subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=environment,
                                  cwd=places.ROOT, check=False, preexec_fn=die_with_parent).returncode


def read_junit(title, xml, status, log, seconds):
    result = Result(title, seconds=seconds, log=log)
    if xml.exists():
        for case in ElementTree.parse(xml).iter("testcase"):
            bad = case.find("failure") if case.find("failure") is not None else case.find("error")
            if bad is not None:
                result.failed += 1
                result.failures.append(f"{case.get('classname')}::{case.get('name')}\n{(bad.text or bad.get('message') or '').strip()}")
            elif case.find("skipped") is not None:
                result.skipped += 1
            else:
                result.passed += 1
    if status not in (0, 1, 5) or not xml.exists() or (status == 1 and not result.failed):
        result.failed += 1
        result.failures.append(f"{title}: pytest ended with status {status}\n{log.read_text(errors='replace')[-4000:]}")
    return result


def read_odoo_log(title, log, status, seconds):
    """Count what Odoo's runner says; an error outside any test (a broken view, say) is a failure, too."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", log.read_text(errors="replace"))
    result = Result(title, seconds=seconds, log=log)
    counts = re.findall(r"(\d+) failed, (\d+) error\(s\) of (\d+) tests when loading database", text)
    result.skipped = len(re.findall(r"^\S+ \S+ \d+ INFO \S+ \S+: skipped ", text, re.M))
    if counts:
        failed, errors, total = map(int, counts[-1])
        result.failed = failed + errors
        result.passed = max(0, total - result.failed - result.skipped)
    blocks = re.findall(r"^\S+ \S+ \d+ (?:ERROR|CRITICAL) .*?(?=^\d{4}-\d\d-\d\d |\Z)", text, re.M | re.S)
    if (status or not counts) and not result.failed:
        result.failed = 1
        blocks = blocks or [f"{title}: Odoo ended with status {status} without a result\n{text[-3000:]}"]
    if result.failed:
        result.failures = blocks
    return result


def report(results, began, verbose):
    """Print failures and the closing line; return the exit status."""
    for result in results:
        if result.failed:
            say(f"\n──── {result.title} ({result.log})")
            for failure in result.failures:
                say(failure if verbose else "\n".join(failure.splitlines()[:60]))
            if verbose:
                say(result.log.read_text(errors="replace"))
    passed, failed, skipped = (sum(getattr(result, kind) for result in results) for kind in ("passed", "failed", "skipped"))
    say(f"\n{time.monotonic() - began:.0f} s")
    if not passed and not failed:
        say("psa: nothing ran.")
        failed = 1
    say(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0
