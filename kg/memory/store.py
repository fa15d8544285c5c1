"""The store: a content for each collection, and the queue."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

from kg.absence import collection_exists, no_document
from kg.changelog import check_known, net_changes
from kg.ids import new_identity
from kg.jobs import OPEN, Progress, TaskState
from kg.memory.content import Content, changed, restored, with_synonyms
from kg.memory.queue import MemoryQueue
from kg.memory.reader import MemoryReader
from kg.records import (
    Collection,
    CollectionSettings,
    Document,
    Extraction,
    Quarantined,
    Reading,
    Synonym,
)
from kg.store import Change, Changes, DocumentGraph, GraphReader, Holdings
from kg.validation import check_change, check_extractions, check_name, check_synonyms


class MemoryStore(MemoryQueue):
    """`GraphStore` and `JobQueue` in memory. Safe for several threads; gone with the process."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        """An empty store; `clock` gives seconds since 1970."""
        super().__init__(clock)

    def create_collection(self, name: str, settings: CollectionSettings) -> Collection:
        check_name(name)
        with self._lock:
            if name in self._contents:
                raise collection_exists(name)
            collection = Collection(name=name, settings=settings, identity=new_identity())
            self._contents[name] = Content(collection=collection)
            return collection

    def restore(self, holdings: Holdings) -> None:
        name = holdings.collection.name
        check_name(name)
        content = restored(holdings)
        content = replace(content, collection=replace(content.collection, identity=new_identity()))
        with self._lock:
            if name in self._contents:
                raise collection_exists(name)
            self._contents[name] = content

    def collection(self, name: str) -> Collection:
        with self._lock:
            return self._content(name).collection

    def collections(self) -> Sequence[Collection]:
        with self._lock:
            return [self._contents[name].collection for name in sorted(self._contents)]

    def update_settings(
        self,
        name: str,
        settings: CollectionSettings,
        *,
        instead_of: CollectionSettings | None = None,
    ) -> Collection:
        with self._lock:
            content = self._content(name)
            before = content.collection
            if settings == before.settings or instead_of not in (None, before.settings):
                return before
            after = replace(before, settings=settings, revision=before.revision + 1)
            self._contents[name] = replace(content, collection=after)
            return after

    def delete_collection(self, name: str) -> None:
        with self._lock:
            self._content(name)
            del self._contents[name]
            self._forget_jobs(name)

    def finish_deletions(self, *, seconds: float) -> bool:  # noqa: ARG002 - the port's
        return True  # they are one transaction each

    def commit(self, collection: str, change: Change) -> int:
        check_change(change)
        with self._lock:
            content = self._content(collection)
            closed = {
                one.task.document_id
                for id_ in (*change.completed, *change.drafted)
                if (one := self._tasks.get(id_))
                and one.task.collection == collection
                and one.state not in OPEN
            }
            put = tuple(graph for graph in change.put if graph.document.id not in closed)
            content = changed(content, replace(change, put=put))
            self._contents[collection] = content
            self._draft(collection, change.drafted)
            self._complete(collection, change.completed, content.collection.revision)
            return content.collection.revision

    def fingerprints(
        self, collection: str, document_ids: Iterable[str] | None = None
    ) -> Mapping[str, str]:
        documents = self._documents(collection, document_ids)
        return {id_: graph.document.fingerprint for id_, graph in documents.items()}

    def quarantined(
        self, collection: str, document_ids: Iterable[str] | None = None
    ) -> Sequence[Quarantined]:
        with self._lock:
            extractions = self._content(collection).extractions
            documents = self._documents(collection, document_ids)
        return [
            Quarantined(
                document_id=graph.document.id,
                source=graph.document.source,
                passage_id=passage.id,
                reason=found.failure,
            )
            for graph in documents.values()
            for passage in graph.passages
            if (found := extractions.get(passage.id)) and found.failure
        ]

    def readings(self, collection: str) -> Sequence[Reading]:
        with self._lock:
            extractions = self._content(collection).extractions
        return [
            Reading(passage_id=id_, extractor=found.extractor, failed=bool(found.failure))
            for id_, found in extractions.items()
        ]

    def document(self, collection: str, document_id: str) -> Document:
        with self._lock:
            documents = self._content(collection).documents
        if document_id not in documents:
            raise no_document(collection, document_id)
        return documents[document_id].document

    def save_extractions(self, collection: str, extractions: Sequence[Extraction]) -> None:
        check_extractions(extractions)
        with self._lock:
            content = self._content(collection)
            new = {(one.passage_id, one.extractor): one for one in extractions}
            self._contents[collection] = replace(content, saved={**content.saved, **new})

    def swap_extraction(
        self,
        collection: str,
        extraction: Extraction,
        *,
        instead_of: Extraction | None,
        progress: Mapping[str, Progress],
        beside: Sequence[Extraction] = (),
    ) -> bool:
        check_extractions([extraction, *beside])
        with self._lock:
            saved = self._content(collection).saved
            if saved.get((extraction.passage_id, extraction.extractor)) != instead_of:
                return False
            self.save_extractions(collection, [extraction, *beside])
            self.note_progress(progress)
            return True

    def saved_extractions(
        self, collection: str, extractor: str, passage_ids: Sequence[str]
    ) -> Mapping[str, Extraction]:
        with self._lock:
            content = self._content(collection)
        used = [one for one in content.extractions.values() if one.extractor == extractor]
        saved = [one for one in content.saved.values() if one.extractor == extractor]
        found = {one.passage_id: one for one in (*used, *saved)}  # what was saved later counts
        return {id_: found[id_] for id_ in passage_ids if id_ in found}

    def prune_extractions(self, collection: str) -> int:
        with self._lock:
            content = self._content(collection)
            needed = (*OPEN, TaskState.FAILED)
            if any(one.task.collection == collection for one in self._in(*needed)):
                return 0
            passages = content.passages()
            kept = {key: one for key, one in content.saved.items() if key[0] in passages}
            self._contents[collection] = replace(content, saved=kept)
            return len(content.saved) - len(kept)

    def replace_synonyms(
        self, collection: str, sources: Sequence[str], synonyms: Sequence[Synonym]
    ) -> None:
        check_synonyms(sources, synonyms)
        links = {(link.source_id, link.target_id): link for link in synonyms}
        with self._lock:
            content = self._content(collection)
            self._contents[collection] = with_synonyms(content, frozenset(sources), links)

    def forget_synonyms(self, collection: str) -> None:
        with self._lock:
            content = self._content(collection)
            self._contents[collection] = replace(content, synonyms={}, linked=frozenset())

    def changes_since(self, collection: str, revision: int) -> Changes:
        with self._lock:
            content = self._content(collection)
        present = content.collection.revision
        check_known(collection, revision, present)
        entries = (entry for number, entry in content.log if number > revision)
        return net_changes(collection, revision, present, entries)

    @contextmanager
    def read(
        self,
        collection: str,
        parts: Sequence[str] | None = None,  # noqa: ARG002 - the others cost nothing here
    ) -> Iterator[GraphReader]:
        with self._lock:
            content = self._content(collection)
        yield MemoryReader(content)

    def peek(self, collection: str) -> AbstractContextManager[GraphReader]:
        return self.read(collection)

    def probe(self) -> None:
        """It is always there."""

    def close(self) -> None:
        """Nothing is held that needs releasing."""

    def _documents(
        self, collection: str, document_ids: Iterable[str] | None
    ) -> Mapping[str, DocumentGraph]:
        """Those of these that are there; all, if None."""
        with self._lock:
            documents = self._content(collection).documents
        if document_ids is None:
            return documents
        return {id_: documents[id_] for id_ in document_ids if id_ in documents}
