"""Odoo's command line for the tests of an addon: one process loads Odoo, and those that it forks share the test classes.

$PSA_TEST_DATABASES names a database for each process, $PSA_TEST_LOG a file beside which each writes down what it does; all of it is
in the output in the end. One database: one process, no fork.
"""
import collections
import ctypes
import gc
import json
import logging
import os
import shutil
import signal
import sys
import threading
import weakref

import freezegun.api
import odoo.orm.environments
import odoo.tests.loader
import set_ups
import sharing_out
from odoo import sql_db
from odoo.cli.command import main
from odoo.orm.registry import Registry
from odoo.service import server
from odoo.tests.result import OdooTestResult, Stat
from odoo.tools import OrderedSet, config

_logger = logging.getLogger("odoo.tests.shared")
COUNTS = ("testsRun", "failures_count", "errors_count", "skipped")


class SharedSuite(set_ups.StagedSuite):
    """The tests of the classes that this process gets, which it learns one by one."""

    def __init__(self, suite, shares, process):
        super().__init__(suite)
        self.shares, self.process = shares, process

    def __iter__(self):
        tests = by_class(self._tests)
        while name := self.shares.take(self.process):
            yield from tests[name]


def by_class(tests):
    """Return {name of a class: its tests}."""
    found = {}
    for test in tests:
        found.setdefault(f"{type(test).__module__}.{type(test).__qualname__}", []).append(test)
    return found


run_suite = odoo.tests.loader.run_suite


def run_side_by_side(suite, global_report=None):
    """Run the tests in forked processes, and return what these count together."""
    databases = os.environ.get("PSA_TEST_DATABASES", "").split()
    gc.collect()
    gc.freeze()  # the registry and all code: not to be looked through again and again
    if len(databases) < 2 or not suite.countTestCases():
        return run_suite(suite, global_report)
    shares = sharing_out.Shares({
        name: (len(tests), set_ups.names(type(tests[0]))) for name, tests in by_class(suite).items()
    })
    sql_db.close_all()  # a connection cannot be shared
    sys.stdout.flush()
    sys.stderr.flush()
    processes = [Process(number, name) for number, name in enumerate(databases, 1)]
    for process in processes:
        process.start(lambda process: SharedSuite(suite, shares, process.number), global_report)
    total = OdooTestResult(global_report=global_report)
    for process in processes:
        total.update(process.wait())
    return total


class Process:
    """One forked process, with a database and a log of its own.

    :param int number: counted from one
    :param name: its database
    """

    def __init__(self, number, name):
        self.number, self.database = number, name
        self.log = f"{os.environ['PSA_TEST_LOG']}.{number}"

    def start(self, make_suite, global_report):
        read, write = os.pipe()
        self.pid = os.fork()
        if self.pid:
            os.close(write)
            self.report = os.fdopen(read, encoding="utf-8")
            return
        status = 1
        try:
            self._become_the_process()
            result = run_suite(make_suite(self), global_report)
            stats = [[test, *stat] for test, stat in result.stats.items()]
            with os.fdopen(write, "w", encoding="utf-8") as report:
                json.dump([{name: getattr(result, name) for name in COUNTS}, stats], report)
            status = 0
        except BaseException:
            _logger.exception("The process for %s broke off.", self.database)
        finally:
            logging.shutdown()
            os._exit(status)

    def _become_the_process(self):
        """Be on a database, a log and a port of its own; the forked registry is right, since the databases are copies of one."""
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # end with the one that forked us
        log = os.open(self.log, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o644)
        os.dup2(log, 1)
        os.dup2(log, 2)
        registry = Registry.registries[config["db_name"][0]]
        Registry.delete(registry.db_name)
        Registry.registries[self.database] = registry
        registry.db_name = threading.current_thread().dbname = self.database
        registry._db = sql_db.db_connect(self.database)
        config["db_name"] = [self.database]
        config["dbfilter"] = f"^{self.database}$"
        # The thread that served was not forked.
        server.server.httpd.socket.close()
        server.server.port = 0
        server.server.http_spawn()
        config["http_port"] = server.server.httpd.server_port

    def wait(self):
        """Return what the process has counted once it is done; that it broke off counts as an error."""
        with self.report:
            text = self.report.read()
        _pid, status = os.waitpid(self.pid, 0)
        with open(self.log, encoding="utf-8", errors="replace") as log:
            shutil.copyfileobj(log, sys.stderr)
        result = OdooTestResult()
        try:
            counts, stats = json.loads(text)
            for name in COUNTS:
                setattr(result, name, counts[name])
            result.stats.update((test, Stat(*stat)) for test, *stat in stats)
        except ValueError:
            result.errors_count = 1
            _logger.error("The process for %s ended with status %s before its tests did.", self.database, status)
        return result


class SysOfFreezegun:
    """What freezegun sees as `sys`: it looks through all modules whenever time is stopped, and few of some thousand know of time."""

    def __init__(self):
        self.count, self.found = 0, {}
        self.seen = {}  # name -> (module, how many names there were in it, whether one of them is about time)
        self.about_time = {
            id(value) for name, value in vars(freezegun.api).items() if name.startswith(("real_", "fake_", "Fake")) and value is not None
        }

    @property
    def modules(self):
        if len(sys.modules) == self.count:
            return self.found
        self.count, self.found = len(sys.modules), {}
        for name, module in list(sys.modules.items()):
            size = len(getattr(module, "__dict__", ()))
            if (seen := self.seen.get(name)) is None or seen[0] is not module or seen[1] != size:
                values = freezegun.api._get_module_attributes(module)
                seen = self.seen[name] = module, size, any(id(value) in self.about_time for _name, value in values)
            if seen[2]:
                self.found[name] = module
        return self.found


class KeptEnvironments(weakref.WeakSet):
    """The environments of a transaction; the latest fifty stay until their test is over.

    Else the garbage collector takes them at a moment of its own, and who asks next finds his user and company read or has to read
    them: the same code took ten queries or twelve.
    """

    def __init__(self):
        self.latest = collections.deque(maxlen=50)
        super().__init__()
        self.data = OrderedSet()  # in their order, as Odoo has them

    def add(self, env):
        self.latest.append(env)
        super().add(env)

    def clear(self):
        self.latest.clear()
        super().clear()


def make_transaction(transaction, registry, init=odoo.orm.environments.Transaction.__init__):
    init(transaction, registry)
    transaction.envs = KeptEnvironments()


freezegun.api.sys = SysOfFreezegun()
freezegun.api._get_module_attributes_hash = lambda module: f"{id(module)}-{len(module.__dict__)}"  # not of all its sorted names
odoo.orm.environments.Transaction.__init__ = make_transaction
odoo.tests.loader.make_suite = set_ups.make_staged_suite
odoo.tests.loader.run_suite = run_side_by_side

if __name__ == "__main__":
    main()
