"""Sales territories: which territory does an address belong to, and why?

Plain functions on plain data. A territory lists countries, states, postcodes and industries; each list that is filled must
hold the address, an empty one holds any. Territories are tried in their order, and the first that holds the address wins.

Postcodes are written as people write them: ranges of numbers (``10000-19999``), beginnings (``97``), areas (``BS``),
districts (``BS1``), ranges of districts (``BS1-BS16``), sectors (``BS1 4``) or whole codes. They are text, never
numbers: ``01067`` is Dresden and ``1067`` is none of Germany's.

>>> postcodes = parse_postcodes('BS1-BS16, 10000-19999')
>>> [find_postcode(code, postcodes) for code in ('bs1 4dj', '12345', 'B1 1AA')]
['BS1-BS16', '10000-19999', None]
"""
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

# British codes end in a digit and two letters, whatever the blank between says: BS1 4DJ is in district BS1, not BS14.
_BRITISH = re.compile(r'(?P<outward>[A-Z]{1,2}\d[A-Z\d]?)(?P<inward>\d[A-Z]{2})\Z')
_BRITISH_DISTRICT = re.compile(r'[A-Z]{1,2}\d[A-Z\d]?\Z')
_SECTOR = re.compile(r'(?P<outward>[A-Z]{1,2}\d[A-Z\d]?)\s+(?P<inward>\d[A-Z]{0,2})\Z')
_DISTRICT = re.compile(r'(?P<letters>[A-Z]+)(?P<number>\d+)')
_RANGE = re.compile(r'\s*(?:-|–|—|\.\.)\s*')
_SEPARATOR = re.compile(r'[,;\n]')


class InvalidPostcodes(ValueError):
    """A part of the text is no postcode, beginning or range.

    ``text`` is that part; ``problem`` is 'unreadable', 'backwards' (the range ends before it begins) or 'unequal'
    (its ends are not alike, so that it is not clear what lies between them).
    """

    def __init__(self, text: str, problem: str):
        super().__init__(text, problem)
        self.text = text
        self.problem = problem


@dataclass(frozen=True)
class Postcodes:
    """One part of what a territory says about postcodes: a beginning, or a range from ``low`` to ``high``.

    ``text`` is what was written. ``kind`` is 'numbers' (range of digits), 'districts' (range of numbers behind the
    same letters), 'area' (letters alone), 'sector' (a district and a beginning of what follows it) or 'beginning'.
    """

    text: str
    kind: str
    low: str
    high: str = ''

    def covers(self, code: str) -> bool:
        """Tell whether a postcode made by :func:`normalize_postcode` lies in this part."""
        return _COVERS[self.kind](self, code)


@dataclass(frozen=True)
class Address:
    """Where somebody is and what he does, as far as it is known; the keys are whatever the caller uses."""

    country: int | None = None
    state: int | None = None
    postcode: str = ''
    industry: int | None = None


@dataclass(frozen=True)
class Territory:
    """What an address must have to belong to the territory. An empty list does not ask."""

    key: int
    countries: frozenset[int] = frozenset()
    states: frozenset[int] = frozenset()
    postcodes: tuple[Postcodes, ...] = ()
    industries: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Match:
    """The territory found: its key, its place in the order (from 1), and each criterion asked.

    ``reasons`` holds pairs of a criterion ('country', 'state', 'postcode', 'industry') and, for a postcode, the part that covers
    it. No reason at all: the territory takes every address.
    """

    key: int
    position: int
    reasons: tuple[tuple[str, str], ...]


def normalize_postcode(text: str | None) -> str:
    """Return a postcode in the form it is compared in: capital letters and digits, without blanks and dashes.

    >>> normalize_postcode(' bs1 4dj '), normalize_postcode('97209-1234'), normalize_postcode('01067')
    ('BS14DJ', '972091234', '01067')
    """
    return ''.join(character for character in _upper(text) if character.isascii() and character.isalnum())


@lru_cache(maxsize=1024)
def parse_postcodes(text: str | None) -> tuple[Postcodes, ...]:
    """Return the parts of a list of postcodes; raise :class:`InvalidPostcodes` for the first that cannot be read.

    >>> [part.kind for part in parse_postcodes('10000-19999, BS, BS1, BS1 4, BA1-BA3')]
    ['numbers', 'area', 'beginning', 'sector', 'districts']
    """
    parts = (' '.join(part.split()) for part in _SEPARATOR.split(text or ''))
    return tuple(_parse_part(part) for part in parts if part)


