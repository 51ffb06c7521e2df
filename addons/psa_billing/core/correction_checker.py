"""An independent auditor of corrections: what each negative correction took back from the entry it corrects.

Like ``checker.py`` it shares nothing with what it audits. Rows frozen before are in the book; where the entry corrected is
itself open, its rows are among those of the run.
"""

from fractions import Fraction

from .checker import Problem, rounded, share, taken_back

# What was funded last is taken back first.
TURNS = {"rate": 0, "overage": 0, "price": 0, "retainer": 1, "block": 2, "included": 3, "none": 5}
COLUMNS = (
    "part", "state", "funding", "worked_seconds", "seconds", "contract_id", "version_id", "currency_id", "product_id", "quantity",
    "price_unit", "amount", "value", "error",
)


def check(facts, book, rows) -> list[Problem]:
    """Return what is wrong with the rows of the negative corrections among the facts."""
    problems = []
    corrections = [fact for fact in facts if taken_back(fact)]
    for fact in corrections:
        key = (fact.source_model, fact.source_id)
        found = [row for row in rows if (row.source_model, row.source_id) == key]
        found.sort(key=lambda row: row.derivation.get("part", {}).get("from", 0))
        want = _expected(fact, book, rows, corrections)
        if [row["part"] for row in want] != [row.part for row in found]:
            problems.append(Problem(*key, "", "rows", [row["part"] for row in want], [row.part for row in found]))
            continue
        for expected, row in zip(want, found, strict=True):
            plain = {name: getattr(row, name) for name in COLUMNS}
            plain["draw"] = row.draw and (row.draw.pool_kind, row.draw.pool_id, row.draw.amount)
            problems += [Problem(*key, row.part, name, expected[name], plain[name]) for name in plain if expected[name] != plain[name]]
    return problems


def _entry(row):
    return row.source_model, row.derivation.get("inputs", {}).get("corrects_id") or row.source_id


def _expected(fact, book, rows, corrections):
    """Return the rows a correction ought to have, last funded first."""
    entry, wanted, done, made = (fact.source_model, fact.corrects_id), taken_back(fact), 0, []
    frozen = [row for row in book.originals if _entry(row) == entry]
    present = {(row.source_id, row.part) for row in frozen}
    # Corrections that frozen rows are enough for come first, in their own order; the others see open rows as well.
    enough = sum(row.seconds for row in frozen if row.state != "error")
    early, late = [], []
    turn = sorted(
        (other for other in corrections if (other.source_model, other.corrects_id) == entry),
        key=lambda other: (other.date, other.start is not None, other.start and other.start.timestamp(), other.source_id),
    )
    for other in turn:
        if enough >= taken_back(other):
            enough -= taken_back(other)
            early.append(other.source_id)
        else:
            late.append(other.source_id)
    mine = (early if fact.source_id in early else early + late)
    before = set(mine[: mine.index(fact.source_id)])
    is_correction = {other.source_id for other in turn}
    known = frozen + [row for row in rows if _entry(row) == entry and row.source_id in before]
    if fact.source_id in late:
        known += [
            row for row in rows
            if _entry(row) == entry and row.source_id not in is_correction and (row.source_id, row.part) not in present
        ]
    sources = sorted(
        (row for row in known if row.seconds > 0 and row.state != "error"),
        key=lambda row: (TURNS.get(row.funding, 4), -row.source_id, -row.derivation.get("part", {}).get("index", 0), row.part),
    )
    for row in sources:
        origin = {"source_id": row.source_id, "part": row.part}
        stays = row.seconds + sum(
            other.seconds for other in known
            if other.seconds < 0 and {name: other.derivation.get("corrects", {}).get(name) for name in origin} == origin
        )
        taken = min(stays, wanted - done)
        if taken > 0:
            made.append(_taken(fact, row, stays, taken, done, wanted, {other["part"] for other in made}))
            done += taken
    if done < wanted:
        made.append(dict.fromkeys(COLUMNS) | {
            "part": f"time#{fact.source_id}" if any(row["part"] == "time" for row in made) else "time",
            "state": "error", "funding": "none", "error": "negative_time", "seconds": done - wanted, "draw": None,
            "worked_seconds": share(fact.worked_seconds, done, wanted, wanted),
            **{name: made[-1][name] if made else None for name in ("contract_id", "version_id", "product_id")},
            "currency_id": made[-1]["currency_id"] if made else fact.company_currency.id,
        })
    return made


def _taken(fact, row, stays, taken, done, wanted, parts):
    told = row.derivation.get("amount") or row.derivation.get("value") or {}
    step = told.get("rounding", fact.company_currency.rounding)

    def difference(number, size):
        return rounded(Fraction(number) * (stays - taken) / row.seconds, size) - rounded(Fraction(number) * stays / row.seconds, size)

    draw = None
    if row.draw:
        size = step if row.funding == "retainer" else 1
        draw = row.draw.pool_kind, row.draw.pool_id, difference(row.draw.amount, size)
    state = "pending" if row.funding in ("rate", "overage", "none") else "covered"
    return {name: getattr(row, name) for name in COLUMNS} | {
        "part": f"{row.part}#{row.source_id}" if row.part in parts else row.part,
        "state": "written_off" if row.state == "written_off" else state,
        "worked_seconds": share(fact.worked_seconds, done, done + taken, wanted),
        "seconds": -taken,
        "amount": difference(row.amount or 0, step),
        "value": None if row.value is None else difference(row.value, step),
        "draw": draw,
        "error": None,
    }
