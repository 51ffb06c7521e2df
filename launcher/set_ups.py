"""Test classes that begin with the same set-up take it over from each other.

An addon's test classes begin with what its `common.py` sets up: companies, people, a desk. That takes longer than most tests, and
Odoo does it anew for each class. Here it is done once; each class then works behind a savepoint of its own, and what it did is
taken back when it ends, as Odoo does it for each test. Started by Odoo alone the tests do the same, only slower.
"""
import ast
import collections
import contextlib
import copy
import functools
import inspect
import os
import textwrap
import time
import weakref

import odoo.tests.loader
from odoo.sql_db import Savepoint
from odoo.tests.suite import OdooSuite

OURS = "odoo.addons.psa"
# What a class may say for itself without changing what the set-up below it makes.
PRIVATE = {"setUp", "tearDown", "setUpClass", "tearDownClass", "test_module", "test_tags", "test_sequence", "_logger",
           "_class_cleanups", "_classSetupFailed"}
# SQL's now() is the begin of the transaction: a set-up older than this is made anew, so that it stays about what the clock says.
OLD_SECONDS = 45
CALLBACKS = ("precommit", "postcommit", "prerollback", "postrollback")


class Stage:
    """The set-up of a common base of test classes, kept for the classes that follow.

    :param base: the class whose `setUpClass` makes it
    """

    live = []  # those in use, each made on top of the one before it

    def __init__(self, base):
        self.base = base
        self.set_up = vars(base)["setUpClass"].__func__
        self.holder = None
        base.setUpClass = classmethod(lambda cls: self.lend(cls) if stage_of(cls) is self else self.set_up(cls))

    def _make(self):
        """Have a class without tests make the set-up, and keep it as it stands then."""
        self.holder = holder = type(self.base.__name__, (self.base,), {"__module__": self.base.__module__})
        holder.stage = stage_of(self.base)
        before = set(vars(holder))
        try:
            self.set_up(holder)
            holder.cr.flush()  # with what waits for the commit: the tracking of the data, above all
        except BaseException:
            holder.doClassCleanups()
            raise
        self.values = {name: value for name, value in vars(holder).items() if name not in before}
        self.made_at = time.monotonic()
        self.live.append(self)

    def lend(self, borrower):
        """Give a class what the set-up has made, until its own clean-up."""
        if self not in self.live:
            self._make()
        for name, value in self.values.items():
            setattr(borrower, name, value)
        borrower.addClassCleanup(self._remember(borrower))

    def _remember(self, borrower):
        """Return what brings everything back to how it is now."""
        cr, registry, transaction = self.holder.cr, self.holder.registry, self.holder.env.transaction
        invalidated, sequence, cache_sequences = registry.registry_invalidated, registry.registry_sequence, dict(registry.cache_sequences)
        default, envs = transaction.default_env, weakref.WeakSet(transaction.envs)
        callbacks = {name: (list(getattr(cr, name)._funcs), copy.deepcopy(getattr(cr, name).data)) for name in CALLBACKS}
        # The very same lists, as patches of the set-up may add to them; what a class has added is taken out again.
        kept = [(value, copy.copy(value)) for value in self.values.values() if type(value) in (dict, list, set)]
        savepoint = Savepoint(cr)

        def take_back():
            savepoint.close()
            for value, before in kept:
                value.clear()
                value.extend(before) if isinstance(value, list) else value.update(before)
            cr.clear()
            transaction.default_env = default
            known = list(envs)
            transaction.envs.clear()
            transaction.envs.update(known)
            for name, (functions, data) in callbacks.items():
                getattr(cr, name)._funcs = collections.deque(functions)
                getattr(cr, name).data = data
            if registry.registry_invalidated or registry.registry_sequence != sequence:
                registry._setup_models__(cr)  # with the fields that the set-up has made, if any
            registry.registry_invalidated, registry.registry_sequence = invalidated, sequence
            registry.cache_sequences = cache_sequences
            with borrower.muted_registry_logger:
                registry.clear_all_caches()
            registry.cache_invalidated.clear()

        return take_back

    @classmethod
    def leave(cls, wanted=()):
        """End what is not wanted, and what is too old to last for another class."""
        old = any(time.monotonic() - stage.made_at > OLD_SECONDS for stage in cls.live)
        while cls.live and (old or cls.live[-1] not in wanted):
            holder = cls.live.pop().holder
            holder.doClassCleanups()
            for _kind, error, _traceback in holder.tearDown_exceptions:
                raise error


