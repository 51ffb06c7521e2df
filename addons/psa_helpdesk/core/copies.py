"""Who gets copies of the answers on a ticket. Pure: pairs of name and address in, the same out."""

from collections.abc import Collection, Iterable, Mapping

MAX_COPIES = 30

Address = tuple[str, str]

# Mail to these is read by nobody, or comes back.
NOBODY = frozenset({"mailer-daemon", "postmaster", "noreply", "no-reply", "no_reply", "donotreply", "do-not-reply", "do_not_reply"})


def is_answerable(address: str) -> bool:
    """Return whether somebody can be expected to read what is sent to an address.

    >>> is_answerable("zoe@dental.test"), is_answerable("No-Reply@shop.test"), is_answerable("")
    (True, False, False)
    """
    local_part, at, __ = address.lower().partition("@")
    return bool(at) and local_part not in NOBODY


def merge(*lists: Iterable[Address], without: Collection[str] = ()) -> tuple[Address, ...]:
    """Return all addresses once, in order; the first with a name gives the name, and those to leave out are left out.

    Addresses are compared in lower case, as every mail server in use does.

    >>> merge([("", "Zoe@dental.test")], [("Zoe", "zoe@dental.test"), ("Help", "help@msp.test")], without={"help@msp.test"})
    (('Zoe', 'zoe@dental.test'),)
    """
    excluded = {address.lower() for address in without if address}
    names = {}
    for pairs in lists:
        for name, address in pairs:
            key = address.lower()
            if key and key not in excluded:
                names[key] = names.get(key) or name
    return tuple((name, address) for address, name in names.items())[:MAX_COPIES]


def due(copies: Iterable[str], *already: Iterable[str]) -> tuple[str, ...]:
    """Return the addresses that still need the message: those that get or sent it already do not.

    >>> due(["zoe@dental.test", "omar@dental.test"], ["omar@dental.test"], [])
    ('zoe@dental.test',)
    """
    served = {address.lower() for addresses in already for address in addresses if address}
    return tuple(dict.fromkeys(address.lower() for address in copies if address and address.lower() not in served))


def by_address(copies: Mapping[int, Iterable[Address]], served: Mapping[int, Collection[str]]) -> dict[Address, tuple[int, ...]]:
    """Return of which tickets each address is told when the same is said on many, each address once.

    :param copies: by ticket the pairs of name and address that get copies
    :param served: by ticket the addresses that are told otherwise

    >>> by_address({1: [("Ann", "ann@dental.test")], 2: [("", "Ann@dental.test"), ("", "zoe@dental.test")]},
    ...            {2: {"zoe@dental.test"}})
    {('Ann', 'ann@dental.test'): (1, 2)}
    """
    names: dict[str, str] = {}
    told: dict[str, list[int]] = {}
    for ticket, pairs in copies.items():
        lowered = [(name, address.lower()) for name, address in pairs]
        for address in due([address for __, address in lowered], served.get(ticket, ())):
            told.setdefault(address, []).append(ticket)
        for name, address in lowered:
            names[address] = names.get(address) or name
    return {(names[address], address): tuple(tickets) for address, tickets in told.items()}
