"""What people do with a help desk all day, at 10,000, 100,000 and 1,000,000 tickets with five entries each.

`./psa bench --desk`; sizes by --sizes. Where OCA's help desk has the like, it is asked the same at the sizes up to --oca-up-to.
See bench/README.md.
"""
import datetime
import statistics
from dataclasses import dataclass
from pathlib import Path

from bench import report
from bench.databases import PREFIX, made_once

ROOT = Path(__file__).resolve().parent.parent
SIZES = (10_000, 100_000, 1_000_000)
OCA_UP_TO = 100_000
# From the smallest to the largest size; what takes less than this at the largest is not judged, nobody could tell.
GROWTH = 2.0
GROWTH_FROM_MS = 20.0


@dataclass(frozen=True)
class Question:
    """Something somebody does, and how well it is to be done.

    :param people: who asks; keys of PEOPLE
    :param reach: the most milliseconds it may take at any size, median
    :param grows: it may take longer the more there is; what people do all day may not
    :param oca: the scenario of OCA's side that does the like
    :param counts: it answers with how many it found
    """

    name: str
    title: str
    people: tuple
    reach: float
    grows: bool = False
    oca: str | None = None
    times: int = 15
    counts: bool = True


PEOPLE = {
    "refused_few": "all but few clients",
    "need_to_know": "few clients",
    "borrower": "own and lent clients",
    "administrator": "administrator",
    "client": "client, on the portal",
}
STAFF = ("refused_few", "need_to_know", "borrower", "administrator")
EVERYBODY = tuple(PEOPLE)
QUESTIONS = (
    Question("create", "create one ticket", ("administrator",), 100, oca="create_one", counts=False),
    Question("create_promised", "create one ticket with a service level", ("administrator",), 150, counts=False),
    Question("similar", "what is open already, as one types the subject", EVERYBODY, 100),
    Question("reply", "add an entry", ("administrator",), 100, counts=False),
    Question("bulk_edit", "change 1,000 tickets by the dialog, twice", ("administrator",), 20_000, oca="bulk_edit", times=3, counts=False),
    Question("bulk_comment", "comment on 1,000 tickets by the dialog", ("administrator",), 20_000, times=3, counts=False),
    Question("open_form", "open the form", ("refused_few", "administrator"), 100, oca="open_form", counts=False),
    Question("history", "open the history of a ticket with 10,000 changes", ("refused_few", "administrator"), 1_000, times=5, counts=False),
    Question("rare", "search: a serial number", EVERYBODY, 300, oca="text_rare"),
    Question("nowhere", "search: a word that is nowhere", STAFF, 300),
    Question("uncommon", "search: an uncommon word", STAFF, 300, grows=True),
    Question("less_common", "search: a word of every third ticket", EVERYBODY, 1_000, grows=True),
    Question("common", "search: a word of nearly every ticket", EVERYBODY, 1_000, grows=True, oca="text_common"),
    Question("several", "search: three common words", STAFF, 1_000, grows=True),
    Question("phrase", "search: a phrase", STAFF, 1_000, grows=True),
    Question("excluded", "search: a common word without another", STAFF, 1_000, grows=True),
    Question("place", "search: in resolutions only", STAFF, 1_000, grows=True),
    Question("ranked", "search: best match first", STAFF, 1_000, grows=True),
    Question("list", "list of tickets with a common word, counted", STAFF, 1_000, grows=True),
    Question("board", "board of tickets with a rare word", STAFF, 300),
)


@dataclass(frozen=True)
class Measured:
    """Median and fastest time in milliseconds, queries and what was answered, at one size."""

    median: float
    fastest: float
    queries: int
    answer: int


def growth(by_size):
    """Return how many times as long the largest size takes as the smallest, or None where that says nothing."""
    sizes = sorted(by_size)
    if len(sizes) < 2 or by_size[sizes[-1]].median < GROWTH_FROM_MS:
        return None
    return by_size[sizes[-1]].median / by_size[sizes[0]].median


def missed(question, person, by_size):
    """Return what of the reach is missed, as sentences."""
    who = PEOPLE[person]
    sentences = [
        f"{question.title}, {who}, {size:,} tickets: {measured.median:.0f} ms instead of at most {question.reach:,.0f}"
        for size, measured in sorted(by_size.items()) if measured.median > question.reach
    ]
    sizes = sorted(by_size)
    grown = growth(by_size)
    if not question.grows and grown is not None and grown > GROWTH:
        sentences.append(f"{question.title}, {who}: takes {grown:.1f} times as long with {sizes[-1]:,} tickets as with {sizes[0]:,}")
    # A search that finds nothing is spared the queries that read what was found: only like is compared with like.
    alike = [size for size in sizes if not question.counts or bool(by_size[size].answer) == bool(by_size[sizes[-1]].answer)]
    if not question.grows and by_size[alike[-1]].queries > by_size[alike[0]].queries:
        sentences.append(
            f"{question.title}, {who}: {by_size[alike[0]].queries} queries with {alike[0]:,} tickets, "
            f"{by_size[alike[-1]].queries} with {alike[-1]:,}")
    return sentences


