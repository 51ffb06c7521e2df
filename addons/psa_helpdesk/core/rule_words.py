"""A condition as people read it, made of what is said of its parts. Pure: no clock, no database."""

from collections.abc import Callable, Sequence

AND, OR, NOT = "&", "|", "!"


def in_words(parts: Sequence, say: Callable, conjunction: str, disjunction: str, negation: str) -> list[str]:
    """Return what all has to be met, each in words, of a condition in prefix notation as Odoo has it.

    :param say: gets one part of it and returns what it says
    :param negation: a pattern with “%s”

    >>> in_words(["|", "a", "&", "b", "!", "c", "d"], str.upper, " and ", " or ", "not (%s)")
    ['A or (B and not (C))', 'D']
    """
    found = []
    for part in reversed(parts):
        if part == NOT:
            found.append((NOT, [found.pop()]))
        elif part in (AND, OR):
            first, second = found.pop(), found.pop()
            found.append((part, [*_of(part, first), *_of(part, second)]))
        else:
            found.append((None, part))

    def told(node, is_inner=True):
        kind, inner = node
        if kind is None:
            return say(inner)
        if kind == NOT:
            return negation % told(inner[0], is_inner=False)
        text = (conjunction if kind == AND else disjunction).join(map(told, inner))
        return f"({text})" if is_inner else text

    return [told(node, is_inner=False) for whole in reversed(found) for node in _of(AND, whole)]


def _of(kind, node):
    """Return what stands side by side in a part of a kind."""
    return node[1] if node[0] == kind else [node]
