"""What many access rules cost: lists, counts and groups of a million tickets, and how fast a change takes effect.

`./psa bench --access`; sizes by --tickets, --clients, --users, --rules. See bench/README.md.
"""
import datetime
import statistics
from pathlib import Path

from bench import report
from bench.databases import made_once

ROOT = Path(__file__).resolve().parent.parent
# Milliseconds, median; what a change may take from the click to its effect for everybody.
REACH = {"list": 10, "count_open": 20, "group": 40}
CHANGE_REACH = 1000
TITLES = {"list": "list of 80", "count_open": "count of open", "group": "group by state"}
PEOPLE = {
    "refused_few": "open company, some clients, a class refused",
    "need_to_know": "need to know, some clients opened",
    "borrower": "open company, 200 clients lent by another",
    "administrator": "administrator",
}


def run(bench, worker_class, options):
    """Make the database if there is none from the present sources, measure, print; return the exit status."""
    database = _database(bench, worker_class, options)
    worker = worker_class(bench, "access", database)
    try:
        rows, missed = _measure(bench, worker)
    finally:
        worker.close()
    text = "\n".join(rows)
    print(text)
    for sentence in missed:
        print(f"MISSED: {sentence}")
    if options.save:
        _save(options, text, missed)
    return 1 if missed else 0


def _database(bench, worker_class, options):
    amounts = {"tickets": options.tickets, "clients": options.clients, "users": options.users, "rules": options.rules}
    makers = [(ROOT / "bench" / maker).read_text(encoding="utf-8") for maker in ("seed.py", "sides/access.py")]
    told = ", ".join(f"{count:,} {what}" for what, count in amounts.items())
    return made_once(
        bench, worker_class, "access", options.tickets, makers, told, *map(str, amounts.values()), command="seed_access", **amounts)


def _measure(bench, worker):
    rows = ["| who | question | median ms | fastest ms | answer | reach | met |", "|---|---|--:|--:|--:|---|:-:|"]
    missed = []
    for person, who in PEOPLE.items():
        for question, reach in REACH.items():
            worker.ask("ask", person=person, question=question, times=3)  # fill the caches
            measured = worker.ask("ask", person=person, question=question, times=25)
            median, fastest = statistics.median(measured["milliseconds"]), min(measured["milliseconds"])
            answer = measured["answer"]
            shown = f"{sum(answer.values()) if isinstance(answer, dict) else answer:,}"
            rows.append(
                f"| {who} | {TITLES[question]} | {median:.1f} | {fastest:.1f} | {shown} | ≤ {reach} | "
                f"{'yes' if median <= reach else 'NO'} |")
            if median > reach:
                missed.append(f"{TITLES[question]}, {who}: {median:.1f} ms instead of at most {reach}")
        bench.say(f"measured: {who}")
    changes = worker.ask("change", times=5)["milliseconds"]
    for change, milliseconds in changes.items():
        median, fastest, slowest = statistics.median(milliseconds), min(milliseconds), max(milliseconds)
        rows.append(
            f"| everybody | {change}: from the change to its effect | {median:.0f} | {fastest:.0f} | – | ≤ {CHANGE_REACH} | "
            f"{'yes' if slowest <= CHANGE_REACH else 'NO'} |")
        if slowest > CHANGE_REACH:
            missed.append(f"{change} took {slowest:.0f} ms instead of at most {CHANGE_REACH}")
    return rows, missed


def _save(options, text, missed):
    measured = (
        f"on {datetime.date.today().isoformat()} with {options.tickets:,} tickets, {options.clients:,} clients, {options.users:,} users "
        f"and {options.rules:,} rules in five service companies"
    )
    path = ROOT / "bench" / "results" / "access.md"
    path.write_text(report.page("Access rules", measured, [text], missed), encoding="utf-8")
