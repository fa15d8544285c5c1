"""The port to the graph's truth: collections, documents, passages and their extractions.

Every method that changes a collection is one transaction, which raises the collection's revision
by one; what is only saved or derived (extractions, synonyms) leaves it as it is. Mentions,
entities, facts and supports are derived inside that transaction (`kg.derive.passage_graph`) and
live exactly as long as a passage supports them.

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
    """A document with the passages it is made of, in order, and where they stand in it."""

    document: Document
    placements: tuple[Placement, ...]
    passages: tuple[Passage, ...]
    """Each passage once, even if it stands in several places."""

    def is_as(self, fingerprint: str | None, placements: Iterable[Placement]) -> bool:
        """Whether what has these, None if nothing has, would be the same with it in its place."""
        return self.document.fingerprint == fingerprint and set(self.placements) == set(placements)


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What one transaction does to a collection. The order of the parts does not matter."""

    put: tuple[DocumentGraph, ...] = ()
    """Documents that come in, or take the place of what was under the same id; of several with one
    id the last. One that is there already, with the same fingerprint and placements, is left
    alone; and one whose task (see `completed` and `drafted`) was cancelled or done by another is
    left out."""
    instead_of: Mapping[str, str] = field(default_factory=dict)
    """Document id -> the fingerprint that it must have in the graph: one that has another one, or
    is not there (any more), is not put."""
    delete: tuple[str, ...] = ()
    """Ids of documents that go; one that is not there, or is put as well, is ignored."""
    extractions: tuple[Extraction, ...] = ()
    """The extractions from which the graph of these passages is derived from now on; of several for
    one passage the last. Those of passages that are not in the graph are saved only. What they
    replace stays saved, unless it is by the same extractor."""
    completed: tuple[str, ...] = ()
    """Ids of tasks (`kg.jobs.Task`) that are done when this transaction is."""
    drafted: tuple[str, ...] = ()
    """Ids of tasks whose documents are in the graph when this transaction is done, with an
    extraction that another is to replace: they are marked so, and stay with who holds them."""

    def may_put(self, document_id: str, known: str | None) -> bool:
        """Whether a document may come in where one of this fingerprint (None: none) is."""
        return self.instead_of.get(document_id, known) == known


