"""The billing ledger: how long 100,000 time entries take to be rated and stored, and the review with 50,000 rows to open.

`./psa bench --ledger`; another number of entries by --sizes. See bench/README.md.
"""
import datetime
import statistics
from pathlib import Path

from bench.databases import PREFIX, fingerprint

ROOT = Path(__file__).resolve().parent.parent
ENTRIES = 100_000
# Of the rows that are rated, so many are left to review.
PENDING = 50_000
# For 100,000 entries; a smaller run has as much less.
SECONDS = 90
MILLISECONDS = 1000
TIMES = 7
TITLES = {
    "grouped": "open the review: clients with their sums",
    "unfolded": "unfold a client: his contracts with their sums",
    "page": "a page of 80 rows",
    "list": "the review without groups: the newest 80, and how many there are",
}


def missed(entries, seconds, screens):
    """Return what of the reach is missed, as sentences.

    :param screens: {what: median milliseconds}
    """
    allowed = SECONDS * entries / ENTRIES
    sentences = []
    if seconds > allowed:
        sentences.append(f"{entries:,} entries took {seconds:.1f} s to be rated and stored instead of at most {allowed:g} s")
    sentences += [
        f"{TITLES[what]}: {milliseconds:.0f} ms instead of at most {MILLISECONDS}"
        for what, milliseconds in screens.items() if milliseconds > MILLISECONDS
    ]
    return sentences


def run(bench, worker_class, options):
    """Make the database there is none of from the present sources, measure, print; return the exit status."""
    entries = max(options.sizes) if options.sizes else ENTRIES
    database = f"{PREFIX}ledger_run"
    bench.cluster.clone(_database(bench, worker_class, entries), database)
    worker = worker_class(bench, "ledger", database)
    try:
        bench.say(f"rating {entries:,} entries")
        rated = worker.ask("rate_entries")
        bench.say(f"opening the review with {min(PENDING, rated['rows']):,} rows")
        opened = worker.ask("review", times=TIMES, pending=PENDING)
    finally:
        worker.close()
        bench.cluster.drop(database)
    lines = table(entries, rated, opened)
    sentences = missed(entries, rated["seconds"], {what: statistics.median(found["milliseconds"]) for what, found in opened.items()})
    print("\n".join(lines))
    for sentence in sentences:
        print(f"MISSED: {sentence}")
    if options.save:
        _save(lines, sentences)
    return 1 if sentences else 0


def table(entries, rated, opened):
    """Return the result as lines of Markdown."""
    allowed = SECONDS * entries / ENTRIES
    lines = [
        "| rate and store | entries | rows | seconds | entries a second | queries | reach | met |", "|---|--:|--:|--:|--:|--:|---|:-:|",
        f"| all open time of {rated['clients']:,} clients | {entries:,} | {rated['rows']:,} | {rated['seconds']:.1f} | "
        f"{entries / rated['seconds']:,.0f} | {rated['queries']:,} | ≤ {allowed:g} s | {'yes' if rated['seconds'] <= allowed else 'NO'} |",
        "", "| the review | rows | median ms | fastest ms | queries | reach | met |", "|---|--:|--:|--:|--:|---|:-:|",
    ]
    for what, found in opened.items():
        median = statistics.median(found["milliseconds"])
        lines.append(
            f"| {TITLES[what]} | {found['rows']:,} | {median:.0f} | {min(found['milliseconds']):.0f} | {found['queries']} | "
            f"≤ {MILLISECONDS} | {'yes' if median <= MILLISECONDS else 'NO'} |")
    return lines


def _database(bench, worker_class, entries):
    maker = (ROOT / "bench" / "sides" / "ledger.py").read_text(encoding="utf-8").split("# Measuring")[0]
    key = fingerprint(bench.addons_of("ledger"), maker, bench.cluster.identity(bench.settings.base_database))
    name = f"{PREFIX}ledger_{entries}_{key}"
    if bench.cluster.exists(name):
        return name
    for stale in bench.cluster.names():
        if stale.startswith(f"{PREFIX}ledger_") and not stale.endswith(key):
            bench.cluster.drop(stale)
    scratch = f"{PREFIX}ledger_making"
    bench.cluster.clone(bench.settings.base_database, scratch)
    bench.install("ledger", scratch)
    bench.say(f"making {entries:,} approved time entries")
    worker = worker_class(bench, "ledger", scratch)
    try:
        worker.ask("seed", tickets=entries)
    finally:
        worker.close()
    bench.cluster.freshen(scratch)
    bench.cluster.rename(scratch, name)
    return name


def _save(lines, sentences):
    path = ROOT / "bench" / "results" / "ledger.md"
    text = [
        "# Billing ledger, latest saved run",
        "",
        f"Measured on {datetime.date.today().isoformat()} on one core of a machine shared with other work; see ../README.md for how to "
        "read it.",
        "",
        *lines,
        "",
        *(f"- **missed**: {sentence}" for sentence in sentences),
    ]
    path.write_text("\n".join(text).rstrip() + "\n", encoding="utf-8")
