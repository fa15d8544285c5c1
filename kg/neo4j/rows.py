"""Records as properties of nodes, and properties as records."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from kg.codec import (
    document_fields,
    document_of,
    dumps,
    entities_json,
    entities_of,
    settings_fields,
    settings_of,
    triples_json,
    triples_of,
)
from kg.records import Collection, CollectionSettings, Document, Extraction

_EXTRACTION = [field.name for field in fields(Extraction)]


@dataclass(frozen=True, kw_only=True, slots=True)
class CollectionRow:
    """A collection, and what readers compare."""

    record: Collection
    key: str
    """Another one for each collection that is made, of whatever name."""
    version: int
    """Rises with all that a reader sees, synonyms too."""


def collection_row(properties: Mapping[str, Any]) -> CollectionRow:
    """A collection from its node."""
    record = Collection(
        name=properties["name"],
        revision=properties["revision"],
        settings=settings_of(properties),
        identity=properties.get("identity", ""),
    )
    return CollectionRow(record=record, key=properties["key"], version=properties["version"])


def settings_properties(settings: CollectionSettings) -> dict[str, Any]:
    """Settings as properties of the collection's node."""
    return settings_fields(settings)


def document_properties(document: Document) -> dict[str, Any]:
    """A document's properties; what is nested in it as JSON."""
    nested = document_fields(document)
    return {
        **nested,
        "sections": dumps(nested["sections"]),
        "metadata": dumps(nested["metadata"]),
    }


def document_record(properties: Mapping[str, Any]) -> Document:
    """A document from its node."""
    own = {key: value for key, value in properties.items() if key != "collection"}
    return document_of(
        {
            "observed_at": None,
            **own,
            "sections": json.loads(properties["sections"]),
            "metadata": json.loads(properties["metadata"]),
        }
    )


def extraction_properties(extraction: Extraction) -> dict[str, Any]:
    """An extraction's properties; its lists as JSON."""
    own = {name: getattr(extraction, name) for name in _EXTRACTION}
    return {
        **own,
        "entities": dumps(entities_json(extraction.entities)),
        "triples": dumps(triples_json(extraction.triples)),
    }


def extraction_record(properties: Mapping[str, Any]) -> Extraction:
    """An extraction from its node."""
    own = {name: properties[name] for name in _EXTRACTION if name in properties}
    return Extraction(
        **{
            **own,
            "entities": entities_of(json.loads(properties["entities"])),
            "triples": triples_of(json.loads(properties["triples"])),
        }
    )
