"""Which working hours and which time zone count for a place: the nearest that says so."""

DEFAULT_TZ = 'UTC'


def resolve_working_hours(chain, calendar_tz=None):
    """Return the calendar and the time zone that count for a place.

    Calendar and time zone are looked up apart: a site that keeps the client's hours can still lie in another zone.
    Where nobody on the way names a zone, the calendar's own one counts.

    >>> resolve_working_hours([(None, 'Europe/Paris'), ('office hours', None)])
    ('office hours', 'Europe/Paris')

    :param chain: pairs of calendar and time zone, the nearest first; either may be empty
    :param calendar_tz: function that returns the own time zone of a calendar
    :return: pair of the calendar, or None, and the name of the time zone
    """
    chain = list(chain)
    calendar = next((calendar for calendar, _tz in chain if calendar), None)
    tz = next((tz for _calendar, tz in chain if tz), None)
    if not tz and calendar and calendar_tz:
        tz = calendar_tz(calendar)
    return calendar, tz or DEFAULT_TZ
