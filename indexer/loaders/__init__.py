"""Loaders: files and folders -> documents, one file here for each format.

`load` walks paths, `load_bytes` reads one upload. Content that cannot be read comes back as a
`LoadFailure` with its name and the reason, in its place among the documents; nothing that a file
may contain raises an error. Text is taken as it is but for line ends (made "\\n"), NUL characters
and halves of surrogate pairs (which no store can keep); pages and headings become the document's
sections, whose offsets point into exactly that text.
"""

from indexer.loaders.failure import LoadFailure
from indexer.loaders.files import load
from indexer.loaders.formats import load_bytes
from indexer.loaders.limits import Limits

__all__ = ["Limits", "LoadFailure", "load", "load_bytes"]
