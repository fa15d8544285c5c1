"""Settings, documents and extractions as JSON: how stores keep them and dumps show them."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from kg.records import (
    JSON,
    CollectionSettings,
    Document,
    NamedEntity,
    Section,
    Transition,
    Triple,
)

_SETTINGS = ("extractor", "embedder", "max_tokens", "overlap_tokens", "former_embedder")
_TRANSITION = {
    "next_extractor": "extractor",
    "next_max_tokens": "max_tokens",
    "next_overlap_tokens": "overlap_tokens",
    "next_job": "job",
    "swapping": "swapping",
    "swapped_at": "swapped_at",
}
"""What the fields of a transition are called among the settings."""


def dumps(value: JSON) -> str:
    """Compact JSON that keeps every script readable and every mapping's order."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def settings_fields(settings: CollectionSettings) -> dict[str, JSON]:
    """A collection's settings, with its transition, as one flat JSON object."""
    return {
        **{name: getattr(settings, name) for name in _SETTINGS},
        **{key: getattr(settings.transition, name) for key, name in _TRANSITION.items()},
    }


def settings_of(fields: Mapping[str, Any]) -> CollectionSettings:
    """The settings that `settings_fields` was given. What is missing, as it came with a later
    version, has its default; there may be other fields."""
    own = {name: fields[name] for name in _SETTINGS if name in fields}
    transition = {name: fields[key] for key, name in _TRANSITION.items() if key in fields}
    return CollectionSettings(**own, transition=Transition(**transition))


def document_fields(document: Document) -> dict[str, JSON]:
    """A document as a JSON object; `observed_at` in ISO 8601."""
    moment = document.observed_at
    return {
        "id": document.id,
        "fingerprint": document.fingerprint,
        "source": document.source,
        "title": document.title,
        "text": document.text,
        "sections": [
            {"start": part.start, "end": part.end, "heading": part.heading, "page": part.page}
            for part in document.sections
        ],
        "metadata": dict(document.metadata),
        "observed_at": moment.isoformat() if moment else None,
        "media_type": document.media_type,
    }


def document_of(fields: Mapping[str, Any]) -> Document:
    """The document that `document_fields` was given."""
    moment = fields["observed_at"]
    return Document(
        **{
            **fields,
            "sections": tuple(Section(**part) for part in fields["sections"]),
            "observed_at": datetime.fromisoformat(moment) if moment else None,
        }
    )


def in_utc(moment: datetime | None) -> datetime | None:
    """The same moment in UTC, since one moment has many spellings. One without an offset is not
    changed, nor one whose year UTC cannot express."""
    if moment is None or moment.tzinfo is None:
        return moment
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return moment


def entities_json(entities: tuple[NamedEntity, ...]) -> list[JSON]:
    """[[name, type], …]"""
    return [[entity.name, entity.type] for entity in entities]


def triples_json(triples: tuple[Triple, ...]) -> list[JSON]:
    """[[subject, relation, object], …]"""
    return [[triple.subject, triple.relation, triple.object] for triple in triples]


def entities_of(items: list[list[str]]) -> tuple[NamedEntity, ...]:
    """The entities that `entities_json` was given."""
    return tuple(NamedEntity(name=name, type=type_) for name, type_ in items)


def triples_of(items: list[list[str]]) -> tuple[Triple, ...]:
    """The triples that `triples_json` was given."""
    return tuple(
        Triple(subject=subject, relation=relation, object=object_)
        for subject, relation, object_ in items
    )
