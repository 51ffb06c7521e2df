"""Time: the rows one entry gives; read ``rating.py`` first."""

from decimal import Decimal

from .derivation import POLICY, money, text, told_amount
from .funding import BLOCK, INCLUDED, RETAINER, payable, weight_of
from .pricing import (
    ONE,
    asked_by_flat_terms,
    billable_seconds,
    block_terms_on,
    choose_rate,
    coverage_of,
    coverage_price,
    flat_terms_of,
    multiplier_of,
    overage_price,
    price_of,
)
from .terms import (
    AT_RATE,
    BLOCKS_EXHAUSTED,
    BY_BLOCK,
    BY_COVERAGE,
    BY_INCLUDED,
    BY_NOBODY,
    BY_OVERAGE,
    BY_RATE,
    BY_RETAINER,
    CONTRACT_UNUSABLE,
    COVERED,
    CURRENCY_MISMATCH,
    ERROR,
    MISSING_CLIENT,
    MISSING_PRODUCT,
    MISSING_RATE,
    MISSING_ROLE,
    MISSING_WORK_TYPE,
    NEGATIVE_TIME,
    NON_BILLABLE,
    PENDING,
    Draw,
    LedgerRow,
)

ZERO = Decimal(0)


def takes_back(fact) -> bool:
    """Say whether a time fact takes charged time back from the entry it corrects."""
    if not fact.is_delta or not fact.is_billable:
        return False
    return (fact.worked_seconds if fact.billable_seconds is None else fact.billable_seconds) < 0


def charged_seconds(fact, version) -> tuple[int, dict]:
    """Return the seconds an entry charges, and how that came about.

    A correction is charged as it is: minimum and increment were the original's.
    """
    rule, work_type = version.rounding if version else "work_type", fact.work_type
    minimum = increment = 0
    if fact.is_delta:
        rule, by_rule = "correction", fact.worked_seconds
    else:
        if rule == "contract":
            minimum, increment = version.minimum_minutes, version.increment_minutes
        elif rule == "work_type" and work_type:
            minimum, increment = work_type.minimum_minutes, work_type.increment_minutes
        by_rule = billable_seconds(fact.worked_seconds, minimum, increment)
    used = by_rule if fact.billable_seconds is None else fact.billable_seconds
    about = {"rule": rule, "by_rule": by_rule, "used": used}
    if minimum or increment:
        about["minimum_minutes"], about["increment_minutes"] = minimum, increment
    if used != by_rule:
        about["set_by_hand"] = True
    return used, about


def rate_time(run, fact) -> None:
    """Add the rows of one entry to a run's and draw what they draw from its pools."""
    choice, version, about, stretch = run.choose(fact)
    contract = choice.contract
    currency = contract.currency if contract else fact.company_currency
    work_type, role = fact.work_type, fact.role
    charged, time = charged_seconds(fact, version)
    inputs = {
        "date": fact.date.isoformat(),
        "client_id": fact.client_id,
        "worked_seconds": fact.worked_seconds,
        "billable_seconds": fact.billable_seconds,
        "work_type_id": work_type.id if work_type else None,
        "role_id": role.id if role else None,
    }
    if fact.is_delta:
        inputs["corrects_id"] = fact.corrects_id
    derivation = {"policy": POLICY, "inputs": inputs, "contract": about, "time": time}
    entry = _Entry(run.rows, fact, charged, contract, version, currency, derivation)
    if not fact.is_delta and (charged < 0 or fact.worked_seconds < 0):
        entry.add_whole(ERROR, error=NEGATIVE_TIME)
        return
    if not fact.is_billable or not charged:
        entry.add_whole(NON_BILLABLE, price_unit=ZERO, amount=ZERO, value=ZERO)
        return
    problem = _first_problem(fact, choice)
    if problem:
        entry.fail(problem, charged)
        return
    terms = _terms_of(run, fact, contract, version, currency, stretch)
    if terms.derivation:
        derivation.update(terms.derivation)
    if terms.flat_part:
        entry.cover(terms.flat_part, terms.flat_funding, charged, terms, charged)
        return
    if terms.may_draw:
        _draw_hours(run.pools, entry, terms)
        if entry.paid == charged:
            return
        if terms.is_hard_stop:
            entry.fail(BLOCKS_EXHAUSTED, charged - entry.paid, **terms.beyond)
            return
    _charge(run.pools, entry, terms)


