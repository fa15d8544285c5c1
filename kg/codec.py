"""Settings, documents and extractions as JSON, for stores and dumps."""

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
"""Field of a transition -> its name among the settings."""


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
    """The inverse of `settings_fields`. Missing fields, which later versions added, get their
    defaults; unknown fields are ignored."""
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
    """The inverse of `document_fields`."""
    moment = fields["observed_at"]
    return Document(
        **{
            **fields,
            "sections": tuple(Section(**part) for part in fields["sections"]),
            "observed_at": datetime.fromisoformat(moment) if moment else None,
        }
    )


def in_utc(moment: datetime | None) -> datetime | None:
    """The same moment in UTC, so that it has only one spelling. Unchanged if it has no offset, or
    if its year in UTC would be out of range."""
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
    """The inverse of `entities_json`."""
    return tuple(NamedEntity(name=name, type=type_) for name, type_ in items)


def triples_of(items: list[list[str]]) -> tuple[Triple, ...]:
    """The inverse of `triples_json`."""
    return tuple(
        Triple(subject=subject, relation=relation, object=object_)
        for subject, relation, object_ in items
    )
