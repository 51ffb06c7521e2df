"""Corrections of what was invoiced: a signed entry takes back from the rows of the entry it corrects.

Nothing invoiced is ever edited. More time is rated like any other of the original's day; less time is taken back here, from
the row funded last to the one funded first (what was charged before what a block paid, that before included hours), each at
that row's own price: what stays of a row is its amount, value and draw in proportion to the seconds that stay, rounded half
up, and the correction is the difference. So a row taken back as a whole leaves nothing, however often it was corrected.
"""

from dataclasses import dataclass
from decimal import Decimal

from .derivation import POLICY, money, text
from .funding import round_half_up
from .pricing import round_money
from .terms import (
    BY_BLOCK,
    BY_COVERAGE,
    BY_FIXED_PRICE,
    BY_INCLUDED,
    BY_NOBODY,
    BY_OVERAGE,
    BY_RATE,
    BY_RETAINER,
    BY_TICKET_PRICE,
    COVERED,
    ERROR,
    NEGATIVE_TIME,
    PENDING,
    Draw,
    LedgerRow,
    PriceFact,
    TimeFact,
)

# Rows that were written off are taken back from what was written off: the client never owed them.
WRITTEN_OFF = "written_off"
_LAST_FUNDED_FIRST = (
    (BY_RATE, BY_OVERAGE),
    (BY_RETAINER,),
    (BY_BLOCK,),
    (BY_INCLUDED,),
    (BY_COVERAGE, BY_FIXED_PRICE, BY_TICKET_PRICE),
    (BY_NOBODY,),
)
_RANK = {funding: rank for rank, fundings in enumerate(_LAST_FUNDED_FIRST) for funding in fundings}


@dataclass
class _Source:
    """A row that can be taken back, and what was taken of it before."""

    row: LedgerRow
    taken: int = 0


def entry_of(fact) -> tuple[str, int]:
    """Return the entry a fact belongs to in the end: a correction belongs to what it corrects."""
    if isinstance(fact, PriceFact):
        return fact.corrects_model or fact.source_model, fact.corrects_id or fact.source_id
    return fact.source_model, fact.corrects_id or fact.source_id


def is_earlier(row: LedgerRow, delta) -> bool:
    """Say whether a row is of what a correction corrects, or of an earlier correction of that."""
    return row.source_model != delta.source_model or row.source_id < delta.source_id


def by_entry(rows) -> dict[tuple[str, int], list[LedgerRow]]:
    """Group rows by the entry they belong to in the end: those of a correction belong to the entry corrected."""
    grouped = {}
    for row in rows:
        inputs = row.derivation.get("inputs", {})
        entry = inputs.get("corrects_model") or row.source_model, inputs.get("corrects_id") or row.source_id
        grouped.setdefault(entry, []).append(row)
    return grouped


def unwind(delta: TimeFact, rows, also_later=False) -> tuple[LedgerRow, ...]:
    """Take a correction's negative seconds back from the rows of the entry it corrects.

    :param delta: a fact whose charged seconds are negative (without ``billable_seconds``: its worked ones)
    :param rows: the rows of the original and of its other corrections
    :param also_later: if earlier ones are not enough, take back from time that was added later, too
    :return: one row for each row taken back from, last funded first; a part of two such rows is told apart by ``#`` and the
        entry it is taken from. What is more than there is comes last, as an error row.
    """
    charged = delta.worked_seconds if delta.billable_seconds is None else delta.billable_seconds
    wanted, done, made = -charged, 0, []
    for source in _sources(delta, rows, also_later):
        seconds = min(source.row.seconds - source.taken, wanted - done)
        if seconds <= 0:
            continue
        made.append(_taken_back(delta, source, seconds, (len(made), done, wanted), {row.part for row in made}))
        done += seconds
    if done < wanted:
        model = made[-1] if made else None
        made.append(
            LedgerRow(
                source_model=delta.source_model,
                source_id=delta.source_id,
                part="time" if all(row.part != "time" for row in made) else f"time#{delta.source_id}",
                state=ERROR,
                funding=BY_NOBODY,
                worked_seconds=_worked(delta, done, wanted, wanted),
                seconds=done - wanted,
                contract_id=model.contract_id if model else None,
                version_id=model.version_id if model else None,
                currency_id=model.currency_id if model else delta.company_currency.id,
                product_id=model.product_id if model else None,
                error=NEGATIVE_TIME,
                derivation=_derived(delta, len(made), done, wanted, wanted),
            )
        )
    return tuple(made)