def _draw_hours(pools, entry, terms):
    """Let included hours and blocks pay as far as they reach.

    Work that weighs nothing is paid by the first of them, whether or not it is used up; other work only for a draw.
    """
    day, contract_id, charged, weight = entry.fact.date, entry.contract.id, entry.charged, terms.weight
    blocks = pools.usable(contract_id, BLOCK, day)
    last = blocks[-1][0] if blocks and terms.may_go_negative else None
    start, shares = 0, []
    for kind, funding, usable in (
        (INCLUDED, BY_INCLUDED, pools.usable(contract_id, INCLUDED, day)), (BLOCK, BY_BLOCK, blocks),
    ):
        for key, pool in usable:
            available = pools.left[key]
            is_endless = key == last or weight.is_nothing
            if start == charged or (available <= 0 and not is_endless):
                continue
            before = weight.weigh(start)
            until = charged if is_endless else weight.reach(before + available, charged)
            drawn = weight.weigh(until) - before
            if until <= start or not (drawn or is_endless):
                continue
            pools.draw(key, drawn)
            about = {"pool": key, "seconds": drawn}
            if until < charged:
                about["uses_up"] = True
            elif key == last:
                about["may_go_negative"] = True
            shares.append((key, funding, until - start, pool, Draw(kind, pool.id, drawn), about))
            start = until
    # Worth is reckoned over all seconds at one rate; those with another price have no part in it.
    rest = 0 if terms.over or terms.is_hard_stop else charged - start
    rest += sum(share[2] for share in shares if not entry.has_own_value(share[3]))
    for key, funding, seconds, pool, draw, about in shares:
        entry.cover(key, funding, seconds, terms, rest, pool, draw, about)
        if not entry.has_own_value(pool):
            rest -= seconds


def _charge(pools, entry, terms):
    """Charge what nothing else paid for; retainers pay as far as they go."""
    seconds, currency, contract = entry.charged - entry.paid, entry.currency, entry.contract
    if terms.over:
        funding, hourly_rate, about = BY_OVERAGE, terms.over.result, {**terms.beyond, "rate": terms.over_told}
    else:
        funding, hourly_rate, about = BY_RATE, terms.hourly_rate, {"rate": terms.price_told}
    if hourly_rate is None:
        entry.fail(MISSING_RATE, seconds, **about)
        return
    rounding = currency.rounding
    whole = price_of(hourly_rate, seconds, rounding)
    paid, shared = ZERO, 0
    retainers = pools.usable(contract.id, RETAINER, entry.fact.date) if contract and whole > 0 else ()
    if retainers:
        others = [key for key, pool in retainers if pools.left[key] > 0 and pool.currency_id not in (None, currency.id)]
        if others:
            entry.fail(CURRENCY_MISMATCH, seconds, **about, retainers_in_other_currency=others)
            return
    for key, pool in retainers:
        taken = payable(pools.left[key], whole - paid, rounding)
        if not taken:
            continue
        pools.draw(key, taken)
        part = int(seconds * (paid + taken) / whole) - shared
        amount = told_amount(whole, paid, taken, rounding, seconds)
        entry.add(
            key, COVERED, BY_RETAINER, part, price_unit=ZERO, amount=ZERO, value=taken, draw=Draw(RETAINER, pool.id, taken),
            **about, told={"amount": amount, "draw": {"pool": key, "money": money(taken)}},
        )
        paid, shared = paid + taken, shared + part
        if paid == whole:
            return
    amount = told_amount(whole, paid, whole - paid, rounding, seconds)
    entry.add(
        funding, PENDING, funding, seconds - shared, price_unit=hourly_rate, amount=whole - paid, value=whole - paid, **about,
        told={"amount": amount},
    )


def _terms_of(run, fact, contract, version, currency, stretch):
    """Look up what a contract says about this kind of work; remembered until some term begins or ends to hold."""
    role = fact.role
    key = (
        contract.id if contract else None, version.id if version else None, currency.id, stretch, run.stretch_of(role, fact.date),
        fact.work_type, role, asked_by_flat_terms(contract, fact), fact.site_id, fact.asset_ids,
    )
    terms = run.terms.get(key)
    if terms is None:
        terms = run.terms[key] = _Terms(fact, contract, version, currency)
    return terms


class _Terms:
    """What a contract says about one kind of work on one day."""

    def __init__(self, fact, contract, version, currency):
        rule = coverage_of(version, fact)
        policy = version.multiplier_policy if version else "compound"
        multiplier = multiplier_of(fact.work_type, fact.role, policy)
        self.weight = weight_of(multiplier)
        price = choose_rate(fact.role, fact.work_type, version, currency, fact.date, multiplier)
        self.derivation = {}
        self.flat_part = self.flat_funding = self.over = self.over_told = self.beyond = None
        self.is_hard_stop = self.may_go_negative = False
        if multiplier != ONE:
            self.derivation["multiplier"] = {
                "policy": policy, "work_type": text(fact.work_type.multiplier), "role": text(fact.role.multiplier),
                "result": text(multiplier),
            }
        if rule:
            self.derivation["coverage"] = {"rule_id": rule.id, "effect": rule.effect}
            if rule.effect == "included":
                self.flat_part, self.flat_funding = f"coverage:{rule.id}", BY_COVERAGE
            elif rule.effect == AT_RATE:
                price = coverage_price(rule)
        elif contract and (flat := flat_terms_of(contract, fact)):
            self.flat_part = self.flat_funding = flat.kind
            self.derivation["flat"] = {"terms_id": flat.id, "kind": flat.kind}
            if flat.project_id is not None:
                self.derivation["flat"]["project_id"] = flat.project_id
        self.hourly_rate, self.price_told = price.result, _told(price)
        self.may_draw = contract is not None and not rule and not self.flat_part
        terms = block_terms_on(contract, fact.date) if self.may_draw else None
        if terms:
            self.may_go_negative, self.is_hard_stop = terms.may_go_negative, terms.is_hard_stop
            self.beyond = {"block_terms": {"terms_id": terms.id, "is_hard_stop": terms.is_hard_stop}}
            if terms.overage_rate is not None:
                self.over = overage_price(terms, version, multiplier)
                self.over_told = _told(self.over)


