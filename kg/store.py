"""The port for the graph's source data: collections, documents, passages and their extractions.

Every method that changes a collection is one transaction, which increments the collection's
revision; saving extractions or synonyms does not, and synonyms may take several. Mentions,
entities, facts and supports are derived inside that transaction (`kg.derive.passage_graph`) and
live exactly as long as a passage supports them.

Texts are Unicode: half of a surrogate pair is refused (DocumentUnreadable, InputError). Every
method that names a collection raises CollectionNotFound if it is not there.

Implementations: `kg.memory.MemoryStore` (the reference), `kg.sqlite.SQLiteStore` (the default),
`kg.neo4j.Neo4jStore` (for servers).
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from kg.change import Change, Changes, DocumentGraph, Holdings
from kg.jobs import Progress
from kg.reader import COUNTED, GraphReader
from kg.records import (
    Collection,
    CollectionSettings,
    Document,
    Extraction,
    Quarantined,
    Reading,
    Synonym,
)

__all__ = [
    "COUNTED",
    "Change",
    "Changes",
    "DocumentGraph",
    "GraphReader",
    "GraphStore",
    "Holdings",
]
"""The port, and the records and the reader that it speaks of."""


class GraphStore(Protocol):
    """Where a knowledge graph is kept. Safe for several threads and, if durable, processes."""

    def create_collection(self, name: str, settings: CollectionSettings) -> Collection:
        """Create an empty collection at revision 0, with a new identity.

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
        """Create a collection from the contents of another one, at the same revision, with an
        identity of its own.

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

        A store may do it in several transactions, in the order of `sources`, of which each sets
        whole lists: if that ends halfway, the last ones are as they were.

        Ids outside the graph are ignored; a source with such a target stays unlinked, since its
        list is incomplete. Synonyms are deleted with either entity; a source whose target is
        deleted becomes unlinked. Raises: ValueError if a synonym is not of one of the sources.
        """
        ...

    def forget_synonyms(self, collection: str) -> None:
        """Remove all synonyms and mark every entity as unlinked (as when the embedder changes).

        A store may do it in several transactions: whoever has lost a synonym is unlinked at that
        moment."""
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
