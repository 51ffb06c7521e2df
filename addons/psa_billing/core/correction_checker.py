"""An independent auditor of corrections: what each negative correction took back from the entry it corrects.

Like ``checker.py`` it shares nothing with what it audits. Rows frozen before are in the book; where the entry corrected is
itself open, its rows are among those of the run.
"""

from collections import defaultdict
from fractions import Fraction

from .checker import Problem
from .checker_accounts import account, account_of, came_before, is_price, origin, rounded, share, taken_back, worth

# What was funded last is taken back first.
TURNS = {"rate": 0, "overage": 0, "price": 0, "retainer": 1, "block": 2, "included": 3, "none": 5}
COLUMNS = (
    "part", "state", "funding", "worked_seconds", "seconds", "contract_id", "version_id", "currency_id", "product_id", "quantity",
    "price_unit", "amount", "value", "error",
)


def check(facts, book, rows) -> list[Problem]:
    """Return what is wrong with the rows of the negative corrections among the facts."""
    problems, own = [], defaultdict(list)
    corrections = [fact for fact in facts if taken_back(fact)]
    for row in rows:
        own[row.source_model, row.source_id].append(row)
    want = _expected(facts, book, own) if corrections else {}
    for fact in corrections:
        key = (fact.source_model, fact.source_id)
        found = sorted(own[key], key=_place)
        if [row["part"] for row in want[key]] != [row.part for row in found]:
            problems.append(Problem(*key, "", "rows", [row["part"] for row in want[key]], [row.part for row in found]))
            continue
        for expected, row in zip(want[key], found, strict=True):
            plain = {name: getattr(row, name) for name in COLUMNS}
            plain["draw"] = row.draw and (row.draw.pool_kind, row.draw.pool_id, row.draw.amount)
            problems += [Problem(*key, row.part, name, expected[name], plain[name]) for name in plain if expected[name] != plain[name]]
    return problems


def _place(row):
    return row.derivation.get("part", {}).get("from", 0), abs(Fraction(row.derivation.get("amount", {}).get("paid", 0)))


def _expected(facts, book, own):
    """Return the rows that corrections ought to have, last funded first, by source model and id.

    Each entry is gone through as it grew: what is frozen, then what is charged, then and again each correction there is enough for.
    """
    frozen, entries, expected = defaultdict(list), defaultdict(list), {}
    for row in book.originals:
        frozen[account_of(row)].append(row)
    for fact in sorted(facts, key=_turn):
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
                is_last = not any(_came_before(one, other) for one in to_come)
                if not (is_last or is_price(other)):
                    continue
                expected[key] = (_of_price if is_price(other) else _of_time)(other, known, is_last)
                if expected[key][-1]["state"] != "error":
                    known += own[key]
                    waiting.remove(other)
        for fact in waiting:  # there is not enough for them at the end either
            key = fact.source_model, fact.source_id
            expected[key] = (_of_price if is_price(fact) else _of_time)(fact, known, is_last=True)
            known += own[key]
    return expected


def _turn(fact):
    start, part = getattr(fact, "start", None), getattr(fact, "part", "")
    return fact.date, start is not None, start and start.timestamp(), fact.corrects_id is not None, fact.source_id, part


def _of_price(fact, known, is_last):
    """Return what a correction ought to take back from the rows known of its entry."""
    step, wanted, done, made, stays = fact.currency.rounding, taken_back(fact), 0, [], {}
    sources = [row for row in known if worth(row) > 0]
    for row in sources:
        named = (Fraction(other.value) for other in known if worth(other) < 0 and origin(other) == origin(row))
        stays[id(row)] = max(0, Fraction(row.value) + sum(named))
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


def _came_before(thing, fact):
    return came_before(thing.source_model, thing.source_id, fact)


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


def _of_time(fact, known, is_last):
    """Return what a correction ought to take back from the rows known of its entry."""
    wanted, done, made = taken_back(fact), 0, []
    sources = sorted(
        (row for row in known if worth(row) > 0 and (is_last or _came_before(row, fact))),
        key=lambda row: (
            not _came_before(row, fact), TURNS.get(row.funding, 4), -row.source_id,
            -row.derivation.get("part", {}).get("index", 0), row.part,
        ),
    )
    for row in sources:
        stays = row.seconds + sum(other.seconds for other in known if worth(other) < 0 and origin(other) == origin(row))
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
