"""An independent auditor of ledger rows: it works everything out again, in its own way, and names what differs.

It shares nothing with rating, no code and no constants; numbers are fractions, how far a pool reaches is searched. A whole run
is replayed: facts and book in, what the rows ought to be out, compared column by column. What corrections took back it reads
from their rows; ``correction_checker.py`` audits those, ``derivation_checker.py`` what rows tell of themselves.
"""

from bisect import bisect_right
from collections import Counter, defaultdict, namedtuple
from datetime import date, datetime, timezone
from fractions import Fraction
from math import ceil, floor

from .checker_accounts import account, account_of, came_before, cost, is_price, origin, rounded, share, taken_back, worth

UTC = timezone.utc

COLUMNS = "state funding worked_seconds seconds contract_id version_id currency_id product_id quantity price_unit amount value error draw"
Problem = namedtuple("Problem", "source_model source_id part what expected found")


def check(facts, book, rows) -> list[Problem]:
    """Return what is wrong with the rows of one run of rating over these facts and this book."""
    def turn(fact):
        start, never = getattr(fact, "start", None), datetime.min.replace(tzinfo=UTC)
        place = fact.corrects_id is not None, fact.source_id, getattr(fact, "part", "")
        return fact.date, start is not None, start or never, *account(fact)[:2], *place

    left, terms, pools = {}, defaultdict(list), defaultdict(list)
    for contract in book.contracts:
        terms[contract.client_id, contract.company_id].append(contract)
    for pool in book.pools:
        left[_name(pool)] = Fraction(pool.size) - Fraction(pool.used)
        pools[pool.contract_id, pool.kind].append(pool)
    ordered, want, have, problems = sorted(facts, key=turn), defaultdict(list), defaultdict(list), []
    known, waiting, to_come, of_back = defaultdict(Counter), defaultdict(list), defaultdict(list), defaultdict(list)
    for row in book.originals:
        known[account_of(row)][origin(row)] += worth(row)
    for fact in ordered:
        (waiting if taken_back(fact) else to_come)[account(fact)].append(fact)
    back = {(fact.source_model, fact.source_id) for of_entry in waiting.values() for fact in of_entry}
    for row in rows:
        key = row.source_model, row.source_id
        (of_back[key] if key in back else have[(*key, row.part)]).append(row)
    for entry in waiting:
        _put_back(waiting[entry], to_come[entry], known[entry], of_back, left)
    for fact in ordered:
        if (fact.source_model, fact.source_id) not in back:
            entry, key = account(fact), (fact.source_model, fact.source_id)
            for row in (_price if is_price(fact) else _time)(fact, terms, pools, left):
                want[(*key, row["part"])].append(row)
                known[entry][(*key, row["part"])] += 0 if row["state"] == "error" else row["value" if is_price(fact) else "seconds"]
            to_come[entry].remove(fact)
            _put_back(waiting.get(entry, []), to_come[entry], known[entry], of_back, left)
    for key in want.keys() | have.keys():
        if not len(want[key]) == len(have[key]) == 1:
            problems.append(Problem(*key, "row", len(want[key]), len(have[key])))
            continue
        found = {name: getattr(have[key][0], name) for name in COLUMNS.split()}
        found["draw"] = found["draw"] and (found["draw"].pool_kind, found["draw"].pool_id, found["draw"].amount)
        problems += [Problem(*key, name, want[key][0][name], found[name]) for name in found if want[key][0][name] != found[name]]
    return sorted(problems, key=str)


def _put_back(waiting, to_come, known, of_back, left):
    """Let corrections of an entry take back: of prices as soon as what came before is enough, of time when all of that is known."""
    for is_over in (False, True) if not to_come else (False,):
        for fact in list(waiting):
            is_last = not any(came_before(one.source_model, one.source_id, fact) for one in to_come)
            there = sum(size for key, size in known.items() if size > 0 and (is_last or came_before(*key[:2], fact)))
            lost = sum(size for size in known.values() if size < 0) if is_price(fact) else 0
            if ((is_last or is_price(fact)) and there + lost >= taken_back(fact)) or is_over:
                waiting.remove(fact)
                for row in of_back[fact.source_model, fact.source_id]:
                    known[origin(row)] += worth(row)
                    if row.draw and (name := row.part.split("#")[0]) in left:
                        left[name] -= Fraction(row.draw.amount)


