import doctest

from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_helpdesk import search_snippet
from psa_cores.psa_helpdesk.search_snippet import snippet, words

TEXTS = st.text(st.sampled_from("ab cü.\n-é"), max_size=300)


def test_examples_in_the_text():
    assert not doctest.testmod(search_snippet).failed


@given(TEXTS, st.sets(st.text("abcüé", min_size=1, max_size=3), max_size=4), st.integers(10, 80))
def test_a_snippet_is_a_piece_of_the_text_with_whole_words_marked(text, hits, length):
    pieces = snippet(text, hits, length)
    plain = " ".join(text.split())

    shown = "".join(piece for piece, __ in pieces)
    assert shown.removeprefix("… ").removesuffix(" …") in plain
    assert len(shown) <= length * 2 + 300  # one word may be longer than the piece
    for piece, found in pieces:
        assert not found or piece in hits


@given(TEXTS, st.integers(10, 80))
def test_something_that_is_found_is_shown(text, length):
    for word in words(text):
        if len(word) <= length // 2:
            assert (word, True) in snippet(text, {word}, length)


def test_the_piece_is_where_the_words_stand_together():
    text = f"The printer. {'x ' * 200} The printer jams on paper. {'x ' * 200}"

    pieces = snippet(text, {"printer", "jams", "paper"}, 100)

    assert {piece for piece, found in pieces if found} == {"printer", "jams", "paper"}
    assert pieces[0] == ("… ", False)
    assert pieces[-1] == (" …", False)
