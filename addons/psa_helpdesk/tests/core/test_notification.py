from datetime import datetime, timedelta, timezone
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psa_cores.psa_helpdesk import notification
from psa_cores.psa_helpdesk.notification import (
    CLIENT,
    CONTACT,
    EVENTS,
    IN_APP,
    KINDS,
    MAIL,
    PAGER,
    SMS,
    SMS_MAIL,
    STAFF,
    Address,
    Delivery,
    Facts,
    Hours,
    Person,
)

ZONES = (
    "UTC", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "America/St_Johns",
    "Africa/Casablanca",
)
TARGETS = ("a@x.test", "A@x.test", "b@x.test", "+44 20 7946", "+44207946")
MOMENTS = st.datetimes(datetime(2015, 1, 1), datetime(2034, 12, 31)).map(lambda moment: moment.replace(tzinfo=timezone.utc))
# Around the nights on which the clocks are changed, where all the mistakes are.
CHANGES = st.builds(
    lambda day, minutes: day + timedelta(minutes=minutes),
    st.sampled_from([
        datetime(year, month, day, tzinfo=timezone.utc)
        for year, month, day in ((2026, 3, 8), (2026, 11, 1), (2026, 3, 29), (2026, 10, 25), (2026, 4, 5), (2026, 10, 4), (2021, 4, 4))
    ]),
    st.integers(-1440, 2880),
)
SPANS = st.builds(Hours, st.integers(0, 1439), st.integers(0, 1439)).filter(lambda span: span.start != span.end)
ADDRESSES = st.builds(
    Address, key=st.integers(0, 5), kind=st.sampled_from(KINDS), target=st.sampled_from(TARGETS),
    events=st.frozensets(st.sampled_from(EVENTS), min_size=3), severities=st.frozensets(st.integers(1, 3), max_size=2),
    queues=st.frozensets(st.integers(1, 2), max_size=1), desks=st.frozensets(st.integers(1, 2), max_size=1),
    hours=st.none() | SPANS, days=st.frozensets(st.integers(0, 6), min_size=4), wakes=st.booleans(),
    companies=st.frozensets(st.integers(1, 2), max_size=1),
)
PEOPLE = st.lists(st.builds(
    Person, key=st.integers(1, 4), closeness=st.sampled_from([STAFF, CONTACT, CLIENT]), is_theirs=st.booleans(),
    addresses=st.lists(ADDRESSES, max_size=4).map(tuple), tz=st.sampled_from(ZONES), quiet=st.none() | SPANS,
    limit=st.integers(0, 2), window=st.integers(1, 30),
), max_size=4, unique_by=lambda person: person.key)
FACTS = st.builds(Facts, severity=st.integers(0, 3), queue=st.integers(0, 2), desk=st.integers(0, 2), company=st.integers(1, 2))


def minute_of(moment, tz):
    local = moment.astimezone(ZoneInfo(tz))
    return local.hour * 60 + local.minute


@cache
def passed(span):
    """The slow way: walk from the start of the span until its end and note each minute that is passed."""
    minutes, walker = set(), span.start
    while walker != span.end:
        minutes.add(walker)
        walker = (walker + 1) % 1440
    return minutes


def lies_in(span, minute):
    return minute in passed(span)


def slow_quiet_until(quiet, tz, now):
    """Go through every minute until somebody may be woken."""
    moment = now
    if not lies_in(quiet, minute_of(moment, tz)):
        return now
    moment = moment.replace(second=0, microsecond=0)
    while lies_in(quiet, minute_of(moment, tz)):
        moment += timedelta(minutes=1)
    return moment


@settings(max_examples=150, deadline=None)
@given(SPANS, st.sampled_from(ZONES), st.one_of(MOMENTS, CHANGES))
def test_quiet_hours_end_where_walking_through_the_minutes_ends(quiet, tz, now):
    assert notification.quiet_until(quiet, tz, now) == slow_quiet_until(quiet, tz, now)


@given(SPANS, st.integers(0, 1439))
def test_span_of_hours(span, minute):
    assert span.hold(minute) == lies_in(span, minute)


