from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_crm.referral import (
    PaidInvoice,
    Referrer,
    Terms,
    earned,
    missing_rows,
    reward_of,
    round_to,
    self_referral,
)
from psa_cores.psa_crm.signup import canonical_address

CENT = Decimal('0.01')
ONCE_50 = Terms(value=Decimal(50), is_percent=False, is_recurring=False, months=0, rounding=CENT)
ONCE_10_PERCENT = Terms(value=Decimal(10), is_percent=True, is_recurring=False, months=0, rounding=CENT)
YEARLY_10_PERCENT = Terms(value=Decimal(10), is_percent=True, is_recurring=True, months=12, rounding=CENT)
ENDLESS_5 = Terms(value=Decimal(5), is_percent=False, is_recurring=True, months=0, rounding=CENT)


def invoice(number, base='100', day=date(2030, 1, 31)):
    return PaidInvoice(id=number, date=day, base=Decimal(base))


# What is earned


def test_nothing_is_earned_before_an_invoice_is_paid():
    assert earned(ONCE_50, []) == {}


def test_the_first_paid_invoice_earns_the_amount_once():
    assert earned(ONCE_50, [invoice(2, day=date(2030, 3, 1)), invoice(1)]) == {1: Decimal(50)}


def test_a_percentage_is_taken_of_what_is_left_after_refunds_and_rounded_half_up():
    assert earned(ONCE_10_PERCENT, [invoice(1, '33.45')]) == {1: Decimal('3.35')}


def test_a_refunded_invoice_earns_nothing_and_the_next_one_takes_its_place():
    assert earned(ONCE_50, [invoice(1, '0'), invoice(2)], first_id=1) == {2: Decimal(50)}


def test_an_older_invoice_that_is_paid_later_does_not_move_the_reward():
    assert earned(ONCE_50, [invoice(1, day=date(2030, 1, 1)), invoice(2, day=date(2030, 2, 1))], first_id=2) == {2: Decimal(50)}


def test_a_year_of_invoices_earns_until_the_day_of_the_first_returns():
    invoices = [invoice(1), invoice(2, day=date(2031, 1, 30)), invoice(3, day=date(2031, 1, 31))]

    assert earned(YEARLY_10_PERCENT, invoices) == {1: Decimal(10), 2: Decimal(10)}


def test_the_months_run_from_the_first_invoice_even_when_it_was_refunded():
    invoices = [invoice(2, day=date(2030, 12, 1)), invoice(3, day=date(2031, 6, 1))]

    assert earned(YEARLY_10_PERCENT, invoices, first_date=date(2030, 1, 31)) == {2: Decimal(10)}


def test_months_from_the_last_of_a_long_month_end_in_a_short_one():
    one_month = Terms(value=Decimal(5), is_percent=False, is_recurring=True, months=1, rounding=CENT)

    assert earned(one_month, [invoice(1), invoice(2, day=date(2030, 2, 27)), invoice(3, day=date(2030, 2, 28))]).keys() == {1, 2}


def test_without_end_each_invoice_earns():
    assert earned(ENDLESS_5, [invoice(number, day=date(2030 + number, 1, 1)) for number in range(9)]).keys() == set(range(9))


def test_a_currency_without_cents_is_rounded_to_whole_ones():
    yen = Terms(value=Decimal('2.5'), is_percent=True, is_recurring=False, months=0, rounding=Decimal(1))

    assert reward_of(yen, Decimal(1020)) == Decimal(26)


def test_a_currency_rounded_to_five_cents():
    assert round_to(Decimal('10.12'), Decimal('0.05')) == Decimal('10.10')


INVOICES = st.lists(
    st.builds(
        PaidInvoice, id=st.integers(1, 12), date=st.dates(date(2030, 1, 1), date(2033, 1, 1)),
        base=st.decimals(-1000, 100000, places=2)),
    max_size=12, unique_by=lambda one: one.id)
TERMS = st.builds(
    Terms, value=st.decimals('0.01', 100, places=2), is_percent=st.booleans(), is_recurring=st.booleans(),
    months=st.integers(0, 30), rounding=st.sampled_from([CENT, Decimal('0.05'), Decimal(1), Decimal('0.001')]))