def find_postcode(postcode: str | None, postcodes: Iterable[Postcodes]) -> str | None:
    """Return what was written in the first part that covers the postcode, else None. No postcode is in no part."""
    code = normalize_postcode(postcode)
    if not code:
        return None
    return next((part.text for part in postcodes if part.covers(code)), None)


def find_territory(address: Address, territories: Sequence[Territory]) -> Match | None:
    """Return the first territory in the given order that holds the address, with the reasons, else None."""
    for position, territory in enumerate(territories, start=1):
        reasons = _reasons(address, territory)
        if reasons is not None:
            return Match(territory.key, position, reasons)
    return None


def _reasons(address: Address, territory: Territory) -> tuple[tuple[str, str], ...] | None:
    """Return the criteria that the territory asks and the address meets, None if it misses one."""
    reasons = []
    for criterion, allowed, value in (
        ('country', territory.countries, address.country),
        ('state', territory.states, address.state),
        ('industry', territory.industries, address.industry),
    ):
        if allowed:
            if value not in allowed:
                return None
            reasons.append((criterion, ''))
    if territory.postcodes:
        part = find_postcode(address.postcode, territory.postcodes)
        if part is None:
            return None
        # The most exact criterion is what people ask for first.
        reasons.insert(0, ('postcode', part))
    return tuple(reasons)


def _upper(text: str | None) -> str:
    return unicodedata.normalize('NFKC', text or '').upper()


def _parse_part(text: str) -> Postcodes:
    ends = _RANGE.split(text)
    if len(ends) == 1:
        sector = _SECTOR.match(_upper(text))
        if sector:
            return Postcodes(text, 'sector', sector['outward'], sector['inward'])
        code = normalize_postcode(text)
        if not code:
            raise InvalidPostcodes(text, 'unreadable')
        return Postcodes(text, 'area' if code.isalpha() else 'beginning', code)
    low, high = (normalize_postcode(end) for end in (ends[0], ends[-1]))
    if len(ends) != 2 or not low or not high:
        raise InvalidPostcodes(text, 'unreadable')
    if low.isdigit() and high.isdigit() and len(low) == len(high):
        kind, in_order = 'numbers', low <= high
    else:
        first, last = _DISTRICT.fullmatch(low), _DISTRICT.fullmatch(high)
        if not first or not last or first['letters'] != last['letters']:
            raise InvalidPostcodes(text, 'unequal')
        kind, in_order = 'districts', int(first['number']) <= int(last['number'])
    if not in_order:
        raise InvalidPostcodes(text, 'backwards')
    return Postcodes(text, kind, low, high)


def _outward(code: str) -> str | None:
    """Return the district of a British code, also if the code is nothing but the district."""
    british = _BRITISH.match(code)
    if british:
        return british['outward']
    return code if _BRITISH_DISTRICT.match(code) else None


def _covers_numbers(part: Postcodes, code: str) -> bool:
    # A longer code is inside the one it begins with: 97209-1234 is in 97209.
    start = code[:len(part.low)]
    return len(start) == len(part.low) and start.isdigit() and part.low <= start <= part.high


def _covers_districts(part: Postcodes, code: str) -> bool:
    low, high = _DISTRICT.fullmatch(part.low), _DISTRICT.fullmatch(part.high)
    found = _DISTRICT.match(_outward(code) or code)
    return bool(found) and found['letters'] == low['letters'] and int(low['number']) <= int(found['number']) <= int(high['number'])


def _covers_area(part: Postcodes, code: str) -> bool:
    # Letters name a whole area: B is Birmingham and does not begin Bristol, which is BS.
    return re.match(r'[A-Z]*', code)[0] == part.low


def _covers_sector(part: Postcodes, code: str) -> bool:
    british = _BRITISH.match(code)
    if british:
        return british['outward'] == part.low and british['inward'].startswith(part.high)
    return code.startswith(part.low + part.high)


def _covers_beginning(part: Postcodes, code: str) -> bool:
    outward = _outward(code)
    if outward is None or not part.low[0].isalpha():
        return code.startswith(part.low)
    if _BRITISH.match(part.low):
        return code == part.low
    # A number is not cut: BS1 does not begin BS14. A letter behind it divides the district: SW1A is in SW1.
    return outward.startswith(part.low) and not outward[len(part.low):][:1].isdigit()


_COVERS = {
    'numbers': _covers_numbers,
    'districts': _covers_districts,
    'area': _covers_area,
    'sector': _covers_sector,
    'beginning': _covers_beginning,
}
