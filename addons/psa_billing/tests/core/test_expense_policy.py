from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_billing import expense_policy as core

money = st.decimals("0", "10000", places=2)
policies = st.builds(
    core.Policy,
    id=st.integers(1, 5),
    sequence=st.integers(1, 3),
    product_id=st.sampled_from([None, 1, 2]),
    limit=money,
    day_limit=money,
    needs_receipt=st.booleans(),
    receipt_from=money,
    over_limit=st.sampled_from([core.BY_REASON, core.BY_REFUSAL]),
)


@given(money, money, st.booleans(), st.booleans(), policies)
def test_the_verdict_is_what_the_rules_say_one_by_one(amount, others, has_receipt, has_reason, policy):
    day_total = amount + others

    verdict = core.judge(amount, day_total, has_receipt, has_reason, policy)

    lacks_receipt = policy.needs_receipt and not has_receipt and amount >= policy.receipt_from
    is_over = (policy.limit != 0 and amount > policy.limit) or (policy.day_limit != 0 and day_total > policy.day_limit)
    if lacks_receipt or (is_over and policy.over_limit == core.BY_REFUSAL):
        assert verdict.outcome == core.REFUSED
    elif is_over:
        assert verdict.outcome == (core.FLAGGED if has_reason else core.NEEDS_REASON)
    else:
        assert verdict.outcome == core.ALLOWED
    assert bool(verdict.breaks) == (lacks_receipt or is_over)


@given(st.lists(policies, max_size=5), st.sampled_from([1, 2, 3]))
def test_a_policy_of_the_category_comes_before_the_general_one(several, product_id):
    chosen = core.policy_for(product_id, several)

    own = [policy for policy in several if policy.product_id == product_id]
    general = [policy for policy in several if policy.product_id is None]
    if not own and not general:
        assert chosen is None
    else:
        assert chosen in (own or general)
        assert all((chosen.sequence, chosen.id) <= (policy.sequence, policy.id) for policy in own or general)


def test_without_a_policy_everything_is_allowed():
    assert core.judge(Decimal(10**6), Decimal(10**6), False, False, None).outcome == core.ALLOWED


@given(st.lists(st.tuples(money, st.booleans()), max_size=8))
def test_whatever_happens_the_client_has_paid_what_is_due_in_the_end(history):
    """An expense is approved, changed, refused and approved again; each time the difference is invoiced."""
    billed = []
    for due, stands in history:
        due = due if stands else Decimal(0)
        rest = core.to_charge(due, billed)
        if rest is not None:
            billed.append(core.Billed(rest))

        assert sum(row.amount for row in billed) == due
        assert core.to_charge(due, billed) is None


@given(money, money)
def test_what_was_given_up_is_neither_charged_again_nor_paid_back(given_up, due):
    rows = [core.Billed(given_up, is_given_up=True)]

    assert (core.to_charge(due, rows) or 0) == max(due - given_up, 0)
    assert core.to_charge(Decimal(0), rows) is None
