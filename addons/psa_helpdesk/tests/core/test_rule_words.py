import ast

from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_helpdesk import rule_words

NAMES = "abcd"
TREES = st.recursive(
    st.sampled_from(NAMES),
    lambda inner: st.tuples(st.sampled_from("&|"), inner, inner) | st.tuples(st.just("!"), inner),
    max_leaves=8,
)


def prefix(tree):
    """Return a condition as Odoo writes it."""
    return [tree] if isinstance(tree, str) else [tree[0], *(part for inner in tree[1:] for part in prefix(inner))]


def is_met(tree, values):
    if isinstance(tree, str):
        return values[tree]
    if tree[0] == "!":
        return not is_met(tree[1], values)
    return (all if tree[0] == "&" else any)(is_met(inner, values) for inner in tree[1:])


def reads(node, values):
    """Return what words mean that are an expression of Python, too."""
    if isinstance(node, ast.Name):
        return values[node.id]
    if isinstance(node, ast.UnaryOp):
        return not reads(node.operand, values)
    return (all if isinstance(node.op, ast.And) else any)(reads(inner, values) for inner in node.values)


@given(st.lists(TREES, max_size=3), st.fixed_dictionaries({name: st.booleans() for name in NAMES}))
def test_the_words_mean_what_the_condition_means(trees, values):
    parts = [part for tree in trees for part in prefix(tree)]

    words = rule_words.in_words(parts, str, " and ", " or ", "not (%s)")

    assert all(reads(ast.parse(text, mode="eval").body, values) for text in words) == all(is_met(tree, values) for tree in trees)


def test_what_stands_side_by_side_is_told_without_brackets():
    def told(parts):
        return rule_words.in_words(parts, str, " and ", " or ", "not %s")

    assert told([]) == []
    assert told(["a", "b"]) == ["a", "b"]
    assert told(["&", "a", "&", "b", "c"]) == ["a", "b", "c"]
    assert told(["|", "|", "a", "b", "c"]) == ["a or b or c"]
    assert told(["!", "!", "a"]) == ["not not a"]
