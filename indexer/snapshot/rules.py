"""A fingerprint of how texts are read: where sentences end, what a word is, what may be a name, and
what of it all is embedded.

What one build found in a passage holds for the next only if both read alike; so it is made from the
code that reads, and from the versions of the libraries that this uses.
"""

import hashlib
import unicodedata
from functools import cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

_MODULES = (
    "indexer.snapshot.build",
    "indexer.snapshot.gazetteer",
    "indexer.snapshot.mentions",
    "indexer.snapshot.sentences",
    "indexer.snapshot.stopwords",
    "indexer.snapshot.wording",
    "kg.names",
    "kg.records",
    "kg.surfaces",
    "kg.tokens",
)
_LIBRARIES = ("PyStemmer", "regex", "sentencex", "spacy")


@cache
def rules() -> str:
    """The same string for the same rules; '' if the code cannot be read, as from a zip file."""
    hasher = hashlib.sha256(unicodedata.unidata_version.encode())
    for library in _LIBRARIES:
        hasher.update(f"{library} {version(library)};".encode())
    for name in _MODULES:
        file = Path(import_module(name).__file__ or "")
        if not file.is_file():
            return ""
        hasher.update(file.read_bytes())
    return hasher.hexdigest()[:16]