def _time(fact, terms, held, left):
    contract, version, is_usable = _choose(fact, terms)
    currency, kind, role, worked = contract.currency if contract else fact.company_currency, fact.work_type, fact.role, fact.worked_seconds
    rule = {"contract": version, "work_type": kind}.get(version.rounding if version else "work_type")
    charged = max(worked, rule.minimum_minutes * 60 if rule else 0) if worked > 0 else 0
    if rule and rule.increment_minutes:
        charged = ceil(Fraction(charged, rule.increment_minutes * 60)) * rule.increment_minutes * 60
    charged = fact.billable_seconds if fact.billable_seconds is not None else worked if fact.is_delta else charged
    rows, step, base, ticket = [], currency.rounding, _base(contract, version, currency, kind and kind.product_id), fact.ticket_id

    def put(seconds, row):
        at = sum(row["seconds"] for row in rows)
        rows.append(base | row | {"seconds": seconds, "worked_seconds": share(worked, at, at + seconds, charged)})
        return charged - at - seconds

    if not fact.is_delta and min(worked, charged) < 0:
        return [base | {"part": "time", "error": "negative_time", "worked_seconds": worked}]
    if not fact.is_billable or not charged:
        return [base | _paid("time", "none", 0) | {"state": "non_billable", "worked_seconds": worked}]
    if error := _missing(client=fact.client_id, contract=is_usable, work_type=kind, role=role, product=kind and kind.product_id):
        put(charged, {"part": "time", "error": error})
        return rows
    weights = Fraction(kind.multiplier), Fraction(role.multiplier)
    weight = max(weights) if version and version.multiplier_policy == "highest" else weights[0] * weights[1]
    cover, price = _coverage(fact, version), _rate(fact, version, currency, weight)
    whole = contract.flat_terms if contract and not cover else ()
    whole = [one for one in whole if _holds(one, fact.date) and one.project_id in (None, fact.project_id)]
    flat = {one.kind for one in whole if one.kind == "fixed_price" or (ticket and (one.ticket_ids is None or ticket in one.ticket_ids))}
    if flat or (cover and cover.effect == "included"):
        name = f"coverage:{cover.id}" if cover else min(flat)
        put(charged, _paid(name, name.split(":")[0], None if price is None else cost(price, charged, step)))
        return rows
    rest, funding, beyond = charged, "rate", None
    price = cover.hourly_rate if cover and cover.effect == "at_rate" else price
    if contract and not cover:
        valid = (one for one in contract.block_terms if _holds(one, fact.date))
        beyond = max(valid, key=lambda one: (one.kind == "block", one.date_from, one.id), default=None)
        pools = [pool for kind in ("included", "block") for pool in _pools(held, contract, kind, fact.date)]
        for pool in pools:
            at, name, since = charged - rest, _name(pool), rounded(weight * (charged - rest))
            is_last = bool(beyond and beyond.may_go_negative and pool.kind == "block" and pool is pools[-1])
            room = max(1, rounded(weight * charged)) if is_last or not weight else left[name]
            until = at - 1 + bisect_right(range(at, charged + 1), room, key=lambda end, since=since: rounded(weight * end) - since)
            draw = rounded(weight * until) - since
            if rest and room > 0 and until > at and (draw or is_last or not weight):
                left[name] -= draw
                is_by_rate = pool.hour_value is None or pool.currency_id not in (None, currency.id)
                value = "by rate" if is_by_rate else cost(pool.hour_value, draw, step)
                rest = put(until - at, _paid(name, pool.kind, value) | {"draw": (pool.kind, pool.id, draw)})
        same = 0 if beyond and (beyond.is_hard_stop or beyond.overage_rate is not None) else rest
        for row in [row for row in reversed(rows) if row["value"] == "by rate"]:
            row["value"] = None if price is None else cost(price, same + row["seconds"], step) - cost(price, same, step)
            same += row["seconds"]
        if beyond and beyond.overage_rate is not None:
            funding, price = "overage", Fraction(beyond.overage_rate) * (weight if version and version.is_overage_multiplied else 1)
    whole = 0 if price is None else cost(price, rest, step)
    retainers = _pools(held, contract, "retainer", fact.date) if contract and whole > 0 else []
    is_foreign = any(left[_name(pool)] > 0 and pool.currency_id not in (None, currency.id) for pool in retainers)
    error = "missing_rate" if price is None else "currency_mismatch" if is_foreign else None
    if rest and (error := "blocks_exhausted" if beyond and beyond.is_hard_stop else error):
        put(rest, {"part": "time", "error": error})
    if not rest or error:
        return rows
    priced, paid = rest, 0
    for pool, taken in _retained(retainers, whole, left, step):
        paid += taken
        row = _paid(_name(pool), "retainer", taken) | {"draw": ("retainer", pool.id, taken)}
        rest = put(floor(priced * paid / whole) - (priced - rest), row)
    if not whole or paid < whole:
        owed = {"price_unit": price, "amount": whole - paid, "value": whole - paid}
        put(rest, owed | {"part": funding, "funding": funding, "state": "pending"})
    return rows


