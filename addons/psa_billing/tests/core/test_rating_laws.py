"""The laws of rating on made-up histories, and its agreement with auditors that share no code with it."""

import json
import os
import random
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from psa_cores.psa_billing import checker, correction_checker, derivation_checker, rating
from psa_cores.psa_billing.derivation import said
from psa_cores.psa_billing.funding import Pools, Weight, key_of
from psa_cores.psa_billing.pricing import block_terms_on
from psa_cores.psa_billing.terms import Book, Draw, TimeFact
from rating_histories import FIRST, corrections, drawn_by, freeze, history
from rating_stage import DAY, EUR, ONSITE, block, contract, fact, included

THOROUGH = bool(os.environ.get("PSA_THOROUGH"))
HISTORIES = 100_000 if THOROUGH else 800
# Each of them is audited some hundred times.
a_few = settings(max_examples=500 if THOROUGH else 50)
CHUNKS = 10
# Histories in which money once went back into a retainer only after others had paid in cash what it could have paid.
ONCE_WRONG = (11399, 23183, 28540, 45997)
dice_to_throw = st.builds(random.Random, st.integers(0, 2**32))


def rated_and_corrected(dice):
    """Return a run as it is met in practice: some entries settled, some of those corrected, the rest open."""
    facts, book = history(dice)
    rows = rating.rate(facts, book)
    settled = {(one.source_model, one.source_id) for one in facts if dice.random() < 0.6}
    frozen = [row for row in rows if (row.source_model, row.source_id) in settled]
    still_open = [one for one in facts if (one.source_model, one.source_id) not in settled]
    return [*still_open, *corrections(dice, facts, 1000)], freeze(book, frozen, frozen)


def audit(facts, book, rows):
    """Return what any of the auditors finds."""
    return [
        *checker.check(facts, book, rows), *correction_checker.check(facts, book, rows), *derivation_checker.check(rows),
    ]


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_independent_auditors_agree_on_every_history(chunk):
    once_wrong = [seed for seed in ONCE_WRONG if seed % CHUNKS == chunk]
    for seed in [*range(chunk, HISTORIES, CHUNKS), *once_wrong]:
        dice = random.Random(seed)
        facts, book = history(dice) if seed % 3 == 0 else rated_and_corrected(dice)
        assert audit(facts, book, rating.rate(facts, book)) == [], f"history {seed}"


# ------------------------------------------------------------------ nothing is lost, nothing is made


@given(dice_to_throw)
def test_the_parts_of_an_entry_are_the_whole_in_time(dice):
    facts, book = rated_and_corrected(dice)
    rows = rating.rate(facts, book)

    for entry in facts:
        own = [row for row in rows if (row.source_model, row.source_id) == (entry.source_model, entry.source_id)]
        if not isinstance(entry, TimeFact):
            assert {row.seconds for row in own} == {row.worked_seconds for row in own} == {0}
            continue
        assert sum(row.worked_seconds for row in own) == entry.worked_seconds
        used = own[0].derivation["time"]["used"]
        is_held_whole = own[0].state == "non_billable" or (own[0].error == rating.NEGATIVE_TIME and not entry.is_delta)
        assert sum(row.seconds for row in own) == (0 if is_held_whole else used)
        if entry.billable_seconds is not None:
            assert used == entry.billable_seconds


@given(dice_to_throw)
def test_the_parts_of_a_charge_are_the_whole_in_money(dice):
    facts, book = rated_and_corrected(dice)
    rows = rating.rate(facts, book)

    for charge in facts:
        own = [row for row in rows if (row.source_model, row.source_id) == (charge.source_model, charge.source_id)]
        if isinstance(charge, TimeFact) or any(row.error or row.state == "non_billable" for row in own):
            continue
        whole = rating.round_money(charge.quantity * charge.price_unit, charge.currency.rounding)
        assert sum(row.value for row in own) == whole
        assert sum(row.amount + (row.draw.amount if row.draw else 0) for row in own) == whole


