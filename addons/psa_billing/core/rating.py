"""Rating: facts of work and the terms they fall under become ledger rows.

Pure functions over frozen data; amounts are ``Decimal``, durations whole minutes. One fact gives one
or more rows whose worked minutes add up to the fact's: nothing is lost, also when nothing is charged.
A price that cannot be found is an ``error`` row with a named reason, never a silent zero.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

POLICY_VERSION = "tm-1"
MINUTES_PER_HOUR = 60

STATE_PENDING = "pending"
STATE_ERROR = "error"
STATE_NON_BILLABLE = "non_billable"

MISSING_CLIENT = "missing_client"
MISSING_WORK_TYPE = "missing_work_type"
MISSING_ROLE = "missing_role"
MISSING_RATE = "missing_rate"
MISSING_PRODUCT = "missing_product"
CONTRACT_UNUSABLE = "contract_unusable"
NEGATIVE_TIME = "negative_time"
REASONS = (
    MISSING_CLIENT,
    MISSING_WORK_TYPE,
    MISSING_ROLE,
    MISSING_RATE,
    MISSING_PRODUCT,
    CONTRACT_UNUSABLE,
    NEGATIVE_TIME,
)


@dataclass(frozen=True)
class Currency:
    """A currency and the smallest step its amounts are rounded to."""

    id: int
    rounding: Decimal = Decimal("0.01")


@dataclass(frozen=True)
class WorkType:
    """What kind of work it was, and how its minutes are rounded."""

    id: int
    minimum_minutes: int = 0
    increment_minutes: int = 0
    product_id: int | None = None


@dataclass(frozen=True)
class Role:
    """In which capacity the work was done; its own rate is the last resort."""

    id: int
    hourly_rate: Decimal | None = None
    currency_id: int | None = None


@dataclass(frozen=True)
class RateClause:
    """One line of a contract's rate table; without a work type it holds for all of them."""

    id: int
    role_id: int
    hourly_rate: Decimal
    work_type_id: int | None = None


@dataclass(frozen=True)
class Contract:
    """The terms agreed with a client for a period; ``date_end`` is its last day."""

    id: int
    client_id: int
    company_id: int
    currency: Currency
    date_start: date
    date_end: date | None = None
    is_confirmed: bool = True
    rates: tuple[RateClause, ...] = ()

    def covers(self, day: date) -> bool:
        """Say whether the contract is in force on that day."""
        return (
            self.is_confirmed
            and self.date_start <= day
            and (self.date_end is None or day <= self.date_end)
        )


@dataclass(frozen=True)
class TimeFact:
    """Time worked, as approved. ``billable_minutes`` is what people agreed to charge."""

    source_model: str
    source_id: int
    company_id: int
    company_currency: Currency
    date: date
    worked_minutes: int
    billable_minutes: int
    is_billable: bool = True
    client_id: int | None = None
    contract_id: int | None = None
    work_type: WorkType | None = None
    role: Role | None = None


@dataclass(frozen=True)
class LedgerRow:
    """One row of the ledger: what is charged for which part of which fact, and why."""

    source_model: str
    source_id: int
    part: str
    state: str
    worked_minutes: int
    minutes: int
    contract_id: int | None
    currency_id: int
    product_id: int | None
    price_unit: Decimal | None = None
    amount: Decimal | None = None
    error: str | None = None
    derivation: dict = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Choice:
    """A contract and the reason it was taken (or that none was)."""

    contract: Contract | None
    why: str
    candidate_ids: tuple[int, ...] = ()


@dataclass(frozen=True)
class Price:
    """An hourly rate and the clause it comes from."""

    hourly_rate: Decimal | None
    clause: str
    clause_id: int | None = None


