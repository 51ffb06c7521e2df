"""Rating: facts of work and the terms they fall under become ledger rows.

Pure functions over frozen data (``terms.py``). Everything open of a client is rated together in one canonical order (day,
start, source), so that the order of arrival does not matter. One fact gives one or more rows; their worked seconds add up to
the fact's and their seconds to what it charges: nothing is lost, also when nothing is charged. A price that cannot be found is
an ``error`` row with a named reason, never a silent zero.

Who pays, in this order: a coverage rule that says "included", or a fixed price or price by the ticket; included hours; blocks;
then the overage or the hourly rate, of which retainers pay as much as they have. An entry is split wherever one of them ends.

What is frozen (released, invoiced, settled) is not rated again: a fact with any frozen row is left out as a whole, what its
rows drew is in ``Pool.used``. Whatever is frozen, the rest comes out the same, derivation and all. (One exception: terms that
let a block go below zero only from some day on. Work of that day that is settled first leaves less for open work before it.)

Rounding points, and there are no others:

* charged seconds are raised to the minimum and the increment, once an entry (``pricing.billable_seconds``);
* seconds drawn from a pool are charged seconds times the multiplier, half up, once an entry (``funding.Weight``);
* worked seconds are shared among the rows of an entry in proportion to the charged ones, rounded down cumulatively, so that
  the remainder is the last row's;
* an amount is hours × rate, half up to the currency's step, once for all seconds an entry charges at one rate; a retainer
  takes whole steps of it, what it leaves is the amount of the last row, and seconds follow in proportion, rounded down;
* hours covered at a rate are worth, from the end of the entry: (rate × what is left with them) − (rate × what is left after
  them), both rounded, so that all parts at one rate add up to the whole; drawn hours with a price of their own are worth that.
"""

from bisect import bisect_right
from datetime import UTC, datetime

from . import corrections
from .derivation import POLICY
from .funding import Balance, Pools, balances
from .price_rating import rate_price
from .pricing import (
    MINUTES_PER_HOUR,
    Choice,
    Price,
    billable_minutes,
    billable_seconds,
    changes,
    choose_contract,
    choose_rate,
    price_of,
    quantity_of,
    round_money,
    version_on,
)
from .terms import (
    BLOCKS_EXHAUSTED,
    CONTRACT_UNUSABLE,
    CURRENCY_MISMATCH,
    ERROR,
    MISSING_CLIENT,
    MISSING_CURRENCY_RATE,
    MISSING_PRODUCT,
    MISSING_RATE,
    MISSING_ROLE,
    MISSING_WORK_TYPE,
    NEGATIVE_TIME,
    NON_BILLABLE,
    PENDING,
    REASONS,
    BlockTerms,
    Book,
    Contract,
    CoverageRule,
    Currency,
    Draw,
    FlatTerms,
    LedgerRow,
    Pool,
    PriceFact,
    RateClause,
    Role,
    RoleRate,
    TimeFact,
    Version,
    WorkType,
)
from .time_rating import rate_time, takes_back

POLICY_VERSION = POLICY
STATE_PENDING, STATE_ERROR, STATE_NON_BILLABLE = PENDING, ERROR, NON_BILLABLE
_NO_MOMENT = datetime.min.replace(tzinfo=UTC)

__all__ = [
    "BLOCKS_EXHAUSTED", "CONTRACT_UNUSABLE", "CURRENCY_MISMATCH", "MINUTES_PER_HOUR", "MISSING_CLIENT", "MISSING_CURRENCY_RATE",
    "MISSING_PRODUCT", "MISSING_RATE", "MISSING_ROLE", "MISSING_WORK_TYPE", "NEGATIVE_TIME", "POLICY_VERSION", "REASONS",
    "STATE_ERROR", "STATE_NON_BILLABLE", "STATE_PENDING",
    "Balance", "BlockTerms", "Book", "Choice", "Contract", "CoverageRule", "Currency", "Draw", "FlatTerms", "LedgerRow", "Pool",
    "Price", "PriceFact", "RateClause", "Role", "RoleRate", "TimeFact", "Version", "WorkType",
    "balances", "billable_minutes", "billable_seconds", "choose_contract", "choose_rate", "in_order", "price_of", "quantity_of",
    "rate", "round_money", "version_on",
]


