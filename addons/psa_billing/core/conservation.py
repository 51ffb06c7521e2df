"""Nothing worked is lost and nothing is charged that was not worked: facts against the ledger.

Both sides are read apart from each other and only meet here. Pure: amounts are ``Decimal``, durations whole seconds.

    worked = billed + covered + pending + written off + non-billable + not yet approved

in time; and what the facts are worth = what the ledger says of them, in money, each currency by itself.
"""

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from .terms import SECONDS_PER_HOUR

ZERO = Decimal(0)
CENT = Decimal("0.01")

# Where work can stand, in the order the report shows.
BILLED = "billed"
COVERED = "covered"
PENDING = "pending"
WRITTEN_OFF = "written_off"
NON_BILLABLE = "non_billable"
NOT_APPROVED = "not_approved"
STANDINGS = (BILLED, COVERED, PENDING, WRITTEN_OFF, NON_BILLABLE, NOT_APPROVED)

STANDING_OF_STATE = {
    "invoiced": BILLED,
    "covered": COVERED,
    "error": PENDING,
    "pending": PENDING,
    "approved": PENDING,
    "written_off": WRITTEN_OFF,
    "non_billable": NON_BILLABLE,
}

# What can be wrong, most serious first: the first that holds is named.
NO_FACT = "no_fact"
NO_ROW = "no_row"
NOT_YET_APPROVED = "not_yet_approved"
OTHER_CLIENT = "other_client"
SECONDS_DIFFER = "seconds_differ"
CHARGED_THOUGH_FREE = "charged_though_free"
PRICE_DIFFERS = "price_differs"
AMOUNT_DIFFERS = "amount_differs"
INVOICE_DIFFERS = "invoice_differs"
PROBLEMS = (
    NO_FACT,
    NO_ROW,
    NOT_YET_APPROVED,
    OTHER_CLIENT,
    SECONDS_DIFFER,
    CHARGED_THOUGH_FREE,
    PRICE_DIFFERS,
    AMOUNT_DIFFERS,
    INVOICE_DIFFERS,
)


@dataclass(frozen=True, slots=True)
class Fact:
    """What happened, as its own table tells: a time entry, charge, expense or due amount.

    ``price`` is what it is to bring, None where only rating can say.
    """

    source_model: str
    source_id: int
    client_id: int | None
    seconds: int = 0
    is_approved: bool = True
    is_billable: bool = True
    price: Decimal | None = None
    currency_id: int | None = None


# How the worth of a row can be reckoned again from what was agreed.
TOGETHER = "together"      # rate × time, rounded once for all rows of the entry at that rate; a retainer may pay a part
SPAN = "span"              # what is left of the entry from its start on, less what is left after it, each rate × time
DRAWN = "drawn"            # hours sold at a price of their own: that price × what is drawn
TAKEN_BACK = "taken_back"  # a share of what the corrected row is worth
WORTHLESS = "worthless"    # covered, and nobody agreed on a rate


@dataclass(frozen=True, slots=True)
class Row:
    """What the ledger says of a part of a fact.

    Without a ``basis`` its worth cannot be reckoned again: it was set by hand, or has no price.
    """

    id: int
    source_model: str
    source_id: int
    client_id: int | None
    state: str
    currency_id: int
    seconds: int  # worked
    charged_seconds: int = 0
    drawn_seconds: int = 0
    amount: Decimal = ZERO
    value: Decimal = ZERO
    drawn_amount: Decimal = ZERO
    basis: str | None = None
    rate: Decimal | None = None
    span: tuple[int, int, int] | None = None  # from, to, and all charged seconds of the entry
    corrects: tuple[Decimal, int, int] | None = None  # worth and seconds of the corrected row, seconds taken back before
    line_id: int | None = None
    is_adjusted: bool = False  # quantity or price were set by hand


@dataclass(frozen=True, slots=True)
class Line:
    """What an invoice line charges in the books, and what all the rows it charges add up to."""

    id: int
    amount: Decimal
    row_ids: tuple[int, ...]
    rows_amount: Decimal
    currency_id: int | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """One entry that the two sides tell differently of."""

    problem: str
    source_model: str
    source_id: int
    client_id: int | None
    currency_id: int | None
    row_ids: tuple[int, ...]
    fact_seconds: int = 0
    ledger_seconds: int = 0
    fact_amount: Decimal | None = None
    ledger_amount: Decimal | None = None


