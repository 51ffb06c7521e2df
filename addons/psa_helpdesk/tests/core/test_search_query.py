import doctest
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_helpdesk import search_query
from psa_cores.psa_helpdesk.search_query import MAX_TERMS, Term, parse, spellings, weights

WORDS = st.text("abcdefghijklmnopqrstuvwxyzäöüéß0123456789", min_size=2, max_size=12)
TYPED = st.text(st.sampled_from('ab Ä9 "“”-*\'\\&|!():<>@./\t\x00\ud800é'), max_size=60)


def test_examples_in_the_text():
    assert not doctest.testmod(search_query).failed


@given(st.one_of(st.text(max_size=600), TYPED))
def test_whatever_is_typed_is_a_search(typed):
    terms = parse(typed)

    assert len(terms) <= MAX_TERMS
    for term in terms:
        assert any(char.isalnum() for char in term.text)
        assert '"' not in term.text
        assert "\x00" not in term.text
        term.text.encode("utf-8")
        assert not (term.is_phrase and term.is_prefix)
        assert term.is_phrase == (" " in term.text)


@given(st.lists(st.tuples(WORDS, st.booleans(), st.booleans()), max_size=8, unique_by=lambda item: item[0]))
def test_what_is_composed_of_words_and_phrases_is_understood_as_such(parts):
    typed = " ".join(f'{"-" if minus else ""}' + (f'"{word} {word}x"' if phrase else word) for word, phrase, minus in parts)

    assert parse(typed) == tuple(
        Term(f"{word} {word}x" if phrase else word, phrase, minus) for word, phrase, minus in parts
    )


@given(TYPED)
def test_understanding_what_was_understood_changes_nothing(typed):
    terms = parse(typed)
    again = " ".join(
        ("-" if term.is_excluded else "") + (f'"{term.text}"' if term.is_phrase else term.text) + ("*" if term.is_prefix else "")
        for term in terms
    )

    # A word may begin with a minus of its own ("--x"): it is one more minus to whoever reads it next.
    if not any(term.text.startswith("-") or term.text.startswith("*") for term in terms) and len(again) <= 400:
        assert parse(again) == terms


@pytest.mark.parametrize(("typed", "terms"), [
    ("", ()),
    ('"', ()),
    ("- -- \"\" '' *** !!!", ()),
    ("e-mail", (Term("e-mail"),)),
    ("a - b", (Term("a"), Term("b"))),
    ('-"paper jam"', (Term("paper jam", is_phrase=True, is_excluded=True),)),
    ("„Papier Stau“", (Term("Papier Stau", is_phrase=True),)),
    ('"single"', (Term("single"),)),
    ('printer "paper jam', (Term("printer"), Term("paper"), Term("jam"))),
    ("Printer printer", (Term("Printer"),)),
    ("scan* *scan", (Term("scan", is_prefix=True),)),
    ("x*", (Term("x"),)),
    ('"scan*"', (Term("scan"),)),
    ("192.168.1.10", (Term("192.168.1.10"),)),
])
def test_typed(typed, terms):
    assert parse(typed) == terms


@given(WORDS)
def test_spellings_meet(word):
    def plain(text):
        return "".join(char for char in unicodedata.normalize("NFKD", text.replace("ß", "ss")) if not unicodedata.combining(char))

    def bare(text):
        return re.sub(r"([aou])e", r"\1", plain(text))

    assert spellings(word)[0] == word
    assert len({bare(spelling) for spelling in spellings(word)} - {bare(word)}) <= 1
    # "aée" without accents is "aee"; "ae", which that might be short for, is a word of its own.
    others = [plain(word), *([bare(word)] if bare(bare(word)) == bare(word) else [])]
    for other in others:
        assert set(map(bare, spellings(word))) & set(map(bare, spellings(other)))


def test_places_are_weights():
    assert weights(["summary"]) == "A"
    assert weights(["comment", "description"]) == "BC"
    assert weights(["summary", "description", "comment", "resolution"]) == ""
