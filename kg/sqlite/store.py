"""The store: the graph's truth and the queue in one SQLite file."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import apsw

from kg.absence import collection_exists, no_document
from kg.changelog import Entry, Event, Kind, check_known, net_changes
from kg.codec import dumps, settings_fields
from kg.ids import new_identity
from kg.records import (
    Collection,
    CollectionSettings,
    Document,
    Extraction,
    Quarantined,
    Reading,
    Synonym,
)
from kg.sqlite.commit import apply_change
from kg.sqlite.database import Database
from kg.sqlite.queue import SQLiteQueue
from kg.sqlite.reader import SQLiteReader
from kg.sqlite.restoring import put_holdings, put_synonyms
from kg.sqlite.rows import (
    collection_record,
    document_record,
    extraction_record,
    extraction_row,
    ids_of,
)
from kg.sqlite.session import Session, find_collection
from kg.store import Change, Changes, GraphReader, Holdings
from kg.validation import check_change, check_extractions, check_name, check_synonyms


class SQLiteStore(SQLiteQueue):
    """`GraphStore` and `JobQueue` over one file. Safe for several threads and processes."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        """Open or make the file; `clock` gives seconds since 1970.

        Raises: StoreUnavailable, StoreVersionUnknown.
        """
        super().__init__(Database(path), clock)

    @property
    def read_only(self) -> bool:
        """Whether the file may only be read: then all that would change it raises StoreRefused."""
        return self._database.read_only

    def create_collection(self, name: str, settings: CollectionSettings) -> Collection:
        check_name(name)
        with self._database.write() as connection:
            return _create(connection, name, settings)

    def restore(self, holdings: Holdings) -> None:
        name, settings = holdings.collection.name, holdings.collection.settings
        check_name(name)
        with self._database.write() as connection:
            _create(connection, name, settings)
            put_holdings(connection, find_collection(connection, name)[0], holdings)

    def collection(self, name: str) -> Collection:
        with self._database.read() as connection:
            return find_collection(connection, name)[1]

    def collections(self) -> Sequence[Collection]:
        with self._database.read() as connection:
            rows = Session(connection, "collections").rows("collections")
        return [collection_record(*fields) for _, *fields in rows]

    def update_settings(
        self,
        name: str,
        settings: CollectionSettings,
        *,
        instead_of: CollectionSettings | None = None,
    ) -> Collection:
        with self._database.write() as connection:
            key, collection = find_collection(connection, name)
            if settings == collection.settings or instead_of not in (None, collection.settings):
                return collection
            session = Session(connection, "collections", key)
            session.rows("update_settings", settings=_settings(settings))
            return find_collection(connection, name)[1]

    def delete_collection(self, name: str) -> None:
        with self._database.write() as connection:
            key, _ = find_collection(connection, name)
            Session(connection, "collections", key).rows("delete_collection")

    def finish_deletions(self, *, seconds: float) -> bool:  # noqa: ARG002 - the port's
        return True  # they are one transaction each

    def commit(self, collection: str, change: Change) -> int:
        check_change(change)
        with self._database.write() as connection:
            key, present = find_collection(connection, collection)
            return apply_change(connection, key, present, change)

    def fingerprints(
        self, collection: str, document_ids: Iterable[str] | None = None
    ) -> Mapping[str, str]:
        with self._session("reader", collection) as session:
            if document_ids is None:
                return dict(session.rows("fingerprints"))
            return dict(session.rows("fingerprints_among", ids=ids_of(document_ids)))

    def quarantined(
        self, collection: str, document_ids: Iterable[str] | None = None
    ) -> Sequence[Quarantined]:
        with self._session("reader", collection) as session:
            if document_ids is None:
                rows = session.rows("quarantined")
            else:
                rows = session.rows("quarantined_among", ids=ids_of(document_ids))
        return [
            Quarantined(document_id=document, source=source, passage_id=passage, reason=reason)
            for document, source, passage, reason in rows
        ]

    def readings(self, collection: str) -> Sequence[Reading]:
        with self._session("reader", collection) as session:
            rows = session.rows("readings")
        return [
            Reading(passage_id=passage, extractor=extractor, failed=bool(failed))
            for passage, extractor, failed in rows
        ]

    def document(self, collection: str, document_id: str) -> Document:
        with self._session("reader", collection) as session:
            for row in session.rows("document", id=document_id):
                return document_record(row)
        raise no_document(collection, document_id)

    def save_extractions(self, collection: str, extractions: Sequence[Extraction]) -> None:
        check_extractions(extractions)
        with self._session("derived", collection, write=True) as session:
            session.many("save_extraction", map(extraction_row, extractions))

    def saved_extractions(
        self, collection: str, extractor: str, passage_ids: Sequence[str]
    ) -> Mapping[str, Extraction]:
        ids = ids_of(passage_ids)
        with self._session("derived", collection) as session:
            used = session.rows("used_extractions", extractor=extractor, ids=ids)
            saved = session.rows("saved_extractions", extractor=extractor, ids=ids)
        found = map(extraction_record, [*used, *saved])  # what was saved later counts
        return {extraction.passage_id: extraction for extraction in found}

    def prune_extractions(self, collection: str) -> int:
        with self._session("derived", collection, write=True) as session:
            session.rows("prune_extractions")
            return session.connection.changes()

    def replace_synonyms(
        self, collection: str, sources: Sequence[str], synonyms: Sequence[Synonym]
    ) -> None:
        check_synonyms(sources, synonyms)
        with self._session("derived", collection, write=True) as session:
            put_synonyms(session, sources, synonyms)

    def forget_synonyms(self, collection: str) -> None:
        with self._session("derived", collection, write=True) as session:
            session.rows("delete_all_synonyms")
            session.rows("unlink_all")

    def changes_since(self, collection: str, revision: int) -> Changes:
        with self._database.read() as connection:
            key, present = find_collection(connection, collection)
            check_known(collection, revision, present.revision)
            session = Session(connection, "collections", key)
            rows = session.rows("changes_since", revision=revision)
        entries = (Entry(Kind(kind), id_, Event(event)) for kind, id_, event in rows)
        return net_changes(collection, revision, present.revision, entries)

    @contextmanager
    def read(
        self,
        collection: str,
        parts: Sequence[str] | None = None,  # noqa: ARG002 - the others cost nothing here
    ) -> Iterator[GraphReader]:
        with self._database.hold("BEGIN", "ROLLBACK") as connection:
            with self._database.errors():
                key, present = find_collection(connection, collection)
            reader = SQLiteReader(self._database, connection, key, present)
            try:
                yield reader
            finally:
                reader.close()

    def peek(self, collection: str) -> AbstractContextManager[GraphReader]:
        return self.read(collection)

    def probe(self) -> None:
        self.collections()

    def close(self) -> None:
        self._database.close()

    @contextmanager
    def _session(self, file: str, collection: str, *, write: bool = False) -> Iterator[Session]:
        """A transaction on a collection, with one file's queries. Raises: CollectionNotFound."""
        with self._database.write() if write else self._database.read() as connection:
            yield Session(connection, file, find_collection(connection, collection)[0])


def _create(connection: apsw.Connection, name: str, settings: CollectionSettings) -> Collection:
    session, identity = Session(connection, "collections"), new_identity()
    session.rows("create_collection", name=name, settings=_settings(settings), identity=identity)
    if not connection.changes():
        raise collection_exists(name)
    return Collection(name=name, settings=settings, identity=identity)


def _settings(settings: CollectionSettings) -> str:
    return dumps(settings_fields(settings))