stages = {}  # base -> its Stage


@functools.cache
def stage_of(klass):
    """Return the topmost stage a class can take over, if any."""
    if "stage" in vars(klass):
        return klass.stage
    mro = klass.__mro__
    for position, base in enumerate(mro[1:], 1):
        if base in stages and mro[position:] == base.__mro__ and not _changes(mro[:position], base):
            return stages[base]
    return None


def _changes(above, base):
    """Tell whether classes above the base of a set-up have a say in what it makes."""
    said = {name for klass in above for name in vars(klass) if not name.startswith(("__", "test_"))} - PRIVATE
    return (
        any(said & vars(klass).keys() for klass in base.__mro__)
        or "standard" not in above[0].test_tags  # such a test may reach the network
        or not all(map(_begins_with_super, above))
    )


def _begins_with_super(klass):
    """Tell whether the class does nothing before the set-up of its base: no patch that this would meet, no stopped clock."""
    if "setUpClass" not in vars(klass):
        return True
    set_up = vars(klass)["setUpClass"].__func__
    if (stage := stages.get(klass)) is not None:
        set_up = stage.set_up
    if set_up.__module__ != klass.__module__:  # that of a decorator
        return False
    body = ast.parse(textwrap.dedent(inspect.getsource(set_up))).body[0].body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    return ast.unparse(body[0]) in {"super().setUpClass()", f"super({klass.__name__}, cls).setUpClass()"}


def chain(klass):
    """Return the stages that a class begins with, each on top of the one before it."""
    found, stage = [], stage_of(klass)
    while stage:
        found.append(stage)
        stage = stage_of(stage.base)
    return found[::-1]


def names(klass):
    """Return the names of the set-ups that a class begins with."""
    return tuple(f"{stage.base.__module__}.{stage.base.__qualname__}" for stage in chain(klass))


def find(classes):
    """Keep the set-ups that several of the test classes begin with."""
    users = collections.Counter(
        base for klass in classes for base in klass.__mro__[1:]
        if base.__module__.startswith(OURS) and "setUpClass" in vars(base)
    )
    stages.update((base, Stage(base)) for base, count in users.items() if count > 1 and base not in stages)


class StagedSuite(OdooSuite):
    """Leaves a set-up when a class comes that does not begin with it."""

    def has_http_case(self):
        """Odoo asks this to build the pages, which takes seconds even if they are there."""
        return not os.environ.get("PSA_TEST_PAGES") and super().has_http_case()

    def _handleClassSetUp(self, test, result):
        if type(test) is not result._previousTestClass:
            with self._reported(test, result):
                Stage.leave(chain(type(test)))
        super()._handleClassSetUp(test, result)
        if type(test) is not result._previousTestClass and not type(test)._classSetupFailed and getattr(test, "cr", None):
            # How PostgreSQL checks foreign keys it plans once for a connection. Planned while a table was small, the checks go
            # through all that earlier tests have left in it, row by row: a second of work became half a minute.
            test.cr._obj.execute("DISCARD PLANS")

    def run(self, result, debug=False):
        try:
            return super().run(result, debug)
        finally:
            with self._reported(None, result):
                Stage.leave()

    @contextlib.contextmanager
    def _reported(self, test, result):
        try:
            yield
        except Exception as error:
            self._createClassOrModuleLevelException(result, error, "tearDownClass", f"of the set-up before {test or 'the end'}")


make_suite = odoo.tests.loader.make_suite


def make_staged_suite(*args, **kwargs):
    """Put classes that begin with the same set-up side by side."""
    tests = list(make_suite(*args, **kwargs))
    classes = dict.fromkeys(map(type, tests))
    find(classes)
    order = {klass: names(klass) for klass in classes}
    return StagedSuite(sorted(tests, key=lambda test: (getattr(test, "test_sequence", 0), order[type(test)])))
