"""The port to the graph's truth: collections, documents, passages and their extractions.

Every method that changes a collection is one transaction, which raises the collection's revision
by one. Mentions, entities, facts and supports are derived inside that transaction
(`kg.derive.passage_graph`) and live exactly as long as a passage supports them.

Implementations: `kg.memory.MemoryStore` (the reference), `kg.sqlite.SQLiteStore` (the default).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from kg.records import (
    Collection,
    CollectionSettings,
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


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentGraph:
    """A document with the passages it is made of, in order, and where they stand in it."""

    document: Document
    placements: tuple[Placement, ...]
    passages: tuple[Passage, ...]
    """Each passage once, even if it stands in several places."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What one transaction does to a collection. The order of the parts does not matter."""

    put: tuple[DocumentGraph, ...] = ()
    """Documents that come in, or take the place of what was under the same id."""
    delete: tuple[str, ...] = ()
    """Ids of documents that go; an id that is not there is ignored."""
    extractions: tuple[Extraction, ...] = ()
    """The extractions from which the graph of these passages is derived from now on."""
    completed: tuple[str, ...] = ()
    """Ids of tasks (`kg.jobs.Task`) that are done when this transaction is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """What differs between two revisions of a collection; net, each id in one place at most."""

    revision: int
    """The revision that these changes lead to."""
    documents_put: frozenset[str] = frozenset()
    documents_deleted: frozenset[str] = frozenset()
    passages_put: frozenset[str] = frozenset()
    """Passages that came, or whose extraction changed."""
    passages_deleted: frozenset[str] = frozenset()


class GraphReader(Protocol):
    """One revision of one collection: all that it yields belongs together.

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
    def unlinked(self) -> Sequence[str]:
        """Ids of the entities whose synonyms are not known: new ones, and those that lost one."""
        ...

    def counts(self) -> Mapping[str, int]:
        """Number of documents, passages, entities, facts, mentions, supports, synonyms and
        quarantined (passages whose extraction failed)."""
        ...


class GraphStore(Protocol):
    """Where a knowledge graph is kept. Safe for several threads and, if durable, processes."""

    def create_collection(self, name: str, settings: CollectionSettings) -> Collection:
        """Make an empty collection at revision 0.

        Raises: NameInvalid, CollectionExists.
        """
        ...

    def collection(self, name: str) -> Collection:
        """Raises: CollectionNotFound."""
        ...

    def collections(self) -> Sequence[Collection]:
        """All collections, by name."""
        ...

    def update_settings(self, name: str, settings: CollectionSettings) -> Collection:
        """Change how the collection is indexed from now on; what is indexed stays as it is."""
        ...

    def delete_collection(self, name: str) -> None:
        """Remove a collection with all that belongs to it. Raises: CollectionNotFound."""
        ...

    def commit(self, collection: str, change: Change) -> int:
        """Apply a change in one transaction and return the new revision.

        A change that does nothing (`Change()`, or deletions of what is not there) leaves the
        revision as it is; tasks that it completes are completed all the same.
        Raises: CollectionNotFound.
        """
        ...

    def fingerprints(self, collection: str) -> Mapping[str, str]:
        """Document id -> fingerprint, for every document in the graph."""
        ...

    def document(self, collection: str, document_id: str) -> Document:
        """Raises: CollectionNotFound, DocumentNotFound."""
        ...

    def save_extractions(self, collection: str, extractions: Sequence[Extraction]) -> None:
        """Keep what a model returned at once, before (or without) a commit that uses it.

        One row per passage and extractor; a later one replaces it. The revision does not change.
        """
        ...

    def saved_extractions(
        self, collection: str, extractor: str, passage_ids: Sequence[str]
    ) -> Mapping[str, Extraction]:
        """What was saved for these passages by that extractor: passage id -> extraction."""
        ...

    def prune_extractions(self, collection: str) -> int:
        """Forget saved extractions of passages that are neither in the graph nor part of a
        waiting task's document; return how many."""
        ...

    def replace_synonyms(
        self, collection: str, sources: Sequence[str], synonyms: Sequence[Synonym]
    ) -> None:
        """Set the synonyms of these sources, which are linked from now on. Derived data: the
        revision does not change. Ids that are not in the graph are ignored."""
        ...

    def forget_synonyms(self, collection: str) -> None:
        """Make every entity unlinked (as when the embedder changes)."""
        ...

    def changes_since(self, collection: str, revision: int) -> Changes:
        """Raises: RevisionForgotten if changes that old are no longer kept."""
        ...

    def read(self, collection: str) -> AbstractContextManager[GraphReader]:
        """Open a reader at the present revision; writers go on meanwhile.

        Raises: CollectionNotFound.
        """
        ...

    def close(self) -> None:
        """Release files and connections."""
        ...
