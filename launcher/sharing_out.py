"""Test classes shared out over processes: each takes the next when it is done with one, so that all end at about the same time."""
import contextlib
import fcntl
import itertools
import json
import os
import tempfile
from collections import Counter


def choose(left, here, elsewhere):
    """Return the class that a process takes next: one whose set-up it has already, and of those the largest.

    :param dict left: the classes that nobody has taken: name -> (how many tests, names of the set-ups it begins with)
    :param here: the set-ups that the process has made for its last class
    :param elsewhere: the set-ups that each of the others has made
    """
    tests = Counter()
    for count, set_ups in left.values():
        tests[set_ups] += count
    others = Counter(elsewhere)

    def worth(name):
        count, set_ups = left[name]
        return common(here, set_ups), tests[set_ups] / (1 + others[set_ups]), count

    return max(sorted(left), key=worth)


def common(one, other):
    """Return how many set-ups two lists of them begin with together."""
    return sum(1 for _same in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


class Shares:
    """What is taken, known to all processes that are forked from the one that made this.

    :param dict classes: name -> (how many tests, names of the set-ups it begins with)
    """

    def __init__(self, classes):
        self.classes = classes
        self.file = tempfile.TemporaryFile()  # noqa: SIM115  as long as there are processes

    @contextlib.contextmanager
    def _alone(self):
        # Of POSIX: a lock of flock() would be shared by the forked processes.
        fcntl.lockf(self.file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.lockf(self.file, fcntl.LOCK_UN)

    def taken(self):
        """Return [process, class] of all that was taken, in this order."""
        number = self.file.fileno()
        return [json.loads(line) for line in os.pread(number, os.fstat(number).st_size, 0).splitlines()]

    def take(self, process):
        """Return a class that nobody else gets, or None when there is no more."""
        with self._alone():
            taken = self.taken()
            left = {name: about for name, about in self.classes.items() if name not in {name for _process, name in taken}}
            if not left:
                return None
            last = {process: self.classes[name][1] for process, name in taken}
            name = choose(left, last.pop(process, ()), last.values())
            os.pwrite(self.file.fileno(), f"{json.dumps([process, name])}\n".encode(), os.fstat(self.file.fileno()).st_size)
            return name
