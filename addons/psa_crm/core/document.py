"""What decides about documents: names of files, what a browser may show, validity and the day of the reminder."""

import re
from datetime import date, timedelta

NAME_MAX = 200

# What a browser shows without running anything that is in it.
VIEWABLE = frozenset({
    'application/pdf', 'image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/bmp', 'text/plain',
})

_CONTROL = re.compile(r'[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]')
_SPACE = re.compile(r'\s+')


def clean_file_name(name):
    """Return a name without path, control and direction characters, or '' if nothing is left.

    >>> clean_file_name(r'C:\\Users\\zoe\\SLA 2026.pdf')
    'SLA 2026.pdf'
    >>> clean_file_name('../../etc/passwd')
    'passwd'
    >>> clean_file_name(' .. ')
    ''
    """
    # A separator in the text is only ever a path; whitespace goes first, so that it cannot hide one.
    name = _SPACE.sub(' ', name or '')
    name = _CONTROL.sub('', name).replace('\\', '/').rpartition('/')[2].strip(' .')
    if len(name) <= NAME_MAX:
        return name
    stem, dot, suffix = name.rpartition('.')
    if not stem or len(suffix) > 10:
        return name[:NAME_MAX].strip(' .')
    return f'{stem[:NAME_MAX - len(suffix) - 1].strip(" .") or "file"}{dot}{suffix}'


def title_of(file_name):
    """Return the name a document gets from its file.

    >>> title_of('Service_agreement-2026.pdf')
    'Service agreement-2026'
    >>> title_of('README')
    'README'
    """
    name = clean_file_name(file_name)
    stem, _dot, suffix = name.rpartition('.')
    title = stem if stem and len(suffix) <= 10 and ' ' not in suffix else name
    return title.replace('_', ' ').strip(' .') or name


def refuse_file(name, size, max_size):
    """Return why a file cannot be taken: 'no_name', 'empty' or 'too_large'; None if it can.

    >>> refuse_file('a.pdf', 0, 100), refuse_file('a.pdf', 101, 100), refuse_file('a.pdf', 100, 100)
    ('empty', 'too_large', None)
    """
    if not clean_file_name(name):
        return 'no_name'
    if size <= 0:
        return 'empty'
    return 'too_large' if size > max_size else None


def is_viewable(mimetype):
    """Tell whether a browser may show the file inside the suite; everything else is only saved.

    >>> is_viewable('text/plain; charset=utf-8'), is_viewable('text/html'), is_viewable('image/svg+xml')
    (True, False, False)
    """
    return (mimetype or '').partition(';')[0].strip().lower() in VIEWABLE


def notice_date(end, days):
    """Return from when a document is about to expire; None if it does not expire or nobody wants to know.

    >>> notice_date(date(2026, 3, 31), 30)
    datetime.date(2026, 3, 1)
    >>> notice_date(date(2026, 3, 31), 0)
    """
    if not end or days <= 0:
        return None
    return date.min if (end - date.min).days < days else end - timedelta(days=days)


def reminder_date(end, days, reminded_until, entered):
    """Return when somebody is to be reminded of the end; None if never or if it was done for this very end.

    A document that had ended when it was entered is kept for the record: nobody is reminded.

    >>> reminder_date(date(2026, 3, 31), 30, None, date(2026, 1, 1))
    datetime.date(2026, 3, 1)
    >>> reminder_date(date(2026, 3, 31), 30, date(2026, 3, 31), date(2026, 1, 1))
    >>> reminder_date(date(2025, 3, 31), 30, None, date(2026, 1, 1))
    """
    if not end or end == reminded_until or end < entered:
        return None
    return notice_date(end, days)


def validity(start, end, notice, today):
    """Return 'unlimited', 'upcoming', 'valid', 'expiring' or 'expired'. Both first and last day are valid days.

    >>> validity(date(2026, 1, 1), date(2026, 12, 31), date(2026, 12, 1), date(2026, 12, 31))
    'expiring'
    >>> validity(None, None, None, date(2026, 1, 1))
    'unlimited'
    """
    if end and end < today:
        return 'expired'
    if start and start > today:
        return 'upcoming'
    if not end:
        return 'unlimited'
    return 'expiring' if notice and notice <= today else 'valid'
