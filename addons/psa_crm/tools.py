"""What jobs of every addon need."""

import random
import time

from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

# Who collides with somebody who works on the same rows tries so often at once.
COLLISIONS = 5
# Seconds he waits at most, longer each time.
PAUSE = 0.1


def despite_collisions(env, step):
    """Run a step of a job, again from the start if it collides with another transaction.

    Odoo begins requests anew by itself; for a job it only notes that it failed, and what was due waits for its next run. The
    step is the first one of its transaction: commit before, since what was done in it is taken back with it. It writes to the
    database what it has to write (``flush_all``), so that a collision is found inside of it.

    :return: what the step returns
    """
    for collisions in range(1, COLLISIONS):
        try:
            return step()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            env.cr.rollback()
            time.sleep(random.uniform(PAUSE / 2, PAUSE) * collisions)  # noqa: S311
    return step()
