"""What makes a document the same: its source names it, its fingerprint tells whether it changed."""

import json
from datetime import UTC
from typing import Any

from kg import ids
from kg.records import CollectionSettings, Document, SourceDocument


def identify(collection: str, document: SourceDocument, settings: CollectionSettings) -> Document:
    """The document of a collection that this source document is.

    The fingerprint covers all that the graph keeps of the document and the settings that decide
    what becomes of it. The embedder is none of them: embeddings are derived from the graph.
    """
    moment = document.observed_at
    if moment is not None and moment.tzinfo is not None:
        moment = moment.astimezone(UTC)
    sections = [[part.start, part.end, part.heading, part.page] for part in document.sections]
    fingerprint = ids.content_hash(
        document.title,
        document.text,
        _canonical(sections),
        _canonical(dict(document.metadata)),
        moment.isoformat() if moment else "",
        document.media_type,
        _canonical([settings.extractor, settings.max_tokens, settings.overlap_tokens]),
    )
    return Document(
        id=ids.document_id(collection, document.source),
        fingerprint=fingerprint,
        source=document.source,
        title=document.title,
        text=document.text,
        sections=document.sections,
        metadata=document.metadata,
        observed_at=document.observed_at,
        media_type=document.media_type,
    )


def _canonical(value: Any) -> str:
    """JSON whose keys stand in order, so that equal values are equal texts."""
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
