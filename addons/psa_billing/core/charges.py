"""What a charge costs, what it is sold for, which serial numbers it names. Pure: no clock, no database."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

HUNDRED = Decimal(100)

AT_COST = "cost"
PERCENT = "percent"
FIXED = "fixed"
NOT_REBILLED = "none"


class SerialError(ValueError):
    """The serial numbers of a charge cannot be delivered; ``why`` says which rule they break."""

    def __init__(self, why, serials=()):
        super().__init__(why)
        self.why = why
        self.serials = tuple(serials)


@dataclass(frozen=True)
class Correction:
    """One signed line that corrects a charge."""

    quantity: Decimal
    price_unit: Decimal


def round_to(amount, rounding):
    """Return the amount as a whole number of steps, halves away from zero.

    >>> round_to(Decimal("2.345"), Decimal("0.01")), round_to(Decimal("-2.345"), Decimal("0.01"))
    (Decimal('2.35'), Decimal('-2.35'))
    """
    return (amount / rounding).quantize(Decimal(1), rounding=ROUND_HALF_UP) * rounding


def step_of_unit(rounding):
    """Return the step to which the price of one unit is rounded: finer than money, for a kilometre costs 0.655.

    >>> step_of_unit(Decimal("0.01"))
    Decimal('0.0001')
    """
    return rounding / HUNDRED


def step_like(cost, rounding):
    """Return the step of a price that is made from a cost: that of money, or finer where the cost is.

    >>> step_like(Decimal("19.90"), Decimal("0.05")), step_like(Decimal("0.524"), Decimal("0.01"))
    (Decimal('0.05'), Decimal('0.001'))
    """
    return rounding if not cost % rounding else Decimal(1).scaleb(cost.normalize().as_tuple().exponent)


def with_markup(cost, percent, rounding):
    """Return the price of something that cost so much, to a step of money or of a unit's price.

    >>> with_markup(Decimal("19.99"), Decimal(25), Decimal("0.01"))
    Decimal('24.99')
    """
    return round_to(cost * (HUNDRED + percent) / HUNDRED, rounding)


def rebilled_amount(cost, rule, markup, rounding):
    """Return what the client pays for an expense: its cost, a percentage or a fixed amount more; None if he does not.

    >>> rebilled_amount(Decimal(80), PERCENT, Decimal(10), Decimal("0.01"))
    Decimal('88.00')
    >>> rebilled_amount(Decimal(80), FIXED, Decimal("7.50"), Decimal("0.01"))
    Decimal('87.50')
    """
    if rule == NOT_REBILLED:
        return None
    if rule == PERCENT:
        return with_markup(cost, markup, rounding)
    return round_to(cost + markup if rule == FIXED else cost, rounding)


def is_below_cost(price_unit, cost):
    """Tell whether one unit is sold for less than it costs."""
    return price_unit < cost


def corrections(quantity, price_unit, new_quantity, new_price_unit):
    """Return the signed lines that turn a charge into what it should have been; none if it is right.

    With the price unchanged it is one line of the difference; otherwise the old one is taken back and charged anew.

    >>> corrections(Decimal(3), Decimal(10), Decimal(2), Decimal(10))
    (Correction(quantity=Decimal('-1'), price_unit=Decimal('10')),)
    >>> [line.quantity * line.price_unit for line in corrections(Decimal(3), Decimal(10), Decimal(3), Decimal(12))]
    [Decimal('-30'), Decimal('36')]
    """
    if price_unit == new_price_unit or not new_quantity:
        rest = new_quantity - quantity
        return (Correction(rest, price_unit),) if rest else ()
    lines = (Correction(-quantity, price_unit), Correction(new_quantity, new_price_unit))
    return tuple(line for line in lines if line.quantity)


def serials_of(text):
    """Return the serial numbers of a text, one a line or parted by commas or semicolons, without blanks around them.

    >>> serials_of(" SN-1\\nSN-2, sn-3 ;")
    ('SN-1', 'SN-2', 'sn-3')
    """
    for separator in ",;\r\t":
        text = (text or "").replace(separator, "\n")
    return tuple(filter(None, (serial.strip() for serial in (text or "").split("\n"))))


def check_serials(text, quantity):
    """Return the serial numbers to deliver, one for each piece. Case does not tell two of them apart.

    >>> check_serials("A1 B2", 1)
    ('A1 B2',)
    """
    serials = serials_of(text)
    if not serials:
        raise SerialError("missing")
    seen, repeated = set(), []
    for serial in serials:
        if serial.casefold() in seen:
            repeated.append(serial)
        seen.add(serial.casefold())
    if repeated:
        raise SerialError("repeated", repeated)
    if len(serials) != quantity:
        raise SerialError("count", serials)
    return serials
