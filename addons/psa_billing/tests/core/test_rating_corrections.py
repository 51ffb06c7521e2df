"""Corrections of what was invoiced: what they take back, from where, and that nothing is left over."""

import random
from collections import Counter
from dataclasses import replace
from datetime import datetime, timezone
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from psa_cores.psa_billing import corrections, rating
from psa_cores.psa_billing.terms import Role, RoleRate
from rating_histories import freeze
from rating_stage import EUR, HOUR, MINUTE, NIGHT, audited, block, book, contract, fact, included, retainer, told

UTC = timezone.utc

PLAIN = {"rounding": "none"}


def delta(minutes, source_id=2, corrects_id=1, **values):
    return fact(source_id, worked_seconds=minutes * MINUTE, is_delta=True, corrects_id=corrects_id, **values)


def settled(facts, *things):
    """Rate and settle facts; return their rows and the book afterwards."""
    before = book(*things)
    rows = rating.rate(facts, before)
    return rows, freeze(before, rows, rows)


def test_less_time_is_taken_back_from_what_was_funded_last():
    rows, after = settled(
        [fact(worked_seconds=4 * HOUR)], contract(blocks={"overage_rate": Decimal(120)}), included(1), block(7, 1), retainer(8, 90)
    )
    assert told(rows) == [
        ("included:4:2026-03-01", 60, "0"), ("block:7", 60, "0"), ("retainer:8", 45, "0"), ("overage", 75, "150.00"),
    ]

    back = rating.rate([delta(-200)], after)

    assert told(back) == [
        ("overage", -75, "-150.00"), ("retainer:8", -45, "0.00"), ("block:7", -60, "0.00"), ("included:4:2026-03-01", -20, "0.00"),
    ]
    assert [row.draw and row.draw.amount for row in sorted(back, key=lambda row: row.derivation["part"]["index"])] == [
        None, Decimal("-90.00"), -HOUR, -20 * MINUTE,
    ]


def test_what_is_put_back_can_be_drawn_by_others_at_once():
    _rows, after = settled([fact(worked_seconds=HOUR)], contract(rates=[(None, None, 100)]), block(7, 1))

    again = rating.rate([delta(-30), fact(3, worked_seconds=HOUR)], after)

    assert told(again) == [("block:7", -30, "0.00"), ("block:7", 30, "0"), ("rate", 30, "50.00")]


def test_what_an_open_entry_gives_back_can_be_drawn_by_the_next_one():
    """Neither the entry nor its correction is settled: the hour that was not worked is there for the next entry of the day."""
    things = contract(rates=[(None, None, 100)]), block(7, 1)

    rows = audited([fact(), delta(-30), fact(3)], book(*things))

    assert told(rows) == [("block:7", 60, "0"), ("block:7", -30, "0.00"), ("block:7", 30, "0"), ("rate", 30, "50.00")]


def test_an_earlier_entry_is_not_paid_by_what_a_later_one_gives_back():
    things = contract(rates=[(None, None, 100)]), block(7, 1)

    rows = audited([fact(1, worked_seconds=2 * HOUR), fact(3), delta(-60, 4, corrects_id=3)], book(*things))

    assert told(rows) == [("block:7", 60, "0"), ("rate", 60, "100.00"), ("rate", 60, "100.00"), ("rate", -60, "-100.00")]


def test_added_time_has_the_place_of_the_entry_it_is_added_to():
    """With the start of that entry it draws before what was begun later that day, whenever it was added."""
    morning, noon = (datetime(2026, 3, 10, hour, tzinfo=UTC) for hour in (8, 12))
    things = contract(rates=[(None, None, 100)]), block(7, 2)

    rows = audited([fact(1, start=morning), fact(2, start=noon), delta(30, 3, start=morning)], book(*things))

    assert told(rows) == [("block:7", 60, "0"), ("block:7", 30, "0"), ("rate", 30, "50.00"), ("block:7", 30, "0")]


def test_a_correction_waits_for_the_open_entry_it_corrects_though_time_added_later_is_settled():
    after = book(contract(rates=[(None, None, 100)]), block(7, 1))
    added = rating.rate([delta(60, 3)], after)
    after = freeze(after, added, added)

    rows = audited([fact(), delta(-30)], after)

    assert [(row.part, row.seconds / MINUTE, row.derivation.get("corrects", {}).get("source_id")) for row in rows] == [
        ("rate", 60, None), ("rate", -30, 1),
    ]  # fmt: skip


def test_a_correction_is_at_the_price_of_the_row_it_takes_back_whatever_the_price_is_now():
    _rows, after = settled([fact()], contract(rates=[(None, None, 100)]))
    dearer = replace(after, contracts=(contract(rates=[(None, None, 150)]),))

    assert told(rating.rate([delta(-15)], dearer)) == [("rate", -15, "-25.00")]


def test_more_time_is_rated_like_any_other_of_that_day_without_a_minimum():
    _rows, after = settled([fact()], contract(rates=[(None, None, 100)]))

    row = rating.rate([delta(6)], after)[0]

    assert (row.part, row.seconds, row.amount) == ("rate", 6 * MINUTE, Decimal("10.00"))
    assert row.derivation["time"]["rule"] == "correction"
    assert row.derivation["inputs"]["corrects_id"] == 1


