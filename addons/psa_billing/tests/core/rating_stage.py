"""A small stage for the tests of rating: a client, kinds of work, terms, and rows told in short."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from psa_cores.psa_billing import checker, correction_checker, derivation_checker, rating
from psa_cores.psa_billing.terms import (
    BlockTerms,
    Book,
    Contract,
    Currency,
    Pool,
    PriceFact,
    RateClause,
    Role,
    RoleRate,
    TimeFact,
    Version,
    WorkType,
)

EUR = Currency(1, Decimal("0.01"))
CHF = Currency(2, Decimal("0.05"))
DAY = date(2026, 3, 10)
HOUR = 3600
MINUTE = 60
REMOTE = WorkType(1, minimum_minutes=15, increment_minutes=15, product_id=7)
ONSITE = WorkType(2, minimum_minutes=60, increment_minutes=30, product_id=8)
NIGHT = WorkType(3, product_id=7, multiplier=Decimal("1.5"), is_after_hours=True)
ENGINEER = Role(1, (RoleRate(1, EUR.id, Decimal(80)),))
CONSULTANT = Role(2)


def fact(source_id=1, **values):
    """An hour of an engineer's remote work for client 10."""
    base = TimeFact(
        source_model="account.analytic.line",
        source_id=source_id,
        company_id=1,
        company_currency=EUR,
        date=DAY,
        worked_seconds=HOUR,
        client_id=10,
        work_type=REMOTE,
        role=ENGINEER,
    )
    return replace(base, **values)


def charge(source_id=1, **values):
    """Two cables at 12.50."""
    base = PriceFact(
        "psa.charge", source_id, "charge", 1, EUR, DAY, Decimal(2), Decimal("12.50"), 9, client_id=10,
    )
    return replace(base, **values)


def contract(contract_id=1, rates=(), blocks=None, **values):
    """A contract of client 10 since a month ago; rates are (role, work type, rate)."""
    version = Version(
        contract_id,
        DAY - timedelta(days=30),
        rates=tuple(
            RateClause(number, Decimal(hourly), role and role.id, kind and kind.id)
            for number, (role, kind, hourly) in enumerate(rates, 1)
        ),
        **{name: values.pop(name) for name in list(values) if name in Version.__dataclass_fields__ and name != "id"},
    )
    terms = (BlockTerms(5, DAY - timedelta(days=30), **blocks),) if blocks is not None else ()
    base = Contract(contract_id, 10, 1, EUR, DAY - timedelta(days=30), versions=(version,), block_terms=terms)
    return replace(base, **values)


def block(pool_id, hours, until=None, **values):
    """A block of prepaid hours of contract 1 since a month ago."""
    base = Pool(pool_id, "block", 1, DAY - timedelta(days=30), until, int(hours * HOUR))
    return replace(base, **values)


def included(hours, component_id=4, **values):
    """The included hours of March."""
    base = Pool(component_id, "included", 1, DAY.replace(day=1), DAY.replace(day=31), int(hours * HOUR), component_id=component_id)
    return replace(base, **values)


def retainer(pool_id, amount, **values):
    """Prepaid money of contract 1."""
    base = Pool(pool_id, "retainer", 1, DAY - timedelta(days=30), None, Decimal(amount), currency_id=EUR.id)
    return replace(base, **values)


def book(*things, originals=()):
    """A book of contracts and pools, in any order."""
    return Book(
        tuple(thing for thing in things if isinstance(thing, Contract)),
        tuple(thing for thing in things if isinstance(thing, Pool)),
        tuple(originals),
    )


def told(rows):
    """Rows in the order in which they were funded: part, minutes, amount."""
    ordered = sorted(rows, key=lambda row: (row.source_id, row.derivation.get("part", {}).get("index", 0)))
    return [(row.part, row.seconds / MINUTE, row.error or str(row.amount)) for row in ordered]


def rated(facts, *things):
    """Rate facts against contracts and pools, told in short."""
    return told(rating.rate(facts, book(*things)))


def one(entry, *things):
    """Rate one fact that gives one row."""
    (row,) = rating.rate([entry], book(*things))
    return row


def audited(facts, held):
    """Rate, and let the auditors look at it."""
    rows = rating.rate(facts, held)
    assert not checker.check(facts, held, rows)
    assert not correction_checker.check(facts, held, rows)
    assert not derivation_checker.check(rows)
    return rows
