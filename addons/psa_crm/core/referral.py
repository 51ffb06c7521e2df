"""Referrals: who may refer whom, and what a referral earns.

Plain functions; money is :class:`~decimal.Decimal` in the currency of the program.

What a referral has earned follows from the invoices paid today, not from what happened to them on the way. The ledger
is brought to it by rows of the difference: calculated twice, the second time adds nothing, and a refund takes back
exactly what its invoice had brought.
"""
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from dateutil.relativedelta import relativedelta

from .mail_domain import address_domain, is_public_domain, suffixes
from .signup import canonical_address

ZERO = Decimal(0)


@dataclass(frozen=True)
class Terms:
    """The benefit rule of a program.

    ``value`` is an amount, or a percentage when ``is_percent``. Not recurring: for one invoice. Recurring: for each
    invoice dated less than ``months`` months after the first; 0 months is without end. ``rounding`` is the currency's.
    """

    value: Decimal
    is_percent: bool
    is_recurring: bool
    months: int
    rounding: Decimal


@dataclass(frozen=True)
class PaidInvoice:
    """A paid invoice with its untaxed amount, less what was refunded of it, in the currency of the program."""

    id: int
    date: date
    base: Decimal


@dataclass(frozen=True)
class Referrer:
    """Who refers: his own addresses, those of everybody in his companies, and the names of these."""

    addresses: frozenset[str]
    colleague_addresses: frozenset[str]
    company_names: frozenset[str]


def round_to(amount: Decimal, rounding: Decimal) -> Decimal:
    """Round half away from zero to a multiple of the currency's rounding.

    >>> round_to(Decimal('2.675'), Decimal('0.01'))
    Decimal('2.68')
    """
    return (amount / rounding).to_integral_value(ROUND_HALF_UP) * rounding


def reward_of(terms: Terms, base: Decimal) -> Decimal:
    """Return what one paid invoice earns."""
    if base <= ZERO:
        return ZERO
    return round_to(base * terms.value / 100 if terms.is_percent else terms.value, terms.rounding)


def earned(
    terms: Terms, invoices: Iterable[PaidInvoice], first_id: int | None = None, first_date: date | None = None,
) -> dict[int, Decimal]:
    """Return what each invoice earns, for those that earn something.

    :param first_id: the invoice that was credited as the first: it stays the first, though an older one is paid later
    :param first_date: the date of that invoice, from which the months run, even when it was refunded since
    """
    counting = sorted((invoice for invoice in invoices if invoice.base > ZERO), key=lambda invoice: (invoice.date, invoice.id))
    if not counting:
        return {}
    if not terms.is_recurring:
        counting = [next((invoice for invoice in counting if invoice.id == first_id), counting[0])]
    elif terms.months:
        end = (first_date or counting[0].date) + relativedelta(months=terms.months)
        counting = [invoice for invoice in counting if invoice.date < end]
    rewards = {invoice.id: reward_of(terms, invoice.base) for invoice in counting}
    return {invoice_id: amount for invoice_id, amount in rewards.items() if amount}


def missing_rows(due: Mapping[int, Decimal], credited: Mapping[int, Decimal]) -> dict[int, Decimal]:
    """Return the signed amounts that bring what is credited per invoice to what is due.

    >>> missing_rows({7: Decimal(10)}, {6: Decimal(10), 7: Decimal(10)})
    {6: Decimal('-10')}
    """
    rows = {
        invoice_id: due.get(invoice_id, ZERO) - credited.get(invoice_id, ZERO)
        for invoice_id in sorted({*due, *credited})
    }
    return {invoice_id: amount for invoice_id, amount in rows.items() if amount}


def self_referral(referrer: Referrer, address: str, company_name: str = '') -> str | None:
    """Tell why somebody would be referring himself: 'same_person', 'colleague', 'same_company', 'same_domain'; else None.

    Addresses count as equal when they lead to one mailbox. Everybody at a mail domain of one's own is of the same
    house, subdomains included; at a public provider they are not.
    """
    referred = canonical_address(address)
    own = _canonical(referrer.addresses)
    colleagues = _canonical(referrer.colleague_addresses)
    if referred in own:
        return 'same_person'
    if referred in colleagues:
        return 'colleague'
    name = _plain(company_name)
    if name and name in {_plain(other) for other in referrer.company_names}:
        return 'same_company'
    if referred:
        domain = address_domain(referred)
        if any(_is_same_house(domain, address_domain(other)) for other in own | colleagues):
            return 'same_domain'
    return None


def _canonical(addresses):
    return {canonical for canonical in map(canonical_address, addresses) if canonical}


def _plain(name):
    """Return a name without what is easily written otherwise: case, blanks, punctuation."""
    return ''.join(letter for letter in (name or '').casefold() if letter.isalnum())


def _is_same_house(domain, other):
    if is_public_domain(domain) or is_public_domain(other):
        return False
    return domain in suffixes(other) or other in suffixes(domain)
