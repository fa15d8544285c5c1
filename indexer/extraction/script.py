"""Entities of a text that no model here reads: what its script alone tells.

| type | what |
|---|---|
| TITLE | the document's title, without brackets at its end |
| QUOTED | what stands in quotation marks or title marks: 《…》 「…」 «…» “…” „…“ "…" |
| NAME | capitalised words in a row, in scripts with case (Cyrillic, Greek, Armenian, Latin) |
| DATE | numbers from 1000 to 2100, in any script's digits |
| CARDINAL | other numbers |

The first word of a sentence is capitalised anyway: it counts only where the text has it
capitalised within a sentence, or before other capitalised words; and never where it is a short
word such as "В" or a word that the text has in lower case too. A Latin word in a text of another
script is a name wherever it has a capital. Chinese, Japanese, Thai and Arabic have no case: there
the names of other documents are found later, by the gazetteer.
"""

import re
import unicodedata
from collections.abc import Iterator

from kg.records import NamedEntity

TITLE, QUOTED, NAME, DATE, CARDINAL = "TITLE", "QUOTED", "NAME", "DATE", "CARDINAL"

MAX_QUOTED_CHARS = 60
"""What is longer is speech, not a name."""

_QUOTES = (
    ("《", "》"),
    ("〈", "〉"),
    ("「", "」"),
    ("『", "』"),
    ("«", "»"),
    ("“", "”"),
    ("„", "“"),
    ("„", "”"),
    ('"', '"'),
)
_QUOTED = [
    re.compile(f"{opening}([^{opening}{closing}\n]{{1,{MAX_QUOTED_CHARS}}}){closing}")
    for opening, closing in _QUOTES
]
_LATIN = "A-Za-z\u00c0-\u024f"
_WORD = re.compile(
    rf"[{_LATIN}]+(?:['’\-][{_LATIN}]+)*|[^\W\d_{_LATIN}]+(?:['’\-][^\W\d_{_LATIN}]+)*"
)
_NUMBER = re.compile(r"\d+(?:[.,٫٬]\d+)*")
_BRACKETS = re.compile(r"\s*[(（][^()（）]*[)）]\s*$")
_SENTENCE_END = frozenset(".!?…。！？؟।\n")
_MIN_FIRST_WORD = 4
_SAMPLE_CHARS = 5_000


def is_latin(text: str) -> bool:
    """Whether two thirds of the letters at the text's beginning are Latin, or it has no letters."""
    if text.isascii():
        return True
    letters = [char for char in text[:_SAMPLE_CHARS] if char.isalpha()]
    return 3 * sum(map(_is_latin_letter, letters)) >= 2 * len(letters)


def entities(title: str, text: str) -> Iterator[NamedEntity]:
    """The title, then all that the text names, kind by kind, each in order of the text."""
    if title:
        yield NamedEntity(name=_BRACKETS.sub("", title) or title, type=TITLE)
    unquoted = text
    for pattern in _QUOTED:
        for match in pattern.finditer(text):
            if any(char.isalpha() for char in match[1]):
                yield NamedEntity(name=match[1].strip(), type=QUOTED)
        unquoted = pattern.sub(lambda match: "_" * len(match[0]), unquoted)
    for name in _names(unquoted):
        yield NamedEntity(name=name, type=NAME)
    for match in _NUMBER.finditer(text):
        yield NamedEntity(name=match[0], type=DATE if _is_year(match[0]) else CARDINAL)


def _names(text: str) -> Iterator[str]:
    """Capitalised words in a row."""
    words = list(_WORD.finditer(text))
    small = {word[0] for word in words if word[0].islower()}
    capital = {
        word[0] for word in words if word[0][0].isupper() and not _begins_sentence(text, word)
    }
    run: list[re.Match[str]] = []
    for word in words:
        if run and not _goes_on(text, run[-1], word):
            yield from _finish(text, run, small, capital)
            run = []
        if _is_capitalised(word[0]):
            run.append(word)
        else:
            yield from _finish(text, run, small, capital)
            run = []
    yield from _finish(text, run, small, capital)


def _finish(
    text: str, run: list[re.Match[str]], small: set[str], capital: set[str]
) -> Iterator[str]:
    """The name that the words in a row make, without a first word that only begins a sentence."""
    if run and _begins_sentence(text, run[0]) and not _is_latin_letter(run[0][0][0]):
        first = run[0][0]
        initial = len(first) == 1 and text[run[0].end() : run[0].end() + 1] == "."
        if first not in capital and not initial:
            alone = len(run) == 1
            if alone or len(first) < _MIN_FIRST_WORD or first.lower() in small:
                run = run[1:]
    if run and (len(run) > 1 or len(run[0][0]) > 1):
        yield text[run[0].start() : run[-1].end()]


def _goes_on(text: str, last: re.Match[str], word: re.Match[str]) -> bool:
    """Whether two words stand side by side: only a space, or an initial's full stop, between."""
    between = text[last.end() : word.start()]
    return between == " " or (between in (".", ". ") and len(last[0]) == 1)


def _is_capitalised(word: str) -> bool:
    return word[0].isupper() or (_is_latin_letter(word[0]) and not word.islower())


def _begins_sentence(text: str, word: re.Match[str]) -> bool:
    """Whether nothing but spaces and opening punctuation stands between it and a sentence's end."""
    position = word.start() - 1
    while position >= 0 and text[position] not in _SENTENCE_END:
        if unicodedata.category(text[position]) not in ("Zs", "Ps", "Pi", "Pd"):
            return False
        position -= 1
    # The full stop of an initial ends no sentence.
    return not (
        position >= 1
        and text[position] == "."
        and text[position - 1].isupper()
        and not text[position - 2 : position - 1].isalpha()
    )


def _is_year(number: str) -> bool:
    return len(number) == 4 and number.isdigit() and 1000 <= int(number) <= 2100


def _is_latin_letter(char: str) -> bool:
    return char.isascii() or unicodedata.name(char, "").startswith(("LATIN", "FULLWIDTH LATIN"))
