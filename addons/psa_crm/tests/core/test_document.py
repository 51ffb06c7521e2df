import doctest
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_crm import document

dates = st.dates(min_value=date(1, 1, 1), max_value=date(9999, 12, 31))
near = st.dates(min_value=date(2026, 1, 1), max_value=date(2026, 3, 1))


def test_examples():
    assert doctest.testmod(document).failed == 0


@given(st.text(max_size=400))
def test_a_file_name_never_leads_out_of_its_folder(text):
    name = document.clean_file_name(text)

    assert len(name) <= document.NAME_MAX
    assert not set(name) & set('/\\\x00\n\r\t')
    assert name not in ('.', '..')
    assert name == document.clean_file_name(name)


@given(st.text(max_size=400))
def test_a_file_with_a_name_has_a_title(text):
    assert bool(document.title_of(text)) == bool(document.clean_file_name(text))


@pytest.mark.parametrize(('text', 'expected'), [
    ('invoice\u202efdp.exe', 'invoicefdp.exe'),
    ('a' * 300 + '.pdf', 'a' * 196 + '.pdf'),
    ('..', ''),
    (None, ''),
    ('.htaccess', 'htaccess'),
])
def test_names_that_deceive(text, expected):
    assert document.clean_file_name(text) == expected


@given(dates, st.integers(min_value=-5, max_value=5000))
def test_notice_is_so_many_days_before_the_end(end, days):
    notice = document.notice_date(end, days)

    if days <= 0:
        assert notice is None
    else:
        assert notice == date.min or notice + timedelta(days=days) == end


@given(st.none() | near, st.none() | near, st.integers(min_value=0, max_value=40), near)
def test_validity_says_what_a_calendar_says(start, end, days, today):
    # The oracle walks the days one by one.
    valid = {
        day for day in (date(2025, 12, 1) + timedelta(days=n) for n in range(150))
        if (not start or day >= start) and (not end or day <= end)
    }
    about_to_end = {end - timedelta(days=n) for n in range(days + 1)} if end and days else set()

    state = document.validity(start, end, document.notice_date(end, days), today)

    if today in valid:
        expected = 'unlimited' if not end else 'expiring' if today in about_to_end else 'valid'
    else:
        expected = 'expired' if end and today > end else 'upcoming'
    assert state == expected


@given(st.lists(near, min_size=1, max_size=6), st.integers(min_value=1, max_value=20))
def test_one_reminder_for_each_end_in_a_row(ends, days):
    reminded_until, reminded = None, []
    for end in ends:
        for _run in range(3):
            if document.reminder_date(end, days, reminded_until, date(2025, 1, 1)):
                reminded.append(end)
                reminded_until = end

    assert reminded == [end for index, end in enumerate(ends) if index == 0 or end != ends[index - 1]]


@pytest.mark.parametrize('mimetype', ['text/html', 'image/svg+xml', 'application/javascript', 'application/xml', '', None])
def test_what_could_run_is_not_shown(mimetype):
    assert not document.is_viewable(mimetype)
