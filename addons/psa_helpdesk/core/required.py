"""When a ticket lacks what its desk asks for, and which change that forbids. Pure: no database, no labels.

A desk requires a field from a moment on: what is required on creation is required on resolution and on closing too.
"""

from collections.abc import Collection, Mapping

from .lifecycle import STATES

NEVER = "never"
MOMENTS = ("create", "resolve", "close")
_MOMENT_OF_STATE = {"resolved": "resolve", "closed": "close", "cancelled": None}


def moment_of(state: str) -> str | None:
    """Return the moment whose requirements a ticket of this state has to meet; None: there is nothing to do any more.

    >>> moment_of("waiting"), moment_of("closed"), moment_of("cancelled")
    ('create', 'close', None)
    """
    if state not in STATES:
        raise ValueError(f"unknown ticket state {state!r}")
    return _MOMENT_OF_STATE.get(state, "create")


def required_at(since: Mapping[str, str], moment: str | None) -> tuple[str, ...]:
    """Return the fields that are required at a moment, in the order of ``since`` {field: moment, or "never"}.

    >>> required_at({"type": "create", "category": "resolve", "phase": "never"}, "resolve")
    ('type', 'category')
    """
    if moment is None:
        return ()
    reached = MOMENTS[: MOMENTS.index(moment) + 1]
    return tuple(field for field, start in since.items() if start in reached)


def blocking(
    before: Collection[str],
    after: Collection[str],
    *,
    from_moment: str | None,
    to_moment: str | None,
    has_moved: bool = False,
) -> list[str]:
    """Return what is missing that forbids a change; empty when the change may happen.

    Resolving and closing ask for everything. A ticket that was complete has to be complete at the desk it moves to.
    Any other change may leave open what was missing before (a mail knows nothing of a desk's fields), but it
    takes nothing away.

    :param before: what was missing before the change
    :param after: what is missing after it
    :param from_moment: where the ticket stood, as :func:`moment_of` says
    :param to_moment: where it stands now
    :param has_moved: the ticket goes to another desk

    >>> blocking(["type"], ["type"], from_moment="create", to_moment="create")
    []
    >>> blocking(["type"], ["type"], from_moment="create", to_moment="resolve")
    ['type']
    >>> blocking([], ["type"], from_moment="create", to_moment="create")
    ['type']
    """
    finishes = to_moment in MOMENTS[1:] and (
        from_moment is None or MOMENTS.index(to_moment) > MOMENTS.index(from_moment)
    )
    if finishes or (has_moved and not before):
        return list(after)
    if has_moved or from_moment != to_moment:
        # Another desk, or taken up again: what it lacks there is told by its mark.
        return []
    return [field for field in after if field not in before]
