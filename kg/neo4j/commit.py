"""One change of one collection, within one transaction.

Order: documents and their placements; passages without a placement are deleted; extractions, and
what is derived from the changed ones; what nothing supports any more is deleted; finally, the
tasks.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any

from kg.changelog import REVISIONS_KEPT, Event, Kind
from kg.derive import passage_graph
from kg.neo4j.derived import MOST_LINKS
from kg.neo4j.rows import (
    document_properties,
    extraction_properties,
    extraction_record,
)
from kg.neo4j.work import Work
from kg.records import Collection, Extraction, Mention, Placement
from kg.store import Change, DocumentGraph


class TasksChangedError(Exception):
    """A task that the change completes was cancelled while it was being applied: start again."""


class ManySynonymsError(Exception):
    """More synonyms would go with entities than one transaction should delete: forget those of
    these entities before, and start again."""

    def __init__(self, entity_ids: Sequence[str]) -> None:
        super().__init__()
        self.entity_ids = entity_ids


def apply_change(work: Work, collection: Collection, change: Change) -> int:
    """Apply a checked change to a locked collection; return the revision after it.

    Raises: TasksChangedError, ManySynonymsError, after which the transaction must not be committed.
    """
    commit = _Commit(work.of("commit", collection.name), collection)
    tasks = [*change.completed, *change.drafted]
    done = frozenset(commit.work.ids("documents_done_with", tasks))
    commit.put_and_delete(change, done)
    commit.extract(change.extractions)
    commit.remove_unsupported()
    revision = commit.log()
    if tasks:
        # Only from here on may nobody else change tasks: what takes long is done.
        work.lock_all()
        if done != frozenset(commit.work.ids("documents_done_with", tasks)):
            raise TasksChangedError
        commit.work.each("draft_tasks", change.drafted)
        commit.work.each("complete_tasks", change.completed, revision=revision)
    return revision


@dataclass(slots=True)
class _Commit:
    work: Work
    collection: Collection
    events: dict[str, list[str]] = field(default_factory=dict)
    """'passages_came', … -> ids."""
    came: set[str] = field(default_factory=set)
    """Passages that were not in the graph."""
    orphans: set[str] = field(default_factory=set)
    """Passages that leave the graph."""
    entities: set[str] = field(default_factory=set)
    """Entities that lost a mention."""

    def put_and_delete(self, change: Change, done: frozenset[str]) -> None:
        work = self.work
        put = {graph.document.id: graph for graph in change.put if graph.document.id not in done}
        delete = set(change.delete) - {graph.document.id for graph in change.put}
        known: dict[str, str] = dict(work.each("known_fingerprints", [*put, *delete]))
        places = self._placements(known)
        put = change.effective(put, known, places)
        gone = known.keys() & delete
        changed = known.keys() & put.keys()
        touched = {place.passage_id for id_ in gone | changed for place in places.get(id_, [])}
        work.each("delete_placements", sorted(gone | changed))
        work.each("delete_documents", sorted(gone))
        self._insert(put.values())
        self.orphans = set(work.ids("unplaced_passages", sorted(touched)))
        self._note(Kind.DOCUMENT, Event.CAME, put.keys() - known.keys())
        self._note(Kind.DOCUMENT, Event.CHANGED, changed)
        self._note(Kind.DOCUMENT, Event.WENT, gone)
        self._note(Kind.PASSAGE, Event.CAME, self.came)
        self._note(Kind.PASSAGE, Event.WENT, self.orphans)

    def extract(self, extractions: Iterable[Extraction]) -> None:
        work, saved = self.work, self.work.of("derived")
        found = {extraction.passage_id: extraction for extraction in extractions}
        asked = sorted(found.keys() - self.came)
        present = (set(work.ids("known_passages", asked)) | (self.came & found.keys())).difference(
            self.orphans
        )
        active = {
            extraction.passage_id: extraction
            for (row,) in work.each("active_extractions", sorted(present - self.came))
            for extraction in (extraction_record(row),)
        }
        new = [found[id_] for id_ in sorted(present) if active.get(id_) != found[id_]]
        replaced = [active[one.passage_id] for one in new if one.passage_id in active]
        absent = [found[id_] for id_ in sorted(found.keys() - present)]
        saved.many("keep_extraction", map(extraction_properties, replaced))
        saved.many("forget_saved", map(_key, new))
        self._forget_graph(self.orphans.union(one.passage_id for one in replaced))
        for query in ("delete_passages", "delete_extractions", "delete_saved_of_passages"):
            work.each(query, sorted(self.orphans))
        saved.many("save_extraction", map(extraction_properties, absent))
        work.many("put_extraction", map(extraction_properties, new))
        self._derive(new)
        self._note(Kind.PASSAGE, Event.CHANGED, {one.passage_id for one in new} - self.came)

    def remove_unsupported(self) -> None:
        dead = sorted(self.work.ids("unmentioned_entities", sorted(self.entities)))
        if sum(self.work.ids("count_synonyms_of", dead)) > MOST_LINKS:
            raise ManySynonymsError(dead)
        self.work.each("unlink_sources_of", dead)
        self.work.each("delete_entities", dead)

    def log(self) -> int:
        if not self.events:
            return self.collection.revision
        collections = self.work.of("collections")
        revision = self.collection.revision + 1
        collections.run("log_revision", revision=revision, events=self.events)
        if revision > REVISIONS_KEPT:
            collections.run("forget_revisions", number=revision - REVISIONS_KEPT)
        return revision

    def _placements(self, document_ids: Iterable[str]) -> dict[str, list[Placement]]:
        places: dict[str, list[Placement]] = defaultdict(list)
        for row in self.work.each("placements_of", sorted(document_ids)):
            place = placement_record(*row)
            places[place.document_id].append(place)
        return places

    def _insert(self, graphs: Iterable[DocumentGraph]) -> None:
        graphs = list(graphs)
        passages = {passage.id: passage for graph in graphs for passage in graph.passages}
        known = self.work.ids("known_passages", sorted(passages))
        self.came = passages.keys() - set(known)
        work = self.work
        work.many("put_document", (document_properties(graph.document) for graph in graphs))
        work.many("insert_passage", (asdict(passages[id_]) for id_ in sorted(self.came)))
        work.many("insert_placement", (asdict(one) for graph in graphs for one in graph.placements))
        work.many("insert_next", (row for graph in graphs for row in _steps(graph)))

    def _forget_graph(self, passage_ids: Iterable[str]) -> None:
        ids = sorted(passage_ids)
        self.entities.update(self.work.ids("forget_mentions", ids))
        self.work.each("forget_relations", ids)

    def _derive(self, extractions: Iterable[Extraction]) -> None:
        names: dict[str, str] = {}
        mentions: list[Mention] = []
        relations: list[Mapping[str, Any]] = []
        for extraction in extractions:
            graph = passage_graph(self.collection.name, extraction)
            mentions += graph.mentions
            for mention, name in zip(graph.mentions, graph.names, strict=True):
                names[mention.entity_id] = name
            relations += [
                {
                    "fact_id": fact.id,
                    "subject_id": fact.subject_id,
                    "relation": fact.relation,
                    "object_id": fact.object_id,
                    "passage_id": extraction.passage_id,
                }
                for fact in graph.facts
            ]
        rows = ({"id": id_, "name": name} for id_, name in sorted(names.items()))
        self.work.many("insert_entity", rows)
        self.work.many("insert_mention", map(asdict, mentions))
        self.work.many("insert_relation", relations)

    def _note(self, kind: Kind, event: Event, ids: Iterable[str]) -> None:
        if noted := sorted(ids):
            self.events[event_name(kind, event)] = noted


def event_name(kind: Kind, event: Event) -> str:
    """The property of a revision's node that lists the ids of what this happened to."""
    return f"{kind}s_{event}"


def placement_record(
    document_id: str, ordinal: int, passage_id: str, start: int, end: int, page: int | None
) -> Placement:
    """A placement from its relationship and the nodes that it joins."""
    return Placement(
        document_id=document_id,
        ordinal=ordinal,
        passage_id=passage_id,
        start=start,
        end=end,
        page=page,
    )


def _steps(graph: DocumentGraph) -> Iterable[Mapping[str, Any]]:
    """From each passage of a document to the next one."""
    for one, other in pairwise(sorted(graph.placements, key=_ordinal)):
        yield {
            "document_id": graph.document.id,
            "ordinal": one.ordinal,
            "one": one.passage_id,
            "other": other.passage_id,
        }


def _key(extraction: Extraction) -> Mapping[str, str]:
    return {"passage_id": extraction.passage_id, "extractor": extraction.extractor}


def _ordinal(placement: Placement) -> int:
    return placement.ordinal