@dataclass
class Tally:
    """Time and money of one client in one currency, by where it stands."""

    seconds: dict = field(default_factory=lambda: dict.fromkeys(STANDINGS, 0))
    amounts: dict = field(default_factory=lambda: dict.fromkeys(STANDINGS, ZERO))
    counts: dict = field(default_factory=lambda: dict.fromkeys(STANDINGS, 0))
    fact_seconds: int = 0
    fact_amount: Decimal = ZERO

    @property
    def ledger_seconds(self) -> int:
        """All that is accounted for, wherever it stands."""
        return sum(self.seconds.values())

    @property
    def ledger_amount(self) -> Decimal:
        """All that is accounted for, wherever it stands."""
        return sum(self.amounts.values(), ZERO)

    @property
    def is_conserved(self) -> bool:
        """Say whether both sides are equal, to the second and the cent."""
        return self.fact_seconds == self.ledger_seconds and self.fact_amount == self.ledger_amount


@dataclass(frozen=True)
class Report:
    """The tallies by client and currency, and every entry that differs."""

    tallies: dict  # {(client id, currency id): Tally}
    differences: tuple[Difference, ...]

    @property
    def is_conserved(self) -> bool:
        """Say whether nothing differs, neither in sum nor in any entry."""
        return not self.differences and all(tally.is_conserved for tally in self.tallies.values())


def total(tallies) -> Tally:
    """Add up tallies of one currency."""
    whole = Tally()
    for tally in tallies:
        whole.fact_seconds += tally.fact_seconds
        whole.fact_amount += tally.fact_amount
        for standing in STANDINGS:
            whole.seconds[standing] += tally.seconds[standing]
            whole.amounts[standing] += tally.amounts[standing]
            whole.counts[standing] += tally.counts[standing]
    return whole


def money(row: Row) -> Decimal:
    """Return what a row is worth where it stands: to be paid, or paid by something else."""
    if row.state == "non_billable":
        return row.amount
    return row.value


def price(rate: Decimal, seconds: int, rounding: Decimal) -> Decimal:
    """Return what so much time costs.

    >>> price(Decimal(100), 1200, Decimal("0.01"))
    Decimal('33.33')
    """
    return _rounded(rate * seconds / SECONDS_PER_HOUR, rounding)


def _rounded(amount, rounding):
    return (amount / rounding).quantize(Decimal(1), rounding=ROUND_HALF_UP) * rounding


def worth_of(rows, roundings) -> Decimal:
    """Return what the rows of one entry are worth by what was agreed; what was set by hand is agreed, too."""
    worth, together = ZERO, {}
    for row in rows:
        rounding = roundings.get(row.currency_id, CENT)
        if row.basis == TOGETHER:
            key = row.rate, rounding
            together[key] = together.get(key, 0) + row.charged_seconds
        elif row.basis == SPAN:
            start, until, whole = row.span
            worth += price(row.rate, whole - start, rounding) - price(row.rate, whole - until, rounding)
        elif row.basis == DRAWN:
            worth += price(row.rate, row.drawn_seconds, rounding)
        elif row.basis == TAKEN_BACK:
            value, seconds, taken = row.corrects
            stays = seconds - taken
            worth += _rounded(value * (stays + row.charged_seconds) / seconds, rounding) - _rounded(value * stays / seconds, rounding)
        elif row.basis != WORTHLESS:
            worth += money(row)
    return worth + sum((price(rate, seconds, rounding) for (rate, rounding), seconds in together.items()), ZERO)