@given(dice_to_throw)
def test_no_correction_gives_back_more_than_a_charge_brought(dice):
    facts, book = rated_and_corrected(dice)
    rows = [*book.originals, *rating.rate(facts, book)]

    left = Counter()
    for row in rows:
        if row.quantity is not None and row.value:
            inputs = row.derivation["inputs"]
            left[inputs.get("corrects_id", row.source_id), row.draw and row.draw.pool_id] += row.value
    below_zero = {row.source_id for row in rows if row.value and row.value < 0 and "corrects_id" not in row.derivation["inputs"]}
    corrected = {row.derivation["inputs"].get("corrects_id") for row in rows} - below_zero
    assert all(value >= 0 for (charge_id, _pool_id), value in left.items() if charge_id in corrected)


@given(dice_to_throw)
def test_the_parts_at_one_rate_are_the_whole_in_money(dice):
    facts, book = history(dice)
    steps = {held.currency.id: held.currency.rounding for held in book.contracts} | {EUR.id: EUR.rounding}
    by_price = defaultdict(lambda: [0, Decimal(0)])
    rows = rating.rate(facts, book)
    held_back = {(row.source_model, row.source_id) for row in rows if row.error == rating.CURRENCY_MISMATCH}
    for row in rows:
        if (row.source_model, row.source_id) in held_back:
            continue  # the rest would have a price, and has none yet
        about = row.derivation.get("rate")
        is_at_rate = row.funding in ("rate", "overage", "retainer") or row.derivation.get("value", {}).get("by") == "rate"
        if about and row.value is not None and is_at_rate:
            total = by_price[row.source_id, row.source_model, about["clause"], about["result"], row.currency_id]
            total[0] += row.seconds
            total[1] += row.value

    for (*_source, _clause, hourly_rate, currency_id), (seconds, value) in by_price.items():
        exact = Fraction(hourly_rate) * seconds / 3600
        assert abs(Fraction(value) - exact) * 2 <= Fraction(steps[currency_id])


@given(dice_to_throw)
def test_every_row_has_a_price_or_a_reason(dice):
    facts, book = rated_and_corrected(dice)

    for row in rating.rate(facts, book):
        if row.state == "error":
            assert row.error in rating.REASONS
            assert (row.amount, row.value, row.price_unit, row.draw) == (None, None, None, None)
        else:
            assert row.error is None
            assert row.amount is not None
        if row.state == "covered" or row.draw:
            assert not row.amount
        assert (row.draw is not None) == (row.funding in ("included", "block", "retainer"))


# ------------------------------------------------------------------ order, repetition, freezing


@given(dice_to_throw)
def test_the_order_of_arrival_does_not_matter_and_rating_again_changes_nothing(dice):
    facts, book = rated_and_corrected(dice)
    rows = rating.rate(facts, book)

    shuffled = [list(things) for things in (facts, book.contracts, book.pools, book.originals)]
    for things in shuffled:
        dice.shuffle(things)

    assert rating.rate(shuffled[0], Book(*map(tuple, shuffled[1:]))) == rows
    assert rating.rate(facts, book) == rows


def lets_blocks_go_negative_always_or_never(held):
    days = {one.date_from for one in held.block_terms} | {one.date_to for one in held.block_terms if one.date_to} | {FIRST}
    days |= {day + timedelta(days=1) for day in days}
    return len({bool((terms := block_terms_on(held, day)) and terms.may_go_negative) for day in days}) == 1


@given(dice_to_throw)
def test_whatever_is_settled_the_rest_comes_out_the_same(dice):
    facts, book = history(dice)
    assume(all(lets_blocks_go_negative_always_or_never(held) for held in book.contracts))
    rows = rating.rate(facts, book)
    settled = {(one.source_model, one.source_id) for one in facts if dice.random() < 0.5}

    frozen = [row for row in rows if (row.source_model, row.source_id) in settled]
    again = rating.rate([one for one in facts if (one.source_model, one.source_id) not in settled], freeze(book, frozen))

    assert again == tuple(row for row in rows if (row.source_model, row.source_id) not in settled)
    assert rating.rate([], freeze(book, rows)) == ()


def entry_of(fact_or_row):
    """Which entry it belongs to."""
    told = fact_or_row.derivation["inputs"] if hasattr(fact_or_row, "state") else {}
    return fact_or_row.source_model, told.get("corrects_id") or getattr(fact_or_row, "corrects_id", None) or fact_or_row.source_id


