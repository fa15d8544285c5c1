"""The port for the graph's source data: collections, documents, passages and their extractions.

Every method that changes a collection is one transaction, which increments the collection's
revision; saving extractions or synonyms does not. Mentions, entities, facts and supports are
derived inside that transaction (`kg.derive.passage_graph`) and live exactly as long as a passage
supports them.

Texts are Unicode: half of a surrogate pair is refused (DocumentUnreadable, InputError). Every
method that names a collection raises CollectionNotFound if it is not there.

Implementations: `kg.memory.MemoryStore` (the reference), `kg.sqlite.SQLiteStore` (the default),
`kg.neo4j.Neo4jStore` (for servers).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from kg.jobs import Progress
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
    Quarantined,
    Reading,
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


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentGraph:
    """A document with its passages, in order, and their positions in it."""

    document: Document
    placements: tuple[Placement, ...]
    passages: tuple[Passage, ...]
    """Each passage once, even if it occurs in several places."""

    def is_as(self, fingerprint: str | None, placements: Iterable[Placement]) -> bool:
        """Whether a document in the graph with this fingerprint (None: not in the graph) and these
        placements is identical to this one, so that putting it would change nothing."""
        return self.document.fingerprint == fingerprint and set(self.placements) == set(placements)


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What one transaction does to a collection. The order of the parts does not matter."""

    put: tuple[DocumentGraph, ...] = ()
    """Documents to insert, or to replace those with the same id; of several with one id the last is
    used. A document that is there already with the same fingerprint and placements is not touched;
    one whose task (see `completed` and `drafted`) was cancelled, or completed by another worker, is
    skipped."""
    instead_of: Mapping[str, str] = field(default_factory=dict)
    """Document id -> the fingerprint that it must have in the graph now: otherwise, and if it is
    not in the graph, it is not put."""
    delete: tuple[str, ...] = ()
    """Ids of documents to delete; ids that do not exist, or that are also put, are ignored."""
    extractions: tuple[Extraction, ...] = ()
    """The extractions from which the graph of these passages is derived from now on; of several for
    one passage the last is used. Those of passages outside the graph are only saved. A replaced
    extraction stays saved, unless it is by the same extractor."""
    completed: tuple[str, ...] = ()
    """Ids of tasks (`kg.jobs.Task`) that this transaction completes."""
    drafted: tuple[str, ...] = ()
    """Ids of tasks whose documents this transaction puts as drafts, to be replaced by another
    extraction: they are marked as drafted, and stay leased."""

    def may_put(self, document_id: str, known: str | None) -> bool:
        """Whether a document may replace one with this fingerprint (None: it is not in the
        graph)."""
        return self.instead_of.get(document_id, known) == known

    def effective(
        self,
        put: Mapping[str, DocumentGraph],
        known: Mapping[str, str],
        places: Mapping[str, Sequence[Placement]],
    ) -> dict[str, DocumentGraph]:
        """Those of the documents `put` (id -> graph) that may be put and differ from what is in the
        graph: `known` fingerprints, and `places`, by document id."""
        return {
            id_: graph
            for id_, graph in put.items()
            if self.may_put(id_, known.get(id_))
            and not graph.is_as(known.get(id_), places.get(id_, ()))
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Holdings:
    """The complete contents of a collection, in batches (see `kg.holdings`)."""

    collection: Collection
    changes: Iterable[Change]
    """Documents to put, and then the extractions of their passages."""
    saved: Iterable[Sequence[Extraction]]
    """Extractions that the graph is not derived from."""
    synonyms: Iterable[tuple[Sequence[str], Sequence[Synonym]]]
    """Ids of linked entities; and synonyms, of these or of other entities, which stay unlinked."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """The net difference between two revisions of a collection; each id is in at most one set.

    What was added and deleted again in between is in none; what was deleted and added again counts
    as put.
    """

    revision: int
    """The revision that these changes lead to."""
    documents_put: frozenset[str] = frozenset()
    documents_deleted: frozenset[str] = frozenset()
    passages_put: frozenset[str] = frozenset()
    """Passages that were added, or whose extraction changed."""
    passages_deleted: frozenset[str] = frozenset()


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


class GraphStore(Protocol):
    """Where a knowledge graph is kept. Safe for several threads and, if durable, processes."""

    def create_collection(self, name: str, settings: CollectionSettings) -> Collection:
        """Create an empty collection at revision 0.

        Raises: NameInvalid, CollectionExists.
        """
        ...

    def collection(self, name: str) -> Collection:
        """Raises: CollectionNotFound."""
        ...

    def collections(self) -> Sequence[Collection]:
        """All collections, in order of name."""
        ...

    def restore(self, holdings: Holdings) -> None:
        """Create a collection from the contents of another one, at the same revision.

        Atomic: it is not visible before it is complete. `changes_since` knows none of its earlier
        revisions. Raises: NameInvalid, CollectionExists, and what `commit` raises.
        """
        ...

    def update_settings(
        self,
        name: str,
        settings: CollectionSettings,
        *,
        instead_of: CollectionSettings | None = None,
    ) -> Collection:
        """Change how the collection is indexed from now on; what is indexed already is not touched.

        Unchanged settings do not increment the revision. `instead_of`: change nothing unless the
        collection has these settings (compare the returned ones). Raises: CollectionNotFound.
        """
        ...

    def delete_collection(self, name: str) -> None:
        """Remove a collection with everything in it, including jobs. Raises: CollectionNotFound."""
        ...

    def finish_deletions(self, *, seconds: float) -> bool:
        """Delete what processes that died left of collections that they were deleting, or restoring
        (see `restore`), where that takes several transactions. Returns whether nothing is left:
        after `seconds`, no further transaction is begun."""
        ...

    def commit(self, collection: str, change: Change) -> int:
        """Apply a change in one transaction and return the new revision.

        A passage stays as long as a document contains it; its extractions are deleted with it. A
        change without effect (`Change()`, or deletions of missing documents) does not increment the
        revision, but still completes its tasks. Raises: CollectionNotFound, InputError; ValueError
        if placements and passages disagree.
        """
        ...

    def fingerprints(
        self, collection: str, document_ids: Iterable[str] | None = None
    ) -> Mapping[str, str]:
        """Document id -> fingerprint, for all documents in the graph, or for those of
        `document_ids` that are in it (at a cost proportional to their number)."""
        ...

    def quarantined(
        self, collection: str, document_ids: Iterable[str] | None = None
    ) -> Sequence[Quarantined]:
        """The passages whose extraction failed, once for each document that contains them; only of
        `document_ids`, if given (at a cost proportional to their number). Unordered."""
        ...

    def readings(self, collection: str) -> Sequence[Reading]:
        """Which extractor read each passage. Unordered."""
        ...

    def document(self, collection: str, document_id: str) -> Document:
        """Raises: CollectionNotFound, DocumentNotFound."""
        ...

    def save_extractions(self, collection: str, extractions: Sequence[Extraction]) -> None:
        """Save what a model returned immediately, before (or without) a commit that uses it.

        One row per passage and extractor; a later one replaces it. The revision does not change.
        """
        ...

    def swap_extraction(
        self,
        collection: str,
        extraction: Extraction,
        *,
        instead_of: Extraction | None,
        progress: Mapping[str, Progress],
        beside: Sequence[Extraction] = (),
    ) -> bool:
        """Save an extraction, and others `beside` it, as `save_extractions` does, and add progress
        (of tokens and cost) as `note_progress` does, in one transaction. Returns False and does
        nothing unless the extraction saved so far is `instead_of` (None: none is saved), so that
        an extraction's cost is counted once, even if saving it is retried."""
        ...

    def saved_extractions(
        self, collection: str, extractor: str, passage_ids: Sequence[str]
    ) -> Mapping[str, Extraction]:
        """Passage id -> this extractor's newest extraction of it, whether saved or committed."""
        ...

    def prune_extractions(self, collection: str) -> int:
        """Delete saved extractions of passages that are not in the graph; return how many.

        Deletes nothing while a task of the collection is queued, leased or failed: the extractions
        may belong to its document.
        """
        ...

    def replace_synonyms(
        self, collection: str, sources: Sequence[str], synonyms: Sequence[Synonym]
    ) -> None:
        """Set the synonyms of these source entities, which are linked from now on. The revision
        does not change: synonyms are derived data.

        Ids outside the graph are ignored; a source with such a target stays unlinked, since its
        list is incomplete. Synonyms are deleted with either entity; a source whose target is
        deleted becomes unlinked. Raises: ValueError if a synonym is not of one of the sources.
        """
        ...

    def forget_synonyms(self, collection: str) -> None:
        """Remove all synonyms and mark every entity as unlinked (as when the embedder changes)."""
        ...

    def changes_since(self, collection: str, revision: int) -> Changes:
        """Raises: RevisionForgotten if changes that old are no longer kept, or the collection was
        never at that revision."""
        ...

    def read(
        self, collection: str, parts: Sequence[str] | None = None
    ) -> AbstractContextManager[GraphReader]:
        """Open a reader at the current revision. Writers, including this thread, are not blocked.

        Consume iterators inside the context: they may end with the reader. A store may have to read
        the whole graph: use `peek` for a single query; for a few, pass the names of the reader's
        methods as `parts` and call no others. Raises: CollectionNotFound.
        """
        ...

    def peek(self, collection: str) -> AbstractContextManager[GraphReader]:
        """Open a reader for a single query, at no more than that query's cost. Successive calls may
        see newer revisions. Raises: CollectionNotFound."""
        ...

    def probe(self) -> None:
        """Check once, without the long retries of the other methods, whether the store answers.
        Raises: StoreUnavailable."""
        ...

    def close(self) -> None:
        """Release files and connections."""
        ...
