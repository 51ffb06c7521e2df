"""Invoices: 500 contracts with five lines beside OCA's contract and beside the invoices alone, and lines with many rows of the ledger.

`./psa bench --billing`. See bench/README.md.
"""
import datetime
import statistics
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from bench.databases import PREFIX, BenchError, fingerprint

ROOT = Path(__file__).resolve().parent.parent
# Rows of the ledger behind each line of an invoice, and how many invoices are made with so many.
CLIENTS = 500
SCALES = ((1, CLIENTS), (20, 200), (200, 50))
LINES = 5
ROUNDS = 5
# Of the speed of the invoices alone.
FLOOR = 0.9
# Two workers against one.
TWO = 1.7
FIRST_MONTH = datetime.date(2020, 1, 1)


@dataclass
class Row:
    """What was measured with so many rows behind each line: seconds of each round."""

    rows: int
    invoices: int
    plain: list = field(default_factory=list)
    plan: list = field(default_factory=list)
    post: list = field(default_factory=list)
    two: list = field(default_factory=list)
    oca: list = field(default_factory=list)
    queries: int = 0

    @property
    def ours(self):
        """Planning and making the invoices, by round."""
        return [plan + post for plan, post in zip(self.plan, self.post, strict=True)]

    @property
    def of_floor(self):
        """Our speed as a share of the speed of the invoices alone; the median of the rounds, each beside the other."""
        return statistics.median(plain / ours for plain, ours in zip(self.plain, self.ours, strict=True))

    @property
    def of_one(self):
        """The speed of two workers as a multiple of one's."""
        return statistics.median(one / two for one, two in zip(self.post, self.two, strict=True))


def missed(measured):
    """Return what of the reach is missed, as sentences."""
    sentences = []
    for row in measured:
        what = f"{row.rows} rows a line"
        if row.of_floor < FLOOR:
            sentences.append(f"{what}: {row.of_floor:.2f} of the speed of the invoices alone, instead of at least {FLOOR}")
        if row.of_one < TWO:
            sentences.append(f"{what}: two workers are {row.of_one:.2f} times as fast as one, instead of at least {TWO}")
    return sentences


def table(measured):
    """Return the result as lines of Markdown."""
    lines = [
        "| rows a line | invoices | alone ms | ours ms | of it planning | of the floor | ≥ 0.9 | two workers ms | two ÷ one | ≥ 1.7 "
        "| OCA ms | ours ÷ OCA | queries |",
        "|--:|--:|--:|--:|--:|--:|:-:|--:|--:|:-:|--:|--:|--:|",
    ]
    for row in measured:
        alone, ours, plan, two = (
            _each(row, seconds) for seconds in (row.plain, row.ours, row.plan, row.two)
        )
        oca = _each(row, row.oca) if row.oca else None
        lines.append(
            f"| {row.rows} | {row.invoices} | {alone:.1f} | {ours:.1f} | {plan:.1f} | {row.of_floor:.2f} | {_met(row.of_floor >= FLOOR)} | "
            f"{two:.1f} | {row.of_one:.2f} | {_met(row.of_one >= TWO)} | {f'{oca:.1f}' if oca else '–'} | "
            f"{f'{ours / oca:.2f}' if oca else '–'} | {row.queries / row.invoices:.1f} |"
        )
    return lines


def run(bench, worker_class, options):
    """Make the databases there are none of from the present sources, measure, print; return the exit status."""
    bench.unpack_wheels()
    rounds = options.rounds or (3 if options.quick else ROUNDS)
    most = max(options.sizes or [CLIENTS])
    scales = [(rows, min(invoices, most)) for rows, invoices in SCALES if not options.quick or rows < 200]
    names = {side: f"{PREFIX}{side}_run" for side in ("billing", "contract")}
    for side, name in names.items():
        bench.cluster.clone(_database(bench, worker_class, side), name)
    workers = []
    measured = []
    try:
        first, second = (worker_class(bench, "billing", names["billing"]) for _number in range(2))
        oca = worker_class(bench, "contract", names["contract"])
        workers = [first, second, oca]
        months = _months()
        for rows, invoices in scales:
            row = Row(rows, invoices)
            for number in range(-1, rounds):  # the first one fills the caches
                bench.say(f"{rows} rows a line, {invoices} invoices: {'warming' if number < 0 else f'round {number + 1} of {rounds}'}")
                found = _round(first, second, oca if rows == 1 else None, months, row, number)
                if number >= 0:
                    for name, seconds in found.items():
                        getattr(row, name).append(seconds)
            measured.append(row)
    finally:
        for worker in workers:
            worker.close()
        for name in names.values():
            bench.cluster.drop(name)
    lines, sentences = table(measured), missed(measured)
    print("\n".join(lines))
    for sentence in sentences:
        print(f"MISSED: {sentence}")
    if options.save:
        _save(lines, sentences)
    return 1 if sentences else 0


