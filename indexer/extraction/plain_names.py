"""The names that a text plainly has: by which it is told that a model overlooked all of them.

What counts is what stands in running text: words with capitals beside words without. So neither
tables nor headings count, nor what only begins a sentence, nor days and months; nor what is written
in capitals throughout, but for single words as NASA; nor single words where a language gives every
noun a capital. It finds fewer names than there are, and none in scripts without capitals: whoever
goes by it doubts an answer only where there is much to doubt.
"""

import re
from collections.abc import Iterator, Sequence

MANY = 5
"""Different names from which on a text is not without any."""

_PIECE = re.compile(r"[^.!?:;|\t\n\r•\"“”«»()\[\]{}<>=_/\\#*~`@]+")
"""Words that belong together: no sentence, cell or bracket ends among them."""
_WORD = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*|\d+|,")
_LINKS = frozenset("of de da do di del della der den van von the la le y e bin ibn al".split())
"""Small words within names."""
_NO_NAMES = frozenset(
    "i monday tuesday wednesday thursday friday saturday sunday january february march april may "
    "june july august september october november december mr mrs ms dr mom mum dad god ok".split()
)
_NOUNS_HAVE_CAPITALS = frozenset(
    "der die das und ist nicht ein eine mit den dem auch auf sie von zu im für sich bei zur "
    "als sowie".split()
)
"""Words by which such a language (German) is known."""
_ENOUGH = 0.06
"""Their share of a text's words."""
_SHORT = 3
"""Letters of words as `In`, `The` and `Der`."""


def plain_names(text: str) -> Sequence[str]:
    """The different names, in their order; none if most of the text is in capitals."""
    words = _WORD.findall(text)
    if sum(map(_is_shouted, words)) > sum(map(str.isalpha, words)) / 2:
        return []
    nouns_have_capitals = sum(word.casefold() in _NOUNS_HAVE_CAPITALS for word in words)
    strict = nouns_have_capitals > _ENOUGH * len(words)
    common = {word for word in words if word.islower()}
    found: dict[str, str] = {}
    for name in _names(text):
        single = " " not in name
        if single and (strict or name.casefold() in common or name.casefold() in _NO_NAMES):
            continue
        found.setdefault(name.casefold(), name)
    return list(found.values())


def _names(text: str) -> Iterator[str]:
    for piece in _PIECE.findall(text):
        words = _WORD.findall(piece)
        for start, end in _runs(words):
            before = words[start - 1] if start else ""
            after = words[end] if end < len(words) else ""
            if start == 0:  # any word may begin a sentence, and the short ones are seldom names
                if end == 1:
                    continue
                start += len(words[0]) <= _SHORT
                while start < end and words[start] in _LINKS:  # as in "In the May"
                    start += 1
            capitals = [word for word in words[start:end] if word not in _LINKS]
            if len(capitals) > 1 and all(map(_is_shouted, capitals)):
                continue
            if before.islower() or after.islower():
                yield " ".join(words[start:end])


def _runs(words: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where words with capitals stand in a row, links among them included."""
    at = 0
    while at < len(words):
        if not _is_capital(words[at]):
            at += 1
            continue
        end = at + 1
        while end < len(words):
            skip = end
            while skip < len(words) and words[skip] in _LINKS:
                skip += 1
            if skip == len(words) or not _is_capital(words[skip]):
                break
            end = skip + 1
        yield at, end
        at = end


def _is_shouted(word: str) -> bool:
    """Whether it is written in capitals throughout, as `NASA` and `WITHOUT WARRANTY`."""
    return len(word) > 1 and word.isupper()


def _is_capital(word: str) -> bool:
    """Whether it is written like a name: `Ann` and `NASA`, neither `I` nor `camelCase`."""
    if len(word) < 2 or not word[0].isupper():
        return False
    parts = re.split(r"['’\-]", word)
    return all(part.istitle() or part.isupper() or part.islower() for part in parts)
