"""What work brings and costs, added up so that ratios of sums stay ratios of sums.

Pure: amounts are ``Decimal`` in one currency, durations whole seconds. A ratio without a denominator is None, never zero.
"""

from dataclasses import dataclass, fields
from decimal import Decimal

from .terms import SECONDS_PER_HOUR

ZERO = Decimal(0)


@dataclass(frozen=True)
class Figures:
    """Sums over any set of work; two of them add up to those of both sets."""

    revenue: Decimal = ZERO
    covered: Decimal = ZERO  # what work paid for by the contract is worth at its rate
    overage: Decimal = ZERO  # the part of the revenue beyond prepaid hours
    labour_cost: Decimal = ZERO
    other_cost: Decimal = ZERO  # charges and expenses
    worked_seconds: int = 0
    billable_seconds: int = 0  # worked, and charged or covered
    drawn_seconds: int = 0  # taken from included and prepaid hours
    available_seconds: int = 0

    def __add__(self, other):
        return Figures(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))

    @property
    def cost(self) -> Decimal:
        """All of the cost."""
        return self.labour_cost + self.other_cost

    @property
    def margin(self) -> Decimal:
        """What is left of the revenue."""
        return self.revenue - self.cost

    @property
    def margin_rate(self) -> Decimal | None:
        """The share of the revenue that is left."""
        return self.margin / self.revenue if self.revenue else None

    @property
    def effective_rate(self) -> Decimal | None:
        """What an hour worked brings, after charges and expenses are paid."""
        if not self.worked_seconds:
            return None
        return (self.revenue - self.other_cost) * SECONDS_PER_HOUR / self.worked_seconds

    @property
    def utilisation(self) -> Decimal | None:
        """The share of the available time that is worked for clients who pay."""
        return Decimal(self.billable_seconds) / self.available_seconds if self.available_seconds else None


def total(figures) -> Figures:
    """Add up many figures.

    >>> total([Figures(revenue=Decimal(100), labour_cost=Decimal(40)), Figures(revenue=Decimal(100))]).margin_rate
    Decimal('0.8')
    """
    result = Figures()
    for one in figures:
        result += one
    return result


def loses_money(figures: Figures, threshold: Decimal = ZERO) -> bool:
    """Say whether the margin is below the share of the revenue asked for; cost without revenue always loses.

    >>> loses_money(Figures(revenue=Decimal(100), labour_cost=Decimal(90)), Decimal("0.2"))
    True
    """
    if not figures.revenue:
        return figures.margin < 0
    return figures.margin < threshold * figures.revenue
