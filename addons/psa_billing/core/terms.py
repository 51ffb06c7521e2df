"""What rating reads and what it answers: facts, terms and ledger rows, as plain frozen data.

Amounts are ``Decimal``, durations whole seconds, days ``date`` (the service company's local day), moments aware
``datetime``. Ranges of days include both ends; ``None`` as an end means open.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

SECONDS_PER_MINUTE = 60
SECONDS_PER_HOUR = 3600

# Where a row stands when it leaves the core.
PENDING = "pending"
COVERED = "covered"
NON_BILLABLE = "non_billable"
ERROR = "error"

# What pays for a row.
BY_RATE = "rate"                  # time and materials, at the rate of role and work type
BY_OVERAGE = "overage"            # over the prepaid hours, at the contract's overage rate
BY_INCLUDED = "included"          # included hours of a recurring contract
BY_BLOCK = "block"                # prepaid hours
BY_RETAINER = "retainer"          # prepaid money
BY_COVERAGE = "coverage"          # a coverage rule of the contract that says "included"
BY_FIXED_PRICE = "fixed_price"    # part of a fixed price
BY_TICKET_PRICE = "per_ticket"    # part of a price by the ticket
BY_PRICE = "price"                # a charge, expense, milestone, instalment, period: priced by itself
BY_NOBODY = "none"                # not billable, or in error

# Why a row cannot be priced.
MISSING_CLIENT = "missing_client"
MISSING_WORK_TYPE = "missing_work_type"
MISSING_ROLE = "missing_role"
MISSING_RATE = "missing_rate"
MISSING_PRODUCT = "missing_product"
CONTRACT_UNUSABLE = "contract_unusable"
NEGATIVE_TIME = "negative_time"
MORE_THAN_CHARGED = "more_than_charged"
BLOCKS_EXHAUSTED = "blocks_exhausted"
CURRENCY_MISMATCH = "currency_mismatch"
MISSING_CURRENCY_RATE = "missing_currency_rate"
REASONS = (
    MISSING_CLIENT,
    MISSING_WORK_TYPE,
    MISSING_ROLE,
    MISSING_RATE,
    MISSING_PRODUCT,
    CONTRACT_UNUSABLE,
    NEGATIVE_TIME,
    MORE_THAN_CHARGED,
    BLOCKS_EXHAUSTED,
    CURRENCY_MISMATCH,
    MISSING_CURRENCY_RATE,
)


@dataclass(frozen=True)
class Currency:
    """A currency and the smallest step its amounts are rounded to."""

    id: int
    rounding: Decimal = Decimal("0.01")


@dataclass(frozen=True)
class WorkType:
    """What kind of work it was, how its minutes are rounded, and by how much it weighs more than plain work."""

    id: int
    minimum_minutes: int = 0
    increment_minutes: int = 0
    product_id: int | None = None
    multiplier: Decimal = Decimal(1)
    is_after_hours: bool = False


@dataclass(frozen=True)
class RoleRate:
    """The default rate of a role in one currency for a range of days."""

    id: int
    currency_id: int
    hourly_rate: Decimal
    date_from: date | None = None
    date_to: date | None = None


@dataclass(frozen=True)
class Role:
    """In which capacity the work was done; its own rates are the last resort."""

    id: int
    rates: tuple[RoleRate, ...] = ()
    multiplier: Decimal = Decimal(1)


@dataclass(frozen=True)
class RateClause:
    """One line of a contract's rate table. Role and work type is more specific than role, role than work type."""

    id: int
    hourly_rate: Decimal
    role_id: int | None = None
    work_type_id: int | None = None


INCLUDED = "included"
EXCLUDED = "excluded"
AT_RATE = "at_rate"


@dataclass(frozen=True)
class CoverageRule:
    """What a contract says of some kind of work. Empty criteria match everything; the first matching rule counts.

    ``included``: paid by the contract's price, nothing drawn. ``excluded``: neither included hours nor blocks pay,
    the rate does. ``at_rate``: neither pays, and the hour costs ``hourly_rate``.
    """

    id: int
    sequence: int
    effect: str
    work_type_ids: frozenset[int] = frozenset()
    role_ids: frozenset[int] = frozenset()
    site_ids: frozenset[int] = frozenset()
    asset_ids: frozenset[int] = frozenset()
    hours: str = "any"  # any | business | after_hours
    hourly_rate: Decimal | None = None


@dataclass(frozen=True)
class Version:
    """The terms of a contract from a day on, until the next version starts."""

    id: int
    date_from: date
    rounding: str = "work_type"  # work_type | contract | none
    minimum_minutes: int = 0
    increment_minutes: int = 0
    multiplier_policy: str = "compound"  # compound | highest
    is_overage_multiplied: bool = False
    rates: tuple[RateClause, ...] = ()
    coverage: tuple[CoverageRule, ...] = ()


