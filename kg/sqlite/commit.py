"""One change of one collection, within one transaction.

Order: documents and their placements; passages without a placement are deleted; extractions, and
what is derived from the changed ones; finally, what nothing supports any more is deleted.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import apsw

from kg.changelog import REVISIONS_KEPT, Entry, Event, Kind
from kg.derive import PassageGraph, passage_graph
from kg.records import Collection, Extraction, Placement
from kg.sqlite.rows import (
    document_row,
    extraction_record,
    extraction_row,
    ids_of,
    placement_record,
    placement_row,
)
from kg.sqlite.session import Session
from kg.store import Change, DocumentGraph


def apply_change(
    connection: apsw.Connection, key: int, collection: Collection, change: Change
) -> int:
    """Apply a checked change to the collection of this key; return the revision after it."""
    commit = _Commit(Session(connection, "commit", key), collection)
    commit.put_and_delete(change)
    commit.extract(change.extractions)
    commit.remove_unsupported()
    revision = commit.log(Session(connection, "collections", key))
    if change.drafted:
        commit.session.rows("draft_tasks", ids=ids_of(change.drafted))
    if change.completed:
        commit.complete(change.completed, revision)
    return revision


@dataclass(slots=True)
class _Commit:
    session: Session
    collection: Collection
    log_entries: list[Entry] = field(default_factory=list)
    came: set[str] = field(default_factory=set)
    """Passages that were not in the graph."""
    orphans: set[str] = field(default_factory=set)
    """Passages that leave the graph."""
    entities: set[str] = field(default_factory=set)
    """Entities that lost a mention."""
    facts: set[str] = field(default_factory=set)
    """Facts that lost a support."""

    def put_and_delete(self, change: Change) -> None:
        session = self.session
        tasks = ids_of([*change.completed, *change.drafted])
        done = session.ids("documents_done_with", ids=tasks)
        put = {graph.document.id: graph for graph in change.put if graph.document.id not in done}
        delete = set(change.delete) - {graph.document.id for graph in change.put}
        known: dict[str, str] = dict(
            session.rows("known_fingerprints", ids=ids_of([*put, *delete]))
        )
        places = self._placements(known)
        put = change.effective(put, known, places)
        gone = known.keys() & delete
        touched = {place.passage_id for id_ in gone | put.keys() for place in places.get(id_, [])}
        session.rows("delete_placements", ids=ids_of(gone | put.keys()))
        session.rows("delete_documents", ids=ids_of(gone | put.keys()))
        self._insert(put.values())
        placed = session.ids("placed_passages", ids=ids_of(touched))
        self.orphans = touched.difference(placed)
        self._note(Kind.DOCUMENT, Event.CAME, put.keys() - known.keys())
        self._note(Kind.DOCUMENT, Event.CHANGED, put.keys() & known.keys())
        self._note(Kind.DOCUMENT, Event.WENT, gone)
        self._note(Kind.PASSAGE, Event.CAME, self.came)
        self._note(Kind.PASSAGE, Event.WENT, self.orphans)

    def extract(self, extractions: Iterable[Extraction]) -> None:
        session = self.session
        found = {extraction.passage_id: extraction for extraction in extractions}
        present = set(session.ids("known_passages", ids=ids_of(found))) - self.orphans
        active = {
            extraction.passage_id: extraction
            for extraction in map(
                extraction_record, session.rows("active_extractions", ids=ids_of(present))
            )
        }
        new = [found[id_] for id_ in sorted(present) if active.get(id_) != found[id_]]
        saved = Session(session.connection, "derived", session.collection)
        replaced = [active[one.passage_id] for one in new if one.passage_id in active]
        saved.many("keep_extraction", map(extraction_row, replaced))
        saved.many("forget_saved", map(extraction_row, new))
        self._forget_graph(self.orphans.union(one.passage_id for one in new))
        session.rows("delete_passages", ids=ids_of(self.orphans))
        session.rows("delete_saved_of_passages", ids=ids_of(self.orphans))
        absent = [found[id_] for id_ in found.keys() - present]
        saved.many("save_extraction", map(extraction_row, absent))
        session.many("put_extraction", map(extraction_row, new))
        self._derive(new)
        self._note(Kind.PASSAGE, Event.CHANGED, {one.passage_id for one in new} - self.came)

    def remove_unsupported(self) -> None:
        session = self.session
        session.rows("delete_unsupported_facts", ids=ids_of(self.facts))
        dead = ids_of(session.ids("unmentioned_entities", ids=ids_of(self.entities)))
        session.rows("unlink_sources_of", ids=dead)
        session.rows("delete_entities", ids=dead)

    def log(self, collections: Session) -> int:
        if not self.log_entries:
            return self.collection.revision
        revision = self.collection.revision + 1
        collections.rows("set_revision", revision=revision)
        collections.rows("forget_changes", revision=revision - REVISIONS_KEPT)
        collections.many(
            "log_change",
            (
                {"revision": revision, "kind": entry.kind, "id": entry.id, "event": entry.event}
                for entry in self.log_entries
            ),
        )
        return revision

    def complete(self, task_ids: Iterable[str], revision: int) -> None:
        jobs = self.session.ids("complete_tasks", ids=ids_of(task_ids))
        self.session.rows("set_job_revision", ids=ids_of(set(jobs)), revision=revision)

    def _placements(self, document_ids: Iterable[str]) -> dict[str, list[Placement]]:
        places: dict[str, list[Placement]] = {}
        for row in self.session.rows("placements_of", ids=ids_of(document_ids)):
            place = placement_record(row)
            places.setdefault(place.document_id, []).append(place)
        return places

    def _insert(self, graphs: Iterable[DocumentGraph]) -> None:
        graphs = list(graphs)
        passages = {passage.id: passage for graph in graphs for passage in graph.passages}
        known = self.session.ids("known_passages", ids=ids_of(passages))
        self.came = passages.keys() - set(known)
        self.session.many("insert_document", (document_row(graph.document) for graph in graphs))
        self.session.many(
            "insert_passage",
            (
                {"id": one.id, "title": one.title, "heading": one.heading, "text": one.text}
                for one in passages.values()
                if one.id in self.came
            ),
        )
        self.session.many(
            "insert_placement",
            (placement_row(place) for graph in graphs for place in graph.placements),
        )

    def _forget_graph(self, passage_ids: Iterable[str]) -> None:
        ids = ids_of(passage_ids)
        self.entities.update(self.session.ids("entities_of_passages", ids=ids))
        self.facts.update(self.session.ids("facts_of_passages", ids=ids))
        self.session.rows("delete_mentions", ids=ids)
        self.session.rows("delete_supports", ids=ids)

    def _derive(self, extractions: Iterable[Extraction]) -> None:
        for extraction in extractions:
            self._add(extraction.passage_id, passage_graph(self.collection.name, extraction))

    def _add(self, passage_id: str, graph: PassageGraph) -> None:
        self.session.many(
            "insert_entity",
            (
                {"id": mention.entity_id, "name": name}
                for mention, name in zip(graph.mentions, graph.names, strict=True)
            ),
        )
        self.session.many(
            "insert_mention",
            (
                {
                    "passage_id": passage_id,
                    "entity_id": mention.entity_id,
                    "surface": mention.surface,
                    "type": mention.type,
                }
                for mention in graph.mentions
            ),
        )
        self.session.many(
            "insert_fact",
            (
                {
                    "id": fact.id,
                    "subject_id": fact.subject_id,
                    "relation": fact.relation,
                    "object_id": fact.object_id,
                }
                for fact in graph.facts
            ),
        )
        self.session.many(
            "insert_support",
            ({"passage_id": passage_id, "fact_id": fact.id} for fact in graph.facts),
        )

    def _note(self, kind: Kind, event: Event, ids: Iterable[str]) -> None:
        self.log_entries += [Entry(kind, id_, event) for id_ in sorted(ids)]
