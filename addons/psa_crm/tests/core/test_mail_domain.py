import string
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_crm.mail_domain import (
    InvalidDomain,
    address_domain,
    address_spellings,
    best_match,
    is_public_domain,
    normalize_address,
    normalize_domain,
    suffixes,
)

LABELS = st.from_regex(r'[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?', fullmatch=True).filter(lambda label: label[2:4] != '--')
TOP_LEVELS = st.from_regex(r'[a-z]{2,6}', fullmatch=True)
DOMAINS = st.builds(lambda labels, top: '.'.join([*labels, top]), st.lists(LABELS, min_size=1, max_size=4), TOP_LEVELS)
LOCAL_PARTS = st.text(string.ascii_letters + string.digits + "!#$%&'*+-/=?^_`{|}~", min_size=1, max_size=20)
ANYTHING = st.one_of(st.text(), DOMAINS, st.text('äößéñ漢字.@-xn ', max_size=30))


@pytest.mark.parametrize(('given_text', 'expected'), [
    ('harbour.example', 'harbour.example'),
    (' @Harbour.EXAMPLE. ', 'harbour.example'),
    ('Bücher.example', 'xn--bcher-kva.example'),
    ('BÜCHER.example', 'xn--bcher-kva.example'),
    ('xn--bcher-kva.example', 'xn--bcher-kva.example'),
    ('ｈａｒｂｏｕｒ.example', 'harbour.example'),
])
def test_one_domain_has_one_form(given_text, expected):
    assert normalize_domain(given_text) == expected


@pytest.mark.parametrize('text', [
    '', '   ', '.', 'localhost', 'a..b', '.harbour.example', '-a.example', 'a-.example', 'a b.example', 'zoe@harbour.example',
    'https://harbour.example', 'harbour.example/x', '10.0.0.1', 'a' * 64 + '.example', 'a.' * 130 + 'example', 'under_score.example',
    'harbour.example\n.evil', None,
])
def test_what_is_no_domain_is_refused_and_named(text):
    with pytest.raises(InvalidDomain) as caught:
        normalize_domain(text)

    assert caught.value.text == text


@given(ANYTHING)
def test_normalizing_a_domain_twice_changes_nothing(text):
    try:
        once = normalize_domain(text)
    except InvalidDomain:
        return

    assert normalize_domain(once) == once
    assert once == once.lower()
    assert once.isascii()


@given(DOMAINS)
def test_case_blanks_and_dots_around_do_not_matter(domain):
    assert normalize_domain(f'  @{domain.upper()}. ') == domain


@given(ANYTHING)
def test_any_text_is_an_address_or_none(text):
    address = normalize_address(text)

    assert address is None or normalize_address(address) == address


@given(LOCAL_PARTS, DOMAINS)
def test_an_address_is_the_same_with_a_display_name(local, domain):
    expected = f'{local.lower()}@{domain}'

    assert normalize_address(f'{local}@{domain}') == expected
    assert normalize_address(f'"Marsh, Zoe" <{local}@{domain.upper()}>') == expected
    assert address_domain(expected) == domain


def test_an_international_address_has_two_spellings():
    assert address_spellings('zoe@xn--bcher-kva.example') == {'zoe@xn--bcher-kva.example', 'zoe@bücher.example'}


@given(LOCAL_PARTS, DOMAINS)
def test_every_spelling_of_an_address_normalizes_to_it(local, domain):
    address = f'{local.lower()}@{domain}'

    assert {normalize_address(spelling) for spelling in address_spellings(address)} == {address}


@given(DOMAINS)
def test_suffixes_run_from_the_domain_to_two_labels(domain):
    found = suffixes(domain)

    assert found[0] == domain
    assert found[-1].count('.') == 1
    assert all(longer.endswith('.' + shorter) for longer, shorter in pairwise(found))


@given(DOMAINS, st.lists(DOMAINS, max_size=5), LABELS)
def test_the_best_match_is_the_longest_candidate_that_contains_the_domain(domain, others, label):
    candidates = {domain, *suffixes(domain)[:2], *others}
    containing = [name for name in candidates if domain == name or domain.endswith('.' + name)]

    assert best_match(domain, candidates) == max(containing, key=len)
    assert best_match(f'{label}.{domain}', [domain]) == domain


@given(DOMAINS, LABELS)
def test_a_domain_that_only_ends_alike_is_another_one(domain, prefix):
    assert best_match(prefix + domain, [domain]) is None


@given(DOMAINS)
def test_without_candidates_nothing_matches(domain):
    assert best_match(domain, []) is None


@pytest.mark.parametrize('domain', [
    'gmail.com', 'googlemail.com', 'outlook.com', 'hotmail.fr', 'yahoo.co.uk', 'yahoo.com.br', 'gmx.de', 'gmx.net', 'web.de', 'icloud.com',
    'proton.me', 'mail.ru', 'qq.com', 't-online.de', 'orange.fr', 'eu.outlook.com', 'co.uk', 'com.au', 'org.nz',
])
def test_where_anybody_gets_an_address_is_public(domain):
    assert is_public_domain(domain)


@pytest.mark.parametrize('domain', [
    'harbour-dental.example', 'gmail.harbour.example', 'outlook-partners.com', 'mygmx.de', 'harbour.co.uk', 'yahoo.harbour.co.uk',
    'free.example', 'com.harbour.example',
])
def test_a_domain_of_a_company_is_not_public(domain):
    assert not is_public_domain(domain)


@given(LABELS, st.sampled_from(['gmail.com', 'yahoo.fr', 'web.de', 'gmx.com.tr']))
def test_below_a_public_domain_everything_is_public(label, provider):
    assert is_public_domain(f'{label}.{provider}')
