"""Who hears of what happens to a ticket, where and when. Pure: people, their addresses and the moment in, deliveries out."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

# In this order: of two ways to one address, the one that says more is taken.
MAIL, IN_APP, PUSH, PAGER, SMS_MAIL, SMS = KINDS = ("mail", "inapp", "push", "pager", "sms_mail", "sms")
SHORT_KINDS = frozenset({PAGER, SMS_MAIL, SMS})
BY_MAIL = frozenset({MAIL, PAGER, SMS_MAIL})
# How many characters such a device shows.
SHORT_LENGTH = {PAGER: 240, SMS_MAIL: 160, SMS: 160}

ASSIGNED, QUEUE_NEW, DESK_NEW, REOPENED, CLIENT_REPLIED, FOLLOWED, MENTIONED, SLA_WARNING, SLA_BREACH, ESCALATED, RULE = EVENTS = (
    "assigned", "queue_new", "desk_new", "reopened", "client_replied", "followed", "mentioned", "sla_warning", "sla_breach",
    "escalated", "rule",
)
# What a client may be told that it happened to a ticket of his; all else is how we work.
CLIENT_EVENTS = frozenset({QUEUE_NEW, DESK_NEW, REOPENED, CLIENT_REPLIED, RULE})

# How close somebody is to us: staff is told everything, a contact (a hotline, a manager without an account) what he was named for,
# a client nothing internal, and nothing at all of the tickets of others.
STAFF, CONTACT, CLIENT = "staff", "contact", "client"

INTERNAL, FOREIGN = "internal", "foreign"
# Why somebody who was named is not told: he is not there any more, may not see the ticket, or does not want it any more.
GONE, UNREADABLE, UNWANTED = "gone", "unreadable", "unwanted"
DAY_MINUTES = 24 * 60
EVERY_DAY = frozenset(range(7))
WORKING_DAYS = frozenset(range(5))
WEEKEND = EVERY_DAY - WORKING_DAYS


@dataclass(frozen=True)
class Hours:
    """A daily span of time in minutes since midnight; one that ends before it begins goes on past midnight, an empty one never is."""

    start: int
    end: int

    def hold(self, minute: int) -> bool:
        """Return whether a minute of the day lies in the span.

        >>> Hours(22 * 60, 6 * 60).hold(30), Hours(9 * 60, 17 * 60).hold(30), Hours(0, 0).hold(30)
        (True, False, False)
        """
        if self.start <= self.end:
            return self.start <= minute < self.end
        return minute >= self.start or minute < self.end


@dataclass(frozen=True)
class Facts:
    """What addresses ask of a ticket."""

    severity: int = 0
    queue: int = 0
    desk: int = 0
    company: int = 0


@dataclass(frozen=True)
class Address:
    """One way to somebody, and what for. Empty filters let everything through; an empty target is the person's own one."""

    key: int = 0
    kind: str = MAIL
    target: str = ""
    events: frozenset[str] = frozenset(EVENTS)
    severities: frozenset[int] = frozenset()
    queues: frozenset[int] = frozenset()
    desks: frozenset[int] = frozenset()
    hours: Hours | None = None
    days: frozenset[int] = EVERY_DAY
    wakes: bool = False  # is used in quiet hours, too
    companies: frozenset[int] = frozenset()  # set up by somebody who answers for these only

    def counts_in(self, company: int) -> bool:
        """Return whether this address is used for tickets of a company."""
        return not self.companies or company in self.companies

    def accepts(self, event: str, facts: Facts, moment: datetime) -> bool:
        """Return whether this address is for such an event of such a ticket at this local time."""
        return (
            event in self.events
            and self.counts_in(facts.company)
            and (not self.severities or facts.severity in self.severities)
            and (not self.queues or facts.queue in self.queues)
            and (not self.desks or facts.desk in self.desks)
            and moment.weekday() in self.days
            and (self.hours is None or self.hours.hold(_minute(moment)))
        )


@dataclass(frozen=True)
class Person:
    """Somebody who may be told: which addresses he has, and what he wants to be spared."""

    key: object
    closeness: str = STAFF
    is_theirs: bool = True  # for a client: it is a ticket of his
    addresses: tuple[Address, ...] = (Address(),)
    tz: str = "UTC"
    quiet: Hours | None = None
    limit: int = 0  # more than this many in the window are put together; 0: never
    window: int = 10  # minutes


@dataclass(frozen=True)
class Delivery:
    """One message to one address: at once, or at a later moment; or not at all, and why."""

    person: object
    address: int
    kind: str
    target: str
    at: datetime | None = None
    withheld: str = ""