def _sources(delta, rows, also_later) -> list[_Source]:
    """Return the rows that time can be taken back from, last funded first; those of what was added later are the last resort."""
    sources = {
        (row.source_id, row.part): _Source(row)
        for row in rows
        if row.seconds > 0 and row.state != ERROR and (also_later or is_earlier(row, delta))
    }
    for row in rows:
        origin = row.derivation.get("corrects")
        if origin and row.seconds < 0 and (source := sources.get((origin["source_id"], origin["part"]))):
            source.taken -= row.seconds
    return sorted(
        sources.values(),
        key=lambda source: (
            not is_earlier(source.row, delta),
            _RANK.get(source.row.funding, 0),
            -source.row.source_id,
            -source.row.derivation.get("part", {}).get("index", 0),
            source.row.part,
        ),
    )


def _taken_back(delta, source, seconds, place, parts):
    index, done, wanted = place
    row, taken = source.row, source.taken
    step = delta.company_currency.rounding
    told = row.derivation.get("amount", {}).get("rounding") or row.derivation.get("value", {}).get("rounding")
    if told:
        step = Decimal(told)

    def difference(number, rounded):
        """Return what the next seconds take of a number of the row."""
        if number is None:
            return None
        stays = rounded(number * (row.seconds - taken - seconds), row.seconds)
        return stays - rounded(number * (row.seconds - taken), row.seconds)

    def rounded_money(number, divisor):
        return round_money(number / divisor, step)

    draw = None
    if row.draw is not None:
        is_money = row.funding == BY_RETAINER
        draw = Draw(row.draw.pool_kind, row.draw.pool_id, difference(row.draw.amount, rounded_money if is_money else round_half_up))
    derivation = _derived(delta, index, done, done + seconds, wanted)
    derivation["corrects"] = {
        "source_id": row.source_id, "part": row.part, "seconds": row.seconds, "taken": taken, "amount": money(row.amount),
        "value": money(row.value), "draw": row.draw and text(Decimal(row.draw.amount)), "rounding": money(step),
    }
    amount = difference(row.amount, rounded_money)
    return LedgerRow(
        source_model=delta.source_model,
        source_id=delta.source_id,
        part=row.part if row.part not in parts else f"{row.part}#{row.source_id}",
        state=_state(row),
        funding=row.funding,
        worked_seconds=_worked(delta, done, done + seconds, wanted),
        seconds=-seconds,
        contract_id=row.contract_id,
        version_id=row.version_id,
        currency_id=row.currency_id,
        product_id=row.product_id,
        price_unit=row.price_unit,
        amount=amount if amount is not None else Decimal(0),
        value=difference(row.value, rounded_money),
        draw=draw,
        derivation=derivation,
    )


def _state(row):
    if row.state == WRITTEN_OFF:
        return WRITTEN_OFF
    return PENDING if row.funding in (BY_RATE, BY_OVERAGE, BY_NOBODY) else COVERED


def _worked(delta, start, until, wanted):
    """Return the worked seconds of a row: in proportion to the charged ones, rounded down cumulatively."""
    return delta.worked_seconds * until // wanted - delta.worked_seconds * start // wanted


def _derived(delta, index, start, until, wanted):
    return {
        "policy": POLICY,
        "inputs": {
            "date": delta.date.isoformat(),
            "client_id": delta.client_id,
            "worked_seconds": delta.worked_seconds,
            "billable_seconds": delta.billable_seconds,
            "work_type_id": delta.work_type.id if delta.work_type else None,
            "role_id": delta.role.id if delta.role else None,
            "corrects_id": delta.corrects_id,
        },
        "time": {"rule": "correction", "by_rule": delta.worked_seconds, "used": -wanted},
        "part": {"index": index, "from": start, "to": until},
    }
