"""An independent auditor of corrections: what each negative correction took back from the entry it corrects.

Like ``checker.py`` it shares nothing with what it audits. Rows frozen before are in the book; where the entry corrected is
itself open, its rows are among those of the run.
"""

from collections import defaultdict
from fractions import Fraction

from .checker import Problem
from .checker_accounts import account, account_of, is_price, rounded, share, taken_back, worth

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
    of_prices = _expected_of_prices(facts, book, rows) if any(map(is_price, corrections)) else {}
    for fact in corrections:
        key = (fact.source_model, fact.source_id)
        found = [row for row in rows if (row.source_model, row.source_id) == key]
        found.sort(key=_place)
        want = of_prices[key] if is_price(fact) else _expected(fact, book, rows, [one for one in corrections if not is_price(one)])
        if [row["part"] for row in want] != [row.part for row in found]:
            problems.append(Problem(*key, "", "rows", [row["part"] for row in want], [row.part for row in found]))
            continue
        for expected, row in zip(want, found, strict=True):
            plain = {name: getattr(row, name) for name in COLUMNS}
            plain["draw"] = row.draw and (row.draw.pool_kind, row.draw.pool_id, row.draw.amount)
            problems += [Problem(*key, row.part, name, expected[name], plain[name]) for name in plain if expected[name] != plain[name]]
    return problems


def _place(row):
    return row.derivation.get("part", {}).get("from", 0), abs(Fraction(row.derivation.get("amount", {}).get("paid", 0)))


def _expected_of_prices(facts, book, rows):
    """Return the rows that corrections of priced facts ought to have, last funded first, by source model and id.

    Each entry is gone through as it grew: what is frozen, then what is charged, then and again each correction there is enough for.
    """
    frozen, own, entries, expected = defaultdict(list), defaultdict(list), defaultdict(list), {}
    for row in book.originals:
        frozen[account_of(row)].append(row)
    for row in rows:
        own[row.source_model, row.source_id].append(row)
    for fact in sorted(filter(is_price, facts), key=lambda one: (one.date, one.corrects_id is not None, one.source_id, one.part)):
        entries[account(fact)].append(fact)
    for entry, of_entry in entries.items():
        known, waiting = list(frozen[entry]), [fact for fact in of_entry if taken_back(fact)]
        to_come = [None, *(one for one in of_entry if one not in waiting)] if waiting else []
        while to_come:
            fact = to_come.pop(0)
            if fact:
                known += own[fact.source_model, fact.source_id]
            for other in list(waiting):
                key = other.source_model, other.source_id
                expected[key] = _of_price(other, known, is_last=not any(_came_before(one, other) for one in to_come))
                if expected[key][-1]["state"] != "error":
                    known += own[key]
                    waiting.remove(other)
        for fact in waiting:  # there is not enough for them at the end either
            expected[fact.source_model, fact.source_id] = _of_price(fact, known, is_last=True)
            known += own[fact.source_model, fact.source_id]
    return expected


def _of_price(fact, known, is_last):
    """Return what a correction ought to take back from the rows known of its entry."""
    step, wanted, done, made, stays = fact.currency.rounding, taken_back(fact), 0, [], {}
    sources = [row for row in known if worth(row) > 0]
    for row in sources:
        origin = {"source_model": row.source_model, "source_id": row.source_id, "part": row.part}
        named = (
            other.value for other in known
            if worth(other) < 0 and {name: other.derivation.get("corrects", {}).get(name) for name in origin} == origin
        )
        stays[id(row)] = max(0, Fraction(row.value) + sum(map(Fraction, named)))
    # What was taken back and stands nowhere any more is not there to be taken again.
    lost = sum(stays.values()) - sum(Fraction(worth(row)) for row in known)
    for row in sorted(sources, key=lambda row: (not _came_before(row, fact), _last_first(row))):
        free, lost = max(0, stays[id(row)] - lost), max(0, lost - stays[id(row)])
        taken = min(free, wanted - done) if is_last or _came_before(row, fact) else 0
        if taken:
            made.append(_money_back(fact, row, taken, wanted, step, {other["part"] for other in made}))
            done += taken
    if done < wanted:
        last = made[-1] if made else dict.fromkeys(COLUMNS)
        made.append(dict.fromkeys(COLUMNS) | {
            "part": fact.part if all(row["part"] != fact.part for row in made) else f"{fact.part}#{fact.source_id}",
            "state": "error", "funding": "none", "error": "more_than_charged", "worked_seconds": 0, "seconds": 0, "draw": None,
            "quantity": -1 if made else fact.quantity, "currency_id": fact.currency.id, "product_id": fact.product_id,
            "contract_id": last["contract_id"], "version_id": last["version_id"],
        })
    return made


def _came_before(row, fact):
    return (row.source_model == fact.source_model) <= (row.source_id < fact.source_id)


def _last_first(row):
    paid = Fraction(row.derivation.get("amount", {}).get("paid", 0))
    is_original = not row.derivation.get("inputs", {}).get("corrects_id")
    return TURNS[row.funding], is_original, -row.source_id, -paid, row.part


def _money_back(fact, row, taken, wanted, step, parts):
    is_ahead, is_all = row.funding == "retainer", taken == wanted
    tag = row.source_id if row.source_model == fact.source_model else f"{row.source_model}:{row.source_id}"
    price = 0 if is_ahead else fact.price_unit if is_all else taken
    return {name: getattr(row, name) for name in COLUMNS} | {
        "part": f"{row.part}#{tag}" if row.part in parts else row.part,
        "state": "written_off" if row.state == "written_off" else "covered" if is_ahead else "pending",
        "worked_seconds": 0, "seconds": 0, "quantity": fact.quantity if is_all else -1, "price_unit": price,
        "amount": 0 if is_ahead else -taken, "value": -rounded(taken, step), "error": None,
        "draw": ("retainer", row.draw.pool_id, -taken) if is_ahead and row.draw else None,
    }


def _entry(row):
    return row.source_model, row.derivation.get("inputs", {}).get("corrects_id") or row.source_id


def _expected(fact, book, rows, corrections):
    """Return the rows a correction ought to have, last funded first."""
    entry, wanted, done, made = (fact.source_model, fact.corrects_id), taken_back(fact), 0, []
    frozen = [row for row in book.originals if _entry(row) == entry]
    present = {(row.source_id, row.part) for row in frozen}
    # Corrections that frozen rows are enough for come first, in their own order; the others see open rows as well.
    early, late = [], []
    turn = sorted(
        (other for other in corrections if (other.source_model, other.corrects_id) == entry),
        key=lambda other: (other.date, other.start is not None, other.start and other.start.timestamp(), other.source_id),
    )
    for other in turn:
        here = frozen + [row for row in rows if _entry(row) == entry and row.source_id in early]
        there = sum(max(0, _stays(row, here)) for row in _to_take(here) if _came_before(row, other))
        (early if there >= taken_back(other) else late).append(other.source_id)
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
        (row for row in _to_take(known) if fact.source_id in late or _came_before(row, fact)),
        key=lambda row: (
            not _came_before(row, fact), TURNS.get(row.funding, 4), -row.source_id,
            -row.derivation.get("part", {}).get("index", 0), row.part,
        ),
    )
    for row in sources:
        stays = _stays(row, known)
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


def _to_take(known):
    return [row for row in known if row.seconds > 0 and row.state != "error"]


def _stays(row, known):
    origin = {"source_id": row.source_id, "part": row.part}
    return row.seconds + sum(
        other.seconds for other in known
        if other.seconds < 0 and {name: other.derivation.get("corrects", {}).get(name) for name in origin} == origin
    )


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
