"""Where a passage occurs: every position in every document."""

import json
from collections.abc import Iterable

import numpy as np

from kg.snapshot import Ragged, Snapshot
from retrieval.results import Citation


def source_of(snapshot: Snapshot, passage: int) -> str:
    """The source of the first of a passage's documents; '' if it has none."""
    documents = snapshot.passages.documents.row(passage)
    return snapshot.documents.source[int(documents[0])] if len(documents) else ""


def citations(snapshot: Snapshot, passage: int) -> tuple[Citation, ...]:
    """A passage's citations, in order of document, then of position."""
    table = snapshot.documents
    found: list[Citation] = []
    for document in _documents(snapshot.passages.documents, passage):
        for place in _places(table.passages, document, passage):
            stored = table.metadata[document]
            found.append(
                Citation(
                    document_id=table.id[document],
                    source=table.source[document],
                    title=table.title[document],
                    start=table.start.item(place),
                    end=table.end.item(place),
                    page=table.page.item(place) or None,
                    metadata=json.loads(stored) if stored != "{}" else {},
                    observed_at=table.observed_at[document],
                )
            )
    return tuple(found)


def _documents(of: Ragged, passage: int) -> Iterable[int]:
    """A passage's documents, each once."""
    first, end = of.indptr.item(passage), of.indptr.item(passage + 1)
    if end - first == 1:
        return (of.items.item(first),)
    return dict.fromkeys(of.items[first:end].tolist())


def _places(held: Ragged, document: int, passage: int) -> list[int]:
    """The rows of a document's placements that are of this passage."""
    first, end = held.indptr.item(document), held.indptr.item(document + 1)
    if end - first == 1:
        return [first]
    rows: list[int] = np.flatnonzero(held.items[first:end] == passage).tolist()
    return [first + row for row in rows]