def oracle(terms, invoices):
    """Say the same slowly: walk through the invoices from the oldest on."""
    due, first = {}, None
    for one in sorted(invoices, key=lambda one: (one.date, one.id)):
        if one.base <= 0:
            continue
        first = first or one
        if not terms.is_recurring and one is not first:
            continue
        if terms.is_recurring and terms.months:
            months = (one.date.year - first.date.year) * 12 + one.date.month - first.date.month
            # February has no 30th: its last day stands for it.
            last_of_month = (date(one.date.year + one.date.month // 12, one.date.month % 12 + 1, 1) - date(1, 1, 2)).days
            is_last = (one.date - date(1, 1, 1)).days == last_of_month
            if months > terms.months or (months == terms.months and (one.date.day >= first.date.day or is_last)):
                continue
        exact = one.base * terms.value / 100 if terms.is_percent else terms.value
        steps, rest = divmod(exact, terms.rounding)
        amount = (steps + (1 if rest * 2 >= terms.rounding else 0)) * terms.rounding
        if amount:
            due[one.id] = amount
    return due


@given(TERMS, INVOICES)
def test_what_is_earned_is_what_a_walk_through_the_invoices_finds(terms, invoices):
    assert earned(terms, invoices) == oracle(terms, invoices)


@given(TERMS, INVOICES)
def test_a_second_run_finds_nothing_missing(terms, invoices):
    rows = missing_rows(earned(terms, invoices), {})
    first_id = next(iter(rows), None)

    assert missing_rows(earned(terms, invoices, first_id), rows) == {}


@given(TERMS, INVOICES, INVOICES)
def test_whatever_happens_to_the_invoices_the_ledger_ends_at_what_is_due(terms, before, after):
    ledger = missing_rows(earned(terms, before), {})

    due = earned(terms, after)
    for number, amount in missing_rows(due, ledger).items():
        ledger[number] = ledger.get(number, 0) + amount

    assert {number: amount for number, amount in ledger.items() if amount} == due


@given(TERMS, st.decimals(-1000, 100000, places=2))
def test_a_reward_is_a_multiple_of_the_rounding_and_never_negative(terms, base):
    reward = reward_of(terms, base)

    assert reward >= 0
    assert reward % terms.rounding == 0
    if terms.is_percent and base > 0:
        assert abs(reward - base * terms.value / 100) <= terms.rounding / 2


# Oneself

THEO = Referrer(
    addresses=frozenset({'theo@lindqvist-it.example', 'Theo.Lindqvist@gmail.com'}),
    colleague_addresses=frozenset({'priya@lindqvist-it.example', 'priya.private@posteo.net', 'theo@lindqvist-it.example'}),
    company_names=frozenset({"Lindqvist IT, Ltd."}),
)


@pytest.mark.parametrize(('address', 'company', 'reason'), [
    ('theo@lindqvist-it.example', "Other", 'same_person'),
    ('THEO+second@Lindqvist-IT.example', "Other", 'same_person'),
    ('theolindqvist+psa@googlemail.com', "Other", 'same_person'),
    ('priya.private@posteo.net', "Other", 'colleague'),
    ('priya+x@lindqvist-it.example', "Other", 'colleague'),
    ('info@lindqvist-it.example', "Other", 'same_domain'),
    ('info@mail.lindqvist-it.example', "Other", 'same_domain'),
    ('ada@ada-it.example', "LINDQVIST IT Ltd", 'same_company'),
    ('ada@ada-it.example', "Ada IT", None),
    ('ada@gmail.com', "Ada IT", None),
    ('ada@posteo.net', "Ada IT", None),
    ('ada@not-lindqvist-it.example', "Ada IT", None),
])
def test_nobody_refers_himself(address, company, reason):
    assert self_referral(THEO, address, company) == reason


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_text_breaks_the_comparison(address, company):
    assert self_referral(THEO, address, company) in {None, 'same_person', 'colleague', 'same_company', 'same_domain'}


@given(st.emails())
def test_one_s_own_address_is_never_somebody_else_s(address):
    referrer = Referrer(addresses=frozenset({address}), colleague_addresses=frozenset(), company_names=frozenset())

    # Hypothesis makes addresses that no mail server takes, too; those are nobody's.
    assert self_referral(referrer, address) == ('same_person' if canonical_address(address) else None)
