"""Plain text: the file as it is; its name is the title."""

from collections.abc import Iterator

from indexer.loaders.content import Content
from indexer.loaders.decode import decode
from kg.records import SourceDocument


def read_text(content: Content) -> Iterator[SourceDocument]:
    """One document. Raises: DocumentUnreadable."""
    text = decode(content.data, content.source)
    yield SourceDocument(source=content.source, title=content.stem, text=text)