class _Entry:
    """The rows of one time entry while they are made."""

    def __init__(self, rows, fact, charged, contract, version, currency, derivation):
        self.rows = rows
        self.fact = fact
        self.charged = charged
        self.contract = contract
        self.version = version
        self.currency = currency
        self.derivation = derivation
        self.paid = 0
        self.index = 0

    def add(self, part, state, funding, seconds, *, told=None, price_unit=None, amount=None, value=None, draw=None, error=None, **about):
        """Make the row for the next so many charged seconds."""
        worked, charged, start, until = self.fact.worked_seconds, self.charged, self.paid, self.paid + seconds
        derivation = self.derivation if until == charged else self.derivation.copy()
        derivation["part"] = {"index": self.index, "from": start, "to": until}
        derivation.update(about)
        if told:
            derivation.update(told)
        self.paid, self.index = until, self.index + 1
        self._append(
            part, state, funding, worked * until // charged - worked * start // charged, seconds, price_unit, amount, value, draw,
            error, derivation,
        )

    def add_whole(self, state, *, price_unit=None, amount=None, value=None, error=None):
        """Make the only row of an entry that charges nothing."""
        self._append(
            "time", state, BY_NOBODY, self.fact.worked_seconds, 0, price_unit, amount, value, None, error, self.derivation
        )

    def fail(self, reason, seconds, **about):
        """Make the row for the rest, which cannot be priced."""
        self.add("time", ERROR, BY_NOBODY, seconds, error=reason, **about)

    def has_own_value(self, pool):
        """Say whether hours of a pool were sold at a price that can be told in the entry's currency."""
        return pool is not None and pool.hour_value is not None and pool.currency_id in (None, self.currency.id)

    def cover(self, part, funding, seconds, terms, rest, pool=None, draw=None, drawn=None):
        """Make the row for seconds that are paid for already, and say what they are worth.

        :param rest: how many seconds of the entry, with and after these, are worth the hourly rate
        """
        rounding = self.currency.rounding
        told = {"draw": drawn} if drawn else {}
        if self.has_own_value(pool):
            by, hourly_rate = "hour_value", pool.hour_value
            worth = price_of(hourly_rate, draw.amount, rounding)
        else:
            by, hourly_rate, worth = "rate", terms.hourly_rate, None
            told["rate"] = terms.price_told
            if hourly_rate is not None:
                worth = price_of(hourly_rate, rest, rounding)
                if seconds != rest:
                    worth -= price_of(hourly_rate, rest - seconds, rounding)
        if worth is not None:
            told["value"] = {"by": by, "hourly_rate": text(hourly_rate), "rounding": money(rounding), "result": money(worth)}
            if by == "rate":
                told["value"]["rest"] = rest
        self.add(part, COVERED, funding, seconds, price_unit=ZERO, amount=ZERO, value=worth, draw=draw, told=told)

    def _append(self, part, state, funding, worked, seconds, price_unit, amount, value, draw, error, derivation):
        fact = self.fact
        self.rows.append(
            LedgerRow(
                source_model=fact.source_model,
                source_id=fact.source_id,
                part=part,
                state=state,
                funding=funding,
                worked_seconds=worked,
                seconds=seconds,
                contract_id=self.contract.id if self.contract else None,
                version_id=self.version.id if self.version else None,
                currency_id=self.currency.id,
                product_id=fact.work_type.product_id if fact.work_type else None,
                price_unit=price_unit,
                amount=amount,
                value=value,
                draw=draw,
                error=error,
                derivation=derivation,
            )
        )


def _told(price):
    about = {"clause": price.clause, "result": text(price.result)}
    if price.clause_id is not None:
        about["clause_id"] = price.clause_id
        about["hourly_rate"] = text(price.hourly_rate)
    if price.multiplier is not None:
        about["multiplier"] = text(price.multiplier)
    return about


def _first_problem(fact, choice):
    """Name the first thing that is missing before a rate can be looked for."""
    if fact.client_id is None:
        return MISSING_CLIENT
    if choice.problem:
        return CONTRACT_UNUSABLE
    if fact.work_type is None:
        return MISSING_WORK_TYPE
    if fact.role is None:
        return MISSING_ROLE
    if fact.work_type.product_id is None:
        return MISSING_PRODUCT
    return None
