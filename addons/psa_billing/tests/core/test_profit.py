"""Sums of work, and the ratios people judge it by."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_billing.profit import Figures, loses_money, total

MONEY = st.decimals(min_value=-10_000, max_value=10_000, places=2)
SECONDS = st.integers(0, 200_000)
FIGURES = st.builds(
    Figures,
    revenue=MONEY,
    covered=MONEY,
    overage=MONEY,
    labour_cost=MONEY,
    other_cost=MONEY,
    worked_seconds=SECONDS,
    billable_seconds=SECONDS,
    drawn_seconds=SECONDS,
    available_seconds=SECONDS,
)


def test_a_day_s_work():
    day = Figures(
        revenue=Decimal(1000),
        labour_cost=Decimal(360),
        other_cost=Decimal(200),
        worked_seconds=8 * 3600,
        billable_seconds=6 * 3600,
        available_seconds=8 * 3600,
    )

    assert day.margin == 440
    assert day.margin_rate == Decimal("0.44")
    assert day.effective_rate == 100
    assert day.utilisation == Decimal("0.75")


def test_nothing_has_no_ratio():
    nothing = Figures()

    assert nothing.margin == 0
    assert nothing.margin_rate is nothing.effective_rate is nothing.utilisation is None
    assert not loses_money(nothing)


def test_a_small_job_does_not_weigh_as_much_as_a_large_one():
    small = Figures(revenue=Decimal(10), labour_cost=Decimal(10))
    large = Figures(revenue=Decimal(990), labour_cost=Decimal(490))

    assert (small + large).margin_rate == Decimal("0.5"), "not the mean of 0 and 0.505"


def test_cost_without_revenue_loses_whatever_the_threshold():
    assert loses_money(Figures(labour_cost=Decimal(1)))
    assert loses_money(Figures(labour_cost=Decimal(1)), Decimal("-0.5"))
    assert not loses_money(Figures(revenue=Decimal(100), labour_cost=Decimal(80)), Decimal("0.2"))
    assert loses_money(Figures(revenue=Decimal(100), labour_cost=Decimal(81)), Decimal("0.2"))


@given(st.lists(FIGURES))
def test_the_total_is_the_sum_of_every_column_in_any_order(figures):
    summed = total(figures)

    for name in Figures.__dataclass_fields__:
        assert getattr(summed, name) == sum(getattr(one, name) for one in figures)
    assert total(reversed(figures)) == summed
    assert summed.margin == sum(one.margin for one in figures)


@given(FIGURES, FIGURES)
def test_the_rate_of_two_lies_between_their_rates(one, other):
    if one.revenue > 0 and other.revenue > 0:
        assert (
            min(one.margin_rate, other.margin_rate) - Decimal("1e-20")
            <= (one + other).margin_rate
            <= max(one.margin_rate, other.margin_rate) + Decimal("1e-20")
        )
