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

A correction takes back as soon as what it corrects is rated: what it puts back into a pool is there for all that comes after.

Rounding points, and there are no others:

* charged seconds are raised to the minimum and the increment, once an entry (``pricing.billable_seconds``);
* seconds drawn from a pool are charged seconds times the multiplier, half up, once an entry (``funding.Weight``);
* worked seconds are shared among the rows of an entry in proportion to the charged ones, rounded down cumulatively, so that
  the remainder is the last row's;
* an amount is hours × rate, half up to the currency's step, once for all seconds an entry charges at one rate; a retainer
  takes whole steps of it, what it leaves is the amount of the last row, and seconds follow in proportion, rounded down;
* hours covered at a rate are worth (rate × the entry's seconds at that rate with and after them) − (rate × those after them),
  both rounded, so that all parts at one rate add up to the whole; drawn hours with a price of their own are worth that.
"""

from bisect import bisect_right
from datetime import datetime, timezone

from . import corrections, price_corrections
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
    MORE_THAN_CHARGED,
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
from .time_rating import rate_time
from .time_rating import takes_back as takes_time_back

UTC = timezone.utc

POLICY_VERSION = POLICY
STATE_PENDING, STATE_ERROR, STATE_NON_BILLABLE = PENDING, ERROR, NON_BILLABLE
_NO_MOMENT = datetime.min.replace(tzinfo=UTC)

__all__ = [
    "BLOCKS_EXHAUSTED", "CONTRACT_UNUSABLE", "CURRENCY_MISMATCH", "MINUTES_PER_HOUR", "MISSING_CLIENT", "MISSING_CURRENCY_RATE",
    "MISSING_PRODUCT", "MISSING_RATE", "MISSING_ROLE", "MISSING_WORK_TYPE", "MORE_THAN_CHARGED", "NEGATIVE_TIME", "POLICY_VERSION",
    "REASONS", "STATE_ERROR", "STATE_NON_BILLABLE", "STATE_PENDING",
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
    to_charge = {corrections.entry_of(fact): [] for fact in corrected}  # of each entry of which is taken back, in order
    for fact in ordered if corrected else ():
        if not takes_back(fact) and (rest := to_charge.get(corrections.entry_of(fact))) is not None:
            rest.append(fact)

    def take_back(entry, asked):
        """Take back what there is enough for, and return what is to wait: more of what it corrects is to come."""
        rest, waiting = to_charge[entry], []
        for fact in asked:
            # Of time each step is taken when all those before it are known, so that it is put right as it was, and right at once.
            # Money goes back as soon as there is enough. What came later is taken from only when all that came before is known.
            is_next = not any(corrections.is_earlier(other, fact) for other in rest)
            if not (is_next or isinstance(fact, PriceFact)) or not run.take_back(fact, also_later=is_next):
                waiting.append(fact)
        for fact in () if rest else waiting:
            run.take_back(fact, also_later=True, also_in_part=True)
        return waiting if rest else []

    late = {}  # what they correct is open itself, and has its rows only when its turn comes
    for fact in corrected:
        late.setdefault(corrections.entry_of(fact), []).append(fact)
    for entry, waiting in late.items():
        late[entry] = take_back(entry, waiting)
    for fact in ordered:
        if corrected and takes_back(fact):
            continue
        start = len(run.rows)
        if isinstance(fact, PriceFact):
            rate_price(run, fact)
        else:
            rate_time(run, fact)
        if late and (waiting := late.get(entry := corrections.entry_of(fact))):
            run.know(entry, run.rows[start:])
            to_charge[entry].remove(fact)
            late[entry] = take_back(entry, waiting)
    return tuple(sorted(run.rows, key=lambda row: (row.source_model, row.source_id, row.part)))


def takes_back(fact) -> bool:
    """Say whether a fact takes back from what it corrects."""
    if isinstance(fact, PriceFact):
        return price_corrections.takes_back(fact)
    return fact.is_delta and takes_time_back(fact)


def in_order(facts) -> list[TimeFact | PriceFact]:
    """Return facts in the order in which they draw from pools: day, start (those without one first), source, part.

    A correction has its place behind what it corrects (of time, if it is given the start of that): whatever is charged then is
    charged instead of that.
    """

    def place(fact):
        is_correction = fact.corrects_id is not None
        if isinstance(fact, PriceFact):
            return fact.date, False, _NO_MOMENT, *corrections.entry_of(fact), is_correction, fact.source_id, fact.part
        start = fact.start
        return fact.date, start is not None, start or _NO_MOMENT, *corrections.entry_of(fact), is_correction, fact.source_id

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

    def know(self, entry, rows):
        """Let corrections take back from these rows of an entry, too."""
        known = self._originals.setdefault(entry, [])
        seen = {(row.source_model, row.source_id, row.part) for row in known}
        known += [row for row in rows if (row.source_model, row.source_id, row.part) not in seen]

    def take_back(self, fact, also_later=False, also_in_part=False):
        """Take a correction back from the rows known of its entry; say whether there was enough of them.

        :param also_later: if what came before it is not enough, take back from what came later, too
        :param also_in_part: if there is not enough, take back what there is, and say so in an error row, rather than nothing
        """
        entry = corrections.entry_of(fact)
        unwind = price_corrections.unwind if isinstance(fact, PriceFact) else corrections.unwind
        rows = unwind(fact, self._originals.get(entry, ()), also_later)
        if rows[-1].state == ERROR and not also_in_part:
            return False
        for row in rows:
            pool = row.part.partition("#")[0]
            if row.draw is not None and pool in self.pools.left:
                self.pools.draw(pool, row.draw.amount)
        self.rows += rows
        self._originals.setdefault(entry, []).extend(rows)
        return True
