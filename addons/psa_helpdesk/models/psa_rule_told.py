from weakref import WeakKeyDictionary

from ..core import notification
from .psa_rule_queue import RuleQueue

_FIRINGS = WeakKeyDictionary()


class Told:
    """Whom a firing of a rule has told, and where.

    What an attempt told that failed is forgotten, for it is taken back: the actions then run apart, and what each tells is added
    when it is through.
    """

    __slots__ = ("assigned", "is_apart", "outer", "places", "queue")

    def __init__(self, queue):
        self.queue = queue
        self.places = {}  # ticket id: places, as core/notification.py names them
        self.assigned = []  # (tickets, user) who is still to be told that they were given to him
        self.is_apart = False

    def __enter__(self):
        self.outer = _FIRINGS.get(self.queue)
        _FIRINGS[self.queue] = self
        return self

    def __exit__(self, *_error):
        if self.outer is None:
            del _FIRINGS[self.queue]
        else:
            _FIRINGS[self.queue] = self.outer

    @classmethod
    def of(cls, cr):
        """Return what the firing that is being made has told, or None."""
        return _FIRINGS.get(RuleQueue.of(cr))

    @classmethod
    def start_apart(cls, queue):
        """Forget what the attempt to do all at once told, the first time an action runs apart."""
        told = _FIRINGS.get(queue)
        if told and not told.is_apart:
            told.places, told.assigned, told.is_apart = {}, [], True

    def tell_assigned(self):
        """Tell those who were given tickets, where the rule's own words did not reach them."""
        for tickets, user in self.assigned:
            given = tickets.filtered(lambda ticket, user=user: ticket.user_id == user)
            if given:
                given._psa_tell(
                    notification.ASSIGNED, dict.fromkeys(given, (user, user.partner_id.browse(), ())), taken=self.places,
                    lines=[given.with_context(lang=user.lang).env._("You have been assigned to these tickets:")],
                )
