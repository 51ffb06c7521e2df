"""Rating: how many time entries a second are rated, on one core.

`./psa bench --rating`. See bench/README.md.
"""
import datetime
import importlib.util
import random
import statistics
import sys
import time
import types
from collections import Counter
from decimal import Decimal
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Entries rated a second, on one core.
REACH = 20_000
ENTRIES = (10_000, 100_000)
CLIENTS = 100
ROUNDS = 5
WORDS = {
    "included": "included hours", "block": "blocks", "retainer": "retainers", "overage": "overage rate", "rate": "hourly rate",
    "coverage": "coverage rules", "fixed_price": "fixed prices",
}


def core():
    """Return the modules of the rating core, loaded without Odoo."""
    folder = ROOT / "addons" / "psa_billing" / "core"
    name = "bench_billing_core"
    if name not in sys.modules:
        package = types.ModuleType(name)
        package.__path__ = [str(folder)]
        sys.modules[name] = package
    return importlib.import_module(f"{name}.rating"), importlib.import_module(f"{name}.terms")


def missed(speeds):
    """Return what of the reach is missed, as sentences.

    :param speeds: {entries: entries rated a second}
    """
    return [
        f"{entries:,} entries: {speed:,.0f} rated a second instead of at least {REACH:,}"
        for entries, speed in speeds.items() if speed < REACH
    ]


def history(entries, seed=6):
    """Return a year of work for 100 clients, and what they agreed to.

    Four kinds of work of which two weigh more, five roles; every client has included hours each month and a block each quarter, of
    which every third never expires; half of them an overage rate, one in ten a retainer, a coverage rule or a fixed price.
    """
    _rating, terms = core()
    dice, first = random.Random(seed), datetime.date(2026, 1, 1)
    euro = terms.Currency(1)
    kinds = [
        terms.WorkType(1, 15, 15, 1), terms.WorkType(2, 60, 30, 2),
        terms.WorkType(3, 15, 15, 1, multiplier=Decimal("1.5"), is_after_hours=True), terms.WorkType(4, 0, 6, 1, multiplier=Decimal(2)),
    ]
    roles = [terms.Role(number, (terms.RoleRate(number, 1, Decimal(70 + 10 * number)),)) for number in range(1, 6)]
    contracts, pools = [], []
    for client in range(1, CLIENTS + 1):
        version = terms.Version(
            client, first,
            rates=tuple(terms.RateClause(10 * client + number, Decimal(75 + 10 * number), number) for number in range(1, 5)),
            coverage=(terms.CoverageRule(client, 1, "included", work_type_ids=frozenset({2})),) if client % 10 == 1 else (),
        )
        contracts.append(terms.Contract(
            client, client, 1, euro, first, versions=(version,),
            block_terms=(terms.BlockTerms(client, first, overage_rate=Decimal("112.50")),) if client % 2 else (),
            flat_terms=(terms.FlatTerms(client, "fixed_price", first),) if client % 10 == 2 else (),
        ))
        for month in range(1, 13):
            start = datetime.date(2026, month, 1)
            end = (start + datetime.timedelta(days=31)).replace(day=1) - datetime.timedelta(days=1)
            pools.append(terms.Pool(client, "included", client, start, end, 20 * 3600, component_id=client))
        for quarter in range(4):
            start = datetime.date(2026, 3 * quarter + 1, 1)
            end = start + datetime.timedelta(days=180) if quarter % 3 else None
            pools.append(terms.Pool(
                10 * client + quarter, "block", client, start, end, 100 * 3600, purchased_on=start, hour_value=Decimal(85), currency_id=1))
        if client % 10 == 3:
            pools.append(terms.Pool(10 * client + 9, "retainer", client, first, None, Decimal(20_000), currency_id=1))
    facts = []
    for number in range(1, entries + 1):
        start = datetime.datetime(2026, 1, 1, 7, tzinfo=datetime.timezone.utc) + datetime.timedelta(
            days=dice.randrange(365), minutes=dice.randrange(600))
        facts.append(terms.TimeFact(
            "account.analytic.line", number, 1, euro, start.date(), 60 * dice.randrange(1, 240), start=start,
            client_id=dice.randrange(1, CLIENTS + 1), work_type=dice.choice(kinds), role=dice.choice(roles), ticket_id=number,
        ))
    return facts, terms.Book(tuple(contracts), tuple(pools))


def measure(entries, rounds=ROUNDS):
    """Return entries rated a second (each round's) and how many rows each kind of funding has."""
    rating, _terms = core()
    facts, book = history(entries)
    times = max(1, 20_000 // entries)
    speeds, rows = [], ()
    for _round in range(rounds):
        rows = ()  # given back before the clock runs
        started = time.process_time()
        for _time in range(times):
            rows = rating.rate(facts, book)
        speeds.append(times * entries / (time.process_time() - started))
    return speeds, Counter(row.funding for row in rows)


def run(options):
    """Measure, print; return the exit status."""
    measured = {entries: measure(entries) for entries in ENTRIES}
    lines = table(measured)
    sentences = missed({entries: statistics.median(speeds) for entries, (speeds, _rows) in measured.items()})
    print("\n".join(lines))
    for sentence in sentences:
        print(f"MISSED: {sentence}")
    if options.save:
        _save(lines, sentences)
    return 1 if sentences else 0


def table(measured):
    """Return the result as lines of Markdown.

    :param measured: {entries: (speeds, {funding: rows})}
    """
    lines = ["| time entries | rated a second, median | slowest round | rows | paid by | reach | met |", "|--:|--:|--:|--:|---|---|:-:|"]
    for entries, (speeds, rows) in measured.items():
        median, whole = statistics.median(speeds), sum(rows.values())
        paid = ", ".join(f"{WORDS[funding]} {100 * rows[funding] / whole:.0f} %" for funding in WORDS if rows.get(funding))
        met = "yes" if median >= REACH else "NO"
        lines.append(f"| {entries:,} | {median:,.0f} | {min(speeds):,.0f} | {whole:,} | {paid} | ≥ {REACH:,} | {met} |")
    return lines


def _save(lines, sentences):
    path = ROOT / "bench" / "results" / "rating.md"
    text = [
        "# Rating, latest saved run",
        "",
        f"Measured on {datetime.date.today().isoformat()} on one core of a machine shared with other work; see ../README.md for how to "
        "read it.",
        "",
        *lines,
        "",
        *(f"- **missed**: {sentence}" for sentence in sentences),
    ]
    path.write_text("\n".join(text).rstrip() + "\n", encoding="utf-8")
