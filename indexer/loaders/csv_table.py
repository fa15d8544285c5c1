"""CSV and its kin (comma, semicolon, tab or bar between the values; the first row has the names).

With a column `text`, `content` or `body` each row is a document (see `indexer.loaders.fields`).
Without one, the table is one document: a line a row, "name: value" for each value that is there.
"""

import csv
import io
from collections.abc import Iterator, Sequence

from indexer.loaders.content import Content
from indexer.loaders.decode import decode
from indexer.loaders.failure import LoadFailure
from indexer.loaders.fields import document_of, has_text_field
from kg.errors import DocumentUnreadable
from kg.records import SourceDocument

MEDIA_TYPE = "text/csv"

_DELIMITERS = ",;\t|"


def read_csv(content: Content) -> Iterator[SourceDocument | LoadFailure]:
    """A document a row, or the whole table as one. Raises: DocumentUnreadable."""
    text = decode(content.data, content.source)
    # The library's bound on a value's length is one for the whole process; ours is the file's.
    csv.field_size_limit(max(csv.field_size_limit(), content.limits.max_file_bytes))
    rows = csv.reader(io.StringIO(text), delimiter=_delimiter(text))
    try:
        names = [name.strip() for name in next(rows)]
        while not any(names):
            names = [name.strip() for name in next(rows)]
        if has_text_field(dict.fromkeys(names)):
            yield from _documents(content, names, rows)
        else:
            yield _table(content, names, rows)
    except csv.Error as error:
        raise DocumentUnreadable(f"{content.source!r} is not CSV: {error}.") from error
    except StopIteration:
        raise DocumentUnreadable(f"{content.source!r} is empty.") from None


def _documents(
    content: Content, names: Sequence[str], rows: Iterator[list[str]]
) -> Iterator[SourceDocument | LoadFailure]:
    limit = content.limits.max_documents_per_file
    done = 0
    for number, row in enumerate(rows, start=2):
        if not any(value.strip() for value in row):
            continue
        if done == limit:
            yield LoadFailure(
                source=content.source,
                reason=f"has more than {limit:,} rows: the rest is skipped. Split the file.",
            )
            return
        done += 1
        try:
            if len(row) > len(names):
                raise DocumentUnreadable(f"{len(row)} values for {len(names)} columns")
            yield document_of(
                dict(zip(names, row, strict=False)),
                source=content.source,
                place=str(number),
                media_type=MEDIA_TYPE,
            )
        except DocumentUnreadable as error:
            yield LoadFailure(
                source=f"{content.source}#{number}",
                reason=f"row {number} of {content.source!r}: {error}",
            )


def _table(content: Content, names: Sequence[str], rows: Iterator[list[str]]) -> SourceDocument:
    lines = []
    for row in rows:
        values = [" ".join(value.split()) for value in row]
        pairs = zip(names, values, strict=False)
        named = [f"{name}: {value}" if name else value for name, value in pairs if value]
        lines.append("; ".join([*named, *filter(None, values[len(names) :])]))
    text = "\n".join(filter(None, lines)) or "; ".join(filter(None, names))
    return SourceDocument(
        source=content.source, title=content.stem, text=text, media_type=MEDIA_TYPE
    )


def _delimiter(text: str) -> str:
    """The one that stands most often in the first line, outside of quotation marks."""
    first = text.lstrip().split("\n", 1)[0]
    plain = "".join(first.split('"')[::2])
    return max(_DELIMITERS, key=plain.count)
