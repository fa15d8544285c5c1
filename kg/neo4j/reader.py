"""A collection's rows as records, in order."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Protocol

from kg.derive import entity_of
from kg.neo4j.commit import placement_record
from kg.neo4j.rows import document_record, extraction_record
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
from kg.store import COUNTED


class Rows(Protocol):
    """Where rows are from: each method's are those of the query of that name in reader.cypher."""

    def documents(self, after: str, limit: int | None) -> Iterator[Any]: ...
    def rows(self, query: str) -> Iterator[Any]: ...
    def close(self) -> None: ...


class Neo4jReader:
    """See `kg.store.GraphReader`."""

    def __init__(self, collection: Collection, rows: Rows) -> None:
        """Make records of these rows."""
        self.collection = collection
        self._rows = rows

    def documents(self, *, after: str = "", limit: int | None = None) -> Iterator[Document]:
        return (document_record(row) for (row,) in self._rows.documents(after, limit))

    def passages(self) -> Iterator[Passage]:
        for id_, title, heading, text in self._rows.rows("passages"):
            yield Passage(id=id_, title=title, heading=heading, text=text)

    def placements(self) -> Iterator[Placement]:
        for id_, places in self._rows.rows("placements"):
            yield from (placement_record(id_, *place) for place in sorted(places, key=_first))

    def extractions(self) -> Iterator[Extraction]:
        return (extraction_record(row) for (row,) in self._rows.rows("extractions"))

    def entities(self) -> Iterator[Entity]:
        for id_, name, mentions in self._rows.rows("entities"):
            yield entity_of(id_, name, ((surface, type_) for surface, type_ in mentions))

    def facts(self) -> Iterator[Fact]:
        for id_, subject, relation, object_ in self._rows.rows("facts"):
            yield Fact(id=id_, subject_id=subject, relation=relation, object_id=object_)

    def mentions(self) -> Iterator[Mention]:
        for id_, mentions in self._rows.rows("mentions"):
            for entity, surface, type_ in sorted(mentions):
                yield Mention(passage_id=id_, entity_id=entity, surface=surface, type=type_)

    def supports(self) -> Iterator[Support]:
        for id_, facts in self._rows.rows("supports"):
            yield from (Support(passage_id=id_, fact_id=fact) for fact in sorted(facts))

    def synonyms(self) -> Iterator[Synonym]:
        for id_, links in self._rows.rows("synonyms"):
            for target, score in sorted(links):
                yield Synonym(source_id=id_, target_id=target, score=score)

    def saved(self) -> Iterator[Extraction]:
        return (extraction_record(row) for (row,) in self._rows.rows("saved"))

    def unlinked(self) -> Sequence[str]:
        return [id_ for (id_,) in self._rows.rows("unlinked")]

    def counts(self) -> Mapping[str, int]:
        (row,) = self._rows.rows("counts")
        return dict(zip(COUNTED, row, strict=True))

    def close(self) -> None:
        """End all iterators."""
        self._rows.close()


def page(rows: Iterator[Any], after: str, limit: int | None) -> Iterator[Any]:
    """The rows of documents after an id, at most so many."""
    return islice((row for row in rows if row[0]["id"] > after), limit)


def _first(items: Sequence[Any]) -> Any:
    return items[0]
