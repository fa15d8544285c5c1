"""What makes a document the same: its source names it, its fingerprint tells whether it changed."""

import json
from dataclasses import replace
from typing import Any

from kg import ids
from kg.codec import in_utc
from kg.records import CollectionSettings, Document, SourceDocument
from kg.validation import as_unicode


def identify(collection: str, document: SourceDocument, settings: CollectionSettings) -> Document:
    """The document of a collection that this source document is.

    The fingerprint covers all that the graph keeps of the document and the settings that decide
    what becomes of it. The embedder is none of them: embeddings are derived from the graph.
    Halves of surrogate pairs, which no store can keep, become question marks.
    """
    document = _in_unicode(document)
    moment = in_utc(document.observed_at)
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


AHEAD = "ahead:"


def identify_ahead(
    collection: str, document: SourceDocument, settings: CollectionSettings
) -> Document:
    """The document as it is queued to be extracted for what its collection is indexed with next
    (see `indexer.changeover`): in the graph it stays as it is."""
    found = identify(collection, document, settings)
    return replace(found, fingerprint=AHEAD + found.fingerprint)


def is_ahead(fingerprint: str) -> bool:
    """Whether it is that of such a document."""
    return fingerprint.startswith(AHEAD)


def _in_unicode(document: SourceDocument) -> SourceDocument:
    """The document as UTF-8 can hold it; each text keeps its length, so that offsets stay right."""
    return replace(
        document,
        source=as_unicode(document.source),
        title=as_unicode(document.title),
        text=as_unicode(document.text),
        sections=tuple(
            replace(part, heading=as_unicode(part.heading)) for part in document.sections
        ),
        metadata=json.loads(as_unicode(json.dumps(dict(document.metadata), ensure_ascii=False))),
        media_type=as_unicode(document.media_type),
    )


def _canonical(value: Any) -> str:
    """JSON whose keys stand in order, so that equal values are equal texts."""
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
