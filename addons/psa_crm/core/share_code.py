"""Sharing codes: an address that somebody gives to whom he wants to receive clients from.

A code opens nothing. It only lets a stranger name its holder without a list of who has an account here, so it must be hard to
guess and easy to read out on the phone.

>>> normalize(' p 7kq4–xm2d'), normalize('7KQ4XM2D', COMPANY), normalize('P-7KQ4-XM2O')
('P-7KQ4-XM2D', 'C-7KQ4-XM2D', None)
"""
import re
import secrets

PERSON = 'P'
COMPANY = 'C'
KINDS = (PERSON, COMPANY)
# No 0, O, 1 and I: they are mixed up. 32 characters, so that eight of them are 40 random bits.
ALPHABET = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ'

_LENGTH = 8
_MAX_TYPED = 64
# Blanks, and whatever looks like a dash in mails and word processors.
_FILLERS = re.compile(r'[\s\u00ad\u2010-\u2015\u2212\u200b-\u200d\ufeff_.-]+')


def new_code(kind: str) -> str:
    """Return a fresh random code for a person or a company.

    >>> new_code(PERSON)[:2], len(new_code(COMPANY))
    ('P-', 11)
    """
    return _grouped(kind, ''.join(secrets.choice(ALPHABET) for _each in range(_LENGTH)))


def new_codes(kind: str, count: int, is_free=lambda codes: codes) -> list[str]:
    """Return ``count`` different fresh codes.

    :param is_free: given a set of codes, returns those that nobody has yet
    """
    found: set[str] = set()
    while len(found) < count:
        drawn = {new_code(kind) for _each in range(count - len(found))} - found
        found |= set(is_free(drawn))
    return list(found)


def normalize(typed: str | None, kind: str = PERSON) -> str | None:
    """Return the code as it is stored, or None if what was typed cannot be one.

    :param kind: what is meant when the letter in front was left out
    """
    if not typed or len(typed) > _MAX_TYPED:
        return None
    letters = _FILLERS.sub('', typed)
    if not letters.isascii():
        return None
    letters = letters.upper()
    if len(letters) == _LENGTH + 1:
        kind, letters = letters[0], letters[1:]
    if len(letters) != _LENGTH or kind not in KINDS or not set(letters) <= set(ALPHABET):
        return None
    return _grouped(kind, letters)


def kind_of(code: str) -> str:
    """Return whose code a normalised one is: that of a person or of a company."""
    return code[0]


def _grouped(kind, letters):
    return f'{kind}-{letters[:4]}-{letters[4:]}'
