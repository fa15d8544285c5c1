"""Passages that came in without a graph: which, of which documents, and why."""

from dataclasses import dataclass

from server.core import Core


@dataclass(frozen=True, kw_only=True, slots=True)
class Quarantined:
    """A passage that is found by its text alone, because its extraction failed."""

    source: str
    """Of a document that has it; a passage in several documents is told once for each."""
    passage: str
    """Its id."""
    reason: str


def quarantine(core: Core, collection: str) -> tuple[Quarantined, ...]:
    """All such passages, by source. Raises: CollectionNotFound."""
    with core.store.peek(collection) as reader:
        if not reader.counts()["quarantined"]:
            return ()
    with core.store.read(collection) as reader:
        reasons = {one.passage_id: one.failure for one in reader.extractions() if one.failure}
        places = [place for place in reader.placements() if place.passage_id in reasons]
        chosen = {place.document_id for place in places}
        sources = {one.id: one.source for one in reader.documents() if one.id in chosen}
    found = (
        Quarantined(
            source=sources[place.document_id],
            passage=place.passage_id,
            reason=reasons[place.passage_id],
        )
        for place in places
    )
    return tuple(sorted(found, key=lambda one: one.source))
