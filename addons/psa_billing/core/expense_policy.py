"""What the company allows its people to lay out, and what an expense still lacks. Pure: no clock, no database."""

from dataclasses import dataclass
from decimal import Decimal

from .charges import round_to

ALLOWED = "allowed"
NEEDS_REASON = "needs_reason"
FLAGGED = "flagged"
REFUSED = "refused"

NO_RECEIPT = "no_receipt"
OVER_LIMIT = "over_limit"
OVER_DAY_LIMIT = "over_day_limit"

BY_REASON = "reason"
BY_REFUSAL = "refuse"


@dataclass(frozen=True)
class Policy:
    """The limits of one category, or of all that have none of their own (``product_id`` is None). 0 sets no limit."""

    id: int
    sequence: int = 10
    product_id: int | None = None
    limit: Decimal = Decimal(0)
    day_limit: Decimal = Decimal(0)
    needs_receipt: bool = False
    receipt_from: Decimal = Decimal(0)
    over_limit: str = BY_REASON


@dataclass(frozen=True)
class Verdict:
    """What becomes of an expense: the outcome, and the rules it breaks with the numbers that explain them."""

    outcome: str
    breaks: tuple[tuple[str, Decimal], ...] = ()
    policy_id: int | None = None


def policy_for(product_id, policies):
    """Return the policy that counts for a category: its own before the general one, the first of each."""
    ordered = sorted(policies, key=lambda policy: (policy.product_id is None, policy.sequence, policy.id))
    return next((policy for policy in ordered if policy.product_id in (product_id, None)), None)


def judge(amount, day_total, has_receipt, has_reason, policy):
    """Say whether an expense may be handed in.

    :param day_total: what the same person lays out for the same category on that day, this expense included
    """
    if policy is None:
        return Verdict(ALLOWED)
    breaks = []
    if policy.needs_receipt and not has_receipt and amount >= policy.receipt_from:
        breaks.append((NO_RECEIPT, policy.receipt_from))
    if policy.limit and amount > policy.limit:
        breaks.append((OVER_LIMIT, policy.limit))
    if policy.day_limit and day_total > policy.day_limit:
        breaks.append((OVER_DAY_LIMIT, policy.day_limit))
    names = {name for name, __ in breaks}
    if NO_RECEIPT in names:
        outcome = REFUSED
    elif not names:
        outcome = ALLOWED
    elif policy.over_limit == BY_REFUSAL:
        outcome = REFUSED
    else:
        outcome = FLAGGED if has_reason else NEEDS_REASON
    return Verdict(outcome, tuple(breaks), policy.id)


@dataclass(frozen=True)
class Billed:
    """What was charged of an expense, or given up, in the currency of its invoice."""

    amount: Decimal
    is_given_up: bool = False


@dataclass(frozen=True)
class Row:
    """A ledger row of an expense."""

    amount: Decimal
    is_adjusted: bool = False
    is_given_up: bool = False


def exchanged(amount, rate, rounding):
    """Return what an amount of the company's currency is in that of the invoice.

    A corrected expense is exchanged as a whole, and what was charged before is taken off: exchanged by themselves, the parts
    would be rounded by themselves, and might miss the whole by a cent.

    >>> exchanged(Decimal("33.33"), Decimal("0.92"), Decimal("0.01"))
    Decimal('30.66')
    """
    return round_to(amount * rate, rounding)


def billed(rows, due):
    """Return what the rows of an expense, or of one correction of it, have charged.

    What the review took off or put on is a part given up.

    :param due: what they were to charge in all

    >>> billed([Row(Decimal(92))], Decimal(92))
    (Billed(amount=Decimal('92'), is_given_up=False),)
    >>> [part.amount for part in billed([Row(Decimal(46), is_adjusted=True)], Decimal(92))]
    [Decimal('46'), Decimal('46')]
    """
    parts = [Billed(row.amount, row.is_given_up) for row in rows]
    if any(row.is_adjusted for row in rows):
        parts.append(Billed(due - sum(row.amount for row in rows), is_given_up=True))
    return tuple(parts)


def to_charge(due, billed):
    """Return what is still to be charged, signed, so that the client has paid what is due; None if nothing is.

    What was given up counts as paid while the expense stands, and is not paid back when it does not. What was charged on top
    by hand is a negative part given up.

    >>> to_charge(Decimal(80), ()), to_charge(Decimal(0), (Billed(Decimal(80)),))
    (Decimal('80'), Decimal('-80'))
    >>> to_charge(Decimal(80), (Billed(Decimal(80)),)) is None
    True
    """
    paid = sum((row.amount for row in billed if not row.is_given_up), Decimal(0))
    if not due:
        return -paid or None
    given_up = sum((row.amount for row in billed if row.is_given_up), Decimal(0))
    rest = due - paid
    return rest - min(given_up, max(rest, Decimal(0))) or None
