from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_crm import share_code

kinds = st.sampled_from(share_code.KINDS)
letters = st.text(alphabet=share_code.ALPHABET, min_size=8, max_size=8)
fillers = st.text(alphabet=' -–—_.\t\u00a0', max_size=3)


@given(kinds, kinds, letters, st.lists(fillers, min_size=10, max_size=10), st.booleans(), st.booleans())
def test_a_code_is_known_however_it_is_typed(kind, meant, code, between, lower, with_letter):
    typed = (kind if with_letter else '') + code
    typed = ''.join(filler + letter for filler, letter in zip(between, typed, strict=False)) + between[-1]

    found = share_code.normalize(typed.lower() if lower else typed, meant)

    assert found == f'{kind if with_letter else meant}-{code[:4]}-{code[4:]}'


@given(st.text(max_size=80) | st.text(alphabet='PC-23456789ABCIO01 ', max_size=14), kinds)
def test_what_is_no_code_is_none_and_what_is_one_stays_as_it_is(typed, kind):
    found = share_code.normalize(typed, kind)

    if found is not None:
        head, first, second = found.split('-')
        assert head in share_code.KINDS
        assert len(first) == len(second) == 4
        assert set(first + second) <= set(share_code.ALPHABET)
        assert share_code.normalize(found, kind) == found


def test_nothing_typed_is_no_code():
    assert share_code.normalize(None) is None
    assert share_code.normalize('  ') is None


@given(kinds, st.integers(0, 50))
def test_new_codes_are_well_formed_and_different(kind, count):
    codes = share_code.new_codes(kind, count)

    assert len(set(codes)) == len(codes) == count
    assert all(share_code.normalize(code) == code and share_code.kind_of(code) == kind for code in codes)


@given(st.integers(1, 20), st.randoms(use_true_random=False))
def test_taken_codes_are_drawn_again(count, random):
    refused = set()

    def is_free(codes):
        free = {code for code in codes if random.random() < 0.5}
        refused.update(codes - free)
        return free

    codes = share_code.new_codes(share_code.COMPANY, count, is_free)

    assert len(codes) == count
    assert not refused & set(codes)


def test_nothing_in_a_code_is_mixed_up_when_read_out():
    assert not set(share_code.ALPHABET) & set('01IO')
    assert len(set(share_code.ALPHABET)) == 32