def _price(fact, terms, held, left):
    contract, version, is_usable = _choose(fact, terms)
    base = _base(contract, version, fact.currency, fact.product_id) | {"part": fact.part, "quantity": fact.quantity}
    if not fact.is_billable:
        return [base | _paid(fact.part, "none", 0) | {"state": "non_billable"}]
    if error := _missing(client=fact.client_id, contract=is_usable, product=fact.product_id, rate=fact.price_unit):
        return [base | {"error": error}]
    if contract and contract.currency.id != fact.currency.id:
        return [base | {"error": "currency_mismatch"}]
    rows, step = [], fact.currency.rounding
    whole = rest = rounded(Fraction(fact.quantity) * Fraction(fact.price_unit), step)
    pools = _pools(held, contract, "retainer", fact.date) if contract and fact.may_draw_retainer and whole > 0 else []
    for pool, taken in _retained([pool for pool in pools if pool.currency_id in (None, fact.currency.id)], whole, left, step):
        row = base | _paid(_name(pool), "retainer", taken) | {"draw": ("retainer", pool.id, taken)}
        rows.append(row | {"quantity": fact.quantity if taken == whole else 1})
        rest -= taken
    owed = {"quantity": 1, "price_unit": rest} if rows else {"price_unit": fact.price_unit}
    owed |= {"state": "pending", "funding": "price", "amount": rest, "value": rest}
    return [*rows, base | owed] if rest or not whole else rows


def _missing(**needed):
    name = next((name for name, thing in needed.items() if thing is None or thing is False), None)
    return {None: None, "contract": "contract_unusable"}.get(name, f"missing_{name}")


def _choose(fact, terms):
    held, has_price = [one for one in terms[fact.client_id, fact.company_id] if one.is_confirmed], is_price(fact)
    if not has_price or fact.contract_id is None:
        held = [contract for contract in held if contract.date_start <= fact.date <= (contract.date_end or date.max)]
    if fact.contract_id is not None:
        held = [contract for contract in held if contract.id == fact.contract_id]
    elif has_price:
        held = [contract for contract in held if contract.currency.id == fact.currency.id]
    chosen = min(held, key=lambda contract: (contract.priority, -contract.date_start.toordinal(), -contract.id), default=None)
    versions = sorted(chosen.versions if chosen else (), key=lambda version: (version.date_from, version.id))
    begun = [version for version in versions if version.date_from <= fact.date]
    return chosen, (begun[-1:] or versions[:1] or [None])[0], bool(chosen) or fact.contract_id is None


def _coverage(fact, version):
    has = {fact.work_type.id}, {fact.role.id}, {fact.site_id}, set(fact.asset_ids)
    hours = "after_hours" if fact.work_type.is_after_hours else "business"
    for rule in sorted(version.coverage if version else (), key=lambda rule: (rule.sequence, rule.id)):
        asked = rule.work_type_ids, rule.role_ids, rule.site_ids, rule.asset_ids
        if rule.hours in ("any", hours) and all(not ids or ids & own for ids, own in zip(asked, has, strict=True)):
            return rule
    return None


def _rate(fact, version, currency, weight):
    kind, role, known = fact.work_type, fact.role, version.rates if version else ()
    if fitting := [clause for clause in known if clause.role_id in (None, role.id) and clause.work_type_id in (None, kind.id)]:
        clause = min(fitting, key=lambda clause: (clause.role_id is None, clause.work_type_id is None, clause.id))
        return Fraction(clause.hourly_rate) * (weight if clause.work_type_id is None else 1)
    valid = (rate for rate in role.rates if rate.currency_id == currency.id and _holds(rate, fact.date))
    own = max(valid, key=lambda rate: (rate.date_from or date.min, rate.id), default=None)
    return Fraction(own.hourly_rate) * weight if own else None


def _pools(held, contract, kind, day):
    pools = [pool for pool in held[contract.id, kind] if _holds(pool, day)]
    return sorted(pools, key=lambda pool: (pool.date_to or date.max, pool.purchased_on or pool.date_from, pool.id, _name(pool)))


def _retained(pools, whole, left, step):
    for pool in pools:
        taken = min(whole, left[_name(pool)] // Fraction(step) * Fraction(step))
        if taken > 0:
            left[_name(pool)] -= taken
            whole -= taken
            yield pool, taken


def _base(contract, version, currency, product_id):
    return dict.fromkeys(COLUMNS.split()) | {
        "contract_id": contract and contract.id, "version_id": version and version.id, "currency_id": currency.id,
        "product_id": product_id, "state": "error", "funding": "none", "worked_seconds": 0, "seconds": 0,
    }


def _paid(part, funding, value):
    return {"part": part, "state": "covered", "funding": funding, "price_unit": 0, "amount": 0, "value": value}


def _name(pool):
    component = pool.id if pool.component_id is None else pool.component_id
    return f"included:{component}:{pool.date_from:%Y-%m-%d}" if pool.kind == "included" else f"{pool.kind}:{pool.id}"


def _holds(thing, day):
    return (thing.date_from or date.min) <= day <= (thing.date_to or date.max)
