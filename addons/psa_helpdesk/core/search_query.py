"""What somebody typed into the search box, understood: words, phrases, exclusions. Pure: no database.

Whatever is typed is a search; nothing is a syntax error.

>>> parse('printer "paper jam" -toner scan*')
(Term(text='printer'), Term(text='paper jam', is_phrase=True), Term(text='toner', is_excluded=True), Term(text='scan', is_prefix=True))
>>> parse('19" monitor')
(Term(text='19'), Term(text='monitor'))
"""

import re
import unicodedata
from dataclasses import dataclass, field

MAX_LENGTH = 400
MAX_TERMS = 16
# Shorter beginnings stand for so many words that they tell nothing.
MIN_PREFIX = 2

# Languages the database has stemming for, by the code a language of Odoo begins with. A configuration that an older database lacks
# is left out when the database is asked.
CONFIGURATIONS = {
    "ar": "arabic", "hy": "armenian", "eu": "basque", "ca": "catalan", "da": "danish", "nl": "dutch", "en": "english",
    "et": "estonian", "fi": "finnish", "fr": "french", "de": "german", "el": "greek", "hi": "hindi", "hu": "hungarian",
    "id": "indonesian", "ga": "irish", "it": "italian", "lt": "lithuanian", "ne": "nepali", "nb": "norwegian", "nn": "norwegian",
    "no": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian", "es": "spanish", "sv": "swedish",
    "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}
SIMPLE = "simple"

# Places to search in, by the weight the words of each carry in the index.
PLACES = {"summary": "A", "description": "B", "comment": "C", "resolution": "D"}

_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»″＂", '"'))
# A phrase, or what stands between spaces; a minus excludes either. A quote without its partner (19" monitor) says nothing.
_PART = re.compile(r'(?P<minus>(?<!\S)-)?(?:"(?P<phrase>[^"]*)"|(?P<word>[^\s"]+))')
_UMLAUT = {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "å": "aa", "Å": "Aa", "ø": "oe", "Ø": "Oe"}
# Indexed words have no quotes of their own.
_LEXEME = re.compile(r"('[^']+')(?::(\*))?")
_TRANSCRIBED = re.compile(r"([aou])e", re.IGNORECASE)


@dataclass(frozen=True)
class Term:
    """One thing that must be in a ticket, or must not.

    :param text: as it was typed, without quotes, minus and asterisk
    :param is_phrase: the words stand next to each other
    :param is_excluded: what has it is not wanted
    :param is_prefix: the (last) word only begins like this
    """

    text: str
    is_phrase: bool = field(default=False)
    is_excluded: bool = field(default=False)
    is_prefix: bool = field(default=False)

    def __repr__(self):
        said = "".join(f", {name}=True" for name in ("is_phrase", "is_excluded", "is_prefix") if getattr(self, name))
        return f"Term(text={self.text!r}{said})"


def parse(text):
    """Return the terms of what was typed, each once, in their order."""
    text = "".join(
        char if unicodedata.category(char) != "Cc" and char != "\ufffd" else " " for char in (text or "")[:MAX_LENGTH]
    ).translate(_QUOTES)
    # Surrogates come from broken clients and are no text to any database.
    text = text.encode("utf-8", "ignore").decode()
    terms = {}
    for part in _PART.finditer(text):
        is_phrase = part["phrase"] is not None
        said = part["phrase"] if is_phrase else part["word"]
        is_prefix = not is_phrase and said.endswith("*") and len(_letters(said)) >= MIN_PREFIX
        said = " ".join(said.split())
        if not (is_phrase and " " in said):
            # A word in quotes is that word, and has no asterisk either.
            said = said.strip("*")
        if not _letters(said):
            continue
        term = Term(said, is_phrase and " " in said, bool(part["minus"]), is_prefix)
        terms.setdefault((term.text.casefold(), term.is_excluded), term)
    return tuple(terms.values())[:MAX_TERMS]


def wanted(terms):
    """Return the terms that must be there."""
    return tuple(term for term in terms if not term.is_excluded)


def excluded(terms):
    """Return the terms that must not be there."""
    return tuple(term for term in terms if term.is_excluded)


def spellings(text):
    """Return the ways people write the same: with an umlaut, without, and with an e after it.

    The index has no accents: "Müller" is found as "muller". Somebody else wrote "Mueller", or asks for it.

    >>> spellings("Müller")
    ('Müller', 'Mueller')
    >>> spellings("Mueller")
    ('Mueller', 'Muller')
    """
    composed = unicodedata.normalize("NFC", text)
    transcribed = "".join(_UMLAUT.get(char, char) for char in composed)
    found = (text, transcribed, _TRANSCRIBED.sub(r"\1", composed))
    return tuple(dict.fromkeys(found))


def configuration_code(language):
    """Return the code under which a language of Odoo is indexed, or None if there is no stemming for it.

    >>> configuration_code("de_CH"), configuration_code("ja_JP"), configuration_code(None)
    ('de', None, None)
    """
    code = (language or "").replace("@", "_").split("_")[0]
    return code if code in CONFIGURATIONS else None


def weights(places):
    """Return the weights of the places as the index has them; none where all are meant, which is faster.

    >>> weights(["summary", "resolution"]), weights(PLACES)
    ('AD', '')
    """
    chosen = "".join(weight for place, weight in PLACES.items() if place in places)
    return "" if len(chosen) == len(PLACES) else chosen


def combine(alternatives, operator):
    """Return the text of a query that asks for one alternative of each (or, by "|", of any) list.

    Alternatives are queries as the database writes them; an empty one (a stop word, mere punctuation) asks for nothing.

    >>> combine([["'printers'", "'print'", "'printers'"], ["'jam'"], [""]], "&")
    "('printers' | 'print') & ('jam')"
    """
    asked = [" | ".join(dict.fromkeys(filter(None, either))) for either in alternatives]
    return f" {operator} ".join(f"({either})" for either in asked if either)


def as_beginning(query):
    """Return a query whose last word need only begin so.

    >>> as_beginning("'foo' <-> 'ba'")
    "'foo' <-> 'ba':*"
    """
    return f"{query}:*" if query.endswith("'") else query


def weigh(query, chosen):
    """Return the query for words of these weights only.

    >>> weigh("('a' <-> 'b':*) & ('c')", "AC")
    "('a':AC <-> 'b':*AC) & ('c':AC)"
    """
    return _LEXEME.sub(rf"\1:\2{chosen}", query) if chosen else query


def any_of(query):
    """Return the query for any of the words of another one, for showing what was found.

    >>> any_of("('a' <-> 'b':*) & ('c' | 'a')")
    "'a' | 'b':* | 'c'"
    """
    return " | ".join(dict.fromkeys(match.group() for match in _LEXEME.finditer(query)))


def _letters(text):
    return [char for char in text if char.isalnum()]
