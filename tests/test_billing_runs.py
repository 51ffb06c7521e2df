"""Billing runs invoice each row exactly once: killed at any moment, with two workers, with two people who press the button at once.

By default a seeded sample; more with ``./psa test --thorough``.
"""

import json
import os
import random
import select
import signal
import subprocess
from itertools import count
from pathlib import Path

import pytest
from harness import scratch, setting

THOROUGH = bool(os.environ.get("PSA_THOROUGH"))
POSTER = Path(__file__).parent / "posting.py"
KILLED = -signal.SIGKILL
CLIENTS, ROWS = 6, 3
NUMBERS = count()


class Books:
    """A company with released work, and processes that invoice it."""

    def __init__(self, server):
        self.server = server
        self.company = self.do("seed", name=f"run{next(NUMBERS)}", clients=CLIENTS, rows=ROWS)["company"]

    def process(self, do, **options):
        """Start a process."""
        conf = scratch("conf") / f"{self.server.name}.conf"
        options = {"do": do, "company": getattr(self, "company", None), **options}
        return subprocess.Popen(
            [setting("PSA_PYTHON"), str(POSTER), str(conf), self.server.db, json.dumps(options)],
            stdout=subprocess.PIPE, stderr=self.server.log.open("ab"), stdin=subprocess.PIPE, start_new_session=True,
            cwd=scratch("conf"), text=True,
        )

    def together(self, *several):
        """Start a process for each of these options, and return them as soon as all have loaded the suite and begin."""
        processes = [self.process(meet=True, **options) for options in several]
        for process in processes:
            ready, __, __ = select.select([process.stdout], [], [], 240)
            assert ready, self.server.log_tail()
            assert process.stdout.readline(), self.server.log_tail()
        for process in processes:
            print(file=process.stdin, flush=True)
        return processes

    def do(self, do, expect=0, **options):
        """Have a process do something and wait for its end; return its answer."""
        process = self.process(do, **options)
        answer, __ = process.communicate(timeout=240)
        assert process.returncode == expect, self.server.log_tail()
        return json.loads(answer) if answer else None

    def query(self, statement):
        return self.server.query(statement.replace("%company", str(self.company)))

    def moves(self):
        """Return how many invoices there are, and how many lines with a product they have."""
        ((moves, lines),) = self.query(
            "SELECT count(DISTINCT move.id), count(line.id) FROM account_move AS move "
            "LEFT JOIN account_move_line AS line ON line.move_id = move.id AND line.display_type = 'product' "
            "WHERE move.company_id = %company")
        return moves, lines

    def states(self):
        """Return how many rows are in each state."""
        return dict(self.query("SELECT state, count(*) FROM psa_billing_item WHERE company_id = %company GROUP BY state"))

    def assert_each_row_is_invoiced_once(self):
        assert self.states() == {"invoiced": CLIENTS * ROWS}
        assert self.moves() == (CLIENTS, CLIENTS * ROWS), "no invoice, no line more than that"
        wrong = self.query(
            "SELECT move.id FROM account_move AS move WHERE move.company_id = %company AND move.amount_untaxed <> "
            "(SELECT sum(amount) FROM psa_billing_item AS item WHERE item.move_id = move.id)")
        assert not wrong, "each invoice charges its rows"
        assert self.query(
            "SELECT count(*), count(DISTINCT move_line_id) FROM psa_billing_item WHERE company_id = %company"
        ) == [(CLIENTS * ROWS, CLIENTS * ROWS)]

    def assert_nothing_half_done(self):
        """Whatever was made so far is whole: a row is invoiced if and only if it is on an invoice."""
        moves, lines = self.moves()
        states = self.states()
        assert states.get("invoiced", 0) == lines == moves * ROWS
        assert self.query("SELECT count(*) FROM psa_billing_run_line WHERE company_id = %company AND state = 'done'") == [(moves,)]


@pytest.fixture
def books(server):
    return Books(server)


def test_two_people_press_at_once(books):
    people = books.together({"do": "press"}, {"do": "press"})
    answers = [json.loads(person.communicate(timeout=240)[0]) for person in people]

    assert [person.returncode for person in people] == [0, 0], books.server.log_tail()
    assert sorted("run" in answer for answer in answers) == [False, True], "one of them finds the work taken"
    books.assert_each_row_is_invoiced_once()


def test_two_workers_share_a_run(books):
    books.do("plan")

    workers = books.together(*[{"do": "post", "batch": 1} for __ in range(2)])
    for worker in workers:
        worker.communicate(timeout=240)

    assert [worker.returncode for worker in workers] == [0, 0], books.server.log_tail()
    books.assert_each_row_is_invoiced_once()
    assert books.query("SELECT state FROM psa_billing_run WHERE company_id = %company") == [("done",)]


def test_killed_while_planning(books):
    books.do("plan", expect=KILLED, statement=12)
    assert books.query("SELECT count(*) FROM psa_billing_run WHERE company_id = %company") == [(0,)]

    books.do("plan")
    books.do("post")

    books.assert_each_row_is_invoiced_once()


def test_killed_anywhere_while_posting(books):
    """Each time another process dies before some statement, the next one goes on."""
    assert books.do("plan")["lines"] == CLIENTS
    chance = random.Random(6)
    for __ in range(40 if THOROUGH else 5):
        process = books.process("post", batch=2, statement=chance.randint(3, 180))
        process.communicate(timeout=240)
        assert process.returncode in (0, KILLED), books.server.log_tail()
        books.assert_nothing_half_done()

    books.do("post")

    books.assert_each_row_is_invoiced_once()
    assert books.query("SELECT state FROM psa_billing_run WHERE company_id = %company") == [("done",)]


@pytest.mark.skipif(not THOROUGH, reason="with --thorough")
@pytest.mark.parametrize("seed", range(10))
def test_storm(server, seed):
    """Two workers at once, killed again and again, while somebody presses the button."""
    books = Books(server)
    books.do("plan")
    chance = random.Random(seed)
    for __ in range(4):
        workers = [{"do": "post", "batch": 1, "statement": chance.randint(3, 400)} for __ in range(2)]
        processes = books.together(*workers, {"do": "press"})
        for process in processes:
            process.communicate(timeout=240)
        assert all(process.returncode in (0, KILLED) for process in processes), books.server.log_tail()
        books.assert_nothing_half_done()

    books.do("post")

    books.assert_each_row_is_invoiced_once()
