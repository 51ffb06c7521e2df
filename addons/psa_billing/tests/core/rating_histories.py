"""Made-up histories: clients, contracts, pools and a few weeks of work, drawn from a dice, with everything that goes wrong."""

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

from psa_cores.psa_billing.charges import Correction
from psa_cores.psa_billing.charges import corrections as corrections_of_price
from psa_cores.psa_billing.funding import key_of
from psa_cores.psa_billing.terms import (
    BlockTerms,
    Book,
    Contract,
    CoverageRule,
    Currency,
    FlatTerms,
    Pool,
    PriceFact,
    RateClause,
    Role,
    RoleRate,
    TimeFact,
    Version,
    WorkType,
)

UTC = timezone.utc

FIRST = date(2026, 3, 1)
EUR, CHF, YEN = Currency(1), Currency(2, Decimal("0.05")), Currency(3, Decimal(1))
MULTIPLIERS = tuple(map(Decimal, ("1", "1", "1", "1.5", "2", "0.5", "1.333", "0")))


def maybe(dice, thing, chance=0.5):
    return thing if dice.random() < chance else None


def some_day(dice, until=40):
    return FIRST + timedelta(days=dice.randrange(until))


def money(dice, most=20000):
    """An amount to the cent; round ones and nothing at all now and then."""
    return Decimal(dice.choice((dice.randrange(most), dice.randrange(most // 100) * 100, 0 if dice.random() < 0.1 else 100))) / 100


def duration(dice, most=3 * 3600):
    return dice.choice((dice.randrange(1, most), dice.randrange(1, 13) * 900, dice.randrange(1, 180) * 60))


def dates(dice, most=40):
    first = some_day(dice, most)
    return first, maybe(dice, first + timedelta(days=dice.randrange(most)))


def ids(dice, *known):
    return frozenset(dice.sample(known, dice.randrange(len(known)))) if dice.random() < 0.4 else frozenset()


def version(dice, number, date_from):
    return Version(
        number,
        date_from,
        rounding=dice.choice(("work_type", "contract", "none")),
        minimum_minutes=dice.choice((0, 15, 30)),
        increment_minutes=dice.choice((0, 1, 6, 15)),
        multiplier_policy=dice.choice(("compound", "highest")),
        is_overage_multiplied=dice.random() < 0.5,
        rates=tuple(
            RateClause(10 * number + index, money(dice), maybe(dice, dice.randrange(1, 4)), maybe(dice, dice.randrange(1, 4)))
            for index in range(dice.randrange(5))
        ),
        coverage=tuple(
            CoverageRule(
                10 * number + index, dice.randrange(3), dice.choice(("included", "excluded", "at_rate")),
                work_type_ids=ids(dice, 1, 2, 3), role_ids=ids(dice, 1, 2, 3), site_ids=ids(dice, 5, 6), asset_ids=ids(dice, 7, 8, 9),
                hours=dice.choice(("any", "business", "after_hours")), hourly_rate=maybe(dice, money(dice), 0.8),
            )
            for index in range(dice.choice((0, 0, 0, 1, 2)))
        ),
    )


def contract(dice, number):
    start, end = dates(dice, 20)
    is_usual = dice.random() < 0.7
    return Contract(
        number,
        client_id=10 if is_usual else dice.choice((10, 11)),
        company_id=1 if is_usual else dice.choice((1, 2)),
        currency=dice.choice((EUR, EUR, EUR, EUR, CHF, YEN)),
        date_start=FIRST if is_usual else start,
        date_end=None if is_usual else end,
        is_confirmed=is_usual or dice.random() < 0.7,
        priority=dice.choice((5, 10, 10)),
        versions=tuple(version(dice, 10 * number + index, some_day(dice)) for index in range(dice.choice((0, 1, 1, 1, 2)))),
        block_terms=tuple(
            BlockTerms(
                10 * number + index, *dates(dice, 25), overage_rate=maybe(dice, money(dice)), is_hard_stop=dice.random() < 0.3,
                may_go_negative=dice.random() < 0.3, kind=dice.choice(("block", "block", "included")),
            )
            for index in range(dice.choice((0, 1, 1, 2)))
        ),
        flat_terms=tuple(
            FlatTerms(
                10 * number + index, dice.choice(("fixed_price", "per_ticket")), *dates(dice, 40),
                ticket_ids=dice.choice((None, frozenset(), frozenset({1, 3}))), project_id=dice.choice((None, None, 21)),
            )
            for index in range(dice.choice((0, 0, 0, 1, 2)))
        ),
    )


def pool(dice, number, contracts):
    kind = dice.choice(("included", "block", "block", "retainer"))
    start, end = dates(dice, 15) if dice.random() < 0.5 else (FIRST, maybe(dice, FIRST + timedelta(days=30)))
    size = money(dice, 40000) if kind == "retainer" else duration(dice, 5 * 3600)
    return Pool(
        number,
        kind,
        dice.choice(contracts).id if contracts else 1,
        start,
        end or (start + timedelta(days=30) if kind == "included" else None),
        size,
        used=size * dice.randrange(-1, 5) // 4 if dice.random() < 0.2 else type(size)(0),
        purchased_on=maybe(dice, some_day(dice, 10)),
        hour_value=maybe(dice, money(dice)),
        currency_id=dice.choice((None, 1, 1, 1, 1, 1, 1, 2)),
        component_id=maybe(dice, 100 + number),
    )


def time_fact(dice, number, work_types, roles, contracts):
    day = some_day(dice)
    return TimeFact(
        "account.analytic.line",
        number,
        company_id=1 if dice.random() < 0.95 else 2,
        company_currency=EUR,
        date=day,
        worked_seconds=duration(dice) if dice.random() < 0.95 else dice.choice((0, -60)),
        billable_seconds=maybe(dice, dice.choice((0, duration(dice), duration(dice), duration(dice), -60)), 0.15),
        is_billable=dice.random() < 0.9,
        start=maybe(dice, datetime(day.year, day.month, day.day, dice.randrange(24), tzinfo=UTC)),
        client_id=dice.choice((11, 12, None)) if dice.random() < 0.1 else 10,
        contract_id=maybe(dice, dice.choice([*(held.id for held in contracts), 99]), 0.1),
        work_type=maybe(dice, dice.choice(work_types), 0.97),
        role=maybe(dice, dice.choice(roles), 0.97),
        site_id=maybe(dice, dice.choice((5, 6))),
        asset_ids=ids(dice, 7, 8, 9),
        ticket_id=maybe(dice, dice.choice((3, 4))),
        project_id=maybe(dice, dice.choice((21, 22))),
    )


def price_fact(dice, number, contracts):
    return PriceFact(
        "psa.charge",
        number,
        dice.choice(("charge", "freight")),
        company_id=1,
        currency=dice.choice((EUR, EUR, CHF)),
        date=some_day(dice),
        quantity=round(Decimal(dice.choice((1, 1, 2, 3, -1))) / dice.choice((1, 1, 3)), 3),
        price_unit=maybe(dice, money(dice), 0.95),
        product_id=maybe(dice, 7, 0.95),
        client_id=dice.choice((11, None)) if dice.random() < 0.1 else 10,
        contract_id=maybe(dice, dice.choice([*(held.id for held in contracts), 99]), 0.1),
        is_billable=dice.random() < 0.95,
        may_draw_retainer=dice.random() < 0.9,
    )


def history(dice, most=7):
    """Return facts and a book."""
    work_types = [
        WorkType(
            number, dice.choice((0, 15, 60)), dice.choice((0, 6, 15)), maybe(dice, 7, 0.97), dice.choice(MULTIPLIERS), dice.random() < 0.3
        )
        for number in (1, 2, 3)
    ]
    roles = [
        Role(
            number,
            tuple(
                RoleRate(10 * number + index, dice.choice((1, 1, 2)), money(dice), *(maybe(dice, some_day(dice), 0.3) for _end in "ab"))
                for index in range(dice.choice((0, 2, 3, 4)))
            ),
            dice.choice(MULTIPLIERS),
        )
        for number in (1, 2, 3)
    ]
    contracts = [contract(dice, number) for number in range(1, dice.choice((1, 2, 2, 3, 4)))]
    pools = [pool(dice, number, contracts) for number in range(1, dice.randrange(1, 9))]
    facts = [
        price_fact(dice, number, contracts) if dice.random() < 0.3 else time_fact(dice, number, work_types, roles, contracts)
        for number in range(1, dice.randrange(2, most + 1))
    ]
    return facts, Book(tuple(contracts), tuple(pools))


def drawn_by(rows):
    """What rows drew, by pool."""
    drawn = Counter()
    for row in rows:
        if row.draw is not None:
            drawn[row.part.partition("#")[0]] += row.draw.amount
    return drawn


def freeze(book, rows, also=()):
    """Return the book once these rows are settled: what they drew is used, and they can be corrected."""
    drawn = drawn_by(rows)
    pools = tuple(replace(one, used=one.used + drawn[key_of(one)]) for one in book.pools)
    return replace(book, pools=pools, originals=(*book.originals, *also))


def corrections(dice, facts, first):
    """Return corrections of some of the entries: more, less, or the whole taken back; several of one entry now and then."""
    made = price_corrections(dice, facts, first + 100)
    entries = [fact for fact in facts if isinstance(fact, TimeFact) and fact.worked_seconds > 0]
    for number in range(dice.randrange(1, 5)) if entries else ():
        entry = dice.choice(entries)
        worked = dice.choice((-1, -1, -1, 1)) * dice.choice((entry.worked_seconds, duration(dice), 60))
        made.append(
            replace(
                entry,
                source_id=first + number,
                worked_seconds=worked,
                billable_seconds=maybe(dice, dice.choice((worked, 0, duration(dice), -duration(dice)))),
                is_delta=True,
                corrects_id=entry.source_id,
            )
        )
    return made


def price_corrections(dice, facts, first):
    """Return corrections of some of the charges, as people make them, one after the other, and some that take too much back."""
    made = []
    for charge in facts:
        if not isinstance(charge, PriceFact) or charge.price_unit is None or dice.random() < 0.3:
            continue
        now = charge.quantity, charge.price_unit
        for _number in range(dice.choice((1, 1, 1, 2, 3))):
            new_quantity = dice.choice((now[0], round(abs(now[0]) / 2, 3), Decimal(dice.randrange(4))))
            new = new_quantity, dice.choice((now[1], now[1], money(dice, 3000)))
            lines = corrections_of_price(*now, *new)
            if dice.random() < 0.1:
                lines = (Correction(Decimal(-1), money(dice)),)
            made += [
                replace(
                    charge, source_id=first + len(made) + index, quantity=line.quantity, price_unit=line.price_unit,
                    corrects_id=charge.source_id,
                )
                for index, line in enumerate(lines)
            ]
            now = new[0], new[1] if new[0] else now[1]
    return made