@dataclass(frozen=True, kw_only=True, slots=True)
class Holdings:
    """All that a collection consists of, batch by batch (see `kg.holdings`)."""

    collection: Collection
    changes: Iterable[Change]
    """Documents that come in, and then the extractions of their passages."""
    saved: Iterable[Sequence[Extraction]]
    """Extractions that the graph is not derived from."""
    synonyms: Iterable[tuple[Sequence[str], Sequence[Synonym]]]
    """Some entities that are linked; and synonyms, of these or of others, which stay unlinked."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """What differs between two revisions of a collection; net, each id in one place at most.

    What came and went again in between is in none; what went and came back was put.
    """

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
    def saved(self) -> Iterator[Extraction]:
        """Extractions that the graph is not derived from, in order of passage id and extractor."""
        ...

    def unlinked(self) -> Sequence[str]:
        """Ids of the entities whose synonyms are not known: new ones, and those that lost one."""
        ...

    def counts(self) -> Mapping[str, int]:
        """How many there are of each of `COUNTED`."""
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
        """All collections, in order of name."""
        ...

    def restore(self, holdings: Holdings) -> None:
        """Make a collection of what another one consisted of, at the same revision.

        All or nothing: nobody sees it before it is whole. Changes of earlier revisions are not
        known. Raises: NameInvalid, CollectionExists, and what `commit` raises.
        """
        ...

    def update_settings(
        self,
        name: str,
        settings: CollectionSettings,
        *,
        instead_of: CollectionSettings | None = None,
    ) -> Collection:
        """Change how the collection is indexed from now on; what is indexed stays as it is.

        The same settings again change nothing, not even the revision. `instead_of`: neither does
        this if the collection has other settings than these; what is returned tells.
        Raises: CollectionNotFound.
        """
        ...

    def delete_collection(self, name: str) -> None:
        """Remove a collection with all that belongs to it, jobs too. Raises: CollectionNotFound."""
        ...

    def commit(self, collection: str, change: Change) -> int:
        """Apply a change in one transaction and return the new revision.

        A passage stays as long as a document has it, and loses all its extractions when it goes.
        A change that does nothing (`Change()`, or deletions of what is not there) leaves the
        revision as it is; tasks that it completes are completed all the same.
        Raises: CollectionNotFound, InputError; ValueError if placements and passages disagree.
        """
        ...

    def fingerprints(
        self, collection: str, document_ids: Iterable[str] | None = None
    ) -> Mapping[str, str]:
        """Document id -> fingerprint, for every document in the graph; or for those of these that
        are there, which costs as much as they are many."""
        ...

    def quarantined(
        self, collection: str, document_ids: Iterable[str] | None = None
    ) -> Sequence[Quarantined]:
        """The passages whose extraction failed, once for each document that has them; of these
        documents, if they are given, at what these cost. In no order."""
        ...

    def readings(self, collection: str) -> Sequence[Reading]:
        """By whom each passage was read. In no order."""
        ...

    def document(self, collection: str, document_id: str) -> Document:
        """Raises: CollectionNotFound, DocumentNotFound."""
        ...

    def save_extractions(self, collection: str, extractions: Sequence[Extraction]) -> None:
        """Keep what a model returned at once, before (or without) a commit that uses it.

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
    ) -> bool:
        """Keep an extraction as `save_extractions` does and note progress as `note_progress` does,
        in one transaction; False, and nothing is done, unless what is saved in its place is
        `instead_of` (None: nothing). So what came with an extraction is counted once, however
        often its saving is tried."""
        ...

    def saved_extractions(
        self, collection: str, extractor: str, passage_ids: Sequence[str]
    ) -> Mapping[str, Extraction]:
        """What was saved for these passages by that extractor, or came with a commit, whichever is
        newer: passage id -> extraction."""
        ...

    def prune_extractions(self, collection: str) -> int:
        """Forget saved extractions of passages that are not in the graph; return how many.

        None is forgotten while a task of the collection is queued, being worked on, or failed and
        could be tried again: they may be of its document's passages.
        """
        ...

    def replace_synonyms(
        self, collection: str, sources: Sequence[str], synonyms: Sequence[Synonym]
    ) -> None:
        """Set the synonyms of these sources, which are linked from now on. Derived data: the
        revision does not change.

        Ids that are not in the graph are ignored; a source that names such a target stays
        unlinked, as its list is one short. Synonyms die with either entity; a source whose target
        died is unlinked.
        Raises: ValueError if a synonym is not of one of the sources.
        """
        ...

    def forget_synonyms(self, collection: str) -> None:
        """Remove all synonyms and make every entity unlinked (as when the embedder changes)."""
        ...

    def changes_since(self, collection: str, revision: int) -> Changes:
        """Raises: RevisionForgotten if changes that old are no longer kept, or the collection was
        never at that revision."""
        ...

    def read(
        self, collection: str, parts: Sequence[str] | None = None
    ) -> AbstractContextManager[GraphReader]:
        """Open a reader at the present revision; writers, this thread too, go on meanwhile.

        Iterators are to be used up inside: they may end with the reader. A store may have to read
        the whole graph for it: who asks for one thing only takes `peek`, and who asks for a few
        names the reader's methods as `parts`, and calls no other.
        Raises: CollectionNotFound.
        """
        ...

    def peek(self, collection: str) -> AbstractContextManager[GraphReader]:
        """Open a reader for a single question, which costs no more than that. Of several answers
        each may be of a newer revision than the one before. Raises: CollectionNotFound."""
        ...

    def probe(self) -> None:
        """Ask whether questions would be answered now, once: a store that is out of reach says so
        in a moment, while all else tries again for long. Raises: StoreUnavailable."""
        ...

    def close(self) -> None:
        """Release files and connections."""
        ...