@given(dice_to_throw)
def test_whatever_is_settled_with_its_corrections_all_other_entries_come_out_the_same(dice):
    """A corrected entry is left where it would be, whichever of its hours were taken back; nobody else notices when that was."""
    facts, book = history(dice)
    assume(all(lets_blocks_go_negative_always_or_never(held) for held in book.contracts))
    facts += corrections(dice, facts, 1000)
    rows = rating.rate(facts, book)
    settled = {entry_of(one) for one in facts if dice.random() < 0.5}

    frozen = [row for row in rows if entry_of(row) in settled]
    again = rating.rate([one for one in facts if entry_of(one) not in settled], freeze(book, frozen, frozen))

    corrected = {entry_of(one) for one in facts if one.corrects_id}
    of_others = [[row for row in made if entry_of(row) not in settled | corrected] for made in (again, rows)]
    # From what is held back nothing is taken back, so who is corrected may be left with more of the hours.
    assert of_others[0] == of_others[1] or any(row.error and entry_of(row) in corrected for row in (*rows, *again))


@given(dice_to_throw)
def test_independent_auditors_agree_when_some_corrections_are_settled(dice):
    facts, book = history(dice)
    facts += corrections(dice, facts, 1000)
    rows = rating.rate(facts, book)
    settled = {(one.source_model, one.source_id) for one in facts if dice.random() < 0.4}
    # What a settled correction takes from is settled, too.
    for row in sorted(rows, key=lambda row: -row.source_id):
        origin = row.derivation.get("corrects")
        if origin and (row.source_model, row.source_id) in settled:
            settled.add((origin.get("source_model", row.source_model), origin["source_id"]))
    frozen = [row for row in rows if (row.source_model, row.source_id) in settled]
    still_open = [one for one in facts if (one.source_model, one.source_id) not in settled]
    still_open += corrections(dice, [one for one in facts if one.source_id < 1000], 2000)

    after = freeze(book, frozen, frozen)
    again = rating.rate(still_open, after)

    assert audit(still_open, after, again) == []


# ------------------------------------------------------------------ pools


@given(dice_to_throw)
def test_a_pool_only_falls_and_never_below_zero_unless_the_contract_lets_its_last_block(dice):
    facts, book = history(dice)
    rows = rating.rate(facts, book)
    left, pools = dict(Pools(book.pools).left), {key_of(one): one for one in book.pools}
    contracts = {held.id: held for held in book.contracts}
    days = {(one.source_model, one.source_id): one.date for one in facts}

    for entry in rating.in_order(facts):
        for row in rows:
            if (row.source_model, row.source_id) != (entry.source_model, entry.source_id) or not row.draw:
                continue
            pool, day = pools[row.part], days[row.source_model, row.source_id]
            left[row.part] -= row.draw.amount
            assert row.draw.amount >= 0
            assert (pool.contract_id, pool.kind, pool.id) == (row.contract_id, row.draw.pool_kind, row.draw.pool_id)
            assert pool.date_from <= day <= (pool.date_to or day)
            if left[row.part] < 0 and row.draw.amount:
                terms = contracts[row.contract_id].block_terms
                assert pool.kind == "block"
                assert any(one.may_go_negative for one in terms)
                assert row.derivation["draw"]["may_go_negative"]

    assert {key: balance.left for key, balance in rating.balances(book, rows).items()} == left


@given(dice_to_throw)
def test_no_row_draws_twice_and_no_entry_twice_from_one_pool(dice):
    facts, book = rated_and_corrected(dice)
    rows = rating.rate(facts, book)

    assert max(Counter((row.source_model, row.source_id, row.part) for row in rows).values(), default=1) == 1
    balances = rating.balances(book, rows)
    for key, drawn in drawn_by(rows).items():
        if key in balances:
            assert balances[key].drawn == balances[key].pool.used + drawn


@given(
    st.lists(st.integers(1, 300), min_size=1, max_size=6),
    st.lists(st.integers(0, 400), max_size=4),
    st.lists(st.integers(0, 400), max_size=2),
)
def test_hours_are_drawn_as_if_second_by_second(entries, blocks, periods):
    terms = contract(rounding="none", blocks={"overage_rate": Decimal(90)})
    pools = [included(size / 3600, component_id=number) for number, size in enumerate(periods, 1)]
    pools = [replace(pool, size=size) for pool, size in zip(pools, periods, strict=True)]
    pools += [replace(block(number, 0), size=size) for number, size in enumerate(blocks, 1)]
    facts = [fact(number, worked_seconds=seconds) for number, seconds in enumerate(entries, 1)]

    rows = rating.rate(facts, Book((terms,), tuple(pools)))

    left, expected = {key_of(pool): pool.size for pool in pools}, Counter()
    for entry in facts:
        for _second in range(entry.worked_seconds):
            payer = next((key for key, size in left.items() if size), "overage")
            if payer in left:
                left[payer] -= 1
            expected[entry.source_id, payer] += 1
    assert {(row.source_id, row.part): row.seconds for row in rows} == dict(expected)