def compare(facts, rows, lines=(), roundings=None, company_currency=None) -> Report:
    """Hold facts and ledger against each other.

    :param facts: :class:`Fact` of the period
    :param rows: :class:`Row` of the period
    :param lines: :class:`Line` of the invoice lines of those rows
    :param roundings: smallest step by currency id, a cent where it is not named
    :param company_currency: id under which time is counted that has no row, and so no currency, yet
    """
    roundings = roundings or {}
    facts_by_key = {(fact.source_model, fact.source_id): fact for fact in facts}
    rows_by_key = {}
    for row in rows:
        rows_by_key.setdefault((row.source_model, row.source_id), []).append(row)
    tallies, differences = {}, []

    def tally(client_id, currency_id):
        return tallies.setdefault((client_id, currency_id or company_currency), Tally())

    for key in facts_by_key.keys() | rows_by_key.keys():
        fact, own = facts_by_key.get(key), rows_by_key.get(key, [])
        worth = _worth(fact, own, roundings)
        difference = _difference(fact, own, worth)
        if difference:
            differences.append(difference)
        if fact:
            place = tally(fact.client_id, own[0].currency_id if own else fact.currency_id)
            place.fact_seconds += fact.seconds
            place.fact_amount += worth
            if not own and not fact.is_approved:
                place.seconds[NOT_APPROVED] += fact.seconds
                place.amounts[NOT_APPROVED] += worth
                place.counts[NOT_APPROVED] += 1
        for row in own:
            place = tally(row.client_id, row.currency_id)
            standing = STANDING_OF_STATE[row.state]
            place.seconds[standing] += row.seconds
            place.amounts[standing] += money(row)
            place.counts[standing] += 1
    differences += _invoice_differences(rows, lines)
    return Report(tallies, tuple(sorted(differences, key=_order)))


def _worth(fact, rows, roundings):
    """Return what the fact's side says of the money: its own price, unless another was set by hand, or its time at the agreed rate."""
    if fact is None:
        return ZERO
    if fact.price is not None and not any(row.state == "error" or row.is_adjusted for row in rows):
        return fact.price
    return worth_of(rows, roundings)


def _difference(fact, rows, worth):
    """Return the difference of one entry, or None."""
    seconds = sum(row.seconds for row in rows)
    amount = sum((money(row) for row in rows), ZERO)
    problem = _problem(fact, rows, seconds, amount, worth)
    if not problem:
        return None
    some = fact or rows[0]
    return Difference(
        problem=problem,
        source_model=some.source_model,
        source_id=some.source_id,
        client_id=some.client_id,
        currency_id=rows[0].currency_id if rows else some.currency_id,
        row_ids=tuple(sorted(row.id for row in rows)),
        fact_seconds=fact.seconds if fact else 0,
        ledger_seconds=seconds,
        fact_amount=worth,
        ledger_amount=amount,
    )


def _problem(fact, rows, seconds, amount, worth):
    if fact is None:
        return NO_FACT
    if not rows:
        return NO_ROW if fact.is_approved else None
    if not fact.is_approved:
        return NOT_YET_APPROVED
    if any(row.client_id != fact.client_id for row in rows):
        return OTHER_CLIENT
    if seconds != fact.seconds:
        return SECONDS_DIFFER
    if not fact.is_billable and any(row.state not in ("non_billable", "error") for row in rows):
        return CHARGED_THOUGH_FREE
    if amount != worth:
        return PRICE_DIFFERS
    if any(_is_torn(row) for row in rows):
        return AMOUNT_DIFFERS
    return None


def _is_torn(row):
    """Say whether what is to be paid and what is paid by something else do not make the whole."""
    if row.state in ("error", "non_billable", "covered"):
        return bool(row.amount)
    return row.amount + row.drawn_amount != row.value


def _invoice_differences(rows, lines):
    """Return a difference for each invoice line that is not the sum of its rows."""
    by_id = {row.id: row for row in rows}
    for line in lines:
        if line.amount == line.rows_amount:
            continue
        some = next((by_id[row_id] for row_id in line.row_ids if row_id in by_id), None)
        if some is None:
            continue
        yield Difference(
            problem=INVOICE_DIFFERS,
            source_model="account.move.line",
            source_id=line.id,
            client_id=some.client_id,
            currency_id=some.currency_id,
            row_ids=line.row_ids,
            fact_amount=line.amount,
            ledger_amount=line.rows_amount,
        )


def _order(difference):
    return (
        PROBLEMS.index(difference.problem),
        difference.client_id or 0,
        difference.source_model,
        difference.source_id,
    )
