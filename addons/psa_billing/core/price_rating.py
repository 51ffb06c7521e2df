"""What has a price of its own (charges, expenses, milestones, periods): the rows one fact gives; read ``rating.py`` first.

A retainer that pays it in part leaves two rows of quantity 1: what it paid, and the rest at the rest's price.
"""

from decimal import Decimal

from .derivation import POLICY, money, priced_inputs, told_amount
from .funding import RETAINER, payable
from .pricing import ONE, round_money
from .terms import (
    BY_NOBODY,
    BY_PRICE,
    BY_RETAINER,
    CONTRACT_UNUSABLE,
    COVERED,
    CURRENCY_MISMATCH,
    ERROR,
    MISSING_CLIENT,
    MISSING_PRODUCT,
    MISSING_RATE,
    NON_BILLABLE,
    PENDING,
    Draw,
    LedgerRow,
)

ZERO = Decimal(0)


def row_of(fact, **values) -> LedgerRow:
    """Return a row of what has a price of its own: it takes no time, and is in the fact's currency."""
    common = {
        "source_model": fact.source_model,
        "source_id": fact.source_id,
        "worked_seconds": 0,
        "seconds": 0,
        "currency_id": fact.currency.id,
        "product_id": fact.product_id,
    }
    return LedgerRow(**{**common, **values})


def rate_price(run, fact) -> None:
    """Add the rows of one fact to a run's and draw what they draw from its retainers."""
    choice, version, about, _stretch = run.choose(fact)
    contract, currency = choice.contract, fact.currency
    derivation = {**fact.derivation, "policy": POLICY, "inputs": priced_inputs(fact), "contract": about}

    def add(part, state, funding, quantity, price_unit, amount, value, drawn=None, error=None, told=None):
        run.rows.append(
            row_of(
                fact,
                part=part,
                state=state,
                funding=funding,
                contract_id=contract.id if contract else None,
                version_id=version.id if version else None,
                quantity=quantity,
                price_unit=price_unit,
                amount=amount,
                value=value,
                draw=drawn,
                error=error,
                derivation={**derivation, **told} if told else derivation,
            )
        )

    if not fact.is_billable:
        add(fact.part, NON_BILLABLE, BY_NOBODY, fact.quantity, ZERO, ZERO, ZERO)
        return
    problem = _first_problem(fact, choice)
    if problem:
        add(fact.part, ERROR, BY_NOBODY, fact.quantity, None, None, None, error=problem)
        return
    rounding, paid = currency.rounding, ZERO
    whole = round_money(fact.quantity * fact.price_unit, rounding)
    may_draw = contract and fact.may_draw_retainer and whole > 0
    for key, pool in run.pools.usable(contract.id, RETAINER, fact.date) if may_draw else ():
        if pool.currency_id not in (None, currency.id):
            continue
        taken = payable(run.pools.left[key], whole - paid, rounding)
        if not taken:
            continue
        run.pools.draw(key, taken)
        add(
            key, COVERED, BY_RETAINER, fact.quantity if taken == whole else ONE, ZERO, ZERO, taken, Draw(RETAINER, pool.id, taken),
            told={"amount": told_amount(whole, paid, taken, rounding), "draw": {"pool": key, "money": money(taken)}},
        )
        paid += taken
        if paid == whole:
            return
    rest = whole - paid
    add(
        fact.part, PENDING, BY_PRICE, ONE if paid else fact.quantity, rest if paid else fact.price_unit, rest, rest,
        told={"amount": told_amount(whole, paid, rest, rounding)},
    )


def _first_problem(fact, choice):
    """Name the first thing that stands in the way of charging it."""
    if fact.client_id is None:
        return MISSING_CLIENT
    if choice.problem:
        return CONTRACT_UNUSABLE
    if fact.product_id is None:
        return MISSING_PRODUCT
    if fact.price_unit is None:
        return MISSING_RATE
    if choice.contract and choice.contract.currency.id != fact.currency.id:
        return CURRENCY_MISMATCH
    return None
