"""What the auditors have in common: which entry a correction belongs to, what it takes back, and how numbers are rounded.

Like them it shares nothing with what they audit.
"""

from fractions import Fraction
from math import floor


def taken_back(fact):
    """Return the charged seconds, or the money, that a correction takes back from an entry; 0 for anything else."""
    if is_price(fact):
        has_price = fact.corrects_id and fact.is_billable and fact.price_unit is not None
        return max(0, -rounded(Fraction(fact.quantity) * Fraction(fact.price_unit), fact.currency.rounding)) if has_price else 0
    seconds = fact.worked_seconds if fact.billable_seconds is None else fact.billable_seconds
    return max(0, -seconds) if fact.is_delta and fact.is_billable else 0


def account(fact):
    """Return what a correction takes back from: an entry, and of priced ones the currency."""
    model = getattr(fact, "corrects_model", None) or fact.source_model
    return model, fact.corrects_id or fact.source_id, fact.currency.id if is_price(fact) else None


def account_of(row):
    """Return where a row belongs, see ``account``."""
    inputs, model = row.derivation.get("inputs", {}), row.source_model
    currency_id = None if "worked_seconds" in inputs else row.currency_id
    return inputs.get("corrects_model") or model, inputs.get("corrects_id") or row.source_id, currency_id


def worth(row):
    """Return what can be taken back of a row, below zero where it has taken back: money, or seconds."""
    return 0 if row.state == "error" else Fraction(row.value or 0) if account_of(row)[2] else row.seconds


def origin(row):
    """Return what there is more of by a row, as model, id and part: itself, or what it takes back from."""
    about = row.derivation.get("corrects", {}) if worth(row) < 0 else {"source_id": row.source_id, "part": row.part}
    return about.get("source_model", row.source_model), about.get("source_id"), about.get("part")


def came_before(source_model, source_id, fact):
    """Say whether a source is what a correction corrects, or an earlier correction of that."""
    return source_model != fact.source_model or source_id < fact.source_id


def is_price(fact):
    """Say whether it has a price of its own, so is no time."""
    return hasattr(fact, "price_unit")


def share(worked, since, until, whole):
    """Return the part of the worked seconds that goes with some of the charged ones."""
    return floor(Fraction(worked * until, whole)) - floor(Fraction(worked * since, whole))


def rounded(number, step=1):
    """Round to the nearest step, halves away from zero."""
    steps = floor(abs(Fraction(number)) / Fraction(step) + Fraction(1, 2))
    return (steps if number >= 0 else -steps) * Fraction(step)


def cost(rate, seconds, step):
    """Return what so much time costs."""
    return rounded(Fraction(rate) * seconds / 3600, step)
