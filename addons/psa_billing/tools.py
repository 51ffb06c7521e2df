"""Small conversions between Odoo's values and those of the core."""

from decimal import Decimal

# Odoo keeps money in floats: this many digits are real, what follows is noise.
MONEY_DIGITS = 6


def to_decimal(amount):
    """Return a float amount as the decimal number it stands for."""
    return Decimal(str(round(amount or 0.0, MONEY_DIGITS)))


def hours_to_minutes(hours):
    """Return whole minutes of a float number of hours."""
    return round((hours or 0.0) * 60)


def int_array(ids):
    """Return ids as PostgreSQL reads an array of them; a list is adapted one by one, which takes ten times as long."""
    return f"{{{','.join(map(str, ids))}}}"