def rate(facts, book: Book) -> tuple[LedgerRow, ...]:
    """Rate everything that is open together.

    :param facts: :class:`TimeFact` and :class:`PriceFact` in any order, none with a frozen row
    :param book: the contracts and pools of their clients, and the rows that corrections among the facts take back from
    :return: rows sorted by source and part
    """
    run = _Run(book)
    ordered = in_order(facts)
    corrected = [fact for fact in ordered if takes_back(fact)]
    late = [fact for fact in corrected if not run.take_back(fact)]
    for fact in ordered:
        if isinstance(fact, PriceFact):
            rate_price(run, fact)
        elif not (corrected and takes_back(fact)):
            rate_time(run, fact)
    for fact in late:  # what they correct is open itself, and has its rows only now
        run.take_back(fact, also_open=True)
    return tuple(sorted(run.rows, key=lambda row: (row.source_model, row.source_id, row.part)))


def in_order(facts) -> list[TimeFact | PriceFact]:
    """Return facts in the order in which they draw from pools: day, start (those without one first), source, part."""

    def place(fact):
        start, part = (None, fact.part) if isinstance(fact, PriceFact) else (fact.start, "")
        return fact.date, start is not None, start or _NO_MOMENT, fact.source_model, fact.source_id, part

    return sorted(facts, key=place)


class _Run:
    """One run over one book: its rows, what is left in the pools, and what was looked up already."""

    def __init__(self, book):
        self.rows = []
        self.pools = Pools(book.pools)
        self.terms = {}
        self._originals = corrections.by_entry(book.originals)
        self._choices = {}
        self._contract_changes = {}
        self._role_changes = {}
        self._contracts = {}
        for contract in book.contracts:
            self._contracts.setdefault((contract.client_id, contract.company_id), []).append(contract)

    def choose(self, fact):
        """Return the contract a fact falls under, its version that day, both as the derivation tells them, and the stretch of
        days without a change of its terms that the day lies in."""
        currency_id = fact.currency.id if isinstance(fact, PriceFact) else None
        key = (fact.client_id, fact.company_id, fact.date, fact.contract_id, currency_id)
        found = self._choices.get(key)
        if found is None:
            choice = choose_contract(fact, self._contracts.get((fact.client_id, fact.company_id), ()))
            version = version_on(choice.contract, fact.date)
            about = {"id": choice.contract.id if choice.contract else None, "why": choice.why}
            if version:
                about["version_id"] = version.id
            if choice.candidate_ids:
                about["candidate_ids"] = list(choice.candidate_ids)
            if choice.problem:
                about["problem"] = choice.problem
            found = self._choices[key] = choice, version, about, self._stretch_of_contract(choice.contract, fact.date)
        return found

    def _stretch_of_contract(self, contract, day):
        if contract is None:
            return 0
        days = self._contract_changes.get(contract.id)
        if days is None:
            days = self._contract_changes[contract.id] = changes(*contract.block_terms, *contract.flat_terms)
        return bisect_right(days, day.toordinal()) if days else 0

    def stretch_of(self, role, day):
        """Return which of the stretches without a change of the role's rates a day lies in."""
        days = self._role_changes.get(role)
        if days is None:
            days = self._role_changes[role] = changes(*role.rates)
        return bisect_right(days, day.toordinal()) if days else 0

    def take_back(self, fact, also_open=False):
        """Take a correction back from frozen rows, or also from open ones; say whether there was enough of them.

        Without the open ones it is all or nothing.
        """
        key = (fact.source_model, fact.corrects_id)
        known = self._originals.get(key, [])
        if also_open:
            seen = {(row.source_id, row.part) for row in known}
            open_rows = corrections.by_entry(self.rows).get(key, [])
            known = [*known, *(row for row in open_rows if (row.source_id, row.part) not in seen)]
        rows = corrections.unwind(fact, known)
        if not also_open and rows[-1].state == ERROR:
            return False
        for row in rows:
            pool = row.part.partition("#")[0]
            if row.draw is not None and pool in self.pools.left:
                self.pools.draw(pool, row.draw.amount)
        self.rows += rows
        self._originals[key] = [*self._originals.get(key, []), *rows]
        return True
