"""The canonical dump, which is byte-identical for collections of the same content.

One JSON object per line, with sorted keys; records are in order of id. Nothing in it depends on
when or how the graph was built: no times, revisions, jobs, token counts or raw model answers.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from kg.codec import document_fields, entities_json, in_utc, triples_json
from kg.records import Document, Extraction
from kg.store import GraphReader


def dump(reader: GraphReader) -> Iterator[str]:
    """The lines of the dump, without line ends."""
    for document in reader.documents():
        yield _line("document", _document(document))
    for passage in reader.passages():
        yield _line("passage", asdict(passage))
    for placement in reader.placements():
        yield _line("placement", asdict(placement))
    for extraction in reader.extractions():
        yield _line("extraction", _extraction(extraction))
    for entity in reader.entities():
        yield _line("entity", asdict(entity))
    for fact in reader.facts():
        yield _line("fact", asdict(fact))
    for mention in reader.mentions():
        yield _line("mention", asdict(mention))
    for support in reader.supports():
        yield _line("support", asdict(support))
    for synonym in reader.synonyms():
        yield _line("synonym", asdict(synonym))


def dump_hash(reader: GraphReader) -> str:
    """SHA-256 of the dump's lines, each with a line feed, in hexadecimal."""
    hasher = hashlib.sha256()
    for line in dump(reader):
        hasher.update(f"{line}\n".encode())
    return hasher.hexdigest()


def _document(document: Document) -> dict[str, Any]:
    moment = in_utc(document.observed_at)
    return {**document_fields(document), "observed_at": moment.isoformat() if moment else None}


def _extraction(extraction: Extraction) -> dict[str, Any]:
    return {
        "passage_id": extraction.passage_id,
        "extractor": extraction.extractor,
        "entities": entities_json(extraction.entities),
        "triples": triples_json(extraction.triples),
        "failure": extraction.failure,
    }


def _line(kind: str, fields: dict[str, Any]) -> str:
    return json.dumps({"kind": kind, **fields}, ensure_ascii=False, sort_keys=True)
