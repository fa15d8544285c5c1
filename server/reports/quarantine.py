"""Passages whose extraction failed, with their documents and the reasons."""

from collections.abc import Iterable
from dataclasses import dataclass

from server.core import Core


@dataclass(frozen=True, kw_only=True, slots=True)
class Quarantined:
    """A passage that is found by its text alone, because its extraction failed."""

    source: str
    """The document that contains it; a passage in several documents is listed once for each."""
    passage: str
    """Its id."""
    reason: str


def quarantine(
    core: Core, collection: str, document_ids: Iterable[str] | None = None
) -> tuple[Quarantined, ...]:
    """All such passages, or those of these documents, by source. Raises: CollectionNotFound."""
    found = (
        Quarantined(source=one.source, passage=one.passage_id, reason=one.reason)
        for one in core.store.quarantined(collection, document_ids)
    )
    return tuple(sorted(found, key=lambda one: (one.source, one.passage)))
