"""JSON and JSON lines: an object is a document (see `indexer.loaders.fields`).

A JSON file holds one object, a list of objects, or an object whose `documents` is such a list. A
bad line or object is reported with its place, and the others go on.
"""

import json
from collections.abc import Iterable, Iterator

from indexer.loaders.content import Content
from indexer.loaders.decode import decode
from indexer.loaders.failure import LoadFailure
from indexer.loaders.fields import document_of
from kg.errors import DocumentUnreadable
from kg.records import SourceDocument


def read_json(content: Content) -> Iterator[SourceDocument | LoadFailure]:
    """One document for each object. Raises: DocumentUnreadable if the file is not JSON."""
    text = decode(content.data, content.source)
    try:
        value = _parse(text)
    except ValueError as error:
        if _is_lines(text):
            yield from _read_lines(content, text)
            return
        raise DocumentUnreadable(f"{content.source!r} is not JSON: {error}.") from error
    except RecursionError as error:
        raise DocumentUnreadable(f"{content.source!r} is nested too deeply.") from error
    if isinstance(value, dict) and isinstance(value.get("documents"), list):
        value = value["documents"]
    if value == []:
        raise DocumentUnreadable(f"{content.source!r} has no documents: its list is empty.")
    if isinstance(value, list):
        yield from _limited(content, ((str(n), item) for n, item in enumerate(value, start=1)))
    else:
        yield _document(content, "", value)


def read_json_lines(content: Content) -> Iterator[SourceDocument | LoadFailure]:
    """One document for each line. Raises: DocumentUnreadable if the file is not text."""
    yield from _read_lines(content, decode(content.data, content.source))


def _read_lines(content: Content, text: str) -> Iterator[SourceDocument | LoadFailure]:
    lines = ((str(n), line) for n, line in enumerate(text.split("\n"), start=1) if line.strip())
    yield from _limited(content, lines, is_json=True)


def _limited(
    content: Content, items: Iterable[tuple[str, object]], *, is_json: bool = False
) -> Iterator[SourceDocument | LoadFailure]:
    limit = content.limits.max_documents_per_file
    for done, (place, item) in enumerate(items):
        if done == limit:
            yield LoadFailure(
                source=content.source,
                reason=f"has more than {limit:,} documents: the rest is skipped. Split the file.",
            )
            return
        value = item
        if is_json:
            try:
                value = _parse(str(item))
            except (ValueError, RecursionError) as error:
                yield LoadFailure(
                    source=f"{content.source}#{place}",
                    reason=f"line {place} of {content.source!r} is not JSON: {_said(error)}",
                )
                continue
        yield _document(content, place, value, "line" if is_json else "item")


def _document(
    content: Content, place: str, value: object, kind: str = ""
) -> SourceDocument | LoadFailure:
    source = f"{content.source}#{place}" if place else content.source
    where = f"{kind} {place} of {content.source!r}" if place else repr(content.source)
    if not isinstance(value, dict):
        return LoadFailure(source=source, reason=f"{where} is not an object with a text field")
    try:
        return document_of(value, source=content.source, place=place, media_type="application/json")
    except (DocumentUnreadable, RecursionError) as error:
        return LoadFailure(source=source, reason=f"{where}: {error}")


def _parse(text: str) -> object:
    return json.loads(text, parse_constant=_refuse)


def _said(error: Exception) -> str:
    """What is wrong with a line; the parser would call it line 1."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg}, at column {error.colno}"
    return str(error)


def _refuse(name: str) -> object:
    raise ValueError(f"{name} is not allowed in JSON")


def _is_lines(text: str) -> bool:
    """Whether the first line is a whole object: JSON lines under another name."""
    first = text.lstrip().split("\n", 1)[0]
    try:
        return isinstance(_parse(first), dict)
    except (ValueError, RecursionError):
        return False
