"""Where a passage occurs: every position in every document."""

import json
from collections.abc import Sequence

from kg.snapshot import Snapshot
from retrieval.results import Citation


def source_of(snapshot: Snapshot, passage: int) -> str:
    """The source of the first of a passage's documents; '' if it has none."""
    documents = snapshot.passages.documents.row(passage)
    return snapshot.documents.source[int(documents[0])] if len(documents) else ""


def name_of(snapshot: Snapshot, passage: int) -> str:
    """A passage's name for display: its title, or else its source or id."""
    table = snapshot.passages
    return table.title[passage] or source_of(snapshot, passage) or table.id[passage]


def citations(
    count: int, places: Sequence[Sequence[int]], strings: Sequence[str]
) -> list[list[Citation]]:
    """The citations of each of `count` passages.

    places: which passage it is of, start, end and page, in the order of the citations; strings: the
    ids of these places' documents, then their sources, titles, metadata and dates.
    """
    found: list[list[Citation]] = [[] for _ in range(count)]
    m = len(places)
    for (passage, start, end, page), document_id, source, title, metadata, observed_at in zip(
        places,
        strings[:m],
        strings[m : 2 * m],
        strings[2 * m : 3 * m],
        strings[3 * m : 4 * m],
        strings[4 * m :],
        strict=True,
    ):
        found[passage].append(
            Citation(
                document_id=document_id,
                source=source,
                title=title,
                start=start,
                end=end,
                page=page or None,
                metadata=json.loads(metadata) if metadata != "{}" else {},
                observed_at=observed_at,
            )
        )
    return found
