"""The port for reading a graph: one revision of one collection."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from kg.records import (
    Collection,
    Document,
    Entity,
    Extraction,
    Fact,
    Mention,
    Passage,
    Placement,
    Support,
    Synonym,
)

COUNTED = (
    "documents",
    "passages",
    "entities",
    "facts",
    "mentions",
    "supports",
    "synonyms",
    "quarantined",
)
"""What `GraphReader.counts` counts; quarantined are passages whose extraction failed."""


class GraphReader(Protocol):
    """One revision of one collection: everything it yields is consistent.

    Every iterator yields in order of id (placements: of document id and ordinal; mentions and
    supports: of passage id, then of entity or fact id; synonyms: of source id, then target id).
    """

    @property
    def collection(self) -> Collection: ...
    def documents(self, *, after: str = "", limit: int | None = None) -> Iterator[Document]: ...
    def passages(self) -> Iterator[Passage]: ...
    def placements(self) -> Iterator[Placement]: ...
    def extractions(self) -> Iterator[Extraction]: ...
    def entities(self) -> Iterator[Entity]: ...
    def facts(self) -> Iterator[Fact]: ...
    def mentions(self) -> Iterator[Mention]: ...
    def supports(self) -> Iterator[Support]: ...
    def synonyms(self) -> Iterator[Synonym]: ...
    def saved(self) -> Iterator[Extraction]:
        """Extractions that the graph is not derived from, in order of passage id and extractor."""
        ...

    def unlinked(self) -> Sequence[str]:
        """Ids of the entities whose synonyms are not known: new ones, and those that lost a
        synonym."""
        ...

    def counts(self) -> Mapping[str, int]:
        """The number of each of `COUNTED`."""
        ...
