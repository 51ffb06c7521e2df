"""Corrections of what has a price of its own: a negative line takes back from the rows of the charge it corrects.

Nothing invoiced is ever edited. Taken back first is what was charged, then what a retainer paid, which goes back into that
retainer; of each the latest first. All of it to the cent, at what those rows brought and never more: what is more than there is
becomes an error row. A positive line is charged in the place of what it corrects, and the retainer pays it as far as it goes;
so a charge put right before its invoice leaves client and retainer where they were had it been right at once.
"""

from decimal import Decimal

from .corrections import WRITTEN_OFF, is_earlier
from .derivation import POLICY, money, priced_inputs, told_amount
from .funding import RETAINER
from .price_rating import row_of
from .pricing import ONE, round_money
from .terms import (
    BY_NOBODY,
    BY_PRICE,
    BY_RETAINER,
    COVERED,
    ERROR,
    MORE_THAN_CHARGED,
    PENDING,
    Draw,
    LedgerRow,
    PriceFact,
)

ZERO = Decimal(0)


def takes_back(fact: PriceFact) -> bool:
    """Say whether a fact takes money back from what it corrects."""
    if fact.corrects_id is None or not fact.is_billable or fact.price_unit is None:
        return False
    return round_money(fact.quantity * fact.price_unit, fact.currency.rounding) < 0


def unwind(delta: PriceFact, rows, also_later=False) -> tuple[LedgerRow, ...]:
    """Take a correction's money back from the rows of what it corrects.

    :param delta: a fact that takes back
    :param rows: the rows of the original and of its other corrections
    :param also_later: if earlier ones are not enough, take back from what was charged later in the place of that, too
    :return: one row for each row taken back from, last funded first, with the price of the correction if it is the only one,
        else of quantity -1; a part of two such rows is told apart by ``#`` and where it is taken from. What is more than there
        is comes last, as an error row.
    """
    rounding = delta.currency.rounding
    whole = round_money(delta.quantity * delta.price_unit, rounding)
    made, done = [], ZERO  # ``done`` is below zero, as is ``whole``
    for row, left in _sources(delta, rows, also_later):
        taken = -min(left, done - whole)
        if not taken:
            break
        made.append(_taken_back(delta, row, left, (whole, done, taken), {other.part for other in made}))
        done += taken
    if done != whole:
        made.append(_beyond(delta, made, whole, done))
    return tuple(made)


def _sources(delta, rows, also_later):
    """Yield the rows that money can be taken back from and how much is left of each, last funded first.

    What was charged later in the place of that is the last resort: else where the money comes from would change once it is
    released. What an earlier correction took from no row that is still there is missing from the others: more than the rows
    have brought together is never taken back, whatever became of them.
    """
    rows = [row for row in rows if row.state != ERROR and row.currency_id == delta.currency.id]
    left = {(row.source_model, row.source_id, row.part): row.value for row in rows if row.value > 0}
    lost = ZERO
    for row in rows:
        if row.value < 0:
            origin = row.derivation.get("corrects", {})
            key = origin.get("source_model"), origin.get("source_id"), origin.get("part")
            known = min(left.get(key, ZERO), -row.value)
            if known:
                left[key] -= known
            lost -= row.value + known
    for row in sorted((row for row in rows if row.value > 0), key=lambda row: (not is_earlier(row, delta), *_turn(row))):
        rest = left[row.source_model, row.source_id, row.part]
        missing = min(rest, lost)
        lost -= missing
        if rest > missing and (also_later or is_earlier(row, delta)):
            yield row, rest - missing


def _turn(row):
    is_correction = row.derivation.get("inputs", {}).get("corrects_id") is not None
    before = Decimal(row.derivation.get("amount", {}).get("paid", 0))
    return row.funding == BY_RETAINER, not is_correction, -row.source_id, -before, row.part


def _taken_back(delta, row, left, place, parts):
    whole, done, taken = place
    rounding, is_paid_ahead, is_all = delta.currency.rounding, row.funding == BY_RETAINER, taken == whole
    taken = round_money(taken, rounding)
    part = row.part
    if part in parts:
        part += f"#{row.source_id}" if row.source_model == delta.source_model else f"#{row.source_model}:{row.source_id}"
    derivation = _derived(delta, whole, done, taken)
    derivation["corrects"] = {
        "source_model": row.source_model, "source_id": row.source_id, "part": row.part,
        "value": money(round_money(row.value, rounding)), "taken": money(round_money(row.value - left, rounding)),
    }
    if is_paid_ahead:
        derivation["draw"] = {"pool": row.part, "money": money(taken)}
        state = COVERED
    else:
        state = PENDING
    return row_of(
        delta,
        part=part,
        state=WRITTEN_OFF if row.state == WRITTEN_OFF else state,
        funding=BY_RETAINER if is_paid_ahead else BY_PRICE,
        contract_id=row.contract_id,
        version_id=row.version_id,
        product_id=row.product_id,
        quantity=delta.quantity if is_all else -ONE,
        price_unit=ZERO if is_paid_ahead else delta.price_unit if is_all else -taken,
        amount=ZERO if is_paid_ahead else taken,
        value=taken,
        draw=Draw(RETAINER, row.draw.pool_id, taken) if is_paid_ahead else None,
        derivation=derivation,
    )


def _beyond(delta, made, whole, done):
    """Return the row for what is more than there is."""
    last = made[-1] if made else None
    return row_of(
        delta,
        part=delta.part if all(row.part != delta.part for row in made) else f"{delta.part}#{delta.source_id}",
        state=ERROR,
        funding=BY_NOBODY,
        contract_id=last.contract_id if last else None,
        version_id=last.version_id if last else None,
        quantity=-ONE if made else delta.quantity,
        error=MORE_THAN_CHARGED,
        derivation=_derived(delta, whole, done, whole - done),
    )


def _derived(delta, whole, done, result):
    return {
        **delta.derivation,
        "policy": POLICY,
        "inputs": priced_inputs(delta),
        "amount": told_amount(whole, done, result, delta.currency.rounding),
    }
