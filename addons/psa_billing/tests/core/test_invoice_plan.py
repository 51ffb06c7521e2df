"""Laws of planning invoices, and the cases a billing clerk would ask about."""

import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_billing import invoice_plan
from psa_cores.psa_billing.invoice_plan import BY_CLIENT, Contract, Row

UNTIL = date(2026, 3, 31)


def month(day):
    start = day.replace(day=1)
    return start, (start + timedelta(days=31)).replace(day=1)


def row(id_, day, amount=100, contract_id=1, **values):
    values.setdefault("client_id", 7)
    values.setdefault("currency_id", 1)
    values.setdefault("cycle", month(day) if contract_id else None)
    return Row(id_, date=day, amount=Decimal(amount), contract_id=contract_id, **values)


def plan(rows, *contracts, until=UNTIL, **options):
    return invoice_plan.plan(rows, contracts or (Contract(1), Contract(2)), until, **options)


def ids(groups):
    return [group.row_ids for group in groups]


def test_each_cycle_has_its_invoice_and_the_open_one_waits():
    rows = [row(1, date(2026, 2, 3)), row(2, date(2026, 3, 3)), row(3, date(2026, 4, 1))]

    assert ids(plan(rows)) == [(1,), (2,)]
    assert ids(plan(rows, until=date(2026, 3, 30))) == [(1,)]
    assert ids(plan(rows, until=date(2026, 3, 30), open_cycles=True)) == [(1,), (2,)]


def test_what_was_due_goes_with_the_cycle_that_ends_when_it_falls_due():
    march_work = row(1, date(2026, 3, 10))
    april_in_advance = row(2, date(2026, 4, 1), waits_for_cycle=False)
    milestone = row(3, date(2026, 4, 2), waits_for_cycle=False)

    groups = plan([march_work, april_in_advance, milestone], until=date(2026, 4, 5))

    assert ids(groups) == [(1, 2), (3,)]
    assert groups[0].cycle_end == date(2026, 4, 1)


def test_late_rows_go_with_the_first_cycle_billed_now():
    late = row(1, date(2026, 1, 10), -30)
    rows = [late, row(2, date(2026, 2, 3)), row(3, date(2026, 3, 3))]

    assert ids(plan(rows, Contract(1, billed_until=date(2026, 2, 1)))) == [(1, 2), (3,)]
    assert ids(plan([late], Contract(1, billed_until=date(2026, 2, 1)))) == [(1,)]


def test_a_credit_is_set_against_the_next_cycle():
    groups = plan([row(1, date(2026, 2, 3), -150), row(2, date(2026, 3, 3), 100), row(3, date(2026, 3, 4), 60)])

    assert ids(groups) == [(1, 2, 3)]
    assert groups[0].amount == 10

    (credit,) = plan([row(1, date(2026, 3, 3), -150)])
    assert credit.amount == -150


def test_contracts_share_an_invoice_only_if_both_say_so_under_one_purchase_order():
    shared = [Contract(1, BY_CLIENT), Contract(2, BY_CLIENT), Contract(3, BY_CLIENT, "PO-9"), Contract(4)]
    rows = [row(number, date(2026, 3, 3), contract_id=number) for number in (1, 2, 3, 4)]
    without = row(5, date(2026, 3, 30), contract_id=None)

    assert sorted(ids(plan([*rows, without], *shared))) == [(1, 2, 5), (3,), (4,)]
    assert sorted(ids(plan([rows[3], without], *shared))) == [(4,), (5,)]


def test_covered_work_goes_with_the_invoice_of_its_cycle_or_alone():
    covered = row(1, date(2026, 3, 3), 0, is_covered=True)

    (together,) = plan([covered, row(2, date(2026, 3, 5))])
    assert (together.row_ids, together.covered_ids) == ((2,), (1,))

    (alone,) = plan([covered])
    assert (alone.row_ids, alone.covered_ids, alone.amount) == ((), (1,), 0)


@st.composite
def histories(draw):
    contracts = tuple(
        Contract(
            id_,
            draw(st.sampled_from(("contract", "client"))),
            draw(st.sampled_from(("", "PO-1"))),
            draw(st.sampled_from((None, date(2026, 2, 1), date(2026, 3, 1)))),
        )
        for id_ in (1, 2, 3)
    )
    rows = []
    for id_ in range(draw(st.integers(0, 14))):
        day = date(2026, 1, 1) + timedelta(days=draw(st.integers(0, 110)))
        rows.append(
            row(
                id_,
                day,
                draw(st.integers(-200, 300)),
                draw(st.sampled_from((None, 1, 2, 3))),
                client_id=draw(st.sampled_from((7, 8))),
                currency_id=draw(st.sampled_from((1, 2))),
                waits_for_cycle=draw(st.booleans()),
                is_covered=draw(st.booleans()),
            )
        )
    return rows, contracts


@given(histories(), st.booleans(), st.randoms())
def test_every_ready_row_is_on_exactly_one_invoice_whatever_the_order(history, open_cycles, chance: random.Random):
    rows, contracts = history
    groups = plan(rows, *contracts, open_cycles=open_cycles)

    placed = sorted(id_ for group in groups for id_ in group.row_ids + group.covered_ids)
    assert placed == sorted(r.id for r in rows if invoice_plan.is_ready(r, UNTIL, open_cycles))
    by_id = {r.id: r for r in rows}
    for group in groups:
        assert {by_id[id_].is_covered for id_ in group.row_ids} <= {False}
        assert {by_id[id_].is_covered for id_ in group.covered_ids} <= {True}
        assert group.amount == sum(by_id[id_].amount for id_ in group.row_ids)
        members = [by_id[id_] for id_ in group.row_ids + group.covered_ids]
        assert {(r.client_id, r.currency_id) for r in members} == {(group.client_id, group.currency_id)}
        po_numbers = {contract.po_number for contract in contracts if contract.id in group.contract_ids}
        assert len(po_numbers) <= 1 or len(group.contract_ids) == 1
    keys = [(group.client_id, group.currency_id, group.key) for group in groups]
    assert len(keys) == len(set(keys))
    shuffled = list(rows)
    chance.shuffle(shuffled)
    assert plan(shuffled, *contracts, open_cycles=open_cycles) == groups


@given(histories(), st.booleans())
def test_rows_added_up_by_day_make_the_same_invoices(history, open_cycles):
    rows, contracts = history
    alike = {}
    for r in rows:
        key = (r.client_id, r.currency_id, r.contract_id, r.date, r.waits_for_cycle, r.is_covered)
        alike.setdefault(key, []).append(r)
    added_up = [
        replace(members[0], amount=sum(r.amount for r in members), others=tuple(r.id for r in members[1:]))
        for members in alike.values()
    ]

    assert plan(added_up, *contracts, open_cycles=open_cycles) == plan(rows, *contracts, open_cycles=open_cycles)


@given(histories())
def test_only_the_last_cycle_of_an_invoice_may_be_a_credit(history):
    rows, contracts = history
    groups = plan(rows, *contracts)
    for number, group in enumerate(groups[:-1]):
        following = groups[number + 1]
        stem = group.key.rpartition(":")[0]
        same = (group.client_id, group.currency_id) == (following.client_id, following.currency_id)
        if same and group.cycle_end and following.cycle_end and following.key.rpartition(":")[0] == stem:
            assert group.amount >= 0
