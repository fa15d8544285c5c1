"""Tokenisation: the words of a text in a normal form, with their offsets, by which names are
matched.

In the normal form 'H.M.' equals 'HM', 'Cajal’s' equals 'Cajal' and 'Москвы' equals 'Москва': it is
lower-cased, without accents, dots inside initials, the possessive 's, invisible joiners and soft
hyphens. Marks are part of their word; all other punctuation separates words. Scripts written
without spaces give one token per character. Cyrillic and Arabic words are stemmed (Snowball), since
names are inflected in these languages.
"""

import re
import threading
import unicodedata
from functools import lru_cache
from typing import NamedTuple

import regex

_INVISIBLE = "\u00ad\u200c\u200d"
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_FRAMED = "\u24b6-\u24e9\U0001f130-\U0001f149"
"""Letters in circles and squares, which Unicode takes for symbols."""
_PART = rf"[[\p{{L}}\p{{N}}\p{{M}}{_FRAMED}{_INVISIBLE}]--[{_UNSPACED}]]"
_WORD = regex.compile(
    r"(?<!\w)['’ʼ\uff07][sS\uff53\uff33]\b"  # a possessive by itself
    rf"|[{_UNSPACED}]\p{{M}}*"
    r"|(?:\p{L}\.){2,}(?:\p{L}\b)?"  # initials
    rf"|(?!\p{{M}}){_PART}+(?:['’ʼ\uff07]{_PART}+)*",
    regex.VERSION1,
)
_CHARACTER = regex.compile(rf"[{_UNSPACED}]", regex.VERSION1)
_FIRST_UNSPACED = "\u0e00"
"""The first code point that may belong to a script without spaces."""
_PLAIN = bytes(
    ord(chr(code).lower()) if chr(code).isalnum() or chr(code) in "'._" else ord(" ")
    for code in range(128)
).ljust(256)
"""What becomes of ASCII before it is split at blanks: words in small letters, and with them the
apostrophes, dots and underscores that may belong to one or show that it is none."""
_DROPPED = re.compile(
    rf"[\u0300-\u036f\u0591-\u05c7\u0640\u064b-\u065f\u0670\ufe00-\ufe0f{_INVISIBLE}]"
)
_POSSESSIVE = re.compile(r"['’ʼ]s$")
_APOSTROPHE = re.compile(r"['’ʼ.]")
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_ARABIC = re.compile(r"[\u0600-\u06ff]")

_local = threading.local()


class Token(NamedTuple):
    """A word and its position."""

    form: str
    """Normal form; never empty."""
    start: int
    end: int
    named: bool
    """Whether it looks like part of a name: it begins with a capital or a digit, or its script
    has no case."""
    alone: bool
    """Whether it may be a name on its own: not if it is a number of fewer than four digits, or a
    single character of a script without spaces outside quotation marks."""


class Tokens(NamedTuple):
    """The tokens of a text, column by column, for who asks a text one thing after the other: half
    the work of making an object of each."""

    forms: list[str]
    starts: list[int]
    ends: list[int]
    named: list[bool]
    alone: list[bool]


def tokenise(text: str) -> list[Token]:
    """The tokens of a text, in order; offsets are in characters of the text as given."""
    return list(map(Token, *tokens_of(text)))


def tokens_of(text: str) -> Tokens:
    """The same, column by column."""
    found = Tokens([], [], [], [], [])
    if not text.isascii():
        _read(text, 0, len(text), found)
        return found
    forms, starts, ends, named, alone = found
    plain = text.encode().translate(_PLAIN).decode()
    end = 0
    for piece in plain.split():
        start = plain.find(piece, end)
        end = start + len(piece)
        form = piece.removesuffix("'s")
        if form.isalnum():  # most are: then there is nothing to match or to normalise
            forms.append(form)
            starts.append(start)
            ends.append(end)
            named.append(text[start] < "a")
            alone.append(len(form) > 3 or not form.isdigit())
        else:
            _read(text, start, end, found)
    return found


def _read(text: str, start: int, end: int, found: Tokens) -> None:
    """Add the tokens of text[start:end], before and after which there is no part of a word."""
    for raw in _WORD.findall(text, start, end):
        # Between two matches there are no letters, so no match can begin there.
        start = text.find(raw, start)
        first, form = raw[0], normal_form(raw)
        if form:  # empty for a possessive
            found.forms.append(form)
            found.starts.append(start)
            found.ends.append(start + len(raw))
            found.named.append(not first.islower())
            found.alone.append(len(form) > 3 or not form.isdigit())
            if first >= _FIRST_UNSPACED and _CHARACTER.match(first):
                found.alone[-1] = _quoted(text, start, start + len(raw))
        start += len(raw)


@lru_cache(maxsize=65536)
def normal_form(word: str) -> str:
    """The normal form of one word."""
    form = _DROPPED.sub("", unicodedata.normalize("NFKD", word)).casefold()
    form = _APOSTROPHE.sub("", _POSSESSIVE.sub("", form))
    if _CYRILLIC.search(form):
        return _stem("russian", form)
    if _ARABIC.search(form):
        return _stem("arabic", form)
    return form


def has_case(tokens: Tokens, text: str) -> bool:
    """Whether capitals distinguish names from other words in this text: there is a capital after
    the first word, and also a lower-case letter."""
    capitals = [text[start].isupper() for start in tokens.starts[1:]]
    return True in capitals and False in tokens.named


def _quoted(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 1]
    return bool(before and after) and before in '《〈「『“"«' and after in '》〉」』”"»'


def _stem(language: str, word: str) -> str:
    """PyStemmer's stemmers are not thread-safe: each thread has its own."""
    stemmer = getattr(_local, language, None)
    if stemmer is None:
        import Stemmer

        stemmer = Stemmer.Stemmer(language)
        setattr(_local, language, stemmer)
    return str(stemmer.stemWord(word)) or word