def _round(first, second, oca, months, row, number):
    """Measure each way once; each round begins with another one, so that whatever else the machine does hits all alike."""
    found = {}

    def plain():
        found["plain"] = _step(first, "plain", month=next(months), invoices=row.invoices, rows=row.rows)["seconds"]

    def ours():
        found["plan"] = _plan(first, months, row)
        answer = _step(first, "post")
        found["post"] = answer["seconds"]
        row.queries = answer["queries"]
        _check(first, row)

    def two():
        _plan(first, months, row)
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda worker: _step(worker, "post"), (first, second)))
        found["two"] = max(answer["seconds"] for answer in answers)
        _check(first, row)

    def contracts():
        answer = _step(oca, "bill", until=next(months), invoices=row.invoices)
        if answer["invoices"] < row.invoices:
            raise BenchError(f"OCA's contract made {answer['invoices']} invoices instead of {row.invoices}")
        found["oca"] = answer["seconds"] * row.invoices / answer["invoices"]

    ways = [plain, ours, two] + ([contracts] if oca else [])
    for position in range(len(ways)):
        ways[(number + position) % len(ways)]()
    return found


def _plan(worker, months, row):
    month = next(months)
    _step(worker, "rows", month=month, contracts=row.invoices, rows=row.rows)
    answer = _step(worker, "plan", until=_last_day(month))
    if answer["lines"] != row.invoices:
        raise BenchError(f"{answer['lines']} invoices were planned instead of {row.invoices}")
    return answer["seconds"]


def _check(worker, row):
    answer = _step(worker, "check", rows=row.rows)
    expected = {"state": "done", "invoices": row.invoices, "items": row.invoices * LINES * row.rows, "wrong": 0}
    if {name: answer[name] for name in expected} != expected:
        raise BenchError(f"the run made {answer} instead of {expected}")


def _step(worker, step, **arguments):
    return worker.ask("step", step=step, arguments=arguments)


def _months():
    """Yield the first days of one month after the other, as texts."""
    month = FIRST_MONTH
    while True:
        yield month.isoformat()
        month = (month + datetime.timedelta(days=31)).replace(day=1)


def _last_day(month):
    following = (datetime.date.fromisoformat(month) + datetime.timedelta(days=31)).replace(day=1)
    return (following - datetime.timedelta(days=1)).isoformat()


def _each(row, seconds):
    """Return the median of milliseconds an invoice."""
    return statistics.median(seconds) * 1000 / row.invoices


def _met(is_met):
    return "yes" if is_met else "NO"


def _database(bench, worker_class, side):
    maker = (ROOT / "bench" / "sides" / "billing.py").read_text(encoding="utf-8")
    key = fingerprint(bench.addons_of(side), maker, bench.cluster.identity(bench.settings.base_database))
    name = f"{PREFIX}{side}_{key}"
    if bench.cluster.exists(name):
        return name
    for stale in bench.cluster.names():
        if stale.startswith(f"{PREFIX}{side}_"):
            bench.cluster.drop(stale)
    scratch = f"{PREFIX}{side}_making"
    bench.cluster.clone(bench.settings.base_database, scratch)
    bench.install(side, scratch)
    bench.say(f"{side}: making contracts")
    worker = worker_class(bench, side, scratch)
    try:
        _step(worker, "seed")
    finally:
        worker.close()
    bench.cluster.freshen(scratch)
    bench.cluster.rename(scratch, name)
    return name


def _save(lines, sentences):
    path = ROOT / "bench" / "results" / "billing.md"
    text = [
        "# Invoices, latest saved run",
        "",
        f"Measured on {datetime.date.today().isoformat()} on two cores shared with other work; see ../README.md for how to read it.",
        "",
        *lines,
        "",
        *(f"- **missed**: {sentence}" for sentence in sentences),
    ]
    path.write_text("\n".join(text).rstrip() + "\n", encoding="utf-8")
