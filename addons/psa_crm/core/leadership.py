"""Who leads whom: chains of teams and leaders must end somewhere."""

from collections.abc import Hashable, Iterable


def leader_edges(teams: Iterable[tuple[Hashable, Hashable | None, Hashable | None]]) -> set[tuple[Hashable, Hashable]]:
    """Return the pairs (leader of the team, leader of the team above it).

    :param teams: (team, team above or None, leader or None). A team without leader is led by whoever leads the one above.

    >>> leader_edges([('all', None, 'olivia'), ('field', 'all', None), ('north', 'field', 'theo')])
    {('theo', 'olivia')}
    """
    above, leaders = {}, {}
    for team, parent, leader in teams:
        above[team], leaders[team] = parent, leader
    edges = set()
    for team, leader in leaders.items():
        seen, higher = {team}, above[team]
        while higher is not None and higher not in seen and not leaders.get(higher):
            seen.add(higher)
            higher = above.get(higher)
        boss = leaders.get(higher)
        if leader and boss and boss != leader:
            edges.add((leader, boss))
    return edges


def find_cycle(edges: Iterable[tuple[Hashable, Hashable]]) -> list[Hashable]:
    """Return the members of one circle in the order of the edges, or an empty list if there is none.

    >>> find_cycle([('theo', 'olivia'), ('olivia', 'dana')])
    []
    >>> sorted(find_cycle([('theo', 'olivia'), ('olivia', 'theo'), ('dana', 'theo')]))
    ['olivia', 'theo']
    """
    following: dict[Hashable, list[Hashable]] = {}
    for one, other in edges:
        following.setdefault(one, []).append(other)
    done: set[Hashable] = set()
    for start, first in following.items():
        if start in done:
            continue
        path, on_path, branches = [start], {start}, [iter(first)]
        while path:
            step = next(branches[-1], None)
            if step is None:
                branches.pop()
                done.add(path[-1])
                on_path.discard(path.pop())
            elif step in on_path:
                return path[path.index(step):]
            elif step not in done:
                path.append(step)
                on_path.add(step)
                branches.append(iter(following.get(step, ())))
    return []
