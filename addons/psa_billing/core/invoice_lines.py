"""Which lines an invoice gets from its rows of the ledger: every line's quantity × price is the sum of its rows to the cent.

Lines are merged by ticket, work type, role, or all in one; never rows of different products, taxes or analytic accounts, for a line has
one of each. What is not time (charges, periods, milestones) keeps a line of its own, but by ticket and in the single line.

Time is shown in hours, or in minutes where hours are no short number. Rounding each row before adding them up may move the sum by a cent
or so against hours × rate; the price of the line then gets a few decimals, so that it gives the sum. Where the rows have different rates,
the sum was changed by more than rounding, or the quantity of what is not time has more decimals than lines keep, the line has quantity 1.
"""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

BY_ENTRY = "entry"
BY_TICKET = "ticket"
BY_WORK_TYPE = "work_type"
BY_ROLE = "role"
BY_SINGLE = "single"

OWN = "own"  # the unit of the row
HOUR = "hour"
MINUTE = "minute"
ONE = "one"  # quantity 1

SECONDS_PER_MINUTE = 60
SECONDS_PER_HOUR = 3600
MOST_DECIMALS = 10


@dataclass(frozen=True)
class Row:
    """A row to invoice, or a bundle of rows that have in common all but day, amount and time: a database adds them up quicker.

    ``price_unit`` is for one of its unit, ``hourly_rate`` what an hour of it costs, if it is time. Of a bundle, which is time,
    ``id`` and ``date`` are those of the first row by date and id, ``amount`` and ``seconds`` those of all together.
    """

    id: int
    date: date
    amount: Decimal
    quantity: Decimal
    price_unit: Decimal
    product_id: int | None = None
    unit: object = None
    is_time: bool = False
    seconds: int = 0
    hourly_rate: Decimal | None = None
    grouping: str = BY_ENTRY
    contract_id: int | None = None
    ticket_id: int | None = None
    work_type_id: int | None = None
    role_id: int | None = None
    apart: object = None  # taxes, analytic accounts: what else keeps rows on lines of their own
    others: tuple[int, ...] = ()  # the ids of the rest of a bundle
    last_date: date | None = None  # of a bundle

    @property
    def ids(self):
        """The ids of all its rows, the first one first."""
        return (self.id, *self.others)


@dataclass(frozen=True)
class Line:
    """A line of the invoice and the rows it charges, in their order."""

    rows: tuple[Row, ...]
    unit: str
    quantity: Decimal
    price_unit: Decimal
    amount: Decimal
    seconds: int

    @property
    def contract_id(self):
        """The contract of all its rows."""
        return self.rows[0].contract_id

    @property
    def ids(self):
        """The ids of all its rows."""
        return tuple(id_ for row in self.rows for id_ in row.ids)

    @property
    def last_date(self):
        """The day of its last row."""
        return max(row.last_date or row.date for row in self.rows)


def make_lines(rows, rounding: Decimal, digits: int = 2) -> tuple[Line, ...]:
    """Return the lines in the order of their first rows.

    :param rounding: the smallest amount of the currency
    :param digits: decimals that quantities may have
    """
    groups = {}
    for row in sorted(rows, key=lambda row: (row.date, row.id)):
        groups.setdefault(_key(row), []).append(row)
    return tuple(_line(tuple(group), rounding, digits) for group in groups.values())


def _key(row):
    common = (row.contract_id, row.product_id, row.apart)
    if row.grouping == BY_SINGLE:
        return common
    if row.grouping == BY_TICKET and row.ticket_id:
        return (*common, row.ticket_id)
    if row.is_time and row.grouping == BY_WORK_TYPE:
        return (*common, row.work_type_id)
    if row.is_time and row.grouping == BY_ROLE:
        return (*common, row.role_id)
    return (row.id,)


def _line(rows, rounding, digits):
    amount = sum((row.amount for row in rows), Decimal(0))
    seconds = sum(row.seconds for row in rows)
    count = sum(len(row.ids) for row in rows)
    for unit, quantity, nominal in _ways(rows, seconds, digits, count):
        price = exact_price(quantity, nominal, amount, rounding, count)
        if price is not None:
            return Line(rows, unit, quantity, price, amount, seconds)
    return Line(rows, ONE, Decimal(1), amount, amount, seconds)


def _ways(rows, seconds, digits, count):
    """Return the ways to say quantity and price of the rows, best first."""
    first = rows[0]
    if count == 1 and first.quantity == round(first.quantity, digits):
        return [(OWN, first.quantity, first.price_unit)]
    if not all(row.is_time and row.hourly_rate == first.hourly_rate for row in rows) or first.hourly_rate is None:
        return []
    quantity, unit = quantity_of(seconds, digits)
    if unit is None:
        return []
    return [(unit, quantity, first.hourly_rate if unit == HOUR else first.hourly_rate / 60)]


def quantity_of(seconds, digits):
    """Return time as a quantity with so many decimals, and its unit; no unit if it is no whole minute.

    >>> quantity_of(5400, 2), quantity_of(1200, 2), quantity_of(61, 2)
    ((Decimal('1.5'), 'hour'), (Decimal('20'), 'minute'), (None, None))
    """
    hours = Decimal(seconds) / SECONDS_PER_HOUR
    if hours == round(hours, digits):
        return hours, HOUR
    if seconds % SECONDS_PER_MINUTE == 0:
        return Decimal(seconds // SECONDS_PER_MINUTE), MINUTE
    return None, None


def exact_price(quantity, nominal, amount, rounding, parts=1):
    """Return the price that gives the amount, as short as may be; None if more than rounding lies between it and the nominal one.

    :param parts: how many rounded amounts were added up

    >>> exact_price(Decimal(31), Decimal("95.35") / 60, Decimal("49.26"), Decimal("0.01"))
    Decimal('1.589032')
    """
    if quantity * nominal == amount:
        return nominal
    if not quantity or abs(quantity * nominal - amount) > parts * rounding:
        return None
    price = amount / quantity
    # So small an error that no number of lines on an invoice adds up to a cent.
    allowed = rounding / 1000
    for decimals in range(2, MOST_DECIMALS + 1):
        short = price.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
        if abs(quantity * short - amount) <= allowed:
            return short
    return None
