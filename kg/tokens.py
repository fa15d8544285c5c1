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
_PART = rf"[[\p{{L}}\p{{N}}\p{{M}}{_INVISIBLE}]--[{_UNSPACED}]]"
_WORD = regex.compile(
    r"(?<!\w)['’ʼ][sS]\b"  # a possessive by itself
    rf"|[{_UNSPACED}]\p{{M}}*"
    r"|(?:\p{L}\.){2,}(?:\p{L}\b)?"  # initials
    rf"|(?!\p{{M}}){_PART}+(?:['’ʼ]{_PART}+)*",
    regex.VERSION1,
)
_CHARACTER = regex.compile(rf"[{_UNSPACED}]", regex.VERSION1)
_FIRST_UNSPACED = "\u0e00"
"""The first code point that may belong to a script without spaces."""
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


def tokenise(text: str) -> list[Token]:
    """The tokens of a text, in order; offsets are in characters of the text as given."""
    found: list[Token] = []
    end = 0
    for raw in _WORD.findall(text):
        # Between two matches there are no letters, so no match can begin there.
        start = text.find(raw, end)
        end = start + len(raw)
        first = raw[0]
        form = normal_form(raw)
        if form:  # empty for a possessive
            alone = len(form) > 3 or not form.isdigit()
            if first >= _FIRST_UNSPACED and _CHARACTER.match(first):
                alone = _quoted(text, start, end)
            found.append(Token(form, start, end, not first.islower(), alone))
    return found


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


def has_case(tokens: list[Token], text: str) -> bool:
    """Whether capitals distinguish names from other words in this text: there is a capital after
    the first word, and also a lower-case letter."""
    firsts = [text[token.start] for token in tokens]
    return any(map(str.islower, firsts)) and any(map(str.isupper, firsts[1:]))


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