def test_only_the_charge_can_be_corrected_and_only_the_time_worked():
    _rows, after = settled([fact()], contract(rates=[(None, None, 100)]))

    goodwill = rating.rate([delta(0, billable_seconds=-30 * MINUTE)], after)
    worked_less = rating.rate([delta(-10, billable_seconds=0)], after)

    assert [(row.worked_seconds, row.seconds, row.amount) for row in goodwill] == [(0, -30 * MINUTE, Decimal("-50.00"))]
    assert [(row.state, row.worked_seconds, row.amount) for row in worked_less] == [("non_billable", -10 * MINUTE, 0)]


def test_more_than_there_is_is_held_back_and_named():
    _rows, after = settled([fact()], contract(rates=[(None, None, 100)]))

    assert told(rating.rate([delta(-90)], after)) == [("rate", -60, "-100.00"), ("time", -30, "negative_time")]


def test_a_correction_of_nothing_is_held_back():
    assert told(rating.rate([delta(-10)], book(contract()))) == [("time", -10, "negative_time")]


def test_a_correction_of_an_entry_that_is_open_again_takes_from_its_open_rows():
    facts = [fact(), delta(-15)]

    assert told(rating.rate(facts, book(contract(rates=[(None, None, 100)])))) == [("rate", 60, "100.00"), ("rate", -15, "-25.00")]


def test_time_added_first_is_taken_back_first():
    _rows, after = settled([fact()], contract(rates=[(None, None, 100)]))
    more = rating.rate([delta(30)], after)
    after = freeze(after, more, more)

    back = rating.rate([delta(-45, source_id=3)], after)

    assert [(row.part, row.seconds / MINUTE, row.derivation["corrects"]["source_id"]) for row in told_rows(back)] == [
        ("rate", -30, 2), ("rate#1", -15, 1),
    ]


def test_time_added_later_is_taken_back_only_if_there_is_no_other():
    _rows, after = settled([fact()], contract(rates=[(None, None, 100)]))
    more = rating.rate([delta(30, source_id=3)], after)
    after = freeze(after, more, more)

    (back,) = rating.rate([delta(-45)], after)

    assert (back.part, back.seconds / MINUTE, back.derivation["corrects"]["source_id"]) == ("rate", -45, 1)
    assert told(rating.rate([delta(-75)], after)) == [("rate", -60, "-100.00"), ("rate#3", -15, "-25.00")]


def told_rows(rows):
    return sorted(rows, key=lambda row: row.derivation["part"]["index"])


def test_what_was_written_off_is_taken_back_from_what_was_written_off():
    rows, after = settled([fact()], contract(rates=[(None, None, 100)]))
    after = replace(after, originals=tuple(replace(row, state="written_off") for row in rows))

    assert rating.rate([delta(-30)], after)[0].state == corrections.WRITTEN_OFF


def test_weighted_draws_are_put_back_as_they_were_drawn():
    rows, after = settled([fact(worked_seconds=HOUR, work_type=NIGHT)], contract(), block(7, 2))
    assert rows[0].draw.amount == 90 * MINUTE

    assert rating.rate([delta(-60, work_type=NIGHT)], after)[0].draw.amount == -90 * MINUTE


@pytest.mark.parametrize("rate", ["99.99", "33.33", "0"])
@given(st.lists(st.integers(1, 40), min_size=1, max_size=5), st.integers(1, 4000))
def test_taken_back_in_pieces_nothing_is_left_over(rate, pieces, block_seconds):
    role = Role(1, (RoleRate(1, EUR.id, Decimal(rate)),), Decimal("1.333"))
    entry = fact(worked_seconds=sum(pieces) * MINUTE, role=role)
    pools = replace(block(7, 0), size=block_seconds), retainer(8, "10.01")
    _rows, after = settled([entry], contract(**PLAIN), *pools)

    for number, minutes in enumerate(pieces, 2):
        back = rating.rate([delta(-minutes, source_id=number, role=role)], after)
        after = freeze(after, back, back)

    for name in ("worked_seconds", "seconds", "amount", "value"):
        assert sum(getattr(row, name) or 0 for row in after.originals) == 0
    assert [pool.used for pool in after.pools] == [0, 0]


@example(1, [2, 0, 2, 1], [61], random.Random(1))
@given(st.integers(1, 240), st.lists(st.integers(0, 240), min_size=1, max_size=4), st.lists(st.integers(0, 200), max_size=4), st.randoms())
def test_time_put_right_before_its_invoice_leaves_the_client_where_he_would_be(minutes, changes, sizes, dice):
    """Minute by minute the same hours pay for it and for all others as if the entry had been right at once."""
    pools = [included(sizes[0] / 60), *(block(number, size / 60) for number, size in enumerate(sizes[1:], 5))] if sizes else []
    things = contract(rates=[(None, None, 100)], **PLAIN), *pools
    others = [fact(0), fact(50), fact(51, worked_seconds=7 * MINUTE)]
    lines, now = [fact(worked_seconds=minutes * MINUTE)], minutes
    for number, wanted in enumerate(changes, 2):
        lines += [delta(wanted - now, number)] if wanted != now else []
        now = wanted
    facts = [*others, *lines]
    dice.shuffle(facts)

    assert paid_by(audited(facts, book(*things))) == paid_by(audited([*others, fact(worked_seconds=now * MINUTE)], book(*things)))


def paid_by(rows):
    """How many seconds of each entry are paid by what."""
    seconds = Counter()
    for row in rows:
        seconds[row.derivation["inputs"].get("corrects_id") or row.source_id, row.part.partition("#")[0]] += row.seconds
    return {key: number for key, number in seconds.items() if number}
