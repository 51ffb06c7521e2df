"""Timers: what firing 100 of them costs while 10,000 and 1,000,000 open tickets wait for theirs, and how fast the clock is.

`./psa bench --clock`; sizes by --sizes. See bench/README.md.
"""
import datetime
import statistics
from pathlib import Path

from bench import report
from bench.databases import made_once

ROOT = Path(__file__).resolve().parent.parent
SIZES = (10_000, 1_000_000)
# From the smallest to the largest size.
GROWTH = 1.5
# Evaluations of a span of 30 days a second, on one core.
EVALUATIONS = 50_000
TIMES = 25
TITLES = {"elapsed": "how much of 30 days counted", "due": "when a budget of 30 days is used up"}


def missed(evaluations, sweeps):
    """Return what of the reach is missed, as sentences.

    :param evaluations: {"elapsed": a second, "due": a second}
    :param sweeps: {size: median milliseconds}
    """
    sentences = [
        f"{TITLES[name]}: {speed:,.0f} a second instead of at least {EVALUATIONS:,}"
        for name, speed in evaluations.items() if speed < EVALUATIONS
    ]
    sizes = sorted(sweeps)
    if len(sizes) > 1 and sweeps[sizes[-1]] > GROWTH * sweeps[sizes[0]]:
        sentences.append(
            f"firing 100 timers takes {sweeps[sizes[-1]] / sweeps[sizes[0]]:.2f} times as long with {sizes[-1]:,} open tickets as with "
            f"{sizes[0]:,}, instead of at most {GROWTH:g} times")
    return sentences


def run(bench, worker_class, options):
    """Make the databases there are none of from the present sources, measure, print; return the exit status."""
    sizes = sorted(set(options.sizes or SIZES))
    measured, evaluations = {}, {}
    workers = {size: worker_class(bench, "clock", _database(bench, worker_class, size)) for size in sizes}
    try:
        for worker in workers.values():
            worker.ask("sweep", times=3)  # fill the caches
        found = {size: {"milliseconds": [], "queries": 0} for size in sizes}
        for _number in range(TIMES // 5):  # in turns, so that whatever else the machine does hits all of them alike
            for size, worker in workers.items():
                answer = worker.ask("sweep", times=5)
                found[size]["milliseconds"] += answer["milliseconds"]
                found[size]["queries"] = answer["queries"]
        measured = found
        evaluations = workers[sizes[0]].ask("evaluate", seconds=1.0)
    finally:
        for worker in workers.values():
            worker.close()
    lines = table(evaluations, measured)
    sentences = missed(evaluations, {size: statistics.median(answer["milliseconds"]) for size, answer in measured.items()})
    print("\n".join(lines))
    for sentence in sentences:
        print(f"MISSED: {sentence}")
    if options.save:
        _save(lines, sentences)
    return 1 if sentences else 0


def table(evaluations, measured):
    """Return the result as lines of Markdown."""
    lines = ["| the clock | a second | reach | met |", "|---|--:|---|:-:|"]
    lines += [
        f"| {TITLES[name]} | {speed:,.0f} | ≥ {EVALUATIONS:,} | {'yes' if speed >= EVALUATIONS else 'NO'} |"
        for name, speed in evaluations.items()
    ]
    lines += ["", "| fire 100 due timers with | median ms | fastest ms | queries | ratio | reach | met |", "|---|--:|--:|--:|--:|---|:-:|"]
    smallest = statistics.median(measured[min(measured)]["milliseconds"])
    for size, answer in measured.items():
        median = statistics.median(answer["milliseconds"])
        judged = size != min(measured)
        lines.append(
            f"| {size:,} open tickets, {3 * size:,} timers | {median:.1f} | {min(answer['milliseconds']):.1f} | {answer['queries']} | "
            f"{median / smallest:.2f} | {f'≤ {GROWTH:g}' if judged else '–'} | "
            f"{('yes' if median <= GROWTH * smallest else 'NO') if judged else '–'} |")
    return lines


def _database(bench, worker_class, tickets):
    makers = [
        (ROOT / "bench" / maker).read_text(encoding="utf-8").split("# Measuring")[0]
        for maker in ("seed.py", "sides/access.py", "sides/clock.py")
    ]
    return made_once(
        bench, worker_class, "clock", tickets, makers, f"{tickets:,} open tickets with three timers each", tickets=tickets)


def _save(lines, sentences):
    measured = f"on {datetime.date.today().isoformat()} on one core of a machine shared with other work"
    path = ROOT / "bench" / "results" / "clock.md"
    path.write_text(report.page("Clock and timers", measured, lines, sentences), encoding="utf-8")
