"""What an hour costs and weighs: rounding of time and money, contracts, versions, coverage rules, rates and multipliers."""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from .terms import (
    AT_RATE,
    BY_BLOCK,
    SECONDS_PER_HOUR,
    SECONDS_PER_MINUTE,
    BlockTerms,
    Contract,
    CoverageRule,
    Currency,
    FlatTerms,
    PriceFact,
    Role,
    TimeFact,
    Version,
    WorkType,
)

MINUTES_PER_HOUR = SECONDS_PER_HOUR // SECONDS_PER_MINUTE
ONE = Decimal(1)


@dataclass(frozen=True)
class Choice:
    """A contract and the reason it was taken, or that none was; the words are those of ``derivation.py``."""

    contract: Contract | None
    why: str
    candidate_ids: tuple[int, ...] = ()
    problem: str | None = None


@dataclass(frozen=True)
class Price:
    """An hourly rate and the clause it comes from; ``result`` is the price of an hour, None where there is none."""

    hourly_rate: Decimal | None
    clause: str
    clause_id: int | None = None
    multiplier: Decimal | None = None

    @property
    def result(self) -> Decimal | None:
        """Return the rate as it is charged."""
        return self.hourly_rate if self.multiplier is None or self.hourly_rate is None else self.hourly_rate * self.multiplier


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


