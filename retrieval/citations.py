"""Where a passage stands: every place in every document."""

import json

from kg.snapshot import Snapshot
from retrieval.results import Citation


def source_of(snapshot: Snapshot, passage: int) -> str:
    """The source of the first of a passage's documents; '' if it has none."""
    documents = snapshot.passages.documents.row(passage)
    return snapshot.documents.source[int(documents[0])] if len(documents) else ""


def citations(snapshot: Snapshot, passage: int) -> tuple[Citation, ...]:
    """A passage's places, in order of document, then of place."""
    table = snapshot.documents
    found: list[Citation] = []
    for document in dict.fromkeys(snapshot.passages.documents.row(passage).tolist()):
        first = table.passages.indptr.item(document)
        held = table.passages.row(document)
        places = [0] if len(held) == 1 else (held == passage).nonzero()[0].tolist()
        found.extend(
            Citation(
                document_id=table.id[document],
                source=table.source[document],
                title=table.title[document],
                start=table.start.item(place),
                end=table.end.item(place),
                page=table.page.item(place) or None,
                metadata=json.loads(stored) if (stored := table.metadata[document]) != "{}" else {},
                observed_at=table.observed_at[document],
            )
            for place in [first + row for row in places]
        )
    return tuple(found)
