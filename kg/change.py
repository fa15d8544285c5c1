"""What goes into a graph store and what comes out of it: changes, and whole collections."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from kg.records import Collection, Document, Extraction, Passage, Placement, Synonym


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