def slow_plan(event, facts, people, now, recent, waiting, channels, taken, addressed):
    """Every pair of person and address, one question after the other."""
    result = []
    places = list(taken)
    for person in people:
        for kind in KINDS:
            for address in sorted((address for address in person.addresses if address.kind == kind), key=lambda address: address.key):
                local = now.astimezone(ZoneInfo(person.tz))
                minute = local.hour * 60 + local.minute
                if channels is not None:
                    allowed = set(channels)
                    if "sms" in allowed:
                        allowed.add("sms_mail")
                    if "mail" in allowed and "mail" not in [
                        other.kind for other in person.addresses if not other.companies or facts.company in other.companies
                    ]:
                        allowed.add("inapp")
                    if kind not in allowed:
                        continue
                if kind in ("mail", "pager", "sms_mail"):
                    place = ("mail", address.target.lower())
                elif kind == "sms":
                    place = ("sms", address.target.replace(" ", "") if "@" not in address.target else "")
                else:
                    place = (kind, person.key)
                if place in places or event not in address.events:
                    continue
                if address.severities and facts.severity not in address.severities:
                    continue
                if address.queues and facts.queue not in address.queues:
                    continue
                if address.desks and facts.desk not in address.desks:
                    continue
                if address.companies and facts.company not in address.companies:
                    continue
                if local.weekday() not in address.days or (address.hours and not lies_in(address.hours, minute)):
                    continue
                places.append(place)
                at, withheld = None, ""
                told_to_clients = ("queue_new", "desk_new", "reopened", "client_replied", "rule")
                if person.closeness == CLIENT and not person.is_theirs:
                    withheld = "foreign"
                elif person.closeness == CLIENT and not addressed and event not in told_to_clients:
                    withheld = "internal"
                elif kind != "inapp":
                    if person.quiet and not address.wakes and lies_in(person.quiet, minute):
                        at = slow_quiet_until(person.quiet, person.tz, now)
                    elif person.limit and recent.get(place, 0) >= person.limit:
                        at = waiting[place] if place in waiting else now + timedelta(minutes=person.window)
                result.append(Delivery(person.key, address.key, kind, address.target, at, withheld))
    return tuple(result)


PLACES = st.sampled_from([("mail", "a@x.test"), ("mail", "b@x.test"), ("sms", "+44207946"), ("push", 1), ("inapp", 2)])


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(EVENTS), FACTS, PEOPLE, MOMENTS, st.dictionaries(PLACES, st.integers(0, 3)), st.dictionaries(PLACES, MOMENTS),
    st.none() | st.frozensets(st.sampled_from([MAIL, PAGER, SMS, IN_APP])), st.frozensets(PLACES, max_size=2), st.booleans(),
)
def test_plan_is_what_asking_every_address_gives(event, facts, people, now, recent, waiting, channels, taken, addressed):
    arguments = (event, facts, people, now, recent, waiting, channels, taken, addressed)

    assert notification.plan(*arguments) == slow_plan(*arguments)


@given(st.sampled_from(EVENTS), FACTS, PEOPLE, MOMENTS)
def test_no_place_is_told_twice_and_no_client_what_is_internal(event, facts, people, now):
    deliveries = notification.plan(event, facts, people, now)
    places = [notification.place_of(delivery.person, delivery.kind, delivery.target) for delivery in deliveries]
    clients = {person.key for person in people if person.closeness == CLIENT}

    assert len(places) == len(set(places))
    if event not in notification.CLIENT_EVENTS:
        assert all(delivery.withheld for delivery in deliveries if delivery.person in clients)


@given(st.lists(st.text(max_size=40), max_size=6), st.integers(12, 240), st.sampled_from(["", "https://msp.test/t/42"]))
def test_short_text_fits_and_keeps_the_beginning(parts, length, link):
    text = notification.short_text(parts, length, link)

    assert len(text) <= length
    whole = " · ".join(" ".join(part.split()) for part in parts if part.strip())
    if len(whole) <= length:
        assert text.startswith(whole)
    else:
        assert text.endswith("…")
        assert whole.startswith(text[:-1].rstrip())


@pytest.mark.parametrize(("start", "end", "expected"), [
    (0, 0, None), (7, 7, None), (0, 24, None), (22, 6, Hours(1320, 360)), (9.5, 17.25, Hours(570, 1035)), (18, 24, Hours(1080, 1440)),
])
def test_hours_as_people_enter_them(start, end, expected):
    assert notification.hours_of(start, end) == expected


def test_unknown_time_zone_counts_as_utc():
    assert notification.zone("Nowhere/Land") == timezone.utc


def test_of_two_ways_to_one_mailbox_the_whole_message_is_taken():
    both = Person(1, addresses=(Address(2, PAGER, "a@x.test"), Address(3, SMS_MAIL, "A@X.test"), Address(9, MAIL, "a@x.test")))

    (delivery,) = notification.plan("escalated", Facts(), [both], datetime(2026, 3, 1, tzinfo=timezone.utc))

    assert delivery.kind == MAIL
