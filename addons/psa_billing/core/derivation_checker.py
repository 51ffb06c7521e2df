"""An independent auditor of what ledger rows tell of themselves: each row is computed again from its own derivation.

Unlike ``checker.py`` it needs neither facts nor contracts, so it can read rows whenever they were made. It shares nothing with
what it audits but the keys, which are described in ``derivation.py``.
"""

from collections import defaultdict
from fractions import Fraction
from math import ceil

from .checker import Problem
from .checker_accounts import cost, rounded, share


def check(rows, changed=()) -> list[Problem]:
    """Return what is wrong with rows by what their own derivations say; all rows of an entry must be among them.

    :param changed: ``(source model, source id, part)`` of rows whose time or amount people changed: those are not judged
    """
    entries, problems = defaultdict(list), []
    for row in rows:
        entries[row.source_model, row.source_id].append(row)
    for key, own in entries.items():
        done = paid = 0
        own.sort(key=_place)
        for row in own:
            about, pairs = row.derivation, {}  # pairs: what -> (expected, found)
            if "time" in about:
                done = _time(row, about, done, pairs)
            else:
                pairs["seconds"], pairs["worked_seconds"] = (0, row.seconds), (0, row.worked_seconds)
            if "amount" in about and ("corrects" not in about or "time" not in about):
                paid = _amount(row, about, paid, row is own[-1], pairs)
            elif not row.error and row.funding not in ("rate", "overage", "price", "none"):
                pairs["amount"] = 0, row.amount
            if "value" in about:
                pairs["value as told"] = _worth(row, about), Fraction(about["value"]["result"])
                pairs["value"] = _worth(row, about), row.value
            if "corrects" in about:
                (_correction if "time" in about else _money_back)(row, about["corrects"], pairs)
            if row.error or row.funding == "none":
                pairs["amount"] = None if row.error else 0, row.amount
            if (*key, row.part) not in changed:
                problems += [Problem(*key, row.part, what, want, found) for what, (want, found) in pairs.items() if want != found]
        about = own[-1].derivation
        charged = abs(about["time"]["used"]) if "part" in about else 0
        if done != charged:
            problems.append(Problem(*key, own[-1].part, "seconds of all rows", charged, done))
    return problems


def _place(row):
    part, amount = row.derivation.get("part", {}), row.derivation.get("amount", {})
    return part.get("index", 0), abs(Fraction(amount.get("paid", 0)))


def _time(row, about, done, pairs):
    time, inputs, part = about["time"], about["inputs"], about.get("part")
    worked, agreed = inputs["worked_seconds"], inputs.get("billable_seconds")
    by_rule = worked
    if time["rule"] != "correction":
        step = time.get("increment_minutes", 0) * 60
        by_rule = max(worked, time.get("minimum_minutes", 0) * 60) if worked > 0 else 0
        by_rule = ceil(Fraction(by_rule, step)) * step if step else by_rule
    pairs["by_rule"] = by_rule, time["by_rule"]
    pairs["used"] = by_rule if agreed is None else agreed, time["used"]
    if not part:
        pairs["seconds"], pairs["worked_seconds"] = (0, row.seconds), (worked, row.worked_seconds)
        return done
    sign = -1 if time["used"] < 0 else 1
    pairs["from"], pairs["seconds"] = (done, part["from"]), (sign * (part["to"] - part["from"]), row.seconds)
    pairs["worked_seconds"] = share(worked, part["from"], part["to"], sign * time["used"]), row.worked_seconds
    weight, multiplier = Fraction(1), about.get("multiplier")
    if multiplier:
        both = Fraction(multiplier["work_type"]), Fraction(multiplier["role"])
        weight = max(both) if multiplier["policy"] == "highest" else both[0] * both[1]
        pairs["multiplier"] = weight, Fraction(multiplier["result"])
    if "corrects" not in about:
        drawn = rounded(weight * part["to"]) - rounded(weight * part["from"])
        if row.funding in ("included", "block"):
            pairs["draw"], pairs["draw as told"] = (drawn, row.draw and row.draw.amount), (drawn, about["draw"]["seconds"])
        elif row.funding != "retainer":
            pairs["draw"] = None, row.draw
    rate = about.get("rate")
    if rate and rate.get("result") is not None:
        pairs["rate"] = Fraction(rate["hourly_rate"]) * Fraction(rate.get("multiplier", 1)), Fraction(rate["result"])
    if row.funding in ("rate", "overage") and "corrects" not in about:
        pairs["price_unit"] = Fraction(rate["result"]), row.price_unit
    return part["to"]


def _amount(row, about, paid, is_last, pairs):
    amount, inputs = about["amount"], about["inputs"]
    if "seconds" in amount:
        whole = cost(about["rate"]["result"], amount["seconds"], amount["rounding"])
    else:
        whole = rounded(Fraction(inputs["quantity"]) * Fraction(inputs["price_unit"]), amount["rounding"])
    result = Fraction(amount["result"])
    pairs["whole"], pairs["paid"] = (whole, Fraction(amount["whole"])), (paid, Fraction(amount.get("paid", 0)))
    if row.funding == "retainer":
        pairs["amount"], pairs["draw"] = (0, row.amount), (result, row.draw and row.draw.amount)
        pairs["draw as told"] = result, Fraction(about["draw"]["money"])
    else:
        pairs["amount"] = result, row.amount
        if row.funding == "price":
            pairs["quantity"] = result, rounded(Fraction(row.quantity) * Fraction(row.price_unit), amount["rounding"])
    pairs["value"] = None if row.error else result, row.value
    if is_last:
        pairs["amount of all rows"] = whole, paid + result
    return paid + result


def _worth(row, about):
    value, part = about["value"], about["part"]
    rate, step = value["hourly_rate"], value["rounding"]
    if value["by"] == "hour_value":
        return cost(rate, about["draw"]["seconds"], step)
    return cost(rate, value["rest"], step) - cost(rate, value["rest"] - part["to"] + part["from"], step)


def _correction(row, origin, pairs):
    before = origin["seconds"] - origin["taken"]
    found = {"amount": row.amount, "value": row.value, "draw": row.draw and row.draw.amount}
    for name, number in found.items():
        step = origin["rounding"] if name != "draw" or row.funding == "retainer" else 1
        want = None if origin.get(name) is None and name != "amount" else [
            rounded(Fraction(origin.get(name) or 0) * seconds / origin["seconds"], step) for seconds in (before + row.seconds, before)
        ]
        pairs[name] = want and want[0] - want[1], number
    pairs["taken"] = True, before + row.seconds >= 0


def _money_back(row, origin, pairs):
    stays = Fraction(origin["value"]) - Fraction(origin["taken"])
    pairs["taken"] = True, row.value is not None and 0 < -row.value <= stays
    if row.funding != "retainer":
        pairs["draw"] = None, row.draw
