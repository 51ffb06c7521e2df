"""The state of a warranty on a given day."""
from datetime import date, timedelta
from typing import Literal

WarrantyState = Literal['none', 'valid', 'expiring', 'expired']


def warranty_state(last_day: date | None, today: date, notice_days: int) -> WarrantyState:
    """Tell how a warranty stands: it still holds on its last day and expires after it.

    >>> warranty_state(date(2026, 3, 31), date(2026, 3, 31), 30)
    'expiring'
    >>> warranty_state(date(2026, 3, 31), date(2026, 4, 1), 30)
    'expired'
    """
    if last_day is None:
        return 'none'
    if last_day < today:
        return 'expired'
    if last_day <= today + timedelta(days=notice_days):
        return 'expiring'
    return 'valid'
