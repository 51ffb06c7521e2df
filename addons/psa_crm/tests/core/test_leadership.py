import itertools

from hypothesis import given
from hypothesis import strategies as st
from psa_cores.psa_crm import leadership

nodes = st.integers(0, 5)


def _has_circle(edges):
    """The slow, obvious way: try every sequence of different people."""
    people = {person for edge in edges for person in edge}
    return any(
        all(pair in edges for pair in itertools.pairwise((*ring, ring[0])))
        for size in range(1, len(people) + 1)
        for ring in itertools.permutations(people, size)
    )


@given(st.sets(st.tuples(nodes, nodes), max_size=10))
def test_a_circle_is_found_if_and_only_if_there_is_one(edges):
    circle = leadership.find_cycle(edges)

    assert bool(circle) == _has_circle(edges)
    assert all(pair in edges for pair in itertools.pairwise((*circle, *circle[:1])))


def test_a_long_chain_is_no_circle():
    assert leadership.find_cycle((number, number + 1) for number in range(100_000)) == []


@given(st.dictionaries(nodes, st.tuples(st.none() | nodes, st.none() | st.sampled_from("abc")), max_size=6))
def test_edges_lead_to_the_nearest_led_team_above(teams):
    edges = leadership.leader_edges((team, parent, leader) for team, (parent, leader) in teams.items())

    expected = set()
    for team, (parent, leader) in teams.items():
        seen, above = {team}, parent
        while above in teams and above not in seen and not teams[above][1]:
            seen.add(above)
            above = teams[above][0]
        boss = teams[above][1] if above in teams else None
        if leader and boss and leader != boss:
            expected.add((leader, boss))
    assert edges == expected
