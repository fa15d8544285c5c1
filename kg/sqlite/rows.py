"""Records as rows, and rows as records."""

import json
from collections.abc import Iterable
from typing import Any, TypeAlias

from kg.codec import (
    document_fields,
    document_of,
    dumps,
    entities_json,
    entities_of,
    settings_of,
    triples_json,
    triples_of,
)
from kg.records import Collection, Document, Extraction, Placement

Row: TypeAlias = tuple[Any, ...]


def ids_of(items: Iterable[str | int]) -> str:
    """The parameter `:ids`."""
    return json.dumps(list(items))


def collection_record(name: str, revision: int, settings: str, identity: str) -> Collection:
    """A collection from its row."""
    return Collection(
        name=name,
        revision=revision,
        settings=settings_of(json.loads(settings)),
        identity=identity,
    )


def document_row(document: Document) -> dict[str, Any]:
    """A document's columns."""
    fields = document_fields(document)
    return {
        **fields,
        "sections": dumps(fields["sections"]),
        "metadata": dumps(fields["metadata"]),
    }


def document_record(row: Row) -> Document:
    """A document from its row."""
    id_, fingerprint, source, title, text, sections, metadata, observed_at, media_type = row
    return document_of(
        {
            "id": id_,
            "fingerprint": fingerprint,
            "source": source,
            "title": title,
            "text": text,
            "sections": json.loads(sections),
            "metadata": json.loads(metadata),
            "observed_at": observed_at,
            "media_type": media_type,
        }
    )


def placement_row(placement: Placement) -> dict[str, Any]:
    """A placement's columns."""
    return {
        "document_id": placement.document_id,
        "ordinal": placement.ordinal,
        "passage_id": placement.passage_id,
        "start": placement.start,
        "end": placement.end,
        "page": placement.page,
    }


def placement_record(row: Row) -> Placement:
    """A placement from its row."""
    document_id, ordinal, passage_id, start, end, page = row
    return Placement(
        document_id=document_id,
        ordinal=ordinal,
        passage_id=passage_id,
        start=start,
        end=end,
        page=page,
    )


def extraction_row(extraction: Extraction) -> dict[str, Any]:
    """An extraction's columns."""
    return {
        "passage_id": extraction.passage_id,
        "extractor": extraction.extractor,
        "entities": dumps(entities_json(extraction.entities)),
        "triples": dumps(triples_json(extraction.triples)),
        "model": extraction.model,
        "prompt_version": extraction.prompt_version,
        "input_tokens": extraction.input_tokens,
        "output_tokens": extraction.output_tokens,
        "raw": extraction.raw,
        "failure": extraction.failure,
    }


def extraction_record(row: Row) -> Extraction:
    """An extraction from its row."""
    passage, extractor, entities, triples, model, prompt, tokens_in, tokens_out, raw, failure = row
    return Extraction(
        passage_id=passage,
        extractor=extractor,
        entities=entities_of(json.loads(entities)),
        triples=triples_of(json.loads(triples)),
        model=model,
        prompt_version=prompt,
        input_tokens=tokens_in,
        output_tokens=tokens_out,
        raw=raw,
        failure=failure,
    )
