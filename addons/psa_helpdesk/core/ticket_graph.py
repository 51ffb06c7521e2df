"""How tickets hang together: links, parents and children, merged tickets. Pure: ids in, answers out, no database."""

INVERSE = {
    "blocks": "blocked_by",
    "blocked_by": "blocks",
    "duplicates": "duplicated_by",
    "duplicated_by": "duplicates",
    "causes": "caused_by",
    "caused_by": "causes",
    "relates": "relates",
}
# Links that have a direction: what leads from one to the other must not lead back.
DIRECTED = ("blocks", "duplicates", "causes")
MAX_LEVELS = 5


def reachable(edges, start):
    """Return all that can be reached from ``start``, itself left out unless a circle leads back to it.

    >>> sorted(reachable([(1, 2), (2, 3), (4, 1)], 1))
    [2, 3]
    """
    following = {}
    for source, target in edges:
        following.setdefault(source, set()).add(target)
    seen, waiting = set(), [start]
    while waiting:
        for target in following.get(waiting.pop(), ()):
            if target not in seen:
                seen.add(target)
                waiting.append(target)
    return seen


def first_circle(edges, added):
    """Return the first of the ``added`` edges that closes a circle with those before it, or None.

    >>> first_circle([(1, 2)], [(2, 3), (3, 1)])
    (3, 1)
    >>> first_circle([(1, 2)], [(1, 3), (2, 3)]) is None
    True
    """
    known = list(edges)
    for source, target in added:
        if source == target or source in reachable(known, target):
            return source, target
        known.append((source, target))
    return None


def tree_problem(parents, child, limit=MAX_LEVELS):
    """Return what is wrong with the place of ``child`` in a family: "circle", "too_deep" or None.

    :param parents: {ticket: its parent} of everybody above and below the child, the child's own parent included
    :param limit: how many generations a family may have

    >>> tree_problem({2: 1, 3: 2}, 2)
    >>> tree_problem({1: 3, 2: 1, 3: 2}, 1)
    'circle'
    >>> tree_problem({2: 1, 3: 2, 4: 3}, 3, limit=3)
    'too_deep'
    """
    above, ticket = 0, child
    while ticket in parents:
        ticket = parents[ticket]
        above += 1
        if ticket == child or above > len(parents):
            return "circle"
    children = {}
    for ticket, parent in parents.items():
        children.setdefault(parent, []).append(ticket)
    below, generation = 0, children.get(child, [])
    while generation:
        below += 1
        if below > len(parents):
            return "circle"
        generation = [grandchild for ticket in generation for grandchild in children.get(ticket, ())]
    return "too_deep" if above + 1 + below > limit else None


def chain_end(pointers, start):
    """Return where ``start`` leads in the end: a merged ticket to its survivor, through any number of mergers.

    >>> chain_end({1: 2, 2: 3}, 1), chain_end({1: 2}, 5)
    (3, 5)
    """
    seen = {start}
    while start in pointers:
        start = pointers[start]
        if start in seen:
            raise ValueError(f"merged tickets lead in a circle at {start}")
        seen.add(start)
    return start


def owed_messages(incidents):
    """Return {incident: those it speaks for}: each recipient gets one message, on the oldest of his incidents.

    :param incidents: pairs of ticket and recipient; no recipient: nobody to write to, so a message of its own

    >>> owed_messages([(3, "zoe"), (1, "zoe"), (2, "omar"), (4, None)])
    {1: [3], 2: [], 4: []}
    """
    speakers, owed = {}, {}
    for ticket, recipient in sorted(incidents, key=lambda pair: pair[0]):
        speaker = speakers.setdefault(recipient, ticket) if recipient else ticket
        if speaker == ticket:
            owed[ticket] = []
        else:
            owed[speaker].append(ticket)
    return owed
