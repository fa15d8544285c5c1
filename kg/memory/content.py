"""A collection's content as one value, and how a change transforms it.

A content is never altered: a change makes a new one, so that a reader simply keeps what it has.
"""

from collections.abc import Mapping, Set
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from kg.changelog import REVISIONS_KEPT, Entry, Event, Kind
from kg.derive import PassageGraph, passage_graph
from kg.records import Collection, Extraction, Passage, Synonym
from kg.store import Change, DocumentGraph, Holdings
from kg.validation import check_change

Saved: TypeAlias = Mapping[tuple[str, str], Extraction]
"""(passage id, extractor) -> extraction."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """Everything that a collection consists of, at one revision."""

    collection: Collection
    documents: Mapping[str, DocumentGraph] = field(default_factory=dict)
    extractions: Mapping[str, Extraction] = field(default_factory=dict)
    """Passage id -> the extraction that its graph is derived from."""
    graphs: Mapping[str, PassageGraph] = field(default_factory=dict)
    """Passage id -> what it supports, for the same passages."""
    saved: Saved = field(default_factory=dict)
    """Extractions that the graph is not derived from."""
    synonyms: Mapping[tuple[str, str], Synonym] = field(default_factory=dict)
    """(source id, target id) -> synonym."""
    linked: frozenset[str] = frozenset()
    """Entities whose synonyms are known."""
    log: tuple[tuple[int, Entry], ...] = ()
    """(revision, what it did), oldest first."""

    def passages(self) -> dict[str, Passage]:
        """The passages of all documents, by id."""
        return {one.id: one for graph in self.documents.values() for one in graph.passages}

    def entity_ids(self) -> set[str]:
        """Ids of all entities that a passage mentions."""
        return {mention.entity_id for graph in self.graphs.values() for mention in graph.mentions}


def changed(content: Content, change: Change) -> Content:
    """The content after a checked change; at the same revision if the graph is the same."""
    known = {id_: graph.document.fingerprint for id_, graph in content.documents.items()}
    put = {
        graph.document.id: graph
        for graph in change.put
        if change.may_put(graph.document.id, known.get(graph.document.id))
    }
    documents = {
        id_: graph
        for id_, graph in content.documents.items()
        if id_ not in change.delete or id_ in put
    }
    for id_, graph in put.items():
        if id_ not in documents or not _is_same(graph, documents[id_]):
            documents[id_] = _own(graph)
    after = replace(content, documents=documents)
    passages = after.passages().keys()
    given = {one.passage_id: one for one in change.extractions}
    extractions = {id_: one for id_, one in content.extractions.items() if id_ in passages}
    new = {
        id_: one for id_, one in given.items() if id_ in passages and extractions.get(id_) != one
    }
    extractions |= new
    graphs = {id_: graph for id_, graph in content.graphs.items() if id_ in passages}
    graphs |= {id_: passage_graph(content.collection.name, one) for id_, one in new.items()}
    after = replace(
        after,
        extractions=extractions,
        graphs=graphs,
        saved=_saved(content, passages, new, given),
    )
    entries = _entries(content, after)
    after = _without_dead_synonyms(content, after)
    if not entries:
        return after
    revision = content.collection.revision + 1
    log = content.log + tuple((revision, entry) for entry in entries)
    return replace(
        after,
        collection=replace(content.collection, revision=revision),
        log=tuple(item for item in log if item[0] > revision - REVISIONS_KEPT),
    )


def with_synonyms(
    content: Content, sources: frozenset[str], synonyms: Mapping[tuple[str, str], Synonym]
) -> Content:
    """The content with these in place of the sources' synonyms.

    A source that names a target which is not there (any more) stays unlinked.
    """
    entities = content.entity_ids()
    kept = {key: link for key, link in content.synonyms.items() if key[0] not in sources}
    kept |= {key: link for key, link in synonyms.items() if entities.issuperset(key)}
    lost = {source for source, target in synonyms if target not in entities}
    linked = (content.linked | (sources & entities)) - lost
    return replace(content, synonyms=kept, linked=linked)


def restored(holdings: Holdings) -> Content:
    """The content that these holdings make."""
    content = Content(collection=replace(holdings.collection, revision=0))
    for change in holdings.changes:
        check_change(change)
        content = changed(content, change)
    saved = {(one.passage_id, one.extractor): one for batch in holdings.saved for one in batch}
    content = replace(content, saved=saved)
    for sources, synonyms in holdings.synonyms:
        links = {(link.source_id, link.target_id): link for link in synonyms}
        content = with_synonyms(content, frozenset(sources), links)
    came = Entry(Kind.COLLECTION, holdings.collection.name, Event.CAME)
    return replace(
        content,
        collection=holdings.collection,
        log=((holdings.collection.revision, came),),
    )


def _is_same(one: DocumentGraph, other: DocumentGraph) -> bool:
    return one.is_as(other.document.fingerprint, other.placements)


def _own(graph: DocumentGraph) -> DocumentGraph:
    """A copy with its own metadata."""
    metadata = deepcopy(dict(graph.document.metadata))
    return replace(graph, document=replace(graph.document, metadata=metadata))


def _saved(
    content: Content,
    passages: Set[str],
    new: Mapping[str, Extraction],
    given: Mapping[str, Extraction],
) -> Saved:
    """Removed passages lose their saved extractions; replaced ones, and those without a passage
    yet, are kept."""
    left = content.passages().keys() - passages
    saved = {key: one for key, one in content.saved.items() if key[0] not in left}
    for id_ in new.keys() & content.extractions.keys():
        old = content.extractions[id_]
        saved.setdefault((id_, old.extractor), old)
    for id_, one in given.items():
        if id_ not in passages:
            saved[id_, one.extractor] = one
        elif id_ in new:
            saved.pop((id_, one.extractor), None)
    return saved


def _without_dead_synonyms(before: Content, after: Content) -> Content:
    """Links are removed with either end; an entity that lost a target is unlinked."""
    alive = after.entity_ids()
    dead = before.entity_ids() - alive
    synonyms = {key: link for key, link in after.synonyms.items() if alive.issuperset(key)}
    lost = {source for source, target in after.synonyms if target in dead}
    return replace(after, synonyms=synonyms, linked=(after.linked & alive) - lost)


def _entries(before: Content, after: Content) -> list[Entry]:
    old, new = before.documents, after.documents
    known, present = before.passages().keys(), after.passages().keys()
    replaced = {id_ for id_ in old.keys() & new.keys() if old[id_] is not new[id_]}
    extracted = {
        id_ for id_, one in after.extractions.items() if before.extractions.get(id_) != one
    }
    events = (
        (Kind.DOCUMENT, Event.CAME, new.keys() - old.keys()),
        (Kind.DOCUMENT, Event.CHANGED, replaced),
        (Kind.DOCUMENT, Event.WENT, old.keys() - new.keys()),
        (Kind.PASSAGE, Event.CAME, present - known),
        (Kind.PASSAGE, Event.CHANGED, extracted & known),
        (Kind.PASSAGE, Event.WENT, known - present),
    )
    return [Entry(kind, id_, event) for kind, event, ids in events for id_ in sorted(ids)]
