"""Which rows of the ledger go on which invoice: one for each client, contract (or all of the client's), currency and cycle.

A cycle is told by the first day after it, its *end*. Work is invoiced once its cycle is over; what has a due date of its own (a period
billed in advance, a milestone) goes with the cycle that ends on that day or next. Rows that come late, because their cycle was billed
before, go with the first cycle billed now, as corrections do. What is under no contract has no cycle, and shares the invoice of the
contracts that are grouped by client, if there is one.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

BY_CONTRACT = "contract"
BY_CLIENT = "client"


@dataclass(frozen=True)
class Row:
    """A row of the ledger that may be invoiced, or is covered and to be settled; or several of one day that have all but amounts in common.

    Of several ``id`` is the first one, ``amount`` their sum.
    """

    id: int
    client_id: int
    currency_id: int
    date: date
    amount: Decimal = Decimal(0)
    contract_id: int | None = None
    cycle: tuple[date, date] | None = None  # of the contract on that day: first day, first day after
    waits_for_cycle: bool = True  # work does; what was due on its date does not
    is_covered: bool = False
    others: tuple[int, ...] = ()  # the ids of the rest of several


@dataclass(frozen=True)
class Contract:
    """What a contract says of its invoices."""

    id: int
    grouping: str = BY_CONTRACT
    po_number: str = ""
    billed_until: date | None = None  # end of the last cycle that was billed


@dataclass(frozen=True)
class Group:
    """One invoice to be. A negative amount is a credit that found nothing to be set against."""

    client_id: int
    currency_id: int
    key: str
    contract_ids: tuple[int, ...]
    cycle_end: date | None
    row_ids: tuple[int, ...]
    covered_ids: tuple[int, ...]
    amount: Decimal


def is_ready(row: Row, until: date, open_cycles: bool = False) -> bool:
    """Say whether a row can be invoiced.

    >>> march = Row(1, 7, 1, date(2026, 3, 10), cycle=(date(2026, 3, 1), date(2026, 4, 1)))
    >>> is_ready(march, date(2026, 3, 30)), is_ready(march, date(2026, 3, 31)), is_ready(march, date(2026, 3, 30), True)
    (False, True, True)
    """
    if row.date > until:
        return False
    if row.cycle is None or open_cycles or not row.waits_for_cycle:
        return True
    return row.cycle[1] <= until + timedelta(days=1)


def end_of(row: Row) -> date | None:
    """Return the end of the cycle a row is billed with."""
    if row.cycle is None:
        return None
    start, end = row.cycle
    return start if not row.waits_for_cycle and row.date == start else end


def plan(rows, contracts, until, open_cycles=False) -> tuple[Group, ...]:
    """Group the rows that are ready into invoices, each row in one of them; the order of the rows does not matter."""
    contracts = {contract.id: contract for contract in contracts}
    by_invoice = defaultdict(list)
    for row in rows:
        if is_ready(row, until, open_cycles):
            by_invoice[(row.client_id, row.currency_id, _key(row, contracts))].append(row)
    groups = []
    for (client_id, currency_id, key), members in sorted(by_invoice.items()):
        for end, cycle_rows in _by_cycle(members, contracts):
            label = f"{key}:{end.isoformat()}" if end else key
            groups.append(_group(client_id, currency_id, label, end, cycle_rows))
    return tuple(groups)


def _key(row, contracts):
    if row.contract_id is None:
        return "client:"
    contract = contracts[row.contract_id]
    if contract.grouping == BY_CLIENT:
        # A purchase order is never mixed with another one.
        return f"client:{contract.po_number}"
    return f"contract:{contract.id}"


def _by_cycle(rows, contracts):
    """Return the rows by cycle, oldest first; a cycle that would be a credit goes with the next one."""
    fresh, late = defaultdict(list), defaultdict(list)
    for row in rows:
        end = end_of(row)
        billed = contracts[row.contract_id].billed_until if row.contract_id else None
        (late if end and billed and end <= billed else fresh)[end or date.max].append(row)
    if late:
        latest = max(late)
        fresh[min((end for end in fresh if end != date.max), default=latest)] += [row for end in late for row in late[end]]
    if len(fresh) > 1 and date.max in fresh:
        # What is under no contract goes with the last cycle of the contracts that share an invoice.
        fresh[max(end for end in fresh if end != date.max)] += fresh.pop(date.max)
    cycles, carried = [], []
    ends = sorted(fresh)
    for number, end in enumerate(ends, 1):
        carried += fresh[end]
        if _total(carried) < 0 and number < len(ends):
            continue
        cycles.append((None if end == date.max else end, carried))
        carried = []
    return cycles


def _total(rows):
    return sum((row.amount for row in rows if not row.is_covered), Decimal(0))


def _group(client_id, currency_id, key, end, rows):
    return Group(
        client_id=client_id,
        currency_id=currency_id,
        key=key,
        contract_ids=tuple(sorted({row.contract_id for row in rows if row.contract_id})),
        cycle_end=end,
        row_ids=_ids(row for row in rows if not row.is_covered),
        covered_ids=_ids(row for row in rows if row.is_covered),
        amount=_total(rows),
    )


def _ids(rows):
    return tuple(sorted(id_ for row in rows for id_ in (row.id, *row.others)))
