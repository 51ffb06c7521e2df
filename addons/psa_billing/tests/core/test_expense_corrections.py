"""Re-billed expenses that change after their invoice: original and corrections are the corrected whole, in any currency."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_billing import checker, correction_checker, derivation_checker, expense_policy, rating
from psa_cores.psa_billing.terms import Currency
from rating_histories import freeze
from rating_stage import CHF, EUR, book, charge, contract, retainer

YEN = Currency(3, Decimal(1))
amounts = st.decimals("0", "5000", places=2)
rates = st.decimals("0.0001", "200", places=6)


def expense(amount, source_id, currency):
    """The expense itself (1), or a correction of it."""
    base = charge(source_id, source_model="hr.expense", part="price", quantity=Decimal(1), price_unit=amount, currency=currency)
    if source_id == 1:
        return base
    return replace(base, source_model="psa.expense.delta", corrects_id=1, corrects_model="hr.expense")


def invoiced(history, rate, currency, paid_ahead=0):
    """Invoice an expense as it was at first, then what each change makes of it; yield what is due and the rows so far."""
    known, held = (), book(contract(currency=currency), retainer(8, paid_ahead, currency_id=currency.id))
    for number, amount in enumerate(history, 1):
        due = expense_policy.exchanged(amount, rate, currency.rounding)
        billed = expense_policy.billed([expense_policy.Row(row.value) for row in known], due)
        rest = due if number == 1 else expense_policy.to_charge(due, billed)
        if rest is not None:
            fact = expense(rest, number, currency)
            rows = rating.rate([fact], held)
            assert not checker.check([fact], held, rows)
            assert not correction_checker.check([fact], held, rows)
            assert not derivation_checker.check(rows)
            known, held = (*known, *rows), freeze(held, rows, rows)
        yield due, known


@given(st.lists(amounts, min_size=1, max_size=6), rates, st.sampled_from([EUR, CHF, YEN]), st.integers(0, 3000))
def test_original_and_corrections_are_the_corrected_whole(history, rate, currency, paid_ahead):
    for due, rows in invoiced([*history, Decimal(0)], rate, currency, paid_ahead):
        assert [row.error for row in rows if row.error] == []
        assert sum(row.value for row in rows) == due

    assert sum(row.amount for row in rows) == 0
    assert sum(row.draw.amount for row in rows if row.draw) == 0


def test_the_cent_that_parts_exchanged_by_themselves_would_miss():
    """0.92 of 1.07 is 0.98, and of the 0.56 less 0.52: that would leave 0.46, where 0.92 of 0.51 is 0.47."""
    sums = [sum(row.value for row in rows) for _due, rows in invoiced(map(Decimal, ("1.07", "0.51", "0")), Decimal("0.92"), EUR)]

    assert sums == [Decimal("0.98"), Decimal("0.47"), 0]
