"""The store: the graph's truth and the queue in one Neo4j database."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from threading import Thread
from typing import TypeVar

from kg.absence import no_document
from kg.changelog import Entry, Event, Kind, check_known, net_changes
from kg.errors import StoreError
from kg.neo4j.clock import ServerClock
from kg.neo4j.commit import ManySynonymsError, TasksChangedError, apply_change, event_name
from kg.neo4j.database import Database
from kg.neo4j.derived import (
    forget_some,
    portions,
    put_synonyms,
    unlink_some,
    unlink_some_of,
)
from kg.neo4j.making import Making
from kg.neo4j.queue import Neo4jQueue
from kg.neo4j.reading import peek, read_whole
from kg.neo4j.rows import (
    collection_row,
    document_record,
    extraction_properties,
    extraction_record,
    settings_properties,
)
from kg.neo4j.work import Row, Work
from kg.records import (
    Collection,
    CollectionSettings,
    Document,
    Extraction,
    Quarantined,
    Reading,
    Synonym,
)
from kg.store import Change, Changes, GraphReader, Holdings
from kg.validation import check_change, check_extractions, check_name, check_synonyms

_PRUNED_AT_ONCE = 2000
_Result = TypeVar("_Result")


class Neo4jStore(Neo4jQueue):
    """`GraphStore` and `JobQueue` over one database. Safe for several threads and processes."""

    def __init__(
        self,
        uri: str,
        user: str,
        password: str,
        *,
        database: str = "neo4j",
        clock: Callable[[], float] | None = None,
        may_be_away: bool = False,
    ) -> None:
        """Connect to `uri` (bolt://HOST:PORT or neo4j://HOST:PORT), or if it `may_be_away`, when
        something is asked for; `clock` gives seconds since 1970 (the default: the server's time).

        Raises: StoreUnavailable, StoreVersionUnknown, StoreError, DependencyMissing.
        """
        opened = Database(uri, user, password, database=database, may_be_away=may_be_away)
        clock = clock or ServerClock(partial(opened.read, _time))
        super().__init__(opened, clock)
        self._making = Making(self._database, clock)
        if not may_be_away and self._making.is_something_left():
            Thread(target=self._finish, name="neo4j-deletions", daemon=True).start()

    def create_collection(self, name: str, settings: CollectionSettings) -> Collection:
        check_name(name)
        return self._making.create(name, settings)

    def restore(self, holdings: Holdings) -> None:
        check_name(holdings.collection.name)
        self._making.restore(holdings)

    def collection(self, name: str) -> Collection:
        return self._database.read(lambda work: work.find(name)).record

    def probe(self) -> None:
        self._database.probe()

    def collections(self) -> Sequence[Collection]:
        rows = self._database.read(lambda work: work.of("collections").rows("collections"))
        return sorted((collection_row(row).record for (row,) in rows), key=_name)

    def update_settings(
        self,
        name: str,
        settings: CollectionSettings,
        *,
        instead_of: CollectionSettings | None = None,
    ) -> Collection:
        def action(work: Work) -> Collection:
            present = work.lock(name).record
            if settings == present.settings or instead_of not in (None, present.settings):
                return present
            properties = settings_properties(settings)
            work.of("collections", name).run("update_settings", settings=properties)
            return work.find(name).record

        return self._database.write(action)

    def delete_collection(self, name: str) -> None:
        self._making.delete(name)

    def finish_deletions(self, *, seconds: float) -> bool:
        return self._making.finish(seconds=seconds)

    def commit(self, collection: str, change: Change) -> int:
        check_change(change)
        while True:
            try:
                return self._database.write(
                    lambda work: apply_change(work, work.lock(collection).record, change)
                )
            except TasksChangedError:
                continue
            except ManySynonymsError as error:
                step = partial(unlink_some_of, collection=collection, entity_ids=error.entity_ids)
                while self._relink(collection, step):
                    pass

    def fingerprints(
        self, collection: str, document_ids: Iterable[str] | None = None
    ) -> Mapping[str, str]:
        return dict(self._ask_of(collection, "fingerprints", document_ids))

    def quarantined(
        self, collection: str, document_ids: Iterable[str] | None = None
    ) -> Sequence[Quarantined]:
        return [
            Quarantined(document_id=document, source=source, passage_id=passage, reason=reason)
            for document, source, passage, reason in self._ask_of(
                collection, "quarantined", document_ids
            )
        ]

    def readings(self, collection: str) -> Sequence[Reading]:
        return [
            Reading(passage_id=passage, extractor=extractor, failed=failed)
            for passage, extractor, failed in self._ask_of(collection, "readings")
        ]

    def document(self, collection: str, document_id: str) -> Document:
        rows = self._ask("reader", collection, lambda work: work.rows("document", id=document_id))
        for (row,) in rows:
            return document_record(row)
        raise no_document(collection, document_id)

    def save_extractions(self, collection: str, extractions: Sequence[Extraction]) -> None:
        check_extractions(extractions)
        rows = [extraction_properties(one) for one in extractions]
        self._change("derived", collection, lambda work: work.many("save_extraction", rows))

    def saved_extractions(
        self, collection: str, extractor: str, passage_ids: Sequence[str]
    ) -> Mapping[str, Extraction]:
        def action(work: Work) -> list[Row]:
            # The saved ones first: one that a commit takes over meanwhile is found as used.
            saved = work.each("saved_extractions", passage_ids, extractor=extractor)
            used = work.each("used_extractions", passage_ids, extractor=extractor)
            return [*used, *saved]  # what was saved later counts

        found = (extraction_record(row) for (row,) in self._ask("derived", collection, action))
        return {extraction.passage_id: extraction for extraction in found}

    def prune_extractions(self, collection: str) -> int:
        def some(work: Work, after: str) -> tuple[str, int]:
            work.lock_all()
            if work.value("are_extractions_needed"):
                return "", 0
            last, number = work.rows("prune_extractions", after=after, limit=_PRUNED_AT_ONCE)[0]
            return last, number

        after, pruned = "", 0
        while True:
            step = partial(some, after=after)
            after, number = self._change("derived", collection, step)
            pruned += number
            if number < _PRUNED_AT_ONCE:
                return pruned

    def replace_synonyms(
        self, collection: str, sources: Sequence[str], synonyms: Sequence[Synonym]
    ) -> None:
        check_synonyms(sources, synonyms)
        for some, links in portions(sources, synonyms):
            step = partial(put_synonyms, collection=collection, sources=some, synonyms=links)
            self._relink(collection, step)

    def forget_synonyms(self, collection: str) -> None:
        # Unlinked first: what is left where this ends halfway then counts for nobody.
        for forget in (unlink_some, forget_some):
            after: str | None = ""
            while after is not None:
                after = self._relink(
                    collection, partial(forget, collection=collection, after=after)
                )

    def changes_since(self, collection: str, revision: int) -> Changes:
        def action(work: Work) -> tuple[int, list[Row]]:
            present = work.lock(collection).record.revision
            check_known(collection, revision, present)
            return present, work.of("collections", collection).rows(
                "changes_since", revision=revision
            )

        present, rows = self._database.write(action)
        entries = (entry for (row,) in rows for entry in _entries(row))
        return net_changes(collection, revision, present, entries)

    @contextmanager
    def read(self, collection: str, parts: Sequence[str] | None = None) -> Iterator[GraphReader]:
        reader = read_whole(self._database, collection, parts)
        try:
            yield reader
        finally:
            reader.close()

    @contextmanager
    def peek(self, collection: str) -> Iterator[GraphReader]:
        reader = peek(self._database, collection)
        try:
            yield reader
        finally:
            reader.close()

    def close(self) -> None:
        self._database.close()

    def _relink(self, collection: str, action: Callable[[Work], _Result]) -> _Result:
        """The result of an action that changes synonyms, a transaction. Raises:
        CollectionNotFound."""

        def whole(work: Work) -> _Result:
            result = action(work)
            work.of("collections").run("touch")
            return result

        return self._change("derived", collection, whole)

    def _finish(self) -> None:
        with suppress(StoreError):  # somebody else will
            self._making.finish(seconds=math.inf)

    def _ask_of(
        self, collection: str, query: str, document_ids: Iterable[str] | None = None
    ) -> list[Row]:
        """What a reader's query returns; of these documents, if they are given."""
        if document_ids is None:
            return self._ask("reader", collection, lambda work: work.rows(query))
        ids = list(document_ids)
        return self._ask("reader", collection, lambda work: work.each(f"{query}_among", ids))

    def _ask(self, file: str, collection: str, action: Callable[[Work], list[Row]]) -> list[Row]:
        """The result of a reading action. Raises: CollectionNotFound."""

        def whole(work: Work) -> list[Row]:
            work.find(collection)
            return action(work.of(file, collection))

        return self._database.read(whole)

    def _change(self, file: str, collection: str, action: Callable[[Work], _Result]) -> _Result:
        """The result of an action with exclusive access to the collection. Raises:
        CollectionNotFound."""

        def whole(work: Work) -> _Result:
            work.lock(collection)
            return action(work.of(file, collection))

        return self._database.write(whole)


def _time(work: Work) -> float:
    """In seconds since 1970."""
    return int(work.of("collections").value("time")) / 1000.0


def _entries(row: Mapping[str, list[str]]) -> Iterator[Entry]:
    """What a revision's node tells."""
    for kind in Kind:
        for event in Event:
            for id_ in row.get(event_name(kind, event), ()):
                yield Entry(kind, id_, event)


def _name(collection: Collection) -> str:
    return collection.name