def zone(name: str) -> ZoneInfo | timezone:
    """Return a time zone by its name; UTC where there is no such zone."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return timezone.utc


def _minute(moment: datetime) -> int:
    return moment.hour * 60 + moment.minute


def is_quiet(quiet: Hours | None, tz: str, now: datetime) -> bool:
    """Return whether somebody wants to be left alone at this moment."""
    return quiet is not None and quiet.hold(_minute(now.astimezone(zone(tz))))


def quiet_until(quiet: Hours, tz: str, now: datetime) -> datetime:
    """Return the first full minute from ``now`` on at which it is no longer quiet; ``now`` itself where it is not.

    >>> quiet_until(Hours(22 * 60, 7 * 60), "UTC", datetime(2026, 3, 1, 23, 10, tzinfo=timezone.utc)).isoformat()
    '2026-03-02T07:00:00+00:00'
    """
    if not is_quiet(quiet, tz, now):
        return now
    place = zone(tz)
    moment = now.astimezone(timezone.utc).replace(second=0, microsecond=0)
    local = moment.astimezone(place)
    jump = moment + timedelta(minutes=(quiet.end - _minute(local)) % DAY_MINUTES)
    if jump.astimezone(place).utcoffset() == local.utcoffset():
        return jump
    # The clocks are changed on the way: go through the minutes of this one night.
    while quiet.hold(_minute(moment.astimezone(place))):
        moment += timedelta(minutes=1)
    return moment


def place_of(person: object, kind: str, target: str) -> tuple:
    """Return what makes two deliveries arrive at the same place.

    >>> place_of(1, "pager", "Ann@x.test") == place_of(2, "mail", "ann@x.test")
    True
    """
    if kind in BY_MAIL and target:
        return ("mail", target.strip().lower())
    if kind == SMS:
        return (SMS, "".join(char for char in target if char.isdigit() or char == "+"))
    return (kind, person)


def kinds_of(channels: Collection[str] | None, addresses: Iterable[Address]) -> frozenset[str]:
    """Return the kinds of addresses that channels stand for.

    A short message may go through a gateway, and who has no mail address here because he reads in his inbox reads it there.

    >>> sorted(kinds_of(["mail", "sms"], [Address(kind=IN_APP)]))
    ['inapp', 'mail', 'sms', 'sms_mail']
    """
    if channels is None:
        return frozenset(KINDS)
    kinds = frozenset(channels)
    if SMS in kinds:
        kinds |= {SMS_MAIL}
    if MAIL in kinds and all(address.kind != MAIL for address in addresses):
        kinds |= {IN_APP}
    return kinds


def _withheld(person: Person, event: str, addressed: bool) -> str:
    """Return why somebody must not be told of an event, or nothing."""
    if person.closeness != CLIENT:
        return ""
    if not person.is_theirs:
        return FOREIGN
    return "" if addressed or event in CLIENT_EVENTS else INTERNAL


def plan(
    event: str,
    facts: Facts,
    people: Iterable[Person],
    now: datetime,
    recent: Mapping[tuple, int] | None = None,
    waiting: Mapping[tuple, datetime] | None = None,
    channels: Collection[str] | None = None,
    taken: Collection[tuple] = (),
    addressed: bool = False,
) -> tuple[Delivery, ...]:
    """Return who is told of an event, at which addresses and when: each address once, however many people share it.

    >>> night = datetime(2026, 3, 1, 23, 0, tzinfo=timezone.utc)
    >>> ann = Person("ann", addresses=(Address(1, MAIL, "a@x.test"), Address(2, PAGER, "p@x.test", wakes=True)), quiet=Hours(1320, 420))
    >>> [(delivery.kind, delivery.at and delivery.at.hour) for delivery in plan(ESCALATED, Facts(), [ann], night)]
    [('mail', 7), ('pager', None)]

    :param recent: how many messages went to each place in the person's window
    :param waiting: when what is put together for a place is sent
    :param channels: only on these ways, see :func:`kinds_of`
    :param taken: places that were told before
    :param addressed: the words were written for whoever gets them, clients too
    """
    recent, waiting = recent or {}, waiting or {}
    told = set(taken)
    deliveries = []
    for person in people:
        local = now.astimezone(zone(person.tz))
        addresses = [address for address in person.addresses if address.counts_in(facts.company)]
        kinds = kinds_of(channels, addresses)
        for address in sorted(addresses, key=lambda address: (KINDS.index(address.kind), address.key)):
            if address.kind not in kinds:
                continue
            place = place_of(person.key, address.kind, address.target)
            if place in told or not address.accepts(event, facts, local):
                continue
            told.add(place)
            withheld = _withheld(person, event, addressed)
            if withheld:
                deliveries.append(Delivery(person.key, address.key, address.kind, address.target, withheld=withheld))
                continue
            at = None
            if address.kind != IN_APP:  # the inbox wakes nobody
                if not address.wakes and is_quiet(person.quiet, person.tz, now):
                    at = quiet_until(person.quiet, person.tz, now)
                elif person.limit and recent.get(place, 0) >= person.limit:
                    at = waiting.get(place) or now + timedelta(minutes=person.window)
            deliveries.append(Delivery(person.key, address.key, address.kind, address.target, at))
    return tuple(deliveries)


def short_text(parts: Iterable[str], length: int, link: str = "") -> str:
    """Return a text for a small display: parts that are not empty, cut at a word; the link only where all of it fits.

    >>> short_text(["T00042", "ESCALATED", "", "Server down"], 24)
    'T00042 · ESCALATED · …'
    >>> short_text(["T00042", "Server down"], 60, "https://msp.test/t/42")
    'T00042 · Server down https://msp.test/t/42'
    """
    text = " · ".join(" ".join(part.split()) for part in parts if part and part.strip())
    if link and len(text) + 1 + len(link) <= length:
        return f"{text} {link}" if text else link
    if len(text) <= length:
        return text
    cut = text[: length - 1]
    at_word = cut.rsplit(" ", 1)[0]
    return (f"{at_word} …" if len(at_word) > length // 2 and len(at_word) + 2 <= length else f"{cut}…")


def hours_of(start: float, end: float) -> Hours | None:
    """Return the span of two hours as people enter them; None where they are the same.

    >>> hours_of(22.5, 6), hours_of(0, 0)
    (Hours(start=1350, end=360), None)
    """
    span = Hours(round(start * 60) % DAY_MINUTES, round(end * 60) if end < 24 else DAY_MINUTES)
    return None if span.start == span.end % DAY_MINUTES else span
