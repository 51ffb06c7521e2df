from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_crm.mail_domain import normalize_address
from psa_cores.psa_crm.signup import (
    COOL_DOWN,
    DAY,
    HOUR,
    Limits,
    Request,
    canonical_address,
    check_form,
    decide,
    network_of,
)

NOON = datetime(2030, 1, 15, 12, tzinfo=timezone.utc)


def request(number, minutes=0, network='192.0.2.1', address='ada@ada-it.example', **values):
    return Request(id=number, at=NOON + timedelta(minutes=minutes), network=network, address=address, **values)


# The form


def test_a_form_filled_in_well_has_no_problem():
    assert check_form("Zoë Ó Briain", "Ó Briain & Töchter IT, Ltd.", 'zoe@obriain.example', True) == {}


@pytest.mark.parametrize(('field', 'value', 'problem'), [
    ('name', '', 'missing'), ('name', ' \t', 'missing'), ('name', 'x' * 81, 'long'),
    ('name', 'Win at https://evil.example', 'advertising'), ('name', 'www.evil.example', 'advertising'),
    ('name', 'cheap-pills.com', 'advertising'), ('name', 'me@evil.example', 'advertising'), ('name', '<b>Ada</b>', 'advertising'),
    ('name', 'Ada\r\nBcc: x', 'advertising'), ('company_name', '', 'missing'), ('company_name', 'a\x00b', 'advertising'),
    ('email', '', 'missing'), ('email', 'ada', 'address'), ('email', 'ada@', 'address'), ('email', 'ada@localhost', 'address'),
    ('email', 'a@b.example, c@d.example', 'address'),
    ('email', 'a\x00b@ada-it.example', 'address'), ('email', 'x' * 250 + '@ada-it.example', 'long'),
])
def test_what_is_wrong_is_said_by_field(field, value, problem):
    form = {'name': "Ada Brown", 'company_name': "Ada IT", 'email': 'ada@ada-it.example', field: value}

    assert check_form(form['name'], form['company_name'], form['email'], True) == {field: problem}


def test_the_country_is_asked_for():
    assert check_form("Ada Brown", "Ada IT", 'ada@ada-it.example', False) == {'country_id': 'missing'}


@given(st.text(max_size=120), st.text(max_size=120), st.text(max_size=120), st.booleans())
def test_no_text_breaks_the_form(name, company, email, has_country):
    problems = check_form(name, company, email, has_country)

    assert problems.keys() <= {'name', 'company_name', 'email', 'country_id'}
    assert ('email' not in problems) <= (normalize_address(email) is not None)


# One mailbox, many spellings


@pytest.mark.parametrize('spelling', [
    'ada.brown@gmail.com', 'Ada.Brown@GMail.com', 'adabrown+psa@gmail.com',
    'a.d.a.b.r.o.w.n@googlemail.com', 'Ada <adabrown+x+y@gmail.com>',
])
def test_spellings_of_a_gmail_address_are_one_mailbox(spelling):
    assert canonical_address(spelling) == 'adabrown@gmail.com'


def test_dots_count_at_other_providers():
    assert canonical_address('ada.brown+x@ada-it.example') == 'ada.brown@ada-it.example'


def test_an_address_that_begins_with_a_plus_keeps_its_name():
    assert canonical_address('+x@ada-it.example') == '+x@ada-it.example'


@given(st.emails())
def test_the_canonical_form_is_its_own_canonical_form(address):
    canonical = canonical_address(address)

    assert canonical is None or canonical_address(canonical) == canonical


# Networks


@pytest.mark.parametrize(('address', 'network'), [
    ('192.0.2.7', '192.0.2.7'), ('::ffff:192.0.2.7', '192.0.2.7'), ('2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'),
    ('fe80::1%eth0', 'fe80::/64'), ('', ''), (None, ''), ('no address', ''),
])
def test_the_network_of_a_visitor(address, network):
    assert network_of(address) == network