@given(st.decimals("0", "4", places=3), st.integers(0, 5000), st.integers(0, 9000))
def test_a_pool_reaches_as_far_as_it_can_and_no_further(multiplier, room, limit):
    weight = Weight(multiplier)

    reach = weight.reach(room, limit)

    assert weight.weigh(reach) <= room
    assert reach == limit or weight.weigh(reach + 1) > room
    assert abs(Fraction(multiplier) * reach - weight.weigh(reach)) * 2 <= 1


# ------------------------------------------------------------------ the auditors notice


def changed_by_a_bit(row):
    """Return copies of a row, each with one number changed by the smallest step there is."""
    for name in ("worked_seconds", "seconds"):
        for change in (1, -1):
            yield name, replace(row, **{name: getattr(row, name) + change})
    for name in ("amount", "value", "price_unit", "quantity"):
        number = getattr(row, name)
        if number is not None:
            for change in (Decimal("0.01"), Decimal("-0.01")):
                yield name, replace(row, **{name: number + change})
    if row.draw:
        step = Decimal("0.01") if row.funding == "retainer" else 1
        for change in (step, -step):
            yield "draw", replace(row, draw=Draw(row.draw.pool_kind, row.draw.pool_id, row.draw.amount + change))
        yield "draw", replace(row, draw=None)


@a_few
@given(dice_to_throw)
def test_one_cent_or_second_changed_in_any_row_is_noticed(dice):
    facts, book = rated_and_corrected(dice)
    rows = rating.rate(facts, book)

    for index, row in enumerate(rows):
        for name, changed in changed_by_a_bit(row):
            found = [
                *checker.check(facts, book, (*rows[:index], changed, *rows[index + 1 :])),
                *correction_checker.check(facts, book, (*rows[:index], changed, *rows[index + 1 :])),
            ]
            assert any(
                (problem.source_id, problem.part) == (row.source_id, row.part) and problem.what == name for problem in found
            ), (name, changed)


@a_few
@given(dice_to_throw)
def test_a_row_that_contradicts_its_own_derivation_is_noticed_without_the_facts(dice):
    facts, book = rated_and_corrected(dice)
    rows = rating.rate(facts, book)

    for index, row in enumerate(rows):
        for name, changed in changed_by_a_bit(row):
            has_no_part = name in ("price_unit", "quantity", "value") and row.funding not in ("rate", "overage")
            if not has_no_part and not (name == "price_unit" and "corrects" in row.derivation):
                assert derivation_checker.check((*rows[:index], changed, *rows[index + 1 :])), (name, changed)


@a_few
@given(dice_to_throw)
def test_a_row_left_out_or_doubled_is_noticed(dice):
    facts, book = history(dice)
    rows = rating.rate(facts, book)

    for index, row in enumerate(rows):
        assert checker.check(facts, book, (*rows[:index], *rows[index + 1 :]))
        assert checker.check(facts, book, (*rows, row))


def test_what_people_changed_is_not_judged():
    rows = rating.rate([fact(worked_seconds=5400, work_type=ONSITE)], Book())
    changed = replace(rows[0], amount=Decimal("100.00"))

    assert derivation_checker.check([changed])
    assert derivation_checker.check([changed], {(changed.source_model, 1, "rate")}) == []
    assert changed.derivation["inputs"]["date"] == DAY.isoformat()


@given(dice_to_throw)
def test_a_derivation_that_leaves_out_what_says_nothing_tells_as_much(dice):
    facts, book = rated_and_corrected(dice)
    rows = [replace(row, derivation=said(row.derivation)) for row in rating.rate(facts, book)]
    assert derivation_checker.check(rows) == []
    assert not [row for row in rows if "null" in json.dumps(row.derivation)]