@dataclass(frozen=True)
class BlockTerms:
    """What happens once the prepaid hours of a contract are used up; blocks pay last, so what was agreed for them comes first."""

    id: int
    date_from: date
    date_to: date | None = None
    overage_rate: Decimal | None = None
    is_hard_stop: bool = False
    may_go_negative: bool = False
    kind: str = "block"  # block | included


@dataclass(frozen=True)
class FlatTerms:
    """A price that pays for time under the contract (``fixed_price``) or on tickets (``per_ticket``; None: on all).

    With ``project_id`` it pays for time on that project only.
    """

    id: int
    kind: str
    date_from: date
    date_to: date | None = None
    ticket_ids: frozenset[int] | None = None
    project_id: int | None = None


@dataclass(frozen=True)
class Contract:
    """The terms agreed with a client; ``date_end`` is the last day."""

    id: int
    client_id: int
    company_id: int
    currency: Currency
    date_start: date
    date_end: date | None = None
    is_confirmed: bool = True
    priority: int = 10
    versions: tuple[Version, ...] = ()
    block_terms: tuple[BlockTerms, ...] = ()
    flat_terms: tuple[FlatTerms, ...] = ()

    def covers(self, day: date) -> bool:
        """Say whether the contract is in force on that day."""
        return self.is_confirmed and self.date_start <= day and (self.date_end is None or day <= self.date_end)


@dataclass(frozen=True)
class Pool:
    """Something work is drawn from: the included hours of one period, a prepaid block, or a retainer.

    ``size`` and ``used`` are seconds, or money for a retainer. ``used`` counts only what rows that are not rated
    again (released, invoiced, settled) have drawn; the core draws the rest.
    """

    id: int
    kind: str  # included | block | retainer
    contract_id: int
    date_from: date
    date_to: date | None
    size: Decimal | int
    used: Decimal | int = 0
    purchased_on: date | None = None
    hour_value: Decimal | None = None  # what an hour of it was sold for
    currency_id: int | None = None
    component_id: int | None = None


@dataclass(frozen=True, slots=True)
class TimeFact:
    """Time worked, as approved. ``billable_seconds`` is what people agreed to charge, None for what the rule says."""

    source_model: str
    source_id: int
    company_id: int
    company_currency: Currency
    date: date
    worked_seconds: int
    billable_seconds: int | None = None
    is_billable: bool = True
    start: datetime | None = None
    client_id: int | None = None
    contract_id: int | None = None
    work_type: WorkType | None = None
    role: Role | None = None
    site_id: int | None = None
    asset_ids: frozenset[int] = frozenset()
    ticket_id: int | None = None
    project_id: int | None = None
    is_delta: bool = False  # a signed correction of an entry that was invoiced; may be negative
    corrects_id: int | None = None  # with is_delta: the entry corrected


@dataclass(frozen=True, slots=True)
class PriceFact:
    """Something with a quantity and a price: a charge, an expense, a milestone, a period of a recurring service.

    One that names what it corrects (``corrects_model`` only where that is of another model) is a signed line: a negative one
    takes back from the rows of what it corrects, a positive one is charged in its place.
    """

    source_model: str
    source_id: int
    part: str
    company_id: int
    currency: Currency
    date: date
    quantity: Decimal
    price_unit: Decimal | None
    product_id: int | None
    client_id: int | None = None
    contract_id: int | None = None
    is_billable: bool = True
    may_draw_retainer: bool = True
    derivation: dict = field(default_factory=dict, hash=False)
    corrects_id: int | None = None
    corrects_model: str | None = None


@dataclass(frozen=True, slots=True)
class Draw:
    """How much of a pool a row takes: seconds, or money for a retainer."""

    pool_kind: str
    pool_id: int
    amount: Decimal | int


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One row of the ledger: what is charged for which part of which fact, and why.

    ``amount`` is what the client is still to pay for it; ``value`` what it is worth at its rate, also when it is
    covered.
    """

    source_model: str
    source_id: int
    part: str
    state: str
    funding: str
    worked_seconds: int
    seconds: int
    contract_id: int | None
    version_id: int | None
    currency_id: int
    product_id: int | None
    quantity: Decimal | None = None
    price_unit: Decimal | None = None
    amount: Decimal | None = None
    value: Decimal | None = None
    draw: Draw | None = None
    error: str | None = None
    derivation: dict = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Book:
    """Everything rating may read besides the facts.

    ``originals``: the frozen rows of what facts correct, and those of its earlier corrections; a negative correction takes back
    from them.
    """

    contracts: tuple[Contract, ...] = ()
    pools: tuple[Pool, ...] = ()
    originals: tuple[LedgerRow, ...] = ()