def table(rows, sizes, oca):
    """Return the result as lines of a Markdown table.

    :param rows: {(question, person): {size: Measured}}
    :param oca: {question name: {size: Measured}}
    """
    titles = " | ".join(f"{size:,}" for size in sizes)
    lines = [
        f"| what | who | ms at {titles} | growth | queries | hits | OCA, ms at the same size | reach | met |",
        "|---|---|" + "--:|" * (len(sizes) + 4) + "---|:-:|",
    ]
    for (question, person), by_size in rows.items():
        largest = by_size[max(by_size)]
        grown = growth(by_size)
        theirs = oca.get(question.name, {}) if person == question.people[-1] or len(question.people) == 1 else {}
        reach = f"≤ {question.reach:,.0f}" + ("" if question.grows else f", growth ≤ {GROWTH:g}")
        lines.append("| " + " | ".join([
            question.title, PEOPLE[person],
            *(f"{by_size[size].median:.1f}" if size in by_size else "–" for size in sizes),
            "–" if grown is None else f"{grown:.1f}",
            str(largest.queries),
            f"{largest.answer:,}" if question.counts else "–",
            " / ".join(f"{theirs[size].median:.1f}" for size in sizes if size in theirs) or "–",
            reach,
            "NO" if missed(question, person, by_size) else "yes",
        ]) + " |")
    return lines


def run(bench, worker_class, options):
    """Make the databases there are none of from the present sources, measure, print; return the exit status."""
    sizes = sorted(set(options.sizes or SIZES))
    questions = [question for question in QUESTIONS if not options.only or question.name in options.only]
    rows, oca = {}, {}
    for size in sizes:
        worker = worker_class(bench, "desk", _database(bench, worker_class, size))
        try:
            for question in questions:
                for person in question.people:
                    rows.setdefault((question, person), {})[size] = _ask(worker, question, person)
                bench.say(f"{size:,} tickets: measured: {question.title}")
        finally:
            worker.close()
    if any(question.oca for question in questions):
        for size in sizes:
            if size <= options.oca_up_to:
                _measure_oca(bench, questions, size, oca)
    lines = table(rows, sizes, oca)
    sentences = [sentence for (question, person), by_size in rows.items() for sentence in missed(question, person, by_size)]
    print("\n".join(lines))
    for sentence in sentences:
        print(f"MISSED: {sentence}")
    print(f"{len(rows)} rows, {len(sentences)} missed")
    if options.save:
        _save(sizes, lines, sentences)
    return 1 if sentences else 0


def explain(bench, worker_class, options):
    """Print the plans of the queries of one question instead."""
    person, _colon, question = options.explain.partition(":")
    worker = worker_class(bench, "desk", _database(bench, worker_class, max(options.sizes or SIZES)))
    try:
        worker.ask("ask", person=person, question=question, times=3)
        print("\n\n".join(worker.ask("explain", person=person, question=question)["plans"]))
    finally:
        worker.close()
    return 0


def _ask(worker, question, person):
    worker.ask("ask", person=person, question=question.name, times=3)  # fill the caches
    answer = worker.ask("ask", person=person, question=question.name, times=question.times)
    return Measured(
        statistics.median(answer["milliseconds"]), min(answer["milliseconds"]), answer["queries"], int(answer["answer"]))


def _measure_oca(bench, questions, size, oca):
    bench.unpack_wheels()
    worker = bench.open("oca", size)
    try:
        for question in questions:
            if not question.oca:
                continue
            worker.ask("run", scenario=question.oca, times=3)
            runs = worker.ask("run", scenario=question.oca, times=question.times)["runs"]
            milliseconds = [run["seconds"] * 1000 for run in runs]
            oca.setdefault(question.name, {})[size] = Measured(
                statistics.median(milliseconds), min(milliseconds), max(run["queries"] for run in runs), 0)
        bench.say(f"{size:,} tickets: measured OCA's help desk")
    finally:
        worker.close()
        bench.cluster.drop(f"{PREFIX}oca_run")


def _database(bench, worker_class, tickets):
    makers = [(ROOT / "bench" / maker).read_text(encoding="utf-8") for maker in ("seed.py", "sides/access.py")]
    # How the questions are asked changes no data.
    makers.append((ROOT / "bench" / "sides/desk.py").read_text(encoding="utf-8").split("# Measuring")[0])
    return made_once(
        bench, worker_class, "desk", tickets, makers, f"{tickets:,} tickets with five entries each", tickets=tickets)


def _save(sizes, lines, sentences):
    measured = (
        f"on {datetime.date.today().isoformat()} with up to {sizes[-1]:,} tickets and {5 * sizes[-1]:,} entries in five service companies"
    )
    path = ROOT / "bench" / "results" / "desk.md"
    path.write_text(report.page("Help desk", measured, lines, sentences), encoding="utf-8")