def billable_seconds(worked: int, minimum: int = 0, increment: int = 0) -> int:
    """Return the seconds to charge for the seconds worked; minimum and increment are minutes, as people enter them.

    Without an increment the seconds are charged as worked.

    >>> billable_seconds(7 * 60, minimum=15, increment=15)
    900
    >>> billable_seconds(15 * 60 + 1, minimum=15, increment=15)
    1800
    >>> billable_seconds(100)
    100
    """
    if worked <= 0:
        return 0
    seconds = max(worked, minimum * SECONDS_PER_MINUTE)
    step = increment * SECONDS_PER_MINUTE
    return -(-seconds // step) * step if step > 0 else seconds


def quantity_of(seconds: int, digits: int = 2) -> tuple[Decimal, str]:
    """Return the quantity an invoice line shows and its unit.

    Hours where they are exact in the decimals an invoice keeps, else minutes, else seconds: 20 minutes are
    not 0.33 hours, and a client who checks the product of a line must find the amount.

    >>> quantity_of(75 * 60)
    (Decimal('1.25'), 'hour')
    >>> quantity_of(20 * 60)
    (Decimal('20'), 'minute')
    >>> quantity_of(50)
    (Decimal('50'), 'second')
    """
    for unit, size in (("hour", SECONDS_PER_HOUR), ("minute", SECONDS_PER_MINUTE)):
        scaled, remainder = divmod(seconds * 10**digits, size)
        if not remainder:
            return Decimal(scaled).scaleb(-digits) if unit == "hour" else Decimal(seconds) / size, unit
    return Decimal(seconds), "second"


def round_money(amount: Decimal, rounding: Decimal) -> Decimal:
    """Round to the currency's step, halves away from zero.

    >>> round_money(Decimal("45.005"), Decimal("0.01"))
    Decimal('45.01')
    >>> round_money(Decimal("12.33"), Decimal("0.05"))
    Decimal('12.35')
    """
    return (amount / rounding).quantize(ONE, rounding=ROUND_HALF_UP) * rounding


def price_of(hourly_rate: Decimal, seconds: int, rounding: Decimal) -> Decimal:
    """Return what so much time costs; rounded here, and nowhere before.

    >>> price_of(Decimal("90"), 20 * 60, Decimal("0.01"))
    Decimal('30.00')
    """
    return round_money(hourly_rate * seconds / SECONDS_PER_HOUR, rounding)


def choose_contract(fact: TimeFact | PriceFact, contracts) -> Choice:
    """Choose the contract a fact falls under.

    The one named on the fact, if it is the client's and in force that day; else, of the client's contracts in force that
    day, the one with the lowest priority number, then the one that started last, then the one made last.

    What has a price of its own (:class:`PriceFact`) may fall under a contract that names it outside its dates: set-up before
    the start, a milestone after the end. Without a name, only contracts in its currency are weighed.
    """
    own = [
        contract
        for contract in contracts
        if contract.client_id == fact.client_id
        and contract.company_id == fact.company_id
        and contract.covers(fact.date)
        and (fact.contract_id is not None or not isinstance(fact, PriceFact) or contract.currency.id == fact.currency.id)
    ]
    candidate_ids = tuple(sorted(contract.id for contract in own))
    if fact.contract_id is not None:
        named = next((contract for contract in contracts if contract.id == fact.contract_id), None)
        problem = _problem_of_named(fact, named)
        if problem:
            return Choice(None, "named_but_unusable", candidate_ids, problem)
        return Choice(named, "named_on_entry", candidate_ids)
    if not own:
        return Choice(None, "no_contract_in_force")
    if len(own) == 1:
        return Choice(own[0], "only_contract_in_force", candidate_ids)
    priority = min(contract.priority for contract in own)
    first = [contract for contract in own if contract.priority == priority]
    start = max(contract.date_start for contract in first)
    newest = [contract for contract in first if contract.date_start == start]
    why = "newest_start_of_several" if len(newest) == 1 else "latest_made_of_several"
    if len(first) == 1:
        why = "first_priority_of_several"
    return Choice(max(newest, key=lambda contract: contract.id), why, candidate_ids)


def _problem_of_named(fact: TimeFact | PriceFact, contract: Contract | None) -> str | None:
    if contract is None or contract.client_id != fact.client_id or contract.company_id != fact.company_id:
        return "not_the_clients"
    if not contract.is_confirmed:
        return "not_confirmed"
    if isinstance(fact, PriceFact):
        return None
    if fact.date < contract.date_start:
        return "before_start"
    if contract.date_end is not None and contract.date_end < fact.date:
        return "after_end"
    return None


def version_on(contract: Contract | None, day: date) -> Version | None:
    """Return the version of a contract's terms on a day; before the first one starts it is the first."""
    if contract is None or not contract.versions:
        return None
    begun = [version for version in contract.versions if version.date_from <= day]
    if begun:
        return max(begun, key=lambda version: (version.date_from, version.id))
    return min(contract.versions, key=lambda version: (version.date_from, version.id))


def in_force(terms, day: date) -> bool:
    """Say whether something with ``date_from`` and ``date_to`` holds on a day."""
    return (terms.date_from is None or terms.date_from <= day) and (terms.date_to is None or day <= terms.date_to)


def changes(*terms) -> list[int]:
    """Return the days, as ordinals, from which other ones of these terms hold than before.

    Between two of them nothing changes: ``bisect_right(changes, day.toordinal())`` names the stretch a day lies in.
    """
    days = {term.date_from.toordinal() for term in terms if term.date_from is not None}
    days.update(term.date_to.toordinal() + 1 for term in terms if term.date_to is not None)
    return sorted(days)


def block_terms_on(contract: Contract, day: date) -> BlockTerms | None:
    """Return what the contract says about hours beyond the prepaid ones.

    What was agreed for blocks counts before what was agreed for included hours, which blocks go on from; of several of a kind
    the latest.
    """
    held = [terms for terms in contract.block_terms if in_force(terms, day)]
    return max(held, key=lambda terms: (terms.kind == BY_BLOCK, terms.date_from, terms.id), default=None)


def flat_terms_of(contract: Contract, fact: TimeFact) -> FlatTerms | None:
    """Return the price that pays for the entry as a whole.

    A fixed price before one by the ticket, one for the project before one for all time, then the lowest id.
    """
    if not contract.flat_terms:
        return None
    flat = [terms for terms in contract.flat_terms if in_force(terms, fact.date) and _pays_for(terms, fact)]
    return min(flat, key=lambda terms: (terms.kind == "per_ticket", terms.project_id is None, terms.id), default=None)


def _pays_for(terms: FlatTerms, fact: TimeFact) -> bool:
    if terms.project_id is not None and terms.project_id != fact.project_id:
        return False
    if terms.kind != "per_ticket":
        return True
    return fact.ticket_id is not None and (terms.ticket_ids is None or fact.ticket_id in terms.ticket_ids)


def asked_by_flat_terms(contract: Contract | None, fact: TimeFact):
    """Return what of an entry decides about prices that pay for it as a whole.

    Whether it is on a ticket, or on which, if some are for some tickets only; on which project, if some are for one only.
    """
    if contract is None or not contract.flat_terms:
        return None
    ticket, project_id = fact.ticket_id is not None, None
    for terms in contract.flat_terms:
        if terms.ticket_ids is not None:
            ticket = fact.ticket_id
        if terms.project_id is not None:
            project_id = fact.project_id
    return ticket, project_id


def coverage_of(version: Version | None, fact: TimeFact) -> CoverageRule | None:
    """Return the first coverage rule that matches the entry."""
    if version is None or not version.coverage:
        return None
    for rule in sorted(version.coverage, key=lambda rule: (rule.sequence, rule.id)):
        if (
            (not rule.work_type_ids or fact.work_type.id in rule.work_type_ids)
            and (not rule.role_ids or fact.role.id in rule.role_ids)
            and (not rule.site_ids or fact.site_id in rule.site_ids)
            and (not rule.asset_ids or not rule.asset_ids.isdisjoint(fact.asset_ids))
            and (rule.hours == "any" or (rule.hours == "after_hours") == fact.work_type.is_after_hours)
        ):
            return rule
    return None


def multiplier_of(work_type: WorkType, role: Role, policy: str) -> Decimal:
    """Return how heavy work weighs: the multipliers of work type and role, compounded or the higher of the two.

    >>> multiplier_of(WorkType(1, multiplier=Decimal("1.5")), Role(1, multiplier=Decimal(2)), "compound")
    Decimal('3.0')
    >>> multiplier_of(WorkType(1, multiplier=Decimal("1.5")), Role(1, multiplier=Decimal(2)), "highest")
    Decimal('2')
    """
    if policy == "highest":
        return max(work_type.multiplier, role.multiplier)
    return work_type.multiplier * role.multiplier


@lru_cache(maxsize=1024)
def _rate_table(rates):
    """Return the clauses by role and work type; of two for the same the first made."""
    return {(clause.role_id, clause.work_type_id): clause for clause in sorted(rates, key=lambda clause: -clause.id)}


def choose_rate(
    role: Role, work_type: WorkType, version: Version | None, currency: Currency, day: date, multiplier: Decimal = ONE
) -> Price:
    """Find the hourly rate: the contract's for role and work type, for the role, for the work type, for anything; then the
    role's own in the same currency that day; else none.

    A rate that names the work type is final; any other is a base rate, which the multiplier multiplies.
    """
    factor = None if multiplier == ONE else multiplier
    if version and version.rates:
        table = _rate_table(version.rates)
        for name, role_id, work_type_id in (
            ("contract_role_work_type", role.id, work_type.id),
            ("contract_role", role.id, None),
            ("contract_work_type", None, work_type.id),
            ("contract_any", None, None),
        ):
            clause = table.get((role_id, work_type_id))
            if clause:
                return Price(clause.hourly_rate, name, clause.id, factor if work_type_id is None else None)
    own = [rate for rate in role.rates if rate.currency_id == currency.id]
    valid = [rate for rate in own if in_force(rate, day)]
    if valid:
        rate = max(valid, key=lambda rate: (rate.date_from or date.min, rate.id))
        return Price(rate.hourly_rate, "role_default", rate.id, factor)
    if own:
        return Price(None, "role_default_not_valid")
    return Price(None, "role_default_in_other_currency" if role.rates else "none")


def overage_price(terms: BlockTerms, version: Version | None, multiplier: Decimal) -> Price:
    """Return the price of an hour over the prepaid ones; the multiplier counts only if the contract says so."""
    is_multiplied = version is not None and version.is_overage_multiplied and multiplier != ONE
    return Price(terms.overage_rate, "overage", terms.id, multiplier if is_multiplied else None)


def coverage_price(rule: CoverageRule) -> Price:
    """Return the price of an hour that a coverage rule prices; it is final."""
    return Price(rule.hourly_rate if rule.effect == AT_RATE else None, "coverage_rule", rule.id)
