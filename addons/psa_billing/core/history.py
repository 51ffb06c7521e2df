"""How time entries read in the history of their ticket. Pure: no clock, no database."""


def time_text(day, who, worked, charged, parts):
    """Return one time entry as a line of text.

    >>> time_text("03/10/2026", "Tina", 40 / 60, 45, ("Remote", "", "Cleared the rollers"))
    '03/10/2026 · Tina · 0:40 (0:45) · Remote · Cleared the rollers'
    """
    minutes = round((worked or 0) * 60)
    length = _clock(minutes) if minutes == charged else f"{_clock(minutes)} ({_clock(charged)})"
    return " · ".join(part for part in (day, who, length, *parts) if part)


def time_changes(before, after):
    """Return (ticket, old text, new text) of each entry that came, changed, went or moved to another ticket.

    Both are {entry: (ticket, text)}; what moves leaves one ticket and comes to the other.

    >>> time_changes({1: (7, "a")}, {1: (7, "b"), 2: (7, "c")})
    [(7, 'a', 'b'), (7, '', 'c')]
    >>> time_changes({1: (7, "a")}, {1: (8, "a")})
    [(7, 'a', ''), (8, '', 'a')]
    """
    changes = []
    for entry in [*before, *(entry for entry in after if entry not in before)]:
        old_ticket, old = before.get(entry, (None, ""))
        new_ticket, new = after.get(entry, (None, ""))
        if old_ticket == new_ticket:
            if old != new:
                changes.append((old_ticket, old, new))
            continue
        if old_ticket:
            changes.append((old_ticket, old, ""))
        if new_ticket:
            changes.append((new_ticket, "", new))
    return changes


def _clock(minutes):
    sign, minutes = ("-", -minutes) if minutes < 0 else ("", minutes or 0)
    return f"{sign}{minutes // 60}:{minutes % 60:02d}"
