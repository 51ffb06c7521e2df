from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_helpdesk import ticket_graph as graph

IDS = st.integers(1, 8)
EDGES = st.lists(st.tuples(IDS, IDS), max_size=14)


def has_circle(edges):
    """Slow and obvious: take away what nothing leads to, until nothing is left or a circle is."""
    left = set(edges)
    while left:
        targets = {target for __, target in left}
        free = {edge for edge in left if edge[0] not in targets}
        if not free:
            return True
        left -= free
    return False


@given(EDGES, EDGES)
def test_a_link_is_refused_exactly_when_it_closes_a_circle(edges, added):
    standing = []
    for edge in edges:
        if not has_circle([*standing, edge]):
            standing.append(edge)

    refused = graph.first_circle(standing, added)

    for number, edge in enumerate(added):
        closes = has_circle([*standing, *added[: number + 1]])
        if closes:
            assert refused == edge
            break
    else:
        assert refused is None


@given(EDGES, IDS)
def test_reachable_is_the_closure(edges, start):
    closure = set(edges)
    while True:
        longer = closure | {(a, d) for a, b in closure for c, d in closure if b == c}
        if longer == closure:
            break
        closure = longer

    assert graph.reachable(edges, start) == {target for source, target in closure if source == start}


@given(st.dictionaries(IDS, IDS, max_size=8), IDS, st.integers(1, 6))
def test_a_place_in_the_family_is_wrong_when_it_circles_or_is_too_deep(parents, child, limit):
    def up(ticket):
        line = [ticket]
        while line[-1] in parents and len(line) < 20:
            line.append(parents[line[-1]])
        return line

    around = up(child)
    problem = graph.tree_problem(parents, child, limit)
    if len(around) == 20:
        assert problem == "circle"
        return
    deepest = max(
        (len(up(ticket)) for ticket in {*parents, child} if child in up(ticket) and len(up(ticket)) < 20), default=1
    )
    assert (problem == "too_deep") == (deepest > limit)


@given(st.lists(st.integers(1, 50), unique=True, min_size=1))
def test_chains_of_mergers_lead_to_the_last_survivor(line):
    pointers = dict(pairwise(line))

    assert {graph.chain_end(pointers, ticket) for ticket in line} == {line[-1]}


def test_a_circle_of_mergers_is_an_error_not_an_endless_loop():
    with pytest.raises(ValueError, match="circle"):
        graph.chain_end({1: 2, 2: 1}, 1)


@given(st.dictionaries(st.integers(1, 40), st.sampled_from([None, "zoe", "omar", "sue"])))
def test_everybody_gets_one_message_about_all_his_incidents(incidents):
    owed = graph.owed_messages(incidents.items())

    assert sorted([*owed, *(ticket for others in owed.values() for ticket in others)]) == sorted(incidents)
    for person in {"zoe", "omar", "sue"} & set(incidents.values()):
        speaking = [ticket for ticket in owed if incidents[ticket] == person]
        mine = sorted(ticket for ticket, recipient in incidents.items() if recipient == person)
        assert speaking == mine[:1]
        assert owed[mine[0]] == mine[1:]


def test_each_kind_of_link_has_its_other_side():
    assert all(graph.INVERSE[other] == kind for kind, other in graph.INVERSE.items())
    assert {*graph.DIRECTED} | {graph.INVERSE[kind] for kind in graph.DIRECTED} | {"relates"} == set(graph.INVERSE)
