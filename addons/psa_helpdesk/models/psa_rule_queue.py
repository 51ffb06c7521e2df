from contextlib import contextmanager
from typing import NamedTuple
from weakref import WeakKeyDictionary

_QUEUES = WeakKeyDictionary()
_LEFT_OVER = "psa.rules"


class Event(NamedTuple):
    """Something that happened to a ticket and may concern a rule."""

    name: str
    ticket_id: int
    details: dict
    chain: tuple  # ids of the rules that led to it


class RuleQueue:
    """What happened in this transaction that no rule was asked about yet.

    A step is one call that changes tickets, with all that follows from it: creating, writing, posting, taking in a mail. What
    happens in a step is collected, and rules run once at its end. What happens outside of any step waits for the transaction's
    precommit hooks, and is forgotten with what is rolled back. All this lives here, out of reach of what a caller can say.
    """

    __slots__ = ("__weakref__", "acted", "chain", "depth", "events", "has_changes")

    def __init__(self):
        self.depth = 0
        self.events = []
        self.has_changes = False  # some are noted only when they go to the database
        self.chain = ()
        self.acted = {(): frozenset()}  # pairs of rule and ticket that acted in each chain

    @classmethod
    def of(cls, cr):
        """Return the queue of a cursor."""
        queue = _QUEUES.get(cr)
        if queue is None:
            queue = _QUEUES[cr] = cls()
        return queue

    @contextmanager
    def step(self, env):
        """Collect what happens meanwhile; at the end of the outermost step the rules run. What fails has not happened."""
        mark = len(self.events)
        self.depth += 1
        try:
            yield
            if self.depth == 1:
                env["psa.rule"]._run_pending(self)
        except BaseException:
            del self.events[mark:]
            raise
        finally:
            self.depth -= 1
            if not self.depth:
                self.acted, self.has_changes = {(): frozenset()}, False

    @contextmanager
    def chained(self, chain, pairs):
        """Note for what happens meanwhile that these rules led to it."""
        before = self.chain
        self.acted[chain] = self.acted.get(chain, frozenset()) | self.acted.get(chain[:-1], frozenset()) | frozenset(pairs)
        self.chain = chain
        try:
            yield
        finally:
            self.chain = before

    @contextmanager
    def taking_back(self):
        """Forget what was noted meanwhile when it fails: for whoever takes it back in the database."""
        mark = len(self.events)
        try:
            yield
        except BaseException:
            del self.events[mark:]
            raise

    @contextmanager
    def guarded(self, cr):
        """Take back what fails: in the database, and what was noted of it here."""
        # A savepoint runs the hooks of the transaction first; what these note was there before.
        cr.flush()
        with self.taking_back(), cr.savepoint():
            yield

    def add(self, env, name, ticket_id, details):
        """Note that something happened to a ticket."""
        event = Event(name, ticket_id, details, self.chain)
        if self.depth:
            self.events.append(event)
            return
        data = env.cr.precommit.data
        if _LEFT_OVER not in data:
            data[_LEFT_OVER] = []
            env.cr.precommit.add(lambda: self._run_left_over(env))
        data[_LEFT_OVER].append(event)

    def take(self):
        """Return what is noted, and forget it."""
        events, self.events = self.events, []
        return events

    def _run_left_over(self, env):
        events = env.cr.precommit.data.pop(_LEFT_OVER, [])
        if self.depth:
            self.events += events
            return
        with self.step(env(user=1, su=True, context={})):
            self.events += events
