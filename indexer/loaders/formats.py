"""Chooses the loader by the name's ending, or by the first bytes if that is unknown."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from indexer.loaders.clean import clean_json, clean_line, clean_text
from indexer.loaders.content import Content, Reader
from indexer.loaders.csv_table import read_csv
from indexer.loaders.docx import read_docx
from indexer.loaders.failure import LoadFailure
from indexer.loaders.html_page import read_html
from indexer.loaders.json_objects import read_json, read_json_lines
from indexer.loaders.limits import Limits
from indexer.loaders.markdown import read_markdown
from indexer.loaders.pdf import read_pdf
from indexer.loaders.plain import read_text
from kg.errors import DocumentUnreadable
from kg.records import JSON, SourceDocument

READERS: Mapping[str, Reader] = {
    ".txt": read_text,
    ".text": read_text,
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".html": read_html,
    ".htm": read_html,
    ".xhtml": read_html,
    ".pdf": read_pdf,
    ".docx": read_docx,
    ".csv": read_csv,
    ".tsv": read_csv,
    ".json": read_json,
    ".jsonl": read_json_lines,
    ".ndjson": read_json_lines,
}
"""Endings, in lower case, of the files that are read."""

_MAGIC: tuple[tuple[bytes, Reader], ...] = ((b"%PDF-", read_pdf), (b"PK\x03\x04", read_docx))
_HTML = (b"<!doctype html", b"<html")


def is_known(name: str) -> bool:
    """Whether files of this name are read."""
    return PurePosixPath(name).suffix.lower() in READERS


def load_bytes(
    name: str,
    data: bytes,
    *,
    limits: Limits = Limits(),  # noqa: B008  (frozen)
    source: str | None = None,
    metadata: Mapping[str, JSON] | None = None,
) -> Iterator[SourceDocument | LoadFailure]:
    """The documents of one file, given as bytes.

    `source` is what it is known by, by default `name`; `metadata` goes to each of its documents,
    over the file's own. Raises nothing for what the bytes may hold.
    """
    content = Content(source=clean_line(source or name), data=data, limits=limits)
    try:
        if len(data) > limits.max_file_bytes:
            raise DocumentUnreadable(
                f"{content.source!r} has {len(data):,} bytes; at most {limits.max_file_bytes:,} "
                "are allowed (the setting max_file_mb)."
            )
        if not data:
            raise DocumentUnreadable(f"{content.source!r} is empty.")
        for found in _reader(name, data)(content):
            if metadata and isinstance(found, SourceDocument):
                yield replace(found, metadata={**found.metadata, **_cleaned(metadata)})
            else:
                yield found
    except DocumentUnreadable as error:
        yield LoadFailure(source=content.source, reason=str(error))
    except Exception as error:
        # The outermost boundary to libraries that parse files from anywhere: whatever a hostile
        # file makes them raise is that file's failure, and the others go on.
        yield LoadFailure(
            source=content.source,
            reason=f"Cannot read {content.source!r}: {type(error).__name__}: {error}",
        )


def _reader(name: str, data: bytes) -> Reader:
    reader = READERS.get(PurePosixPath(name).suffix.lower())
    for magic, by_magic in _MAGIC:
        if data.startswith(magic):
            return by_magic
    if reader is not None:
        return reader
    start = data[:1000].lstrip().lower()
    if start.startswith(_HTML):
        return read_html
    if start.startswith((b"{", b"[")):
        return read_json
    return read_text


def _cleaned(metadata: Mapping[str, JSON]) -> dict[str, JSON]:
    return {clean_text(name): clean_json(value) for name, value in metadata.items()}
