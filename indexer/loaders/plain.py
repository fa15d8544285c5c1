"""Plain text.

The title is the first line if it stands alone as a title does (short, a blank line after it, no
punctuation but an initial's at its end, more text to follow), and then leaves the text; else the
file's name.
"""

import re
from collections.abc import Iterator

from indexer.loaders.content import Content
from indexer.loaders.decode import decode
from kg.records import SourceDocument

_TITLE = re.compile(
    r"\s*(\S[^\n]{0,98}(?:[^\s.,:;!?…。，：；！？،؟]|\b[^\W\d_]\.))[^\S\n]*\n[^\S\n]*\n\s*(?=\S)"
)


def read_text(content: Content) -> Iterator[SourceDocument]:
    """One document. Raises: DocumentUnreadable."""
    text = decode(content.data, content.source)
    title = _TITLE.match(text)
    yield SourceDocument(
        source=content.source,
        title=title[1] if title else content.stem,
        text=text[title.end() :] if title else text,
    )
