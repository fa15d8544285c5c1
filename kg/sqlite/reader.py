"""One revision of one collection, row by row."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeVar

import apsw

from kg.derive import entity_of
from kg.records import (
    Collection,
    Document,
    Entity,
    Extraction,
    Fact,
    Mention,
    Passage,
    Placement,
    Support,
    Synonym,
)
from kg.sqlite.database import Database
from kg.sqlite.queries import queries
from kg.sqlite.rows import Row, document_record, extraction_record, placement_record
from kg.store import COUNTED

_Record = TypeVar("_Record")


class SQLiteReader:
    """Reads within a transaction that `SQLiteStore.read` holds open.

    Its iterators stream; they end with the transaction.
    """

    def __init__(
        self, database: Database, connection: apsw.Connection, key: int, collection: Collection
    ) -> None:
        """Read what `key` stands for."""
        self.collection = collection
        self._database = database
        self._connection = connection
        self._key = key
        self._cursors: set[apsw.Cursor] = set()
        self._closed = False

    def close(self) -> None:
        """End all iterators: one that went on would keep the connection at this revision."""
        self._closed = True
        for cursor in self._cursors:
            cursor.close(True)
        self._cursors.clear()

    def documents(self, *, after: str = "", limit: int | None = None) -> Iterator[Document]:
        most = -1 if limit is None else limit
        return self._stream(document_record, "documents", after=after, limit=most)

    def passages(self) -> Iterator[Passage]:
        return self._stream(_passage, "passages")

    def placements(self) -> Iterator[Placement]:
        return self._stream(placement_record, "placements")

    def extractions(self) -> Iterator[Extraction]:
        return self._stream(extraction_record, "extractions")

    def entities(self) -> Iterator[Entity]:
        mentions = self._stream(tuple, "entities")
        for (key, name), rows in groupby(mentions, itemgetter(0, 1)):
            yield entity_of(key, name, ((surface, type_) for _, _, surface, type_ in rows))

    def facts(self) -> Iterator[Fact]:
        return self._stream(_fact, "facts")

    def mentions(self) -> Iterator[Mention]:
        return self._stream(_mention, "mentions")

    def supports(self) -> Iterator[Support]:
        return self._stream(_support, "supports")

    def synonyms(self) -> Iterator[Synonym]:
        return self._stream(_synonym, "synonyms")

    def saved(self) -> Iterator[Extraction]:
        return self._stream(extraction_record, "saved")

    def unlinked(self) -> Sequence[str]:
        return list(self._stream(itemgetter(0), "unlinked"))

    def counts(self) -> Mapping[str, int]:
        row = next(self._stream(tuple, "counts"))
        return dict(zip(COUNTED, row, strict=True))

    def _stream(
        self, make: Callable[[Row], _Record], query: str, **parameters: Any
    ) -> Iterator[_Record]:
        with self._database.errors():
            if self._closed:
                raise apsw.CursorClosedError("its transaction has ended")
            cursor = self._connection.cursor()
            self._cursors.add(cursor)
            parameters["collection"] = self._key
            for row in cursor.execute(queries("reader")[query], parameters):
                yield make(row)
            self._cursors.discard(cursor)


def _passage(row: Row) -> Passage:
    id_, title, heading, text = row
    return Passage(id=id_, title=title, heading=heading, text=text)


def _fact(row: Row) -> Fact:
    id_, subject, relation, object_ = row
    return Fact(id=id_, subject_id=subject, relation=relation, object_id=object_)


def _mention(row: Row) -> Mention:
    passage, entity, surface, type_ = row
    return Mention(passage_id=passage, entity_id=entity, surface=surface, type=type_)


def _support(row: Row) -> Support:
    passage, fact = row
    return Support(passage_id=passage, fact_id=fact)


def _synonym(row: Row) -> Synonym:
    source, target, score = row
    return Synonym(source_id=source, target_id=target, score=score)