def billable_minutes(worked: int, minimum: int = 0, increment: int = 0) -> int:
    """Return the minutes to charge for the minutes worked.

    Work below the minimum is charged at the minimum; the result is raised (never lowered) to the
    next whole increment. No work charges nothing.

    >>> billable_minutes(7, minimum=15, increment=15)
    15
    >>> billable_minutes(16, minimum=15, increment=15)
    30
    >>> billable_minutes(0, minimum=15)
    0
    """
    if worked <= 0:
        return 0
    minutes = max(worked, minimum)
    if increment > 1:
        minutes = -(-minutes // increment) * increment
    return minutes


def round_money(amount: Decimal, rounding: Decimal) -> Decimal:
    """Round to the currency's step, halves away from zero.

    >>> round_money(Decimal("45.005"), Decimal("0.01"))
    Decimal('45.01')
    >>> round_money(Decimal("12.33"), Decimal("0.05"))
    Decimal('12.35')
    """
    steps = (amount / rounding).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    return steps * rounding


def quantity_of(minutes: int, digits: int = 2) -> tuple[Decimal, str]:
    """Return the quantity an invoice line shows and its unit.

    Hours where the hours are exact in the decimals an invoice keeps, else minutes: 20 minutes are
    not 0.33 hours, and a client who checks the product of a line must find the amount.

    >>> quantity_of(75)
    (Decimal('1.25'), 'hour')
    >>> quantity_of(20)
    (Decimal('20'), 'minute')
    """
    scaled, remainder = divmod(minutes * 10**digits, MINUTES_PER_HOUR)
    if remainder:
        return Decimal(minutes), "minute"
    return Decimal(scaled).scaleb(-digits), "hour"


def choose_contract(fact: TimeFact, contracts) -> Choice:
    """Choose the contract a fact falls under.

    The one named on the fact, if it is the client's and in force that day; else, of the client's
    contracts in force that day, the one that started last (then the one made last).
    """
    own = [
        contract
        for contract in contracts
        if contract.client_id == fact.client_id
        and contract.company_id == fact.company_id
        and contract.covers(fact.date)
    ]
    candidate_ids = tuple(sorted(contract.id for contract in own))
    if fact.contract_id is not None:
        for contract in own:
            if contract.id == fact.contract_id:
                return Choice(contract, "named_on_entry", candidate_ids)
        return Choice(None, "named_but_unusable", candidate_ids)
    if not own:
        return Choice(None, "no_contract_in_force", candidate_ids)
    newest = max(own, key=lambda contract: (contract.date_start, contract.id))
    why = "only_contract_in_force" if len(own) == 1 else "newest_start_of_several"
    return Choice(newest, why, candidate_ids)


def choose_rate(role: Role, work_type: WorkType, contract: Contract | None, currency: Currency) -> Price:
    """Find the hourly rate: the contract's for role and work type, the contract's for the role,
    the role's own in the same currency, else none."""
    clauses = sorted(contract.rates, key=lambda clause: clause.id) if contract else []
    for clause in clauses:
        if clause.role_id == role.id and clause.work_type_id == work_type.id:
            return Price(clause.hourly_rate, "contract_role_work_type", clause.id)
    for clause in clauses:
        if clause.role_id == role.id and clause.work_type_id is None:
            return Price(clause.hourly_rate, "contract_role", clause.id)
    if role.hourly_rate is not None and role.currency_id == currency.id:
        return Price(role.hourly_rate, "role_default", role.id)
    if role.hourly_rate is not None:
        return Price(None, "role_default_in_other_currency", role.id)
    return Price(None, "none")


def rate_time(fact: TimeFact, contracts) -> tuple[LedgerRow, ...]:
    """Turn one approved time entry into its ledger rows (one, for time and materials)."""
    choice = choose_contract(fact, contracts)
    contract = choice.contract
    currency = contract.currency if contract else fact.company_currency
    work_type = fact.work_type
    derivation = _derive_inputs(fact, choice, currency)

    def row(state, minutes, **values):
        return LedgerRow(
            source_model=fact.source_model,
            source_id=fact.source_id,
            part="time",
            state=state,
            worked_minutes=fact.worked_minutes,
            minutes=minutes,
            contract_id=contract.id if contract else None,
            currency_id=currency.id,
            product_id=work_type.product_id if work_type else None,
            derivation=derivation,
            **values,
        )

    if fact.worked_minutes < 0 or fact.billable_minutes < 0:
        return (row(STATE_ERROR, 0, error=NEGATIVE_TIME),)
    if not fact.is_billable:
        return (row(STATE_NON_BILLABLE, 0, price_unit=Decimal(0), amount=Decimal(0)),)
    problem = _first_problem(fact, choice)
    if problem:
        return (row(STATE_ERROR, fact.billable_minutes, error=problem),)
    price = choose_rate(fact.role, work_type, contract, currency)
    derivation["rate"] = {
        "clause": price.clause,
        "clause_id": price.clause_id,
        "hourly_rate": None if price.hourly_rate is None else str(price.hourly_rate),
    }
    if price.hourly_rate is None:
        return (row(STATE_ERROR, fact.billable_minutes, error=MISSING_RATE),)
    amount = round_money(
        price.hourly_rate * fact.billable_minutes / MINUTES_PER_HOUR, currency.rounding
    )
    derivation["amount"] = {
        "formula": "hourly_rate * minutes / 60, half up to the currency's rounding",
        "rounding": str(currency.rounding),
        "result": str(amount),
    }
    return (
        row(STATE_PENDING, fact.billable_minutes, price_unit=price.hourly_rate, amount=amount),
    )


def rate(facts, contracts) -> tuple[LedgerRow, ...]:
    """Rate many facts. Each is rated by itself, so their order does not matter.

    :param facts: iterable of :class:`TimeFact`
    :param contracts: the contracts of their clients, in any order
    :return: rows sorted by source and part
    """
    contracts_by_client = {}
    for contract in contracts:
        contracts_by_client.setdefault(contract.client_id, []).append(contract)
    rows = [
        row for fact in facts for row in rate_time(fact, contracts_by_client.get(fact.client_id, ()))
    ]
    return tuple(sorted(rows, key=lambda row: (row.source_model, row.source_id, row.part)))


def _first_problem(fact: TimeFact, choice: Choice) -> str | None:
    """Name the first thing that is missing before a rate can be looked for."""
    if fact.client_id is None:
        return MISSING_CLIENT
    if choice.why == "named_but_unusable":
        return CONTRACT_UNUSABLE
    if fact.work_type is None:
        return MISSING_WORK_TYPE
    if fact.role is None:
        return MISSING_ROLE
    if fact.work_type.product_id is None:
        return MISSING_PRODUCT
    return None


def _derive_inputs(fact: TimeFact, choice: Choice, currency: Currency) -> dict:
    """Record what went in, so that an independent checker can compute the row again."""
    work_type = fact.work_type
    rounding = None
    if work_type:
        by_rule = billable_minutes(
            fact.worked_minutes, work_type.minimum_minutes, work_type.increment_minutes
        )
        rounding = {
            "rule": "at least the minimum, then up to the next whole increment",
            "minimum_minutes": work_type.minimum_minutes,
            "increment_minutes": work_type.increment_minutes,
            "by_rule": by_rule,
            "used": fact.billable_minutes,
            "set_by_hand": fact.is_billable and by_rule != fact.billable_minutes,
        }
    return {
        "policy": POLICY_VERSION,
        "inputs": {
            "date": fact.date.isoformat(),
            "client_id": fact.client_id,
            "company_id": fact.company_id,
            "worked_minutes": fact.worked_minutes,
            "billable_minutes": fact.billable_minutes,
            "is_billable": fact.is_billable,
            "work_type_id": work_type.id if work_type else None,
            "role_id": fact.role.id if fact.role else None,
        },
        "contract": {
            "id": choice.contract.id if choice.contract else None,
            "why": choice.why,
            "candidate_ids": list(choice.candidate_ids),
        },
        "currency_id": currency.id,
        "minutes": rounding,
    }
