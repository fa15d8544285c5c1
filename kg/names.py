"""Normal forms of names and relations.

Two mentions are the same entity when their normal forms are equal. The form is Unicode's
compatibility form (NFKC), case-folded, with white space collapsed and the punctuation around the
name removed; letters, marks and digits of every script survive. The surface form is kept beside it
for people.
"""

import re
import unicodedata

MAX_NAME_CHARS = 300
"""Longer 'names' are sentences that a model mistook for a name; they are cut here."""

_SPACE = re.compile(r"\s+")
_COLLECTION = re.compile(r"[\w][\w .\-]{0,99}")


def normalise(name: str) -> str:
    """The normal form of an entity's name or of a relation; '' if nothing of it survives."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    folded = _SPACE.sub(" ", folded.replace("\x00", " ")).strip()
    start, end = 0, len(folded)
    while start < end and not _inside(folded[start]):
        start += 1
    end = min(end, start + MAX_NAME_CHARS)
    while end > start and not _inside(folded[end - 1]):
        end -= 1
    return folded[start:end]


def surface(name: str) -> str:
    """A name for display: white space collapsed, nothing else changed."""
    return _SPACE.sub(" ", name.replace("\x00", " ")).strip()[:MAX_NAME_CHARS].rstrip()


def is_collection_name(name: str) -> bool:
    """Whether a collection may have this name: 1-100 letters, digits, ' ', '.', '-', '_'."""
    return _COLLECTION.fullmatch(name) is not None and name == name.strip()


def _inside(char: str) -> bool:
    """Whether a name may begin or end with this character: not punctuation, white space or a
    control."""
    return unicodedata.category(char)[0] not in "PZC"
