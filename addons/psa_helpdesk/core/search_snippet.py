"""The piece of a text that shows what was found in it. Pure: no database.

>>> snippet("The printer on the second floor jams.", {"printer"})
(('The ', False), ('printer', True), (' on the second floor jams.', False))
"""

import re

WORD = re.compile(r"\w+")
# Characters around what was found.
LENGTH = 220


def words(text):
    """Return the different words of a text as they are written."""
    return set(WORD.findall(text))


def snippet(text, hits, length=LENGTH):
    """Return ((piece, is found), …) of at most about ``length`` characters, from where most of the words found stand together.

    :param hits: the words found, as they are written in the text
    """
    text = " ".join(text.split())
    spans = [match.span() for match in WORD.finditer(text) if match.group() in hits]
    start, end = _window(text, spans, length)
    pieces = []
    if start:
        pieces.append(("… ", False))
    position = start
    for first, last in spans:
        if first < start or last > end:
            continue
        if first > position:
            pieces.append((text[position:first], False))
        pieces.append((text[first:last], True))
        position = last
    if position < end:
        pieces.append((text[position:end], False))
    if end < len(text):
        pieces.append((" …", False))
    return tuple(pieces)


def _window(text, spans, length):
    """Return (start, end) of the piece with the most different words found; the earliest of several."""
    if len(text) <= length:
        return 0, len(text)
    if not spans:
        return 0, _word_end(text, length)
    best, best_count, last = spans[0][0], 0, 0
    for first, (start, __) in enumerate(spans):
        last = max(last, first)
        while last < len(spans) and spans[last][1] <= start + length // 2:
            last += 1
        count = len({text[begin:end].casefold() for begin, end in spans[first:last]})
        if count > best_count:
            best, best_count = start, count
    start = max(0, min(best - length // 3, len(text) - length))
    if start:
        # Begin with a whole word, unless it is longer than the piece.
        space = text.find(" ", start - 1, best)
        start = space + 1 if space >= 0 else best
    return start, max(_word_end(text, start + length), min(len(text), spans[0][1] if best == spans[0][0] else 0))


def _word_end(text, end):
    if end >= len(text):
        return len(text)
    space = text.rfind(" ", end // 2, end + 1)
    return space if space > 0 else end
