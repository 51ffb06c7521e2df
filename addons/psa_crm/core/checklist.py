"""Rules of checklists: who does an item, how far a list is, when it is over."""

OPEN, DONE, SKIPPED = 'open', 'done', 'skipped'

# Who steps in, in this order, when nobody has the role that an item names.
ROLE_ORDER = ('account_manager', 'primary_technician', 'dispatcher', 'starter')


def choose_assignee(role, people):
    """Return the person who does an item, or None when there is nobody at all.

    >>> choose_assignee('primary_technician', {'account_manager': 'Olivia', 'starter': 'Dana'})
    'Olivia'

    :param role: the role the item names
    :param people: dict from roles to persons; roles without a person are left out or empty
    """
    return next((people[name] for name in (role, *ROLE_ORDER) if people.get(name)), None)


def choose_dispatcher(candidates):
    """Return the dispatcher who gets the items of a company, or None.

    Who only dispatches comes before who runs the company, then the longest-serving one; so the choice stays the same.

    >>> choose_dispatcher([(2, True), (7, False), (9, False)])
    7

    :param candidates: pairs of the id of a user and whether he is an administrator of the company
    """
    return min(candidates, key=lambda candidate: (candidate[1], candidate[0]), default=(None, None))[0]


def progress(states):
    """Return how far a list is in percent, rounded down: 100 means that nothing is open. Skipped items do not count.

    >>> progress(['done', 'open', 'open', 'skipped'])
    33
    """
    counted = [state for state in states if state != SKIPPED]
    if not counted:
        return 100 if states else 0
    return 100 * counted.count(DONE) // len(counted)


def is_over(states):
    """Return whether nothing of a list is left to do.

    >>> is_over(['done', 'skipped']), is_over(['open']), is_over([])
    (True, False, False)
    """
    return bool(states) and OPEN not in states