@given(st.ip_addresses(v=6), st.integers(0, 2**64 - 1))
def test_everybody_in_one_ipv6_network_counts_as_one(address, host):
    other = type(address)((int(address) >> 64 << 64) + host)
    if not address.ipv4_mapped and not other.ipv4_mapped:
        assert network_of(str(address)) == network_of(str(other))


# Which requests are answered

LIMITS = Limits(per_network=3, per_address=2, overall=5)


def test_the_first_request_is_answered():
    assert decide([request(1)], [], LIMITS) == {1: None}


def test_of_two_clicks_one_is_answered():
    assert decide([request(1), request(2)], [], LIMITS) == {1: None, 2: 'repeated'}


def test_asking_again_after_the_cool_down_is_answered():
    assert decide([request(2, minutes=11)], [request(1)], LIMITS) == {2: None}


def test_the_third_mail_of_a_day_to_one_address_is_not_sent():
    sent = [request(1), request(2, minutes=120)]

    assert decide([request(3, minutes=600)], sent, LIMITS) == {3: 'address_limit'}
    assert decide([request(3, minutes=24 * 60)], sent, LIMITS) == {3: None}


def test_the_fourth_mail_of_an_hour_for_one_network_is_not_sent():
    sent = [request(number, minutes=number, address=f'{number}@a.example') for number in range(3)]

    assert decide([request(9, minutes=59)], sent, LIMITS) == {9: 'network_limit'}
    assert decide([request(9, minutes=61)], sent, LIMITS) == {9: None}


def test_the_sixth_mail_of_an_hour_is_not_sent_to_anybody():
    sent = [request(number, network=f'192.0.2.{number}', address=f'{number}@a.example') for number in range(5)]

    assert decide([request(9, minutes=30, network='198.51.100.1')], sent, LIMITS) == {9: 'overall_limit'}


def test_refused_requests_lock_nobody_out():
    flood = [request(number, minutes=number / 100) for number in range(100)]

    verdicts = decide(flood, [], LIMITS)

    assert verdicts[0] is None
    assert decide([request(200, minutes=60)], [flood[0]], LIMITS) == {200: None}


def test_a_trapped_program_counts_for_nothing():
    assert decide([request(1, is_trapped=True), request(2)], [], LIMITS) == {1: 'trap', 2: None}


REQUESTS = st.lists(
    st.tuples(st.integers(0, 3000), st.sampled_from('abc'), st.sampled_from('xyz'), st.booleans()), max_size=25,
).map(lambda rows: [
    Request(id=number, at=NOON + timedelta(minutes=minutes), network=network, address=address, is_trapped=trapped and number % 5 == 0)
    for number, (minutes, network, address, trapped) in enumerate(rows)
])
SMALL_LIMITS = st.builds(Limits, st.integers(1, 4), st.integers(1, 4), st.integers(1, 6))


@given(REQUESTS, SMALL_LIMITS)
def test_no_window_ever_has_more_mails_than_its_limit(requests, limits):
    verdicts = decide(requests, [], limits)
    mailed = [asked for asked in requests if verdicts[asked.id] is None]

    for last in mailed:
        def within(window, last=last):
            return [other for other in mailed if last.at - window < other.at <= last.at]
        assert len(within(HOUR)) <= limits.overall
        assert sum(other.network == last.network for other in within(HOUR)) <= limits.per_network
        assert sum(other.address == last.address for other in within(DAY)) <= limits.per_address
        assert sum(other.address == last.address for other in within(COOL_DOWN)) == 1
    assert not any(asked.is_trapped for asked in mailed)


@given(REQUESTS, SMALL_LIMITS, st.integers(0, 25))
def test_it_does_not_matter_how_the_requests_are_cut_into_batches(requests, limits, cut):
    ordered = sorted(requests, key=lambda asked: (asked.at, asked.id))
    whole = decide(ordered, [], limits)

    first = decide(ordered[:cut], [], limits)
    answered = [asked for asked in ordered[:cut] if first[asked.id] is None]
    second = decide(ordered[cut:], answered, limits)

    assert {**first, **second} == whole
